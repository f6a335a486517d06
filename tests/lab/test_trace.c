/* lab/trace: a recording is complete, and the timeline, the events and the
 * picture show what the program did. */
#include "../support/shell.h"

#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <signal.h>
#include <string.h>

TestSuite(trace, .init = enter_scratch, .fini = leave_scratch);

/* ---- Recordings --------------------------------------------------------- */

static char *in_build(const char *name)
{
    return g_build_filename(g_getenv("BUILD"), name, NULL);
}

/* Programs that are started from now on record to this file. */
static void record_to(const char *name)
{
    g_setenv("TRACE", name, TRUE);
}

/* Runs a command at the top of the repository, as make does. Returns its
 * stdout; the caller frees it. */
static char *run_at_top(char **argv, int *status)
{
    char *top = in_build("..");
    char *out = NULL, *err = NULL; /* stderr is not checked */
    GError *error = NULL;
    char **environment = g_get_environ();
    static const char *const left_out[] = {"MAKEFLAGS", "MAKELEVEL", "STEP",
                                           "TRACE"};
    for (size_t i = 0; i < G_N_ELEMENTS(left_out); i++)
        environment = g_environ_unsetenv(environment, left_out[i]);
    cr_assert(g_spawn_sync(top, argv, environment, G_SPAWN_SEARCH_PATH, NULL,
                           NULL, &out, &err, status, &error),
              "%s: %s", argv[0], error ? error->message : "");
    g_strfreev(environment);
    g_free(err);
    g_free(top);
    return out;
}

/* What trace.py has made from a recording. */
struct trace {
    char *timeline; /* and the lines after it */
    JsonParser *parser;
    JsonArray *events;
    char *svg;
};

static struct trace read_trace(char *timeline, const char *directory,
                               const char *name)
{
    struct trace trace = {.timeline = timeline};
    char *base = g_build_filename(directory, name, NULL);
    char *json = g_strconcat(base, ".json", NULL);
    char *svg = g_strconcat(base, ".svg", NULL);
    GError *error = NULL;
    trace.parser = json_parser_new();
    cr_assert(json_parser_load_from_file(trace.parser, json, &error), "%s: %s",
              json, error ? error->message : "");
    trace.events = json_object_get_array_member(
        json_node_get_object(json_parser_get_root(trace.parser)),
        "traceEvents");
    read_file(svg, &trace.svg, NULL);
    g_free(svg);
    g_free(json);
    g_free(base);
    return trace;
}

/* The trace of build/lab/NAME.exe, which has recorded to "rec" in the test's
 * directory. */
static struct trace make_trace(const char *name)
{
    char *here = g_get_current_dir();
    char *recording = g_build_filename(here, "rec", NULL);
    char *relative = g_strconcat("lab/", name, ".exe", NULL);
    char *program = in_build(relative);
    char *to = g_build_filename(here, name, NULL);
    int status = 0;
    char *out =
        run_at_top((char *[]){"python3", "-B", "lab/trace/trace.py", recording,
                              program, (char *)g_getenv("ADDR2LINE"), to, NULL},
                   &status);
    assert_number(status, 0);
    struct trace trace = read_trace(out, here, name);
    g_free(to);
    g_free(program);
    g_free(relative);
    g_free(recording);
    g_free(here);
    return trace;
}

static struct trace trace_of(const char *name, const char *const *arguments)
{
    char *program = g_strconcat("lab/", name, NULL);
    record_to("rec");
    assert_done(start(program, arguments, NULL, -1, WATCHDOG));
    g_free(program);
    return make_trace(name);
}

static void clear(struct trace *trace)
{
    g_free(trace->timeline);
    g_free(trace->svg);
    g_object_unref(trace->parser);
}

#define assert_line(trace, words)                                              \
    cr_assert(strstr((trace)->timeline, words), "wanted: '%s'\ngot:\n%s",      \
              words, (trace)->timeline)

/* ---- The events --------------------------------------------------------- */

static JsonObject *event_at(const struct trace *trace, guint i)
{
    return json_array_get_object_element(trace->events, i);
}

static guint event_count(const struct trace *trace)
{
    return json_array_get_length(trace->events);
}

