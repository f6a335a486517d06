#ifndef LOCKS_H
#define LOCKS_H

/* Before each order: no lock is held. */
void reset_locks(void);

#endif
