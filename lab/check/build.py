#!/usr/bin/env python3
"""Builds a program from all C and C++ sources in a directory of yours.

    build.py compile DIRECTORY PLAN [--leave-out NAME]...
    build.py link PLAN PROGRAM.exe [OBJECT]... [--guarded] [--explored NAMES]

compile makes an object file of each source, and writes to the file PLAN what link
needs. A source that has not changed is not compiled again, unless the compiler has
warned. link makes a program of these object files and of further ones. With
--guarded, lab/guard replaces malloc and its kin. With --explored NAMES, functions get
the names in that file: see lab/explore/calls.h.

The environment names the tools and their flags: CC, CXX, NM, OBJCOPY, CFLAGS,
WIN_LDLIBS; and LIBS, the names of the libraries that the program needs.
"""

import argparse
import concurrent.futures
import hashlib
import json
import os
import re
import shlex
import subprocess
import sys

C_SOURCES = ('.c',)
CXX_SOURCES = ('.cc', '.cpp', '.cxx')
HEADERS = ('.h', '.hh', '.hpp', '.hxx', '.inc', '.inl', '.ipp')
SKIPPED = 'build'  # and hidden directories

# What the linker needs for each entry point. With no option it looks for main, or
# else for WinMain.
ENTRIES = {'main': [], 'WinMain': [], 'wmain': ['-municode'],
           'wWinMain': ['-municode']}
# How C++ names such a function if it has no C linkage.
CXX_ENTRY = re.compile(r'_Z\d+(wmain|WinMain|wWinMain)[^E]*$')

GUARDED = ('malloc', 'calloc', 'realloc', 'free')
HEAP = ('HeapAlloc', 'HeapFree', 'HeapReAlloc', 'HeapSize')  # see lab/guard/heap.c
# How C++ names the operators new and delete, without those for memory that is there.
NEW = re.compile(r'_Z(n[wa]y(?!Pv)|d[la]Pv(?!S_))')
OPERATORS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
                         'guard', 'operators.cpp')

PRAGMA = re.compile(r'^\s*#\s*pragma\s+comment\s*\(\s*lib\s*,\s*"([^"]+)"', re.M)


class BuildError(Exception):
    """The text says what is wrong; it is empty if a tool has said so."""


def words(variable):
    """The value of a variable, split as a shell splits it."""
    return shlex.split(os.environ.get(variable, ''))