static bool is_phase(JsonObject *event, const char *phase)
{
    return strcmp(json_object_get_string_member(event, "ph"), phase) == 0;
}

static bool is_named(JsonObject *event, const char *name)
{
    return strcmp(json_object_get_string_member(event, "name"), name) == 0;
}

static double ts(JsonObject *event)
{
    return json_object_get_double_member(event, "ts");
}

static gint64 tid(JsonObject *event)
{
    return json_object_get_int_member(event, "tid");
}

/* NULL: the event has no details. */
static JsonObject *details_of(JsonObject *event)
{
    return json_object_has_member(event, "args")
               ? json_object_get_object_member(event, "args")
               : NULL;
}

/* A read, a write or a post with an OVERLAPPED, or a post without one. */
static bool is_start(JsonObject *event)
{
    JsonObject *details = details_of(event);
    return is_phase(event, "X") && details != NULL &&
           (is_named(event, "PostQueuedCompletionStatus") ||
            is_named(event, "NtSetIoCompletion") ||
            ((is_named(event, "ReadFile") || is_named(event, "WriteFile")) &&
             json_object_has_member(details, "request")));
}

/* An arrow must start and end in a slice: a call or callback of the same thread
 * at the same time. */
static bool lies_in_a_slice(const struct trace *trace, JsonObject *flow)
{
    for (guint i = 0; i < event_count(trace); i++) {
        JsonObject *event = event_at(trace, i);
        if (is_phase(event, "X") && tid(event) == tid(flow) &&
            ts(event) <= ts(flow) &&
            ts(flow) <= ts(event) + json_object_get_double_member(event, "dur"))
            return true;
    }
    return false;
}

static JsonObject *the_end_of(const struct trace *trace, JsonObject *flow)
{
    JsonObject *found = NULL;
    gint64 id = json_object_get_int_member(flow, "id");
    for (guint i = 0; i < event_count(trace); i++) {
        JsonObject *event = event_at(trace, i);
        if (!is_phase(event, "f") ||
            json_object_get_int_member(event, "id") != id)
            continue;
        cr_assert_null(found, "wanted: one end of flow %d\ngot: two", (int)id);
        found = event;
    }
    return found;
}

static guint count_phase(const struct trace *trace, const char *phase)
{
    guint count = 0;
    for (guint i = 0; i < event_count(trace); i++)
        count += is_phase(event_at(trace, i), phase);
    return count;
}

static guint count_starts(const struct trace *trace)
{
    guint count = 0;
    for (guint i = 0; i < event_count(trace); i++)
        count += is_start(event_at(trace, i));
    return count;
}

/* For a program that has waited for all requests that it started. */
static void assert_each_start_has_one_end(const struct trace *trace)
{
    guint flows = 0;
    for (guint i = 0; i < event_count(trace); i++) {
        JsonObject *event = event_at(trace, i);
        if (!is_phase(event, "s"))
            continue;
        JsonObject *end = the_end_of(trace, event);
        cr_assert(end != NULL && ts(event) <= ts(end),
                  "wanted: a later end for each start\ngot: none for event %u",
                  i);
        cr_assert(
            lies_in_a_slice(trace, event) && lies_in_a_slice(trace, end),
            "wanted: each arrow from a slice to a slice\ngot: event %u outside",
            i);
        flows++;
    }
    cr_assert(flows > 0 && flows == count_starts(trace),
              "wanted: an arrow for each of %u starts\ngot: %u arrows",
              count_starts(trace), flows);
    assert_number(count_phase(trace, "f"), flows);
}

static void assert_in_order(const struct trace *trace)
{
    double last[64] = {0};
    for (guint i = 0; i < event_count(trace); i++) {
        JsonObject *event = event_at(trace, i);
        if (is_phase(event, "M"))
            continue;
        cr_assert(tid(event) < 64 && last[tid(event)] <= ts(event),
                  "wanted: the events of a thread in the order of time\ngot: "
                  "event %u is too early",
                  i);
        last[tid(event)] = ts(event);
    }
}

