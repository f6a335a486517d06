/* step5-readfile: it reads every byte, at the right offset, to the end. */
#include "../support/helpers.h"

#include <glib/gstdio.h>
#include <stdio.h>
#include <unistd.h>

#define HOOKED "tests/hooked/step5-readfile"

enum { CHUNK = 32768 };

TestSuite(step5, .init = enter_scratch, .fini = leave_scratch);

/* ---- What it must print ---- */

/* The first bytes of a chunk, as the step prints them. */
static void shown(char text[17], const char *bytes, size_t length)
{
    size_t i;
    for (i = 0; i < length && i < 16; i++)
        text[i] = g_ascii_isprint(bytes[i]) ? bytes[i] : '.';
    text[i] = '\0';
}

/* All that step 5 prints for this file, if it reads chunks from an offset. */
static char *transcript(FILE *file, guint64 size, guint64 offset, guint64 chunk)
{
    GString *text =
        g_string_new("main: asking for the first read, then only waiting\n");
    const char *actor = "main";
    guint64 bytes = 0, reads = 0;
    while (true) {
        char first[16], printable[17];
        guint64 length = offset < size ? MIN(chunk, size - offset) : 0;
        g_string_append_printf(text,
                               "%s: reading at offset %" G_GUINT64_FORMAT "\n",
                               actor, offset);
        actor = "worker";
        if (length == 0)
            break;
        cr_assert_eq(fseeko(file, (off_t)offset, SEEK_SET), 0);
        size_t count = fread(first, 1, MIN(length, sizeof first), file);
        shown(printable, first, count);
        g_string_append_printf(text,
                               "worker: read %" G_GUINT64_FORMAT
                               " bytes at offset %" G_GUINT64_FORMAT ": %s\n",
                               length, offset, printable);
        offset += length;
        bytes += length;
        reads++;
    }
    g_string_append_printf(text,
                           "worker: end of file\n"
                           "main: done: %" G_GUINT64_FORMAT
                           " bytes in %" G_GUINT64_FORMAT " reads\n",
                           bytes, reads);
    return g_string_free(text, FALSE);
}

/* If ReadFile itself reports the end, its caller prints "end of file": for the
 * first read, that is main. */
static void assert_transcript(const struct run *run, const char *name,
                              guint64 offset, guint64 chunk)
{
    FILE *file = fopen(name, "rb");
    cr_assert_not_null(file);
    cr_assert_eq(fseeko(file, 0, SEEK_END), 0);
    guint64 size = (guint64)ftello(file);
    char *wanted = transcript(file, size, offset, chunk);
    GString *got = g_string_new(run->text);
    g_string_replace(got, "main: end of file", "worker: end of file", 1);
    assert_ended(run, 0);
    cr_assert(strcmp(got->str, wanted) == 0, "wanted:\n%s\n%s", wanted,
              describe(run));
    g_string_free(got, TRUE);
    g_free(wanted);
    fclose(file);
}

/* ---- Sizes ---- */

ParameterizedTestParameters(step5, a_file_of_any_size_is_read_to_its_end)
{
    static guint64 sizes[] = {0,         1,         CHUNK - 1, CHUNK,
                              CHUNK + 1, 2 * CHUNK, 3000001};
    return cr_make_param_array(guint64, sizes, G_N_ELEMENTS(sizes));
}

ParameterizedTest(guint64 *size, step5, a_file_of_any_size_is_read_to_its_end)
{
    make_file("file", *size);
    struct run run = RUN("step5-readfile", "file");
    assert_transcript(&run, "file", 0, CHUNK);
}

Test(step5, unprintable_bytes_are_shown_as_dots)
{
    char bytes[256];
    for (int i = 0; i < 256; i++)
        bytes[i] = (char)(255 - i);
    g_file_set_contents("binary", bytes, sizeof bytes, NULL);
    for (guint64 offset = 0; offset < 256; offset += 16) {
        char *number = g_strdup_printf("%" G_GUINT64_FORMAT, offset);
        struct run run = RUN("step5-readfile", "binary", number);
        assert_transcript(&run, "binary", offset, CHUNK);
        run_clear(&run);
        g_free(number);
    }
}

/* ---- Offsets ---- */

ParameterizedTestParameters(step5, reading_starts_at_the_given_offset)
{
    /* 4 GiB and 0 have the same low half. */
    static guint64 offsets[] = {0,
                                1,
                                63,
                                CHUNK,
                                99999,
                                100000,
                                100001,
                                G_GUINT64_CONSTANT(1) << 32,
                                G_MAXINT64 - CHUNK};
    return cr_make_param_array(guint64, offsets, G_N_ELEMENTS(offsets));
}

