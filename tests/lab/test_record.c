/* lab/trace's deep mode: a run that a page can play has everything that
 * happened, with names. */
#include "../support/helpers.h"

#include <json-glib/json-glib.h>
#include <string.h>

TestSuite(record, .init = enter_scratch, .fini = leave_scratch);

/* A recorded run. */
struct recorded {
    JsonParser *parser;
    JsonObject *run;
    JsonArray *events;
    char *out; /* what the program printed on stdout */
};

/* Records build/PROGRAM.exe with one argument. objects: its object files, a
 * pattern below build. */
static struct recorded record(const char *program, const char *object,
                              const char *argument)
{
    struct recorded recorded = {.parser = json_parser_new()};
    char *command =
        g_strdup_printf("LAUNCHER='%s' OBJDUMP='%s' NM='%s' python3 -B "
                        "'%s/../lab/trace/record.py' '%s/%s.exe' run.json "
                        "--object '%s/%s' -- '%s'",
                        g_getenv("LAUNCHER"), g_getenv("OBJDUMP"),
                        g_getenv("NM"), g_getenv("BUILD"), g_getenv("BUILD"),
                        program, g_getenv("BUILD"), object, argument);
    char *err = NULL;
    int status = 0;
    GError *error = NULL;
    cr_assert(g_spawn_sync(NULL, (char *[]){"sh", "-c", command, NULL}, NULL,
                           G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, &err, &status,
                           &error),
              "%s", error ? error->message : "");
    cr_assert(status == 0, "%s\n%s", command, err);
    cr_assert(json_parser_load_from_file(recorded.parser, "run.json", &error),
              "%s", error ? error->message : "");
    recorded.run = json_node_get_object(json_parser_get_root(recorded.parser));
    recorded.events = json_object_get_array_member(recorded.run, "events");
    read_file("run.out", &recorded.out, NULL);
    g_free(err);
    g_free(command);
    return recorded;
}

static struct recorded record_step5(const char *io)
{
    make_file("file", 80000);
    g_setenv("IO", io, TRUE);
    return record("deep/step5-readfile", "deep/obj/step5-readfile/main.o",
                  "file");
}

static struct recorded record_case(const char *argument)
{
    return record("deep/recorded", "deep/obj/tests/lab/recorded.o", argument);
}

static void clear(struct recorded *recorded)
{
    g_free(recorded->out);
    g_object_unref(recorded->parser);
}

static JsonObject *event(const struct recorded *recorded, unsigned number)
{
    return json_array_get_object_element(recorded->events, number);
}

static const char *text(JsonObject *object, const char *member)
{
    return json_object_get_string_member_with_default(object, member, "");
}

static gint64 number(JsonObject *object, const char *member)
{
    return json_object_get_int_member_with_default(object, member, -1);
}

/* The next event of this kind, from `first` on; for a call or a return, of this
 * function. Fails the test if there is none. */
static unsigned find(const struct recorded *recorded, unsigned first,
                     const char *kind, const char *name)
{
    for (unsigned i = first; i < json_array_get_length(recorded->events); i++) {
        JsonObject *one = event(recorded, i);
        if (strcmp(text(one, "kind"), kind) == 0 &&
            (name == NULL || strcmp(text(one, "name"), name) == 0))
            return i;
    }
    cr_assert(false, "no %s of %s after event %u", kind, name ? name : "any",
              first);
    return 0;
}

static unsigned count(const struct recorded *recorded, const char *kind)
{
    unsigned found = 0;
    for (unsigned i = 0; i < json_array_get_length(recorded->events); i++)
        found += strcmp(text(event(recorded, i), "kind"), kind) == 0;
    return found;
}

/* All that was printed on a stream; the caller frees it. */
static char *printed(const struct recorded *recorded, const char *stream)
{
    GString *all = g_string_new(NULL);
    for (unsigned i = 0; i < json_array_get_length(recorded->events); i++)
        if (strcmp(text(event(recorded, i), "stream"), stream) == 0)
            g_string_append(all, text(event(recorded, i), "text"));
    return g_string_free(all, FALSE);
}

/* The functions of the stack of an event, or of its first line, the innermost
 * first: "a b c". The caller frees it. */