/* Whether a place such as "step5-readfile/main.c:226" is a line of a file. */
static bool is_line(const char *place, const char *directory)
{
    char *path = g_strndup(place, strcspn(place, ":"));
    char *from_top = g_build_filename(g_getenv("BUILD"), "..", path, NULL);
    char *content = NULL;
    guint64 line = g_ascii_strtoull(place + strlen(path) + 1, NULL, 10);
    guint64 lines = 0;
    if (g_file_get_contents(from_top, &content, NULL, NULL))
        for (const char *c = content; *c != '\0'; c++)
            lines += *c == '\n';
    bool there =
        g_str_has_prefix(path, directory) &&
        (g_str_has_suffix(path, ".c") || g_str_has_suffix(path, "/report.h")) &&
        line >= 1 && line <= lines;
    g_free(content);
    g_free(from_top);
    g_free(path);
    return there;
}

static void assert_lines(const struct trace *trace, const char *directory)
{
    guint lines = 0;
    for (guint i = 0; i < event_count(trace); i++) {
        JsonObject *event = event_at(trace, i);
        JsonObject *details = details_of(event);
        bool has = details != NULL && json_object_has_member(details, "line");
        cr_assert(
            has || !is_start(event),
            "wanted: a source line for each start\ngot: none for event %u", i);
        if (!has)
            continue;
        const char *line = json_object_get_string_member(details, "line");
        cr_assert(is_line(line, directory),
                  "wanted: a line of a source in %s\ngot: %s", directory, line);
        lines++;
    }
    cr_assert_gt(lines, 0, "wanted: source lines\ngot: none");
}

/* ---- The picture -------------------------------------------------------- */

struct picture {
    guint lanes, flights, titles, descs, depth;
    bool is_named;
};

static void on_element(GMarkupParseContext *context, const gchar *element,
                       const gchar **names, const gchar **values,
                       gpointer user_data, GError **error)
{
    struct picture *picture = user_data;
    (void)context, (void)error;
    for (; *names != NULL; names++, values++) {
        if (strcmp(*names, "class") == 0) {
            picture->lanes += strcmp(*values, "lane") == 0;
            picture->flights += strcmp(*values, "flight") == 0;
        }
        if (strcmp(*names, "aria-labelledby") == 0)
            picture->is_named = true;
    }
    if (picture->depth == 1) {
        picture->titles += strcmp(element, "title") == 0;
        picture->descs += strcmp(element, "desc") == 0;
    }
    picture->depth++;
}

static void on_end(GMarkupParseContext *context, const gchar *element,
                   gpointer user_data, GError **error)
{
    struct picture *picture = user_data;
    (void)context, (void)element, (void)error;
    picture->depth--;
}

static struct picture parse_picture(const struct trace *trace)
{
    static const GMarkupParser parser = {.start_element = on_element,
                                         .end_element = on_end};
    struct picture picture = {0};
    GError *error = NULL;
    GMarkupParseContext *context =
        g_markup_parse_context_new(&parser, 0, &picture, NULL);
    cr_assert(g_markup_parse_context_parse(context, trace->svg, -1, &error) &&
                  g_markup_parse_context_end_parse(context, &error),
              "%s", error ? error->message : "");
    g_markup_parse_context_free(context);
    return picture;
}

static guint count_threads(const struct trace *trace)
{
    guint count = 0;
    for (guint i = 0; i < event_count(trace); i++)
        count += is_named(event_at(trace, i), "thread_name");
    return count;
}

/* The recording is "rec": see tests/lab/rows.py. */
static void assert_effects_are_below_causes(void)
{
    char *here = g_get_current_dir();
    char *recording = g_build_filename(here, "rec", NULL);
    int status = 0;
    char *out = run_at_top(
        (char *[]){"python3", "-B", "tests/lab/rows.py", recording, NULL},
        &status);
    cr_assert_eq(status, 0, "wanted: each effect below its cause\ngot:\n%s",
                 out);
    g_free(out);
    g_free(recording);
    g_free(here);
}

