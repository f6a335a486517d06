/* Verdict: not yet: it hung; 0 of
 * Says: it did not end within 6 s */
int main(void)
{
    for (volatile int turns = 0;; turns = 0)
        ;
}