ParameterizedTest(guint64 *offset, step5, reading_starts_at_the_given_offset)
{
    make_file("file", 100000);
    char *number = g_strdup_printf("%" G_GUINT64_FORMAT, *offset);
    struct run run = RUN("step5-readfile", "file", number);
    assert_transcript(&run, "file", *offset, CHUNK);
}

/* Windows and Wine differ in what ReadFile does there. So step 5 does not call
 * it. */
ParameterizedTestParameters(step5, a_read_beyond_the_largest_offset_is_error_87)
{
    static char offsets[][24] = {"9223372036854743040", "9223372036854775807"};
    return cr_make_param_array(char[24], offsets, G_N_ELEMENTS(offsets));
}

ParameterizedTest(char offset[24], step5,
                  a_read_beyond_the_largest_offset_is_error_87)
{
    make_file("file", 100);
    /* If step 5 called ReadFile, the error would be 5. */
    struct run run = RUN_HOOKED(HOOKED, "fail:1:5", "file", offset);
    assert_error(&run, "read", 87);
}

ParameterizedTestParameters(step5, an_invalid_offset_is_wrong_usage)
{
    static char offsets[][32] = {"-1",
                                 "",
                                 " 1",
                                 "+1",
                                 "1x",
                                 "x",
                                 "0x10",
                                 "1.5",
                                 "9223372036854775808",
                                 "18446744073709551615",
                                 "18446744073709551616",
                                 "99999999999999999999999999"};
    return cr_make_param_array(char[32], offsets, G_N_ELEMENTS(offsets));
}

ParameterizedTest(char offset[32], step5, an_invalid_offset_is_wrong_usage)
{
    make_file("file", 100);
    struct run run = RUN("step5-readfile", "file", offset);
    assert_usage(&run, "step5-readfile");
}

/* ---- Beyond 4 GiB ---- */

#define GIB (G_GUINT64_CONSTANT(1) << 30)

/* A sparse file with a few marks. A program that uses only the low half of the
 * offset reads a wrong mark: at 4 GiB, the mark at 0. */
static void make_sparse_file(const char *name)
{
    static const struct {
        guint64 offset;
        const char *mark;
    } marks[] = {{0, "at the beginning"},
                 {2 * GIB, "at two gibibytes"},
                 {4 * GIB, "at 4 gibibytes.."},
                 {4 * GIB + CHUNK, "and a chunk more"}};
    FILE *file = fopen(name, "wb");
    cr_assert_not_null(file);
    for (size_t i = 0; i < G_N_ELEMENTS(marks); i++) {
        cr_assert_eq(fseeko(file, (off_t)marks[i].offset, SEEK_SET), 0);
        cr_assert_eq(fwrite(marks[i].mark, 1, 16, file), 16);
    }
    cr_assert_eq(fclose(file), 0);
}

ParameterizedTestParameters(step5,
                            a_file_beyond_4_gib_is_read_at_the_right_place)
{
    static guint64 offsets[] = {4 * GIB - CHUNK, 4 * GIB, 4 * GIB + CHUNK};
    return cr_make_param_array(guint64, offsets, G_N_ELEMENTS(offsets));
}

ParameterizedTest(guint64 *offset, step5,
                  a_file_beyond_4_gib_is_read_at_the_right_place)
{
    make_sparse_file("sparse");
    char *number = g_strdup_printf("%" G_GUINT64_FORMAT, *offset);
    struct run run = RUN("step5-readfile", "sparse", number);
    assert_transcript(&run, "sparse", *offset, CHUNK);
}

/* At 2 GiB, the highest bit of the low half is set. The test cuts the file
 * 100 bytes later, so that step 5 does not read the rest. */
Test(step5, a_file_is_read_at_2_gib)
{
    make_sparse_file("sparse");
    cr_assert_eq(truncate("sparse", (off_t)(2 * GIB + 100)), 0);
    struct run run = RUN("step5-readfile", "sparse", "2147483648");
    assert_transcript(&run, "sparse", 2 * GIB, CHUNK);
}

/* ---- A file that changes ---- */

enum { BIG = 32 << 20 };

/* Step 5 writes into a pipe that the test does not read yet. The pipe holds at
 * most 64 KiB, the lines of some 700 of the 1,024 reads. So step 5 cannot have
 * reached the end when the file changes. */