/* Nothing in it depends on the machine. */
static void assert_picture(const struct trace *trace)
{
    struct picture picture = parse_picture(trace);
    cr_assert(picture.titles == 1 && picture.descs == 1 && picture.is_named,
              "wanted: one title and one desc, which name the picture\ngot: %u "
              "and %u",
              (unsigned)picture.titles, (unsigned)picture.descs);
    assert_number(picture.lanes, count_threads(trace));
    cr_assert(strstr(trace->svg, "prefers-color-scheme: dark"),
              "wanted: 'prefers-color-scheme: dark' in the picture\ngot: none");
    cr_assert_null(strstr(trace->svg, "0x"),
                   "wanted: no address in the picture\ngot: %.40s",
                   strstr(trace->svg, "0x"));
    assert_effects_are_below_causes();
}

/* ---- What a trace shows ------------------------------------------------- */

struct traced {
    char name[24], directory[24];
    char arguments[4][12];
};

ParameterizedTestParameters(trace, every_start_has_one_end)
{
    static struct traced programs[] = {
        {"step2-bind", "step2-bind/", {"file"}},
        {"step3-callback", "step3-callback/", {"file"}},
        {"step4-overlapped", "step4-overlapped/", {"file"}},
        {"step5-readfile", "step5-readfile/", {"file"}},
        {"final", "final/", {"--block", "4K", "file"}},
        {"compare", "final/", {"file"}}, /* also uses the system's pools */
    };
    return cr_make_param_array(struct traced, programs, G_N_ELEMENTS(programs));
}

ParameterizedTest(struct traced *traced, trace, every_start_has_one_end)
{
    const char *arguments[5] = {NULL};
    for (int i = 0; i < 4 && *traced->arguments[i] != '\0'; i++)
        arguments[i] = traced->arguments[i];
    make_file("file", 100000);
    struct trace trace = trace_of(traced->name, arguments);
    assert_each_start_has_one_end(&trace);
    assert_in_order(&trace);
    assert_lines(&trace, traced->directory);
    assert_picture(&trace);
    cr_assert_null(strstr(trace.timeline, "never taken"),
                   "wanted: no 'never taken'\ngot:\n%s", trace.timeline);
    cr_assert_null(strstr(trace.timeline, "not followed"),
                   "wanted: no 'not followed'\ngot:\n%s", trace.timeline);
    clear(&trace);
}

Test(trace, each_read_is_recorded_in_order_with_its_offset)
{
    static const gint64 wanted[] = {0, 32768, 65536, 98304, 100000};
    make_file("file", 100000);
    struct trace trace =
        trace_of("step5-readfile", (const char *const[]){"file", NULL});
    guint reads = 0;
    for (guint i = 0; i < event_count(&trace); i++) {
        JsonObject *event = event_at(&trace, i);
        if (!is_start(event) || !is_named(event, "ReadFile"))
            continue;
        JsonObject *details = details_of(event);
        cr_assert_lt(reads, G_N_ELEMENTS(wanted), "wanted: %u reads\ngot: more",
                     (unsigned)G_N_ELEMENTS(wanted));
        assert_number(json_object_get_int_member(details, "offset"),
                      wanted[reads++]);
        assert_number(json_object_get_int_member(details, "length"), 32768);
        assert_number(json_object_get_int_member(details, "request"), 1);
    }
    assert_number(reads, G_N_ELEMENTS(wanted));
    cr_assert_geq(parse_picture(&trace).flights, 5);
    assert_line(&trace, "takes the packet of request 1: 1696 bytes");
    assert_line(&trace, "takes the packet of request 1: 0 bytes, error 38");
    assert_line(&trace, "5 starts of 1 request, 5 completions taken");
    clear(&trace);
}

/* The height of the picture. */
static double height_of(const struct trace *trace)
{
    const char *height = strstr(trace->svg, " height=\"");
    cr_assert_not_null(height, "wanted: a height\ngot:\n%.200s", trace->svg);
    return g_ascii_strtod(height + strlen(" height=\""), NULL);
}

static guint count_words(const char *text, const char *words)
{
    guint count = 0;
    for (; (text = strstr(text, words)) != NULL; text += strlen(words))
        count++;
    return count;
}

