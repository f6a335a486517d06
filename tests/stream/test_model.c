/* Random calls on streams, compared with a model: see stream_model.c. */
#include "../support/helpers.h"

/* delayed: "delayed" or NULL */
static void assert_like_model(const char *hook, const char *seed,
                              const char *steps, const char *delayed)
{
    struct run run =
        RUN_HOOKED("tests/guarded/stream_model", hook, seed, steps, delayed);
    assert_ended(&run, 0);
    assert_text(&run, "main: 24 shapes agree\n");
    run_clear(&run);
}

ParameterizedTestParameters(stream, random_calls_return_what_a_model_returns)
{
    static char seeds[][4] = {"1", "2", "3"};
    return cr_make_param_array(char[4], seeds, G_N_ELEMENTS(seeds));
}

ParameterizedTest(char (*seed)[4], stream,
                  random_calls_return_what_a_model_returns)
{
    assert_like_model("none", *seed, "80", NULL);
    assert_like_model("none", *seed, "60", "delayed");
}

ParameterizedTestParameters(stream,
                            random_calls_match_the_model_in_each_io_mode)
{
    static char hooks[][40] = {
        "short",   "short-write", "ntfs-cached",
        "warning", "sync-eof",    "skip",
        "reverse", "late",        "short,short-write,skip,sync-eof"};
    return cr_make_param_array(char[40], hooks, G_N_ELEMENTS(hooks));
}

ParameterizedTest(char (*hook)[40], stream,
                  random_calls_match_the_model_in_each_io_mode)
{
    assert_like_model(*hook, "4", "40", NULL);
}
