/* The pages: links, the glossary, and what `make lint-words` finds. */
#include "../support/shell.h"

#include <glob.h>

TestSuite(docs, .init = enter_scratch, .fini = leave_scratch);

/* ---- Links and anchors --------------------------------------------------- */

/* A page without its blocks of code. */
static char *prose(const char *path)
{
    char *text = read_text(path);
    char **lines = g_strsplit(text, "\n", -1);
    GString *kept = g_string_new("");
    bool code = false;
    for (char **line = lines; *line != NULL; line++) {
        bool fence = g_str_has_prefix(*line, "```");
        code = code != fence;
        if (!code && !fence)
            g_string_append_printf(kept, "%s\n", *line);
    }
    g_strfreev(lines);
    g_free(text);
    return g_string_free(kept, FALSE);
}

/* The anchor that GitHub gives to a heading. */
static char *anchor_of(const char *heading)
{
    GString *anchor = g_string_new("");
    for (; *heading != '\0'; heading = g_utf8_next_char(heading)) {
        gunichar letter = g_unichar_tolower(g_utf8_get_char(heading));
        if (letter == ' ')
            g_string_append_c(anchor, '-');
        else if (g_unichar_isalnum(letter) || letter == '-' || letter == '_')
            g_string_append_unichar(anchor, letter);
    }
    return g_string_free(anchor, FALSE);
}

/* How often a page has each anchor: its headings, in lower case. */
static GHashTable *anchors(const char *path)
{
    GHashTable *found =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    char *text = prose(path);
    char **lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line != NULL; line++) {
        size_t level = strspn(*line, "#");
        if (level == 0 || (*line)[level] != ' ')
            continue;
        char *anchor = anchor_of(*line + level + 1);
        gsize count = GPOINTER_TO_SIZE(g_hash_table_lookup(found, anchor));
        g_hash_table_insert(found, anchor, GSIZE_TO_POINTER(count + 1));
    }
    g_strfreev(lines);
    g_free(text);
    return found;
}

static void expect_anchor(const char *page, const char *link, const char *path,
                          const char *anchor)
{
    GHashTable *found = anchors(path);
    cr_expect(g_hash_table_contains(found, anchor),
              "wanted: a heading of %s for the link '%s' in %s\ngot: none",
              path, link, page);
    g_hash_table_unref(found);
}

/* Expects that the target of a link, such as ../lab/README.md#layers, exists.
 */
static void expect_target(const char *page, const char *link)
{
    char **parts = g_strsplit(link, "#", 2);
    char *here = g_path_get_dirname(page);
    char *joined = g_build_filename("/", here, parts[0], NULL);
    char *path = *parts[0] == '\0' ? g_strdup(page)
                                   : g_canonicalize_filename(joined, "/");
    const char *inside = path + (*path == '/');
    char *whole = g_build_filename(g_getenv("BUILD"), "..", inside, NULL);
    if (!g_file_test(whole, G_FILE_TEST_EXISTS))
        cr_expect_fail("wanted: what the link '%s' in %s names\ngot: no %s",
                       link, page, inside);
    else if (parts[1] != NULL)
        expect_anchor(page, link, inside, parts[1]);
    g_free(whole);
    g_free(path);
    g_free(joined);
    g_free(here);
    g_strfreev(parts);
}

/* Checks the links of a page, except those to other sites; returns how many. */
static unsigned expect_targets(const char *page)
{
    GRegex *regex = g_regex_new("\\]\\(([^)\\s]+)\\)", 0, 0, NULL);
    GMatchInfo *match;
    unsigned count = 0;
    char *text = prose(page);
    for (g_regex_match(regex, text, 0, &match); g_match_info_matches(match);
         g_match_info_next(match, NULL)) {
        char *link = g_match_info_fetch(match, 1);
        if (strstr(link, "://") == NULL) {
            expect_target(page, link);
            count++;
        }
        g_free(link);
    }
    g_match_info_free(match);
    g_regex_unref(regex);
    g_free(text);
    return count;
}

