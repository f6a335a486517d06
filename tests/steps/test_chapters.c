/* The READMEs of the steps: one skeleton, and the contract that a learner
 * needs to write the step from the page alone. */
#include "../support/shell.h"

TestSuite(chapters, .init = enter_scratch, .fini = leave_scratch);

enum { STEPS = 5 };

static char *chapter(size_t step)
{
    char *path = g_build_filename(stages[step], "README.md", NULL);
    char *text = read_text(path);
    g_free(path);
    return text;
}

static char *source(size_t step)
{
    char *path = g_build_filename(stages[step], "main.c", NULL);
    char *text = read_text(path);
    g_free(path);
    return text;
}

Test(chapters, each_chapter_has_the_same_parts_in_the_same_order)
{
    static const char *const parts[] = {"\n**Look these up first**: [",
                                        "\n**Goal**: ",
                                        "\n## What will you have afterwards?\n",
                                        "\n## The picture\n",
                                        "\n## The contract\n",
                                        "\n## The new calls\n",
                                        "\n## The new code, piece by piece\n",
                                        "\n## Run it\n",
                                        "\n## Predict, then try\n",
                                        "\n## Break it\n",
                                        "\n## What can go wrong?\n",
                                        "\n## What is it in .NET?\n",
                                        "\n## What does this step leave out?\n",
                                        "\n## What changed since step "};
    for (size_t step = 0; step < STEPS; step++) {
        char *text = chapter(step), *at = text;
        for (size_t i = 0; i < G_N_ELEMENTS(parts) - (step == 0); i++) {
            char *found = strstr(at, parts[i]);
            cr_expect(found != NULL,
                      "wanted in %s/README.md, in this order:%s\ngot: none",
                      stages[step], parts[i]);
            at = found != NULL ? found : at;
        }
        g_free(text);
    }
}

/* A chapter's part, from its heading to the next one. */
static char *part(const char *text, const char *heading)
{
    char *begin = strstr(text, heading);
    cr_assert_not_null(begin, "no %s", heading);
    char *end = strstr(begin + 4, "\n## ");
    return end ? g_strndup(begin, (gsize)(end - begin)) : g_strdup(begin);
}

/* Each line that a step prints is in its contract, with printf's own marks. */
Test(chapters, each_line_that_a_step_prints_is_in_its_contract)
{
    GRegex *regex = g_regex_new("say\\(\\s*\"([^\"]+)\"", 0, 0, NULL);
    unsigned lines = 0;
    for (size_t step = 0; step < STEPS; step++) {
        char *text = chapter(step), *code = source(step);
        char *contract = part(text, "\n## The contract\n");
        GMatchInfo *match;
        for (g_regex_match(regex, code, 0, &match); g_match_info_matches(match);
             g_match_info_next(match, NULL)) {
            char *line = g_match_info_fetch(match, 1);
            char *quoted = g_strconcat("`", line, "`", NULL);
            cr_expect(strstr(contract, quoted) != NULL,
                      "wanted: %s in the contract of %s\ngot: none", quoted,
                      stages[step]);
            lines++;
            g_free(quoted);
            g_free(line);
        }
        g_match_info_free(match);
        g_free(contract);
        g_free(code);
        g_free(text);
    }
    g_regex_unref(regex);
    cr_expect_gt(lines, 20, "wanted: more than 20 lines\ngot: %u", lines);
}

/* The calls come from tools/learn, the changes from the sources, and the paper
 * strip from tools/strip.py. */
Test(chapters, what_make_docs_writes_is_up_to_date)
{
    struct said said = shell("python3 -B \"$TOP\"/tools/docs.py --check &&"
                             "python3 -B \"$TOP\"/tools/strip.py --check");
    assert_status(said, 0);
    said_clear(&said);
}

/* As the page says: save it as changes.diff, and apply it to a copy. */
Test(chapters, patch_makes_each_step_from_the_previous_one)
{
    for (size_t step = 1; step < STEPS; step++) {
        char *changes = readme_block(stages[step], "What changed", "diff");
        char *before = source(step - 1), *after = source(step), *made;
        cr_assert(g_file_set_contents("main.c", before, -1, NULL));
        cr_assert(g_file_set_contents("changes.diff", changes, -1, NULL));
        struct said said = shell("patch -s -p0 <changes.diff");
        assert_status(said, 0);
        said_clear(&said);
        read_file("main.c", &made, NULL);
        cr_expect(strcmp(made, after) == 0,
                  "wanted: main.c of %s\ngot: something else", stages[step]);
        g_free(made);
        g_free(after);
        g_free(before);
        g_free(changes);
    }
}

/* "`bound_file.c`: `submit`, with `admit`": final/bound_file.c has both. */
Test(chapters, the_walk_through_final_names_what_is_there)
{
    GRegex *row = g_regex_new("`(\\w+\\.[ch])`:([^;|]*)", 0, 0, NULL);
    GRegex *name = g_regex_new("`(?:struct |enum )?(\\w+)`", 0, 0, NULL);
    char *page = read_text("final/README.md");
    char *walk = part(page, "\n## In which order should you read it?\n");
    GMatchInfo *rows, *names;
    unsigned found = 0;
    for (g_regex_match(row, walk, 0, &rows); g_match_info_matches(rows);
         g_match_info_next(rows, NULL)) {
        char *file = g_match_info_fetch(rows, 1);
        char *list = g_match_info_fetch(rows, 2);
        char *path = g_build_filename("final", file, NULL);
        char *code = read_text(path);
        for (g_regex_match(name, list, 0, &names); g_match_info_matches(names);
             g_match_info_next(names, NULL)) {
            char *wanted = g_match_info_fetch(names, 1);
            cr_expect(strstr(code, wanted) != NULL,
                      "wanted: %s in %s\ngot: none", wanted, path);
            found++;
            g_free(wanted);
        }
        g_match_info_free(names);
        g_free(code);
        g_free(path);
        g_free(list);
        g_free(file);
    }
    cr_expect_gt(found, 15, "wanted: more than 15 names\ngot: %u", found);
    g_match_info_free(rows);
    g_free(walk);
    g_free(page);
    g_regex_unref(name);
    g_regex_unref(row);
}