static char *stack(const struct recorded *recorded, JsonObject *of)
{
    GString *names = g_string_new(NULL);
    gint64 which = json_object_has_member(of, "stacks")
                       ? json_array_get_int_element(
                             json_object_get_array_member(of, "stacks"), 0)
                       : number(of, "stack");
    JsonArray *frames = json_array_get_array_element(
        json_object_get_array_member(recorded->run, "stacks"), (guint)which);
    for (unsigned i = 0; i < json_array_get_length(frames); i++) {
        JsonArray *place = json_array_get_array_element(
            json_object_get_array_member(recorded->run, "places"),
            (guint)json_array_get_int_element(frames, i));
        g_string_append_printf(
            names, "%s%s", i > 0 ? " " : "",
            json_array_get_string_element(
                json_object_get_array_member(recorded->run, "functions"),
                (guint)json_array_get_int_element(place, 2)));
    }
    return g_string_free(names, FALSE);
}

/* The name of a request's structure. */
static const char *structure(const struct recorded *recorded, unsigned request)
{
    JsonArray *requests =
        json_object_get_array_member(recorded->run, "requests");
    return text(json_array_get_object_element(requests, request), "struct");
}

#define assert_free(got, wanted)                                               \
    do {                                                                       \
        char *free_got = (got);                                                \
        assert_string(free_got, wanted);                                       \
        g_free(free_got);                                                      \
    } while (0)

/* ---- What is in a run ---------------------------------------------------- */

Test(record, the_print_events_are_what_the_program_printed)
{
    struct recorded step = record_step5("pending");
    char *out = printed(&step, "stdout");
    cr_assert(strstr(out, "main: done: 80000 bytes in 3 reads\n") != NULL, "%s",
              out);
    GString *wanted = g_string_new(step.out);
    g_string_replace(wanted, "\r\n", "\n", 0);
    assert_string(out, wanted->str);
    g_string_free(wanted, TRUE);
    g_free(out);
    clear(&step);
}

Test(record, a_run_has_two_workers_and_ends_with_its_status)
{
    struct recorded step = record_step5("wine");
    JsonArray *threads = json_object_get_array_member(step.run, "threads");
    assert_number(json_array_get_length(threads), 3);
    assert_string(json_array_get_string_element(threads, 0), "main");
    assert_string(text(step.run, "ended"), "exit");
    assert_number(number(step.run, "status"), 0);
    assert_number(count(&step, "begin"), 2);
    assert_string(text(event(&step, find(&step, 0, "begin", NULL)), "function"),
                  "worker");
    clear(&step);
}

Test(record, a_call_has_its_stack_and_lines_run_before_it)
{
    struct recorded step = record_step5("pending");
    unsigned call = find(&step, 0, "call", "ReadFile");
    assert_free(stack(&step, event(&step, call)),
                "overlapped_read read_next show with_file wmain");
    unsigned line = find(&step, 0, "lines", NULL);
    assert_free(stack(&step, event(&step, line)), "wmain");
    cr_assert(line < call && count(&step, "lines") > 20, "%u times lines",
              count(&step, "lines"));
    unsigned second = find(&step, call + 1, "call", "ReadFile");
    assert_free(stack(&step, event(&step, second)),
                "overlapped_read read_next on_read worker");
    clear(&step);
}

Test(record, a_completion_comes_between_the_start_and_its_packet)
{
    struct recorded step = record_step5("pending");
    unsigned call = find(&step, 0, "call", "ReadFile");
    unsigned done = find(&step, call, "done", NULL);
    unsigned packet = find(&step, done, "return", "GetQueuedCompletionStatus");
    assert_number(number(event(&step, done), "thread"), -1);
    assert_number(number(event(&step, done), "bytes"), 32768);
    assert_number(number(event(&step, packet), "use"),
                  number(event(&step, call), "use"));
    assert_number(count(&step, "done"), 4);
    clear(&step);
}

