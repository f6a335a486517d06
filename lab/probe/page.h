/* The truth table as a page. */
#ifndef PAGE_H
#define PAGE_H

/* Writes lab/windows-and-wine.md to stdout. */
void write_page(void);

#endif