def run(command):
    """Runs a tool. Returns what it printed, and whether it succeeded."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.stdout.decode(errors='replace'), done.returncode == 0


def must_run(command):
    printed, succeeded = run(command)
    if not succeeded:
        raise BuildError(printed.rstrip())
    return printed


# ---- The files ----

def files_of(directory):
    """The path of each file below the directory, relative to it, in order."""
    for place, directories, names in os.walk(directory):
        directories[:] = sorted(name for name in directories
                                if name != SKIPPED and not name.startswith('.'))
        for name in sorted(names):
            yield os.path.relpath(os.path.join(place, name), directory)


def has_kind(name, kinds):
    return os.path.splitext(name)[1].lower() in kinds


def is_cxx(name):
    """As for GCC, .C is C++ and .c is C."""
    return name.endswith('.C') or has_kind(name, CXX_SOURCES)


def find_sources(directory, left_out=()):
    skipped = {os.path.normpath(name) for name in left_out}
    found = [name for name in files_of(directory)
             if has_kind(name, C_SOURCES + CXX_SOURCES) and name not in skipped]
    if not found:
        raise BuildError(f'there are no C or C++ sources in {directory!r}')
    return found


def find_includes(directory):
    """The directory, and each one below that has a header, or has one below it."""
    found = {''}
    for name in files_of(directory):
        while has_kind(name, HEADERS) and os.path.dirname(name) not in found:
            found.add(os.path.dirname(name))
            name = os.path.dirname(name) + '.h'  # its parent has one below it
    return [os.path.join(directory, name) for name in sorted(found)]


# ---- Compile ----

def prerequisites(rule):
    """The files in a rule for make that the compiler has written."""
    with open(rule, encoding='utf-8', errors='surrogateescape') as file:
        text = file.read().replace('\\\n', ' ')
    names = re.split(r'(?<!\\)\s+', text.split(': ', 1)[1].strip())
    return [re.sub(r'\\([ #])', r'\1', name).replace('$$', '$') for name in names]


def is_fresh(target):
    try:
        made = os.stat(target).st_mtime_ns
        return all(os.stat(name).st_mtime_ns <= made
                   for name in prerequisites(target + '.d'))
    except (OSError, IndexError):
        return False


class Compilation:
    """Makes the object files of a directory."""

    def __init__(self, directory, to, flags):
        self.directory = directory
        # A header of the program must not hide one of the system that has the same
        # name. So "NAME" is searched here first, and <NAME> is searched here last.
        includes = find_includes(directory)
        self.flags = ['-Wall', *words('CFLAGS'), *flags]
        for option in ('-iquote', '-idirafter'):
            for name in includes:
                self.flags += [option, name]
        key = json.dumps([os.path.abspath(directory), words('CC'), words('CXX'),
                          self.flags])
        self.to = os.path.join(to, hashlib.sha256(key.encode()).hexdigest()[:12])

    def target(self, source):
        return os.path.join(self.to, source + '.o')

    def compile(self, source):
        """Returns whether the object file is there."""
        target = self.target(source)
        if is_fresh(target):
            return True
        os.makedirs(os.path.dirname(target), exist_ok=True)
        path = os.path.join(self.directory, source)
        # GCC does not know every spelling of an ending, such as .Cpp.
        tool, language = ('CXX', 'c++') if is_cxx(source) else ('CC', 'c')
        printed, succeeded = run([*words(tool), *self.flags, '-MD', '-MF',
                                  target + '.d', '-c', '-o', target, '-x', language,
                                  path])
        print(f'{tool}\t{path}\n{printed}', end='', flush=True)
        if not succeeded and os.path.exists(target):
            os.remove(target)
        if succeeded and printed:  # a warning: compile again, and warn again
            os.remove(target + '.d')
        return succeeded

    def compile_all(self, sources):
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            if not all(list(pool.map(self.compile, sources))):
                raise BuildError


def global_names(targets):
    """(object file, name) of all that the object files define."""
    for line in must_run([*words('NM'), '-A', '-g', '--defined-only',
                          *targets]).splitlines():
        head, _, name = line.rsplit(' ', 2)
        yield head.rsplit(':', 1)[0], name


def find_entry(names, source_of):
    """The entry point. Its C++ name becomes the name that the linker looks for."""
    found = []
    for target, name in names:
        mangled = CXX_ENTRY.match(name)
        if mangled:
            must_run([*words('OBJCOPY'), '--redefine-sym',
                      f'{name}={mangled[1]}', target])
            name = mangled[1]
        if name in ENTRIES:
            found.append((name, source_of[target]))
    if not found:
        raise BuildError('no source defines an entry point: main, wmain, WinMain or '
                         'wWinMain')
    if len(found) > 1:
        which = ', '.join(f'{name} in {source}' for name, source in found)
        raise BuildError(f'a program has one entry point, but here are '
                         f'{len(found)}: {which}')
    return found[0][0]


def make_plan(directory, to, left_out=(), flags=()):
    """Compiles, with further flags, and returns all that make_program needs."""
    if not os.path.isdir(directory):
        raise BuildError(f'there is no directory {directory!r}')
    sources = find_sources(directory, left_out)
    compilation = Compilation(directory, to, flags)
    compilation.compile_all(sources)
    source_of = {compilation.target(source): os.path.join(directory, source)
                 for source in sources}
    names = list(global_names(source_of))
    return {
        'sources': [os.path.abspath(source) for source in source_of.values()],
        'objects': list(source_of),
        'c++': any(map(is_cxx, sources)),
        'entry': find_entry(names, source_of),
        'own memory': any(name in GUARDED for _, name in names),
        'own new': any(NEW.match(name) for _, name in names),
    }


def accepted(flag):
    """The flag in a list, which is empty if the C compiler does not know it."""
    _, known = run([*words('CC'), flag, '-E', '-x', 'c', os.devnull])
    return [flag] if known else []


# ---- Link ----

def renamed(target, kind, options, *more):
    """A copy of the object file, in which objcopy has renamed some functions. `more`
    are the files that the options name."""
    copy = f"{target[:-len('.o')]}.{kind}.o"
    if not (os.path.exists(copy) and
            os.stat(copy).st_mtime_ns > max(os.stat(name).st_mtime_ns
                                            for name in (target, *more))):
        must_run([*words('OBJCOPY'), *options, target, copy])
    return copy


def guarded(plan):
    """The program's object files, which call guard.malloc instead of malloc. If the
    program defines malloc, it calls its own under another name, so that the lab does
    not."""
    prefix = 'own' if plan['own memory'] else 'guard'
    options = [f'--redefine-sym={name}={prefix}.{name}' for name in GUARDED]
    if not plan['own memory']:
        options += [f'--redefine-sym=__imp_{name}=guard.imp.{name}' for name in HEAP]
    own = [renamed(target, prefix, options) for target in plan['objects']]
    if plan['c++'] and not plan['own memory'] and not plan['own new']:
        own.append(operators(os.path.dirname(own[0])))
    return own


def operators(directory):
    """An object file with operator new, which calls lab/guard."""
    target = os.path.join(directory, 'guard.operators.o')
    must_run([*words('CXX'), '-O1', '-g', '-c', '-o', target, OPERATORS])
    return target


def explored(plan, names):
    """The program's object files, for lab/explore. The file has the new names."""
    if plan['entry'] != 'wmain' or plan['own memory']:
        raise BuildError('the explorer needs a program that has a wmain, and no malloc '
                         'of its own')
    return [renamed(target, 'explored', [f'--redefine-syms={names}'], names)
            for target in plan['objects']]


