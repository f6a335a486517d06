/* This program is right: it brings its own malloc and its kin. */
#include <stdio.h>
#include <string.h>
#define WIN32_LEAN_AND_MEAN
#include <windows.h>

static char memory[4096];
static size_t used;
static int frees;

void *malloc(size_t size)
{
    void *piece = memory + used;
    used += (size + 15) / 16 * 16;
    return used <= sizeof memory ? piece : NULL;
}

void *calloc(size_t count, size_t size)
{
    return malloc(count * size); /* static memory is zero */
}

void free(void *piece)
{
    frees += piece != NULL;
}

void *realloc(void *piece, size_t size)
{
    void *other = malloc(size);
    if (other != NULL && piece != NULL)
        memmove(other, piece, size);
    return other;
}

int main(void)
{
    char *text = malloc(10);
    strcpy(text, "nine");
    text = realloc(text, 20);
    int own = text >= memory && text < memory + sizeof memory;
    free(text);
    printf("%s %d %d\n", text, own, frees);
    return 0;
}