/* The complete timeline has them all. */
Test(trace, reads_that_are_alike_are_folded)
{
    static const char read[] = "ReadFile(file 1, 32768 at ";
    static const char *const file[] = {"file", NULL};
    make_file("file", 200000);
    struct trace few = trace_of("step5-readfile", file);
    make_file("file", 1000000);
    struct trace many = trace_of("step5-readfile", file);
    char *complete;
    read_file("step5-readfile.txt", &complete, NULL);
    assert_line(&many, " more like this\n");
    assert_number(count_words(complete, read), 32);
    cr_assert(count_words(many.timeline, read) < 12,
              "wanted: less than 12 of the reads\ngot:\n%s", many.timeline);
    cr_assert(height_of(&many) < 1.5 * height_of(&few),
              "wanted: a picture of about %.0f pixels\ngot: %.0f",
              height_of(&few), height_of(&many));
    assert_line(&many, "32 starts of 1 request, 32 completions taken");
    assert_picture(&many);
    g_free(complete);
    clear(&many);
    clear(&few);
}

/* With several requests in flight the calls of the threads mix. */
Test(trace, reads_in_flight_that_are_alike_are_folded)
{
    static const char read[] = "ReadFile(file 1, 4096 at ";
    make_file("file", 1000000);
    struct trace trace =
        trace_of("final", (const char *const[]){"--block", "4K", "file", NULL});
    cr_assert(count_words(trace.timeline, read) < 60 &&
                  strstr(trace.timeline, " more lines\n") == NULL,
              "wanted: less than 60 of 245 reads, to the end\ngot:\n%s",
              trace.timeline);
    assert_picture(&trace);
    clear(&trace);
}

/* ---- What it follows ---------------------------------------------------- */

struct followed {
    char name[28];
    const char *lines[12]; /* are in the timeline in this order; then NULL */
};

static struct followed followed[] = {
    {"a_loop_with_a_routine",
     {"ReadFileEx(file 1, 1000 at 0) as request 1: queued", "waits in SleepEx",
      "on_block is called for request 1: 1000 bytes",
      "ReadFileEx(file 1, 1000 at 1000) as request 1: queued",
      "the callback for request 1 returns", " more like this",
      "on_block is called for request 1: 0 bytes, error 38",
      "SleepEx: an APC has run",
      "101 starts of 1 request, 101 completions taken"}},
    {"a_loop_without_a_wait",
     {"ReadFile(file 1, 1000): 1000 bytes", "posts key 0 to port 1: 1000 bytes",
      "96 more like this", "ReadFile(file 1, 1000): 1000 bytes",
      "ReadFile(file 1, 1000): 0 bytes", "CloseHandle(port 1)"}},
    {"other_requests",
     {"CreateNamedPipeW: pipe 1, overlapped",
      "ConnectNamedPipe(pipe 1) as request 1: pending",
      "takes the packet of request 1: 0 bytes",
      "TransactNamedPipe(file 1, 3) as request 1: pending",
      "takes the packet of request 1: 4 bytes",
      "LockFileEx(file 2, 100 at 0) as request 1: TRUE",
      "DeviceIoControl(file 2, code 0x9003c) as request 1: ",
      "takes a packet of request 3: from a call that is not followed",
      "main took a packet of request 3: from a call that is not followed"}},
    {"a_directory",
     {"ReadDirectoryChangesW(file 1, 1000) as request 1: queued",
      "takes the packet of request 1: ",
      "ReadDirectoryChangesW(file 3, 1000) as request 2: queued",
      "on_nothing is called for request 2: 0 bytes, error 995",
      "2 starts of 2 requests, 2 completions taken"}},
    {"handles",
     {"WaitForSingleObject(handle 0x", ", not followed): done",
      "DuplicateHandle: copy 1 of event 1", "SetEvent(copy 1 of event 1)",
      "WaitForSingleObjectEx(event 1): done", "ResetEvent(event 1)",
      "CloseHandle(event 1, closed): error 6", "CloseHandle(NULL): error 6",
      "_open_osfhandle: the C library owns file 1", "CreateEventW: event 2"}},
    {"binds",
     {"CreateIoCompletionPort: port 1, and binds file 1 to it",
      "second bind of file 1 to port 1 fails: error 87",
      "takes the packet of request 1: 10 bytes",
      "BindIoCompletionCallback: binds file 2 to the system's pool",
      "second bind of file 2 to the system's pool fails: error 87"}},
    {"packets_of_ntdll",
     {"posts request 1 to port 1 by NtSetIoCompletion: 42 bytes",
      "takes the packet of request 1: 42 bytes",
      "posts request 1 to port 1 by NtSetIoCompletion: 43 bytes",
      "takes the packet of request 1: 43 bytes",
      "2 starts of 1 request, 2 completions taken"}},
    {"waits",
     {"SignalObjectAndWait", "SetEvent(event 1)",
      "WaitForMultipleObjectsEx(event 2): done",
      "WaitForMultipleObjects(all): done",
      "WaitForMultipleObjects(worker 1): done",
      "WaitForSingleObject(event 2): timeout", "SleepEx: done",
      "SleepConditionVariableCS(condition variable 1): error 1460"}},
    {"polls",
     {"WaitForSingleObject(event 1): timeout, 1000 times",
      "looks at one of event 1, event 2 in WaitForMultipleObjects",
      "looks at port 1 in GetQueuedCompletionStatus",
      "WaitForMultipleObjects(event 1, event 2): timeout, 300 times",
      "GetQueuedCompletionStatus(port 1): error 258, 294 times",
      "WaitForSingleObject(event 1): done",
      "GetOverlappedResult(request 1): error 996, 200 times",
      "GetOverlappedResult: request 1 brought 5 bytes"}},
    {"an_event_of_a_request",
     {"ReadFile(pipe 1, 10 at 0) as request 1: pending",
      "WaitForSingleObject(event 1): done",
      "2 starts of 2 requests, 2 completions taken"}},
};

