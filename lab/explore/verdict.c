/* Judges an order: crashes, wrong uses of memory, the exit status, what is left
 * behind, and what was printed. */
#include "verdict.h"

#include "../guard/guard.h"
#include "kernel.h"
#include "output.h"
#include "recorder.h"
#include "short_reads.h"
#include "timeline.h"

#include <stdarg.h>
#include <string.h>

static char explanation[MOST_TEXT];
static unsigned allocated_before; /* allocations that other orders have left */
static const EXCEPTION_RECORD *crash; /* of this order, or NULL */

void reset_verdict(void)
{
    explanation[0] = '\0';
    allocated_before = guard_counts().living;
}

/* ---- Texts -------------------------------------------------------------- */

/* The linker's address, which addr2line needs: the system can load the program
 * elsewhere. 0: not in the program. */
static unsigned long long address_in_file(const void *address)
{
    const unsigned long long linked_at = 0x140000000;
    const char *image = (const char *)GetModuleHandleW(NULL);
    const IMAGE_DOS_HEADER *dos = (const IMAGE_DOS_HEADER *)image;
    const IMAGE_NT_HEADERS *nt =
        (const IMAGE_NT_HEADERS *)(image + dos->e_lfanew);
    uintptr_t offset = (uintptr_t)address - (uintptr_t)image;
    return offset < nt->OptionalHeader.SizeOfImage ? linked_at + offset : 0;
}

/* A return address is after the call, perhaps on the next line. */
const char *place_text(const void *address)
{
    static char texts[16][32];
    static unsigned next;
    char *text = texts[next++ % 16];
    unsigned long long place = address_in_file(address);
    if (place == 0)
        return "its start";
    snprintf(text, sizeof texts[0], "{0x%llx}", place - 1);
    return text;
}

void explain(const char *format, ...)
{
    size_t length = strlen(explanation);
    va_list values;
    char line[300];
    va_start(values, format);
    vsnprintf(line, sizeof line, format, values);
    va_end(values);
    snprintf(explanation + length, MOST_TEXT - length, "    %s\n", line);
}

/* ---- The end of an order ------------------------------------------------ */

static void record(enum verdict verdict)
{
    if (!shared->has_first) {
        shared->same_lines = hash_of_lines();
        snprintf(shared->printed, MOST_TEXT, "%s", output());
        shared->settings.same &= verdict == RIGHT && !had_short_read();
    }
    end_order(verdict);
}

/* The process ends, because the program's threads are somewhere in its code. */
static _Noreturn void end_process(void)
{
    TerminateProcess(GetCurrentProcess(), 0);
    abort(); /* not reached */
}

/* The first line, and then what was explained. */
static void write_text(const char *format, va_list values)
{
    vsnprintf(own->text, MOST_TEXT / 2, format, values);
    size_t length = strlen(own->text);
    snprintf(own->text + length, MOST_TEXT - length, "\n%s", explanation);
}

void mistake(const char *format, ...)
{
    va_list values;
    va_start(values, format);
    write_text(format, values);
    va_end(values);
    if (recorder != NULL)
        recorder->goes_wrong(own->text, crash);
    record(MISTAKE);
    end_process();
}

void diverge(const char *format, ...)
{
    va_list values;
    va_start(values, format);
    write_text(format, values);
    va_end(values);
    record(DIVERGED);
    end_process();
}

void refuse(const char *format, ...)
{
    va_list values;
    va_start(values, format);
    write_text(format, values);
    va_end(values);
    record(NOT_MODELLED);
    end_process();
}

/* ---- How the program ends ----------------------------------------------- */

static void judge_status(unsigned status)
{
    if (status == 0)
        return;
    explain_threads();
    mistake("it ends with exit status %u", status);
}

static void judge_in_flight(void)
{
    const struct request *request = find_active(NULL);
    if (request == NULL || shared->settings.row)
        return;
    explain("request %u was started at %s", request->number,
            place_text(request->place));
    mistake("the process ends with I/O in flight");
}

static const char *last_line(const char *text)
{
    const char *line = text;
    for (const char *at = text; *at != '\0'; at++)
        if (at[0] == '\n' && at[1] != '\0')
            line = at + 1;
    return line;
}

