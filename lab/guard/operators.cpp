/*
 * The operators new and delete of a C++ program, which lab/check/build.py adds
 * to the program's own sources. They call lab/guard, so that it guards what the
 * program allocates with them, and can make it fail. As in any C++ program,
 * `new` that fails throws std::bad_alloc.
 */
#include <cstddef>
#include <cstdlib>
#include <new>

extern "C" {
/* See guard.h. */
void *guard_take(std::size_t size, bool is_zero, const void *caller,
                 bool *fails) __asm__("guard.take");
bool guard_give_back(void *memory,
                     const void *caller) __asm__("guard.give.back");
}

#define CALLER __builtin_return_address(0)

static void *take(std::size_t size, const void *caller)
{
    bool fails;
    void *memory = guard_take(size, false, caller, &fails);
    if (memory != nullptr || fails)
        return memory;
    return std::malloc(size > 0 ? size : 1);
}

static void *must_take(std::size_t size, const void *caller)
{
    void *memory = take(size, caller);
    if (memory == nullptr)
        throw std::bad_alloc();
    return memory;
}

static void give_back(void *memory, const void *caller)
{
    if (!guard_give_back(memory, caller))
        std::free(memory);
}

void *operator new(std::size_t size)
{
    return must_take(size, CALLER);
}

void *operator new[](std::size_t size)
{
    return must_take(size, CALLER);
}

void *operator new(std::size_t size, const std::nothrow_t &) noexcept
{
    return take(size, CALLER);
}

void *operator new[](std::size_t size, const std::nothrow_t &) noexcept
{
    return take(size, CALLER);
}

void operator delete(void *memory) noexcept
{
    give_back(memory, CALLER);
}

void operator delete[](void *memory) noexcept
{
    give_back(memory, CALLER);
}

void operator delete(void *memory, std::size_t) noexcept
{
    give_back(memory, CALLER);
}

void operator delete[](void *memory, std::size_t) noexcept
{
    give_back(memory, CALLER);
}

void operator delete(void *memory, const std::nothrow_t &) noexcept
{
    give_back(memory, CALLER);
}

void operator delete[](void *memory, const std::nothrow_t &) noexcept
{
    give_back(memory, CALLER);
}