static struct run read_while(void (*change)(void))
{
    int ends[2];
    char *output = NULL;
    make_file("file", BIG);
    cr_assert_eq(pipe(ends), 0);
    struct process *process =
        start("step5-readfile", (const char *const[]){"file", NULL}, NULL,
              ends[1], WATCHDOG);
    FILE *out = fdopen(ends[0], "r");
    GString *text = g_string_new(NULL);
    size_t size = 0;
    for (ssize_t length; (length = getline(&output, &size, out)) > 0;) {
        if (text->len == 0)
            change(); /* step 5 has started, and its output blocks */
        g_string_append_len(text, output, length);
    }
    struct run run = finish(process);
    g_free(run.text);
    run.text = g_string_free(text, FALSE);
    fclose(out);
    free(output);
    return run;
}

static void grow(void)
{
    grow_file("file", BIG + 2 * CHUNK + 77);
}

static void cut(void)
{
    cr_assert_eq(truncate("file", BIG - BIG / 8 + 77), 0);
}

Test(step5, a_file_that_grows_is_read_to_its_new_end)
{
    struct run run = read_while(grow);
    assert_transcript(&run, "file", 0, CHUNK);
}

Test(step5, a_file_that_is_cut_is_read_to_its_new_end)
{
    struct run run = read_while(cut);
    assert_transcript(&run, "file", 0, CHUNK);
}

/* ---- Pipes ---- */

static struct process *start_reader(const char *name)
{
    struct process *reader =
        start(HOOKED, (const char *const[]){name, NULL}, "none", -1, WATCHDOG);
    expect_line(reader, "main: asking for the first read, then only waiting");
    expect_line(reader, "main: reading at offset 0");
    return reader;
}

/* Step 5 has one read in flight. So it reports each piece before the test sends
 * the next one. Each piece is a short read, and none of them is the end: that
 * comes only when the pipe is closed. */
Test(step5, a_pipe_is_read_piece_by_piece_until_it_is_closed)
{
    char name[64];
    struct process *feeder = start_feeder(name);
    struct process *reader = start_reader(name);
    send_line(feeder, "hello");
    expect_line(reader, "worker: read 5 bytes at offset 0: hello");
    expect_line(reader, "worker: reading at offset 5");
    send_line(feeder, "a piece of more than sixteen bytes");
    expect_line(reader, "worker: read 34 bytes at offset 5: a piece of more ");
    expect_line(reader, "worker: reading at offset 39");
    send_end(feeder);
    expect_line(reader, "worker: end of file");
    expect_line(reader, "main: done: 39 bytes in 2 reads");
    assert_done(reader);
    assert_done(feeder);
}

/* No data comes, and main waits. The test closes the pipe after step 5 has
 * printed "reading": the read is in flight, or starts a moment later. */
Test(step5, main_waits_for_a_silent_pipe_until_it_is_closed)
{
    char name[64];
    struct process *feeder = start_feeder(name);
    struct process *reader = start_reader(name);
    send_end(feeder);
    struct run run = finish(reader);
    assert_ended(&run, 0);
    assert_shows_last(&run, ": end of file\n"
                            "main: done: 0 bytes in 0 reads\n");
    assert_done(feeder);
}

/* The test closes the pipe right after the last piece. Step 5 must still read
 * that piece. The next read may find the pipe closed, or pend until it is: the
 * end is the same. */
Test(step5, data_sent_before_a_pipe_closes_is_read)
{
    char name[64];
    struct process *feeder = start_feeder(name);
    struct process *reader = start_reader(name);
    send_line(feeder, "last words");
    send_end(feeder);
    expect_line(reader, "worker: read 10 bytes at offset 0: last words");
    expect_line(reader, "worker: reading at offset 10");
    expect_line(reader, "worker: end of file");
    expect_line(reader, "main: done: 10 bytes in 1 reads");
    assert_done(reader);
    assert_done(feeder);
}

/* Step 5's end of the pipe reads bytes, not messages. There, a message of 0
 * bytes completes a read with 0 bytes, and does not mean the end. */
Test(step5, a_write_of_0_bytes_does_not_end_a_pipe)
{
    char name[64];
    struct process *feeder = start_feeder(name);
    struct process *reader = start_reader(name);
    send_line(feeder, "abc");
    expect_line(reader, "worker: read 3 bytes at offset 0: abc");
    expect_line(reader, "worker: reading at offset 3");
    send_line(feeder, "");
    expect_line(reader, "worker: reading at offset 3");
    send_line(feeder, "def");
    expect_line(reader, "worker: read 3 bytes at offset 3: def");
    expect_line(reader, "worker: reading at offset 6");
    send_end(feeder);
    expect_line(reader, "worker: end of file");
    expect_line(reader, "main: done: 6 bytes in 2 reads");
    assert_done(reader);
    assert_done(feeder);
}

/* Under Wine 8 and 10, a read of NUL fails immediately with 38, and a packet
 * comes, too. */