/* A short read needs a further read, which the program may print. */
static void judge_lines(void)
{
    if (!shared->settings.same || !shared->has_first || had_short_read() ||
        hash_of_lines() == shared->same_lines)
        return;
    explain("the first order's last line: %.*s",
            (int)strcspn(last_line(shared->printed), "\n"),
            last_line(shared->printed));
    explain("this order's last line: %.*s",
            (int)strcspn(last_line(output()), "\n"), last_line(output()));
    mistake("it prints other lines than the first order");
}

static void judge_leaks(void)
{
    unsigned left = guard_counts().living - allocated_before;
    const struct object *object = first_open_object();
    if (left > 0)
        mistake("memory is never freed (allocations: %u)", left);
    if (object != NULL)
        mistake("a handle is never closed: %s", name_of_object(object));
}

static void judge_end(unsigned status)
{
    judge_status(status);
    judge_in_flight();
    judge_short_reads();
    judge_lines();
}

void end_with_status(unsigned status)
{
    judge_end(status);
    record(RIGHT);
    end_process();
}

void end_with_wmain(unsigned status)
{
    judge_end(status);
    if (have_ended() && !shared->settings.row)
        judge_leaks();
    record(RIGHT);
    if (!have_ended())
        end_process();
}

/* ---- Memory ------------------------------------------------------------- */

static bool is_crash(DWORD code)
{
    return code == (DWORD)EXCEPTION_ACCESS_VIOLATION ||
           code == (DWORD)EXCEPTION_ILLEGAL_INSTRUCTION ||
           code == (DWORD)EXCEPTION_INT_DIVIDE_BY_ZERO ||
           code == (DWORD)EXCEPTION_STACK_OVERFLOW;
}

static void explain_block(const struct guard_block *block)
{
    const struct request *request = find_request(block->memory, block->size);
    if (request != NULL)
        explain("it is the memory of request %u, started at %s",
                request->number, place_text(request->place));
    if (block->freed != NULL)
        explain("freed at %s", place_text(block->freed));
    explain("allocated at %s", place_text(block->allocated));
}

static void judge_access(const void *touched)
{
    struct guard_block block;
    if (!guard_find(touched, &block))
        return;
    explain_block(&block);
    if (block.freed == NULL)
        mistake("memory is touched after its end");
    mistake("%s is touched after it was freed",
            find_request(block.memory, block.size) != NULL ? "a request"
                                                           : "memory");
}

static LONG CALLBACK on_exception(EXCEPTION_POINTERS *pointers)
{
    const EXCEPTION_RECORD *record_of_it = pointers->ExceptionRecord;
    DWORD code = record_of_it->ExceptionCode;
    if (!is_crash(code))
        return EXCEPTION_CONTINUE_SEARCH;
    crash = record_of_it;
    const char *at = (const char *)record_of_it->ExceptionAddress;
    if (copying != NULL)
        explain("the kernel writes the result of request %u, started at %s",
                copying->number, place_text(copying->place));
    else
        explain("%s touches it at %s, and its last call is %s at %s",
                name_of(current), place_text(at + 1), current->call,
                place_text(current->place));
    if (code == (DWORD)EXCEPTION_ACCESS_VIOLATION)
        judge_access((const void *)record_of_it->ExceptionInformation[1]);
    mistake("it crashes: exception 0x%lx", code);
}

static bool on_free(enum guard_event event, char *memory, const void *caller)
{
    struct guard_block block = {0};
    bool is_known = guard_find(memory, &block);
    current->place = caller;
    const struct request *request =
        is_known ? find_in_flight(memory, block.size) : NULL;
    if (event == GUARD_NOT_LIVE || request != NULL) {
        explain("%s frees it at %s", name_of(current), place_text(caller));
        if (is_known)
            explain_block(&block);
        mistake(request != NULL
                    ? "an OVERLAPPED, or a buffer, is freed while in flight"
                    : "memory is freed that is not allocated any more");
    }
    if (find_request(memory, block.size) != NULL)
        tell("frees the memory of request %u",
             find_request(memory, block.size)->number);
    return true;
}

void watch_memory(void)
{
    AddVectoredExceptionHandler(1, on_exception);
    guard_watch_frees(on_free);
}
