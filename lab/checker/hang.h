/* Whether the program hangs. */
#ifndef HANG_H
#define HANG_H

/* Starts a thread that ends the program, with a report, when it hangs. */
void begin_hang_watch(void);

/* The program handles Ctrl-C, which may come at any time: no wait is a hang. */
void console_is_handled(void);

#endif
