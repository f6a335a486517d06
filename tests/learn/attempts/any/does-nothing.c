/* Verdict: not yet: 0 of
 * Says: received: no such call */
int main(void)
{
    return 0;
}
