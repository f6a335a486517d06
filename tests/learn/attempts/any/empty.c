/* Verdict: not yet: it did not build
 * Says: write int wmain( */
/* Nothing yet. */