Test(record, the_fields_of_a_request_have_names_and_values)
{
    struct recorded step = record_step5("pending");
    assert_string(structure(&step, 0), "struct request");
    unsigned call = find(&step, 0, "call", "ReadFile");
    bool callback = false, pending = false, state = false;
    for (unsigned i = 0; i < json_array_get_length(step.events); i++) {
        JsonObject *one = event(&step, i);
        if (strcmp(text(one, "kind"), "fields") != 0)
            continue;
        JsonObject *set = json_object_get_object_member(one, "set");
        const char *value = text(set, "callback");
        JsonObject *pointers =
            json_object_get_object_member(step.run, "pointers");
        callback = callback ||
                   (i < call && strcmp(text(pointers, value), "on_read") == 0);
        pending =
            pending || strcmp(text(set, "overlapped.Internal"), "0x103") == 0;
        state = state || strcmp(text(set, "state"), "0x1") == 0;
    }
    cr_assert(callback, "no field has the name of the callback");
    cr_assert(pending, "Internal was never pending");
    cr_assert(state, "the state was never in flight");
    cr_assert(count(&step, "buffer") >= 3, "%u buffers",
              count(&step, "buffer"));
    clear(&step);
}

Test(record, a_port_holds_the_packets_that_wait)
{
    struct recorded step = record_case("array");
    gint64 most = 0;
    for (unsigned i = 0; i < json_array_get_length(step.events); i++)
        if (strcmp(text(event(&step, i), "kind"), "depth") == 0)
            most = MAX(most, number(event(&step, i), "depth"));
    assert_number(most, 3);
    clear(&step);
}

Test(record, requests_in_an_array_are_found_in_their_structure)
{
    struct recorded letters = record_case("array");
    for (unsigned i = 0; i < 3; i++)
        assert_string(structure(&letters, i), "struct inside");
    assert_number(count(&letters, "allocate"), 3);
    assert_number(count(&letters, "free"), 3);
    clear(&letters);
}

Test(record, a_request_without_an_allocation_is_an_overlapped)
{
    struct recorded requests = record_case("no-memory");
    assert_string(structure(&requests, 0), "OVERLAPPED");
    assert_string(structure(&requests, 1), "OVERLAPPED");
    bool offset = false;
    for (unsigned i = 0; i < json_array_get_length(requests.events); i++)
        if (strcmp(text(event(&requests, i), "kind"), "fields") == 0)
            offset = offset || strcmp(text(json_object_get_object_member(
                                               event(&requests, i), "set"),
                                           "Offset"),
                                      "0x5") == 0;
    cr_assert(offset, "the offset of the second request is missing");
    clear(&requests);
}

/* printf keeps text back, unless the recorder prevents it. */
Test(record, text_of_the_C_library_is_recorded_where_it_was_printed)
{
    struct recorded run = record_case("print");
    assert_free(printed(&run, "stdout"), "one line\ntwo\n");
    assert_free(printed(&run, "stderr"), "wrong\n");
    unsigned first = find(&run, 0, "print", NULL);
    assert_string(text(event(&run, first), "text"), "one ");
    assert_free(stack(&run, event(&run, find(&run, first, "lines", NULL))),
                "print_in_parts wmain");
    clear(&run);
}

Test(record, a_finding_of_the_checker_is_an_event)
{
    struct recorded run = record_case("twice");
    unsigned found = find(&run, 0, "finding", NULL);
    cr_assert(strstr(text(event(&run, found), "text"), "recorded.c:") != NULL,
              "%s", text(event(&run, found), "text"));
    unsigned first = find(&run, 0, "free", NULL);
    cr_assert(first < found, "the first free is event %u, the finding %u",
              first, found);
    bool again = false;
    for (unsigned i = first + 1; i < json_array_get_length(run.events); i++)
        again = again || json_object_has_member(event(&run, i), "again");
    cr_assert(again, "no free of memory that is freed already");
    assert_free(printed(&run, "stderr"), "");
    clear(&run);
}

Test(record, a_run_without_an_end_is_cut)
{
    struct recorded run = record_case("endless");
    assert_string(text(run.run, "ended"), "killed");
    cr_assert(g_str_has_prefix(text(run.run, "cut"), "after "), "%s",
              text(run.run, "cut"));
    /* The recorder ends the program when the recording is full. */
    JsonObject *summary = json_object_get_object_member(run.run, "summary");
    cr_assert(number(summary, "lost") < 10, "%ld records are lost",
              (long)number(summary, "lost"));
    clear(&run);
}

Test(record, the_program_sees_one_processor)
{
    struct recorded run = record_case("processors");
    assert_free(printed(&run, "stdout"), "1\n");
    clear(&run);
}