Test(docs, every_link_leads_to_a_file_and_a_heading)
{
    static const char *const patterns[] = {"*.md", "*/*.md", "*/*/*.md"};
    char *top = g_strconcat(g_getenv("BUILD"), "/../", NULL);
    unsigned links = 0;
    for (size_t i = 0; i < G_N_ELEMENTS(patterns); i++) {
        glob_t found = {0};
        char *pattern = g_strconcat(top, patterns[i], NULL);
        glob(pattern, 0, NULL, &found);
        for (size_t j = 0; j < found.gl_pathc; j++) {
            const char *page = found.gl_pathv[j] + strlen(top);
            if (!g_str_has_prefix(page, "build/") &&
                !g_str_has_prefix(page, "mine/"))
                links += expect_targets(page);
        }
        globfree(&found);
        g_free(pattern);
    }
    cr_expect_gt(links, 100, "wanted: more than 100 links\ngot: %u", links);
    g_free(top);
}

/* ---- The glossary -------------------------------------------------------- */

Test(docs, each_term_of_the_glossary_is_there_once)
{
    GHashTable *found = anchors("docs/glossary.md");
    GHashTableIter each;
    gpointer anchor, count;
    g_hash_table_iter_init(&each, found);
    while (g_hash_table_iter_next(&each, &anchor, &count))
        cr_expect_eq(GPOINTER_TO_SIZE(count), 1,
                     "wanted: one heading '%s' in docs/glossary.md\ngot: %zu",
                     (char *)anchor, GPOINTER_TO_SIZE(count));
    cr_expect_gt(g_hash_table_size(found), 30);
    g_hash_table_unref(found);
}

/* The table at its top has a link to each term, and the terms are sorted. */
Test(docs, the_glossary_is_sorted_and_its_table_is_complete)
{
    char *text = prose("docs/glossary.md");
    char **terms = g_strsplit(text, "\n### ", -1);
    char *last = g_strdup("");
    for (char **term = terms + 1; *term != NULL; term++) {
        char *heading = g_strndup(*term, strcspn(*term, "\n"));
        char *anchor = anchor_of(heading);
        char *link = g_strdup_printf("[%s](#%s)", heading, anchor);
        cr_expect(strstr(terms[0], link) != NULL,
                  "wanted: '%s' in the glossary's table\ngot: none", link);
        cr_expect(strcmp(last, anchor) < 0,
                  "wanted: '%s' before '%s' in the glossary\ngot: after it",
                  anchor, last);
        g_free(link);
        g_free(heading);
        g_free(last);
        last = anchor;
    }
    g_free(last);
    g_strfreev(terms);
    g_free(text);
}

/* ---- Words --------------------------------------------------------------- */

/* Runs tools/words.py on a file of this text. */
static struct said find_words(const char *text)
{
    write_script("phrases", "# avoided\nred herring: a fish\n");
    write_script("words", "# known\n");
    write_script("text", text);
    return shell("\"$TOP\"/tools/words.py phrases words text");
}

static void assert_found(const char *text, unsigned line)
{
    struct said said = find_words(text);
    char *wanted = g_strdup_printf(
        "text:%u: 'red herring': write instead: a fish\n", line);
    assert_status(said, 1);
    assert_string(said.text, wanted);
    g_free(wanted);
    said_clear(&said);
}

Test(docs, a_phrase_to_avoid_is_found_with_its_line)
{
    assert_found("one\na red herring\n", 2);
    assert_found("Red herring: so it begins", 1);
    assert_found("Test(fish, a_red_herring_is_found)\n", 1);
    assert_found("/* A comment, and a red\n * herring. */\n", 1);
    assert_found("# of a shell, red\n#   herring\n", 1);
    assert_found("puts(\"a red \"\n     \"herring\");\n", 1);
    assert_found("echo 'a' red \\\n  herring\n", 1);
    assert_found("+ * a red\n+ * herring\n", 1);
}

Test(docs, other_words_are_no_phrase_to_avoid)
{
    struct said said = find_words("a bored herring, red herrings, red\n\n"
                                  "herring, red, herring\n");
    assert_status(said, 0);
    assert_string(said.text, "");
    said_clear(&said);
}

Test(docs, the_word_list_is_sorted_and_used)
{
    write_script("phrases", "red herring: a fish\n");
    write_script("words", "wine\nport\nzebra\n");
    write_script("text", "Port of the wine\n");
    struct said said = shell("\"$TOP\"/tools/words.py phrases words text");
    assert_status(said, 1);
    assert_string(said.text, "words:2: 'port' must come before 'wine'\n"
                             "words:3: 'zebra' is not used: remove it\n");
    said_clear(&said);
}
