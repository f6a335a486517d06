int start(void);

int main(void)
{
    return start();
}
