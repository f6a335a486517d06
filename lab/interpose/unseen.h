/*
 * What the program calls, and no layer in use follows. One line on stderr names
 * these functions, so that nothing is missed in silence:
 *
 *      lab: also calls RegisterWaitForSingleObject, WSARecv: not followed, so
 *      nothing is said about them
 *
 * The line comes at the start, for what the program's import table names. A
 * function that is in the table because of the lab itself (see imports.h) gets
 * a line of its own when the program first calls it. So does a function whose
 * address the program gets from GetProcAddress.
 *
 * LAB=quiet in the environment suppresses these lines. LAB=follows prints
 * "lab: follows NAME" at the start, for each function that is followed.
 */
#ifndef UNSEEN_H
#define UNSEEN_H

/*
 * A layer that is in use calls the first function before it stores its
 * functions in the import table, and the second one afterwards. What it has
 * replaced in between is followed. A function that only passes its call on is
 * stored before or after that.
 */
void begin_following(void);
void end_following(void);

#endif