ParameterizedTestParameters(trace, it_follows)
{
    static guint cases[G_N_ELEMENTS(followed)];
    for (guint i = 0; i < G_N_ELEMENTS(followed); i++)
        cases[i] = i;
    return cr_make_param_array(guint, cases, G_N_ELEMENTS(followed));
}

ParameterizedTest(guint *i, trace, it_follows)
{
    const struct followed *wanted = &followed[*i];
    make_file("file", 100000);
    struct trace trace =
        trace_of("traced", (const char *const[]){wanted->name, "file", NULL});
    const char *at = trace.timeline;
    for (const char *const *line = wanted->lines; *line != NULL; line++) {
        const char *found = strstr(at, *line);
        cr_assert_not_null(found, "%s: wanted, in this order: '%s'\ngot:\n%s",
                           wanted->name, *line, trace.timeline);
        at = found + strlen(*line);
    }
    assert_in_order(&trace);
    assert_effects_are_below_causes();
    parse_picture(&trace);
    clear(&trace);
}

/* Adds each word after `before` in the text, up to a character of `end`. */
static void add_words(GHashTable *words, const char *text, const char *before,
                      const char *end)
{
    while ((text = strstr(text, before)) != NULL) {
        text += strlen(before);
        g_hash_table_add(words, g_strndup(text, strcspn(text, end)));
    }
}

static void assert_all_in(GHashTable *wanted, GHashTable *there,
                          const char *where)
{
    GHashTableIter at;
    gpointer name;
    g_hash_table_iter_init(&at, wanted);
    while (g_hash_table_iter_next(&at, &name, NULL))
        cr_assert(g_hash_table_contains(there, name),
                  "wanted: %s also in %s\ngot: not there", (const char *)name,
                  where);
}

/* The first column of its table has the functions whose import pointers the
 * layer sets; and NtSetIoCompletion, which has no such pointer. */
