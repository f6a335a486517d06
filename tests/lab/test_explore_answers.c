/* What lab/explore makes of an order that goes wrong: a page, a picture. And
 * mistakes in final's pool, which it must find. */
#include "explorer.h"

#include <json-glib/json-glib.h>

TestSuite(explore_answers);

/* ---- A page, and a picture ---------------------------------------------- */

/* How often an event of this kind has this thread; -1 is the kernel, -2 any. */
static unsigned count(JsonArray *events, const char *kind, gint64 thread)
{
    unsigned found = 0;
    for (unsigned i = 0; i < json_array_get_length(events); i++) {
        JsonObject *event = json_array_get_object_element(events, i);
        found +=
            strcmp(json_object_get_string_member(event, "kind"), kind) == 0 &&
            (thread == -2 ||
             json_object_get_int_member(event, "thread") == thread);
    }
    return found;
}

static const char *last_finding(JsonArray *events, const char **by)
{
    const char *text = "";
    for (unsigned i = 0; i < json_array_get_length(events); i++) {
        JsonObject *event = json_array_get_object_element(events, i);
        if (json_object_has_member(event, "by")) {
            text = json_object_get_string_member(event, "text");
            *by = json_object_get_string_member(event, "by");
        }
    }
    return text;
}

static void assert_played(JsonObject *run)
{
    JsonArray *events = json_object_get_array_member(run, "events");
    const char *by = "";
    const char *text = last_finding(events, &by);
    assert_string(json_object_get_string_member(run, "io"), "explorer");
    assert_string(json_object_get_string_member(run, "ended"), "crash");
    assert_string(by, "explorer");
    cr_assert(
        g_str_has_prefix(text, "a request is touched after it was freed\n") &&
            strstr(text, "main.c:") != NULL,
        "wanted: the verdict, with source lines\ngot: %s", text);
    cr_assert(
        count(events, "done", -1) == 4 && count(events, "crash", 1) == 1 &&
            count(events, "free", -2) == 1 && count(events, "begin", -2) == 2 &&
            count(events, "depth", -2) > 0 && count(events, "fields", -1) > 0 &&
            count(events, "print", 0) > 0 && count(events, "lines", 1) > 0,
        "wanted: 4 I/O that complete, 1 crash of a worker, 1 free, 2 workers, "
        "and packets, fields, printed lines, source lines");
}

/* Without the line numbers, which depend on the compiler. */
static char *without_lines(const char *path)
{
    char *text;
    GError *error = NULL;
    cr_assert(g_file_get_contents(path, &text, NULL, &error), "%s",
              error ? error->message : "");
    GRegex *lines = g_regex_new("main\\.c:\\d+", 0, 0, NULL);
    char *plain = g_regex_replace_literal(lines, text, -1, 0, "", 0, NULL);
    g_regex_unref(lines);
    g_free(text);
    return plain;
}

#define NAME "read-after-submit"

/* One command makes the page's run and the picture in the README. */
Test(explore_answers, an_order_is_recorded_and_drawn)
{
    JsonParser *parser = json_parser_new();
    GError *error = NULL;
    struct answer answer =
        run_at_top("lab/explore/picture.sh build/explore/test/picture");
    cr_assert(answer.status == 0, "picture.sh: exit status %d\n%s",
              answer.status, answer.text);
    char *made = g_strdup_printf("%s/explore/test/picture/" NAME ".svg",
                                 g_getenv("BUILD"));
    char *kept =
        g_strdup_printf("%s/../lab/explore/" NAME ".svg", g_getenv("BUILD"));
    char *run = g_strdup_printf("%s/explore/test/picture/" NAME ".json",
                                g_getenv("BUILD"));
    cr_assert(json_parser_load_from_file(parser, run, &error), "%s",
              error ? error->message : "");
    assert_played(json_node_get_object(json_parser_get_root(parser)));
    char *new = without_lines(made), *old = without_lines(kept);
    cr_assert(strcmp(new, old) == 0,
              "%s is not up to date: type make explore-picture", kept);
    g_free(new);
    g_free(old);
    g_free(run);
    g_free(kept);
    g_free(made);
    g_free(answer.text);
    g_object_unref(parser);
}

/* ---- Mistakes in the pool ----------------------------------------------- */

struct mutant {
    char name[24], scenario[24], title[48];
};

/* Some of tests/lab/mutants; make explore-mutants tries all. */
ParameterizedTestParameters(explore_answers, a_mistake_in_the_pool_is_found)
{
    static struct mutant mutants[] = {
        {"cancel-not-repeated", "submit-cancel-endless",
         "deadlock: every thread waits"},
        {"sentinels-too-early", "two-stops", "deadlock: every thread waits"},
        {"submit-enters-once", "submit-free", "touched after it was freed"},
        {"timer-not-woken", "next-timeout", "deadlock: every thread waits"},
        {"wait-after-look", "close-submit", "deadlock: every thread waits"}};
    return cr_make_param_array(struct mutant, mutants, G_N_ELEMENTS(mutants));
}

ParameterizedTest(struct mutant *mutant, explore_answers,
                  a_mistake_in_the_pool_is_found)
{
    char *program = g_strdup_printf("mutant-%s", mutant->name);
    struct answer answer =
        explore(program, program, "--preemptions 1 --case %s %s " SAMPLE,
                mutant->scenario, mutant->scenario);
    assert_answer(answer, 1, mutant->title);
    g_free(answer.text);
    g_free(program);
}
