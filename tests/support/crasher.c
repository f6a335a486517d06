/* crasher: crashes, to see that the tests call that a crash. */
int wmain(void)
{
    __builtin_trap();
}