Test(trace, its_page_names_what_it_follows)
{
    static const char *const sources[] = {
        "lab/trace/callbacks.c", "lab/trace/files.c", "lab/trace/ports.c",
        "lab/trace/threads.c",   "lab/trace/trace.c", "lab/trace/transfers.c",
        "lab/trace/waits.c"};
    GHashTable *named =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    GHashTable *in_code =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(sources); i++) {
        char *source = read_text(sources[i]);
        add_words(in_code, source, "__imp_", " ");
        g_free(source);
    }
    g_hash_table_add(in_code, g_strdup("NtSetIoCompletion"));
    char *page = read_text("lab/trace/README.md");
    char *table = strstr(page, "| calls |");
    cr_assert_not_null(table);
    char *end = strstr(table, "\n\n");
    cr_assert_not_null(end);
    *end = '\0';
    for (char *row = table; (row = strstr(row, "\n| `")) != NULL; row++) {
        char *column = g_strndup(row + 1, strcspn(row + 3, "|"));
        add_words(named, column, "| `", "`");
        add_words(named, column, ", `", "`");
        g_free(column);
    }
    assert_all_in(in_code, named, "the table of lab/trace/README.md");
    assert_all_in(named, in_code, "lab/trace");
    g_free(page);
    g_hash_table_destroy(named);
    g_hash_table_destroy(in_code);
}

/* All that was recorded before is in the trace. */
Test(trace, a_program_that_is_killed_leaves_its_trace)
{
    char name[64];
    record_to("feeder"); /* is linked without lab/, so it records nothing */
    struct process *feeder = start_feeder(name);
    record_to("rec");
    struct process *step5 =
        start("lab/step5-readfile", (const char *const[]){name, NULL}, NULL, -1,
              WATCHDOG);
    expect_line(step5, "main: asking for the first read, then only waiting");
    expect_line(step5, "main: reading at offset 0");
    send_line(feeder, "one piece");
    g_free(next_line(step5));
    expect_line(step5, "worker: reading at offset 9");
    send_signal(step5, SIGKILL);
    struct run run = finish(step5);
    assert_ending(&run, CRASHED);
    run_clear(&run);
    struct trace trace = make_trace("step5-readfile");
    assert_line(&trace, "takes the packet of request 1: 9 bytes");
    assert_line(&trace, "was killed");
    assert_in_order(&trace);
    assert_picture(&trace);
    clear(&trace);
    send_end(feeder);
    run = finish(feeder);
    run_clear(&run);
}

static const char crasher[] = "#include <windows.h>\n"
                              "int main(void)\n"
                              "{\n"
                              "    OVERLAPPED never = {0};\n"
                              "    char byte;\n"
                              "    HANDLE pipe = CreateFileA(\"NUL\", 0, 0, "
                              "NULL, 3, 0, NULL);\n"
                              "    ReadFile(pipe, &byte, 1, NULL, &never);\n"
                              "    *(volatile int *)NULL = 1;\n"
                              "    return CloseHandle(pipe);\n"
                              "}\n";

/* The directory contains nothing but a source file, as a learner's does. */
Test(trace, a_crash_in_a_directory_of_your_own_is_traced)
{
    char *here = g_get_current_dir();
    /* The path is relative: a directory above the repository may have a space
     * in its name. */
    char *name = g_path_get_basename(here);
    char *directory = g_strconcat("DIR=build/tests/", name, NULL);
    char *built = in_build("trace");
    int status = 0;
    cr_assert(g_file_set_contents("mine.c", crasher, -1, NULL));
    char *out = run_at_top((char *[]){"make", "--no-print-directory", "trace",
                                      directory, "FILE=none", NULL},
                           &status);
    cr_assert_neq(
        status, 0,
        "wanted: a failure, since the program crashes\ngot: success\n%s", out);
    struct trace trace = read_trace(out, built, name);
    char *title = g_strdup_printf("== trace of %s\n", name);
    assert_line(&trace, title);
    assert_line(&trace, "mine.c:6 main");
    assert_line(&trace, "ReadFile(file 1, 1 at 0) as request 1: error 5");
    assert_line(&trace, "CRASHES: exception 0xC0000005");
    assert_line(&trace, "mine.c:8 main");
    clear(&trace);
    g_free(title);
    g_free(built);
    g_free(directory);
    g_free(name);
    g_free(here);
}