Test(step5, a_device_is_error_50)
{
    struct run run = RUN("step5-readfile", "NUL");
    assert_error(&run, "read", 50);
}

Test(step5, an_offset_in_a_pipe_is_error_50)
{
    char name[64];
    struct process *feeder = start_feeder(name);
    struct run run = RUN("step5-readfile", name, "1");
    assert_error(&run, "read", 50);
    send_end(feeder);
    assert_done(feeder);
}

/* ---- Results that no plain file gives under Wine 8 and 10 ---- */

ParameterizedTestParameters(step5,
                            the_bytes_are_right_for_every_result_of_readfile)
{
    static char hooks[][16] = {"none", "sync-eof", "ntfs-cached", "warning"};
    return cr_make_param_array(char[16], hooks, G_N_ELEMENTS(hooks));
}

ParameterizedTest(char hook[16], step5,
                  the_bytes_are_right_for_every_result_of_readfile)
{
    make_file("file", 100000);
    struct run run = RUN_HOOKED(HOOKED, hook, "file");
    assert_transcript(&run, "file", 0, CHUNK);
}

/* Asserts the last lines. */
static void assert_ends(const char *hook, const char *wanted)
{
    make_file("file", CHUNK);
    struct run run = RUN_HOOKED(HOOKED, hook, "file");
    assert_ended(&run, 0);
    cr_assert(g_str_has_suffix(run.text, wanted), "wanted:\n%s\n%s", wanted,
              describe(&run));
    run_clear(&run);
}

/* If ReadFile reports the end, its caller prints it, and no packet comes. */
Test(step5, the_end_comes_from_readfile_or_as_a_packet)
{
    const char *in_main = "main: reading at offset 0\n"
                          "main: end of file\n"
                          "main: done: 0 bytes in 0 reads\n";
    const char *in_worker = "worker: reading at offset 32768\n"
                            "worker: end of file\n"
                            "main: done: 32768 bytes in 1 reads\n";
    assert_ends("fail:1:38", in_main);
    assert_ends("fail:1:109", in_main);
    assert_ends("fail:2:38", in_worker);
    assert_ends("fail:2:109", in_worker);
    assert_ends("packet:2:38:0", in_worker);
    assert_ends("packet:2:109:0", in_worker);
}

/* The end comes as a packet. If step 5 overlooked it, the fourth ReadFile would
 * report the end, and the output would have more lines. */
Test(step5, no_read_starts_after_the_end)
{
    make_file("file", CHUNK);
    struct run run = RUN_HOOKED(HOOKED, "fail-from:ReadFile:4:38", "file");
    assert_transcript(&run, "file", 0, CHUNK);
}

Test(step5, after_a_short_read_the_next_begins_where_it_ended)
{
    make_file("file", 100000);
    struct run run = RUN_HOOKED(HOOKED, "short", "file");
    assert_transcript(&run, "file", 0, CHUNK / 3);
}

ParameterizedTestParameters(step5, a_read_that_fails_is_reported_once)
{
    /* ReadFile fails in main and in a worker. Packets fail with and without
     * bytes. */
    static char hooks[][16] = {"fail:1:5", "fail:2:5", "packet:1:5:0",
                               "packet:2:5:0", "packet:2:5:123"};
    return cr_make_param_array(char[16], hooks, G_N_ELEMENTS(hooks));
}

ParameterizedTest(char hook[16], step5, a_read_that_fails_is_reported_once)
{
    make_file("file", 100000);
    struct run run = RUN_HOOKED(HOOKED, hook, "file");
    assert_error(&run, "read", 5);
}

/* A disconnect discards unread data. So it is an error, not the end. */
Test(step5, a_disconnected_pipe_is_an_error)
{
    make_file("file", 100000);
    for (int i = 0; i < 2; i++) {
        const char *hook = i == 0 ? "fail:2:233" : "packet:2:233:0";
        struct run run = RUN_HOOKED(HOOKED, hook, "file");
        assert_error(&run, "read", 233);
        run_clear(&run);
    }
}

/* A packet with a warning has bytes, too. */
Test(step5, a_packet_with_a_warning_brings_data)
{
    make_file("file", 100000);
    struct run run = RUN_HOOKED(HOOKED, "packet:1:234:32768", "file");
    assert_transcript(&run, "file", 0, CHUNK);
}

/* No error and no bytes. */
Test(step5, a_success_with_0_bytes_is_the_end)
{
    make_file("file", 100000);
    struct run run = RUN_HOOKED(HOOKED, "packet:2:0:0", "file");
    assert_ended(&run, 0);
    assert_shows_last(&run, "worker: end of file\n"
                            "main: done: 32768 bytes in 1 reads\n");
}
