/* Its name is that of another source. */
static int names = 1;

int number_of_names(void)
{
    return names;
}
