/* Verdict: not yet: 0 of
 * Says: it ended with exit status 66 */
int main(void)
{
    return 66;
}