def library_flags():
    for name in words('LIBS'):
        name = re.sub(r'\.lib$', '', name, flags=re.I)
        yield name if name.startswith('-') else '-l' + name


def wanted_libraries(sources):
    """The libraries that the sources name by a pragma, which GCC ignores."""
    found = set()
    for source in sources:
        with open(source, encoding='utf-8', errors='replace') as file:
            found.update(re.sub(r'\.lib$', '', name, flags=re.I).lower()
                         for name in PRAGMA.findall(file.read()))
    return sorted(found)


def link_advice(printed, sources):
    if 'undefined reference' not in printed and 'cannot find -l' not in printed:
        return ''
    named = wanted_libraries(sources)
    if named:
        return ('\nGCC ignores #pragma comment(lib, ...). Name the libraries: '
                f'LIBS="{" ".join(named)}"')
    return '\nIf a library is missing, name it: LIBS="ws2_32 ole32"'


def make_program(plan, program, objects=(), guard=False, flags=(), names=None):
    """Links the object files of a plan, and others, to a program. With `names`, the
    first of the others comes before the plan's."""
    own = [*plan['objects'], *objects]
    if guard:
        own = [*guarded(plan), *objects]
    if names:
        own = [objects[0], *explored(plan, names), *objects[1:]]
    os.makedirs(os.path.dirname(program), exist_ok=True)
    print(f'LD\t{program}', flush=True)
    printed, succeeded = run([
        *words('CXX' if plan['c++'] else 'CC'), *words('CFLAGS'), '-static',
        *ENTRIES[plan['entry']], *flags, '-o', program, *own,
        *library_flags(), *words('WIN_LDLIBS')])
    if not succeeded:
        raise BuildError(printed.rstrip() + link_advice(printed, plan['sources']))
    print(printed, end='', flush=True)


# ---- The command line ----

def main(arguments):
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(dest='command', required=True)
    command = commands.add_parser('compile')
    command.add_argument('directory')
    command.add_argument('plan')
    command.add_argument('--leave-out', action='append', default=[])
    command = commands.add_parser('link')
    command.add_argument('plan')
    command.add_argument('program')
    command.add_argument('--guarded', action='store_true')
    command.add_argument('--explored', metavar='NAMES')
    command.add_argument('--flag', action='append', default=[])
    command.add_argument('objects', nargs='*')
    options = parser.parse_args(arguments)
    sys.stdout.reconfigure(errors='replace')
    try:
        if options.command == 'compile':
            os.makedirs(os.path.dirname(options.plan), exist_ok=True)
            plan = make_plan(options.directory, os.path.dirname(options.plan),
                             options.leave_out)
            with open(options.plan, 'w', encoding='utf-8') as file:
                json.dump(plan, file)
            return 0
        with open(options.plan, encoding='utf-8') as file:
            plan = json.load(file)
        make_program(plan, options.program, options.objects, options.guarded,
                     options.flag, options.explored)
    except (BuildError, OSError) as error:
        if str(error):
            print(f'build: {error}', file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
