/*
 * What the modes did, in one line on stderr when the process ends:
 *
 *      IO=pending: 32 reads held, then completed
 *
 * The process ends by a return from main, by exit, ExitProcess, or
 * TerminateProcess for itself. After a crash there is no line, and none for the
 * settings in HOOK.
 */
#ifndef SUMMARY_H
#define SUMMARY_H

enum done {
    READ,           /* any read, and of these */
    READ_SHORTENED, /* the program got fewer bytes than it asked for */
    READ_WARNED,    /* ReadFile returned the warning 234 */
    READ_HELD,
    WRITE_HELD,
    HELD_COMPLETED,
    END_REFUSED, /* a read at the end failed immediately */
    DONE_IMMEDIATELY,
    DONE_WITHOUT_PACKET, /* immediately, too */
    DONE_KINDS,
};

/* Any thread may call it. */
void count_done(enum done what);

/* Call it once, before main, when the settings were checked. */
void begin_summary(void);

#endif
