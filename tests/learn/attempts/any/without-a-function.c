/* Verdict: not yet: it did not build
 * Says: undefined reference to `start' */
int start(void);

int main(void)
{
    return start();
}
