/* crasher: crashes. A test checks that the helpers report a crash. */
int wmain(void)
{
    __builtin_trap();
}