Test(trace, a_step_that_fails_is_traced)
{
    int status = 0;
    char *out = run_at_top((char *[]){"make", "--no-print-directory", "trace",
                                      "STEP=1", "FILE=nothing", NULL},
                           &status);
    cr_assert_neq(
        status, 0,
        "wanted: a failure, since there is no such file\ngot: success\n%s",
        out);
    cr_assert(strstr(out, "main       CreateFileW: error 2"),
              "wanted: 'main       CreateFileW: error 2'\ngot:\n%s", out);
    g_free(out);
}

static double end_of(JsonObject *slice)
{
    return ts(slice) + json_object_get_double_member(slice, "dur");
}

/* A viewer cannot show two calls of a thread that overlap, unless one contains
 * the other. */
static void assert_slices_nest(const struct trace *trace)
{
    for (guint i = 0; i < event_count(trace); i++)
        for (guint j = 0; j < event_count(trace); j++) {
            JsonObject *a = event_at(trace, i), *b = event_at(trace, j);
            if (is_phase(a, "X") && is_phase(b, "X") && tid(a) == tid(b))
                cr_assert(!(ts(a) < ts(b) && ts(b) < end_of(a) - 0.01 &&
                            end_of(a) + 0.01 < end_of(b)),
                          "wanted: slices that nest\ngot: event %u overlaps "
                          "event %u",
                          i, j);
        }
}

/* The program makes some 2,000 calls. */
Test(trace, a_wait_that_is_repeated_needs_one_record)
{
    make_file("file", 100);
    g_setenv("TRACE_RECORDS", "40", TRUE);
    struct trace trace =
        trace_of("traced", (const char *const[]){"polls", "file", NULL});
    cr_assert_null(strstr(trace.timeline, "did not fit"),
                   "wanted: at most 40 records\ngot:\n%s", trace.timeline);
    assert_in_order(&trace);
    assert_slices_nest(&trace);
    clear(&trace);
}

Test(trace, records_that_do_not_fit_are_counted)
{
    make_file("file", 100000);
    g_setenv("TRACE_RECORDS", "30", TRUE);
    struct trace trace =
        trace_of("step5-readfile", (const char *const[]){"file", NULL});
    assert_line(&trace, " records did not fit");
    assert_in_order(&trace);
    assert_picture(&trace);
    clear(&trace);
}

/* The recording comes through a pipe, and only after the line on stderr. */
Test(trace, a_drawing_that_takes_long_is_announced)
{
    make_file("file", 100);
    record_to("rec");
    assert_done(start("lab/step5-readfile", (const char *const[]){"file", NULL},
                      NULL, -1, WATCHDOG));
    must("mkfifo recording err\n"
         "python3 -B \"$TOP/lab/trace/trace.py\" recording step5.exe echo "
         "./slow >out 2>err &\n"
         "read -r line <err; echo \"$line\"\n"
         "cat rec >recording; wait $!\n"
         "[ \"$line\" = 'trace: draws recording, which is large: this may take "
         "a minute' ] && grep -q 'trace of slow' out");
}

Test(trace, a_recording_that_cannot_be_written_is_reported)
{
    make_file("file", 100);
    record_to("no/such/directory");
    struct run run = RUN("lab/step1-create", "file");
    assert_run(&run,
               ended_with(&run, 1) && g_str_has_prefix(run.err, "trace: "),
               "exit status 1, and only a line 'trace: ...' on stderr");
    run_clear(&run);
    record_to("rec");
    g_setenv("TRACE_RECORDS", "many", TRUE);
    run = RUN("lab/step1-create", "file");
    assert_run(&run,
               ended_with(&run, 1) && g_str_has_prefix(run.err, "trace: "),
               "exit status 1, and only a line 'trace: ...' on stderr");
    run_clear(&run);
}

Test(trace, without_the_trace_variable_nothing_is_recorded)
{
    make_file("file", 100);
    g_unsetenv("TRACE");
    assert_done(start("lab/step5-readfile", (const char *const[]){"file", NULL},
                      NULL, -1, WATCHDOG));
    GDir *dir = g_dir_open(".", 0, NULL);
    assert_string(g_dir_read_name(dir), "file");
    const char *second = g_dir_read_name(dir);
    cr_assert_null(second, "wanted: no other file\ngot: %s", second);
    g_dir_close(dir);
}
