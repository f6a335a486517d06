#!/usr/bin/env python3
"""The learner's commands, as `make` calls them:

    learn.py start|try|hint|solution|catchup|reset|watch STEP
    learn.py progress
    learn.py after STEP      what to type when this step is right

A learner's files are in mine/, at the top of the project: mine/step3-callback for step
3. try exits with 0 if the attempt is right, and with 1 if not; every command exits
with 2 if it cannot do its work. The environment names the tools: see attempt.py.
"""

import difflib
import os
import shutil
import sys
import time

import attempt
import exercise
from progress import Progress

MINE = exercise.path('mine')
SCRATCH = exercise.path('build', 'try')
POLL = 0.5  # seconds between two looks at the files


class Usage(Exception):
    """The text says what the learner can type instead."""


def mine(step):
    return os.path.join(MINE, exercise.stage(step))


def must_exist(step):
    if not os.path.isdir(mine(step)):
        raise Usage(f'there is no {mine(step)}: make start STEP={step}')


def write(path, text):
    with open(path, 'w', encoding='utf-8', newline='\n') as file:
        file.write(text)


def copy_aside(step):
    """Renames the directory to one with the date in its name."""
    old = mine(step)
    new = time.strftime(f'{old}.%Y-%m-%d-%H%M%S')
    os.rename(old, new)
    print(f'kept: {new}')


# ---- The commands: each gets the step and the progress, and returns a status ----

def start(step, progress):
    if os.path.exists(mine(step)):
        raise Usage(f'{mine(step)} exists already: make try STEP={step}; or make reset '
                    f'STEP={step}, which starts over and keeps a copy')
    text = exercise.Exercise(step).start()
    os.makedirs(mine(step))
    write(os.path.join(mine(step), 'main.c'), text)
    source = exercise.path(exercise.stage(step), 'report.h')
    shutil.copy(source, mine(step))
    shutil.copy(os.path.join(exercise.HERE, 'todo.h'), mine(step))
    progress.step(step)
    print(f'made: {mine(step)}/main.c, where each TODO is a function to write')
    print(f'read: {exercise.path(exercise.stage(step), "README.md")}')
    print(f'next: make try STEP={step}')
    return 0


def try_once(step, progress):
    must_exist(step)
    verdict = attempt.judge(step, mine(step), os.path.join(SCRATCH, step))
    if verdict.right:
        progress.set(step, 'done')
    if verdict.right and os.environ.get('ALL'):  # the tests follow
        print(verdict.headline, flush=True)
    else:
        print(verdict.text(), flush=True)
    return 0 if verdict.right else 1


def after(step, progress):
    print(attempt.after(step))
    return 0


def hint(step, progress):
    must_exist(step)
    verdict = attempt.judge(step, mine(step), os.path.join(SCRATCH, step))
    hints = exercise.Exercise(step)
    name = verdict.check
    if name and name.startswith('TODO '):
        name = hints.check_of(name.split()[1])
    if name not in hints.hints:  # right, or what the compiler or the checker says
        print(verdict.text())
        return 0
    number = progress.next_hint(step, name)
    text = hints.hints[name][number].replace('STEP=N', f'STEP={step}')
    fails = [line for line in verdict.lines if line.startswith('fails: ')]
    print('\n'.join([verdict.headline, *('    ' + line for line in fails),
                     f'hint {number + 1} of 3: {text}']))
    print('next: ' + (f'make try STEP={step}, or make hint STEP={step} for more'
                      if number < 2 else
                      f'make try STEP={step}, or make solution STEP={step}'))
    return 0


def lines_of(path):
    with open(path, encoding='utf-8', errors='replace') as file:
        return [line.rstrip('\r\n') + '\n' for line in file]


def solution(step, progress):
    must_exist(step)
    yours = os.path.join(mine(step), 'main.c')
    ours = exercise.path(exercise.stage(step), 'main.c')
    before = lines_of(yours) if os.path.exists(yours) else []
    difference = list(difflib.unified_diff(before, lines_of(ours), yours, ours))
    print(''.join(difference) or f'{yours} is the same as {ours}\n', end='')
    progress.set(step, 'given')
    return 0


def reset(step, progress):
    must_exist(step)
    copy_aside(step)
    progress.start_over(step)
    return start(step, progress)


def catchup(step, progress):
    """Gives the previous step, unless it is done, and starts this one."""
    before = str(int(step) - 1)
    if before == '0':
        raise Usage('step 1 has no previous step: make start STEP=1')
    if progress.step(before)['is'] != 'done':
        if os.path.exists(mine(before)):
            copy_aside(before)
        os.makedirs(mine(before))
        for name in ('main.c', 'report.h'):
            shutil.copy(exercise.path(exercise.stage(before), name),
                        mine(before))
        progress.set(before, 'given')
        print(f'given: {mine(before)}, the finished step {before}')
    if os.path.exists(mine(step)):
        print(f'{mine(step)} is there already\nnext: make try STEP={step}')
        return 0
    return start(step, progress)


def times(directory):
    """The time of each file. It is polled, because Windows' drives in WSL report no
    changes."""
    return {name: os.stat(os.path.join(directory, name)).st_mtime_ns
            for name in attempt.build.files_of(directory)
            if os.path.exists(os.path.join(directory, name))}


def watch(step, progress):
    must_exist(step)
    seen = None
    try:
        while True:
            if times(mine(step)) != seen:
                seen = times(mine(step))
                print(time.strftime('---- %H:%M:%S'), flush=True)
                progress.pass_time()
                try_once(step, progress)
                progress.save()
                print(f'watching {mine(step)}: Ctrl-C ends this', flush=True)
            time.sleep(POLL)
    except KeyboardInterrupt:
        return 0


COMMANDS = {'start': start, 'try': try_once, 'hint': hint, 'solution': solution,
            'catchup': catchup, 'reset': reset, 'watch': watch, 'after': after}


def main(arguments):
    if arguments == ['progress']:
        progress = Progress(MINE)
        print(f'progress: {progress.line()}')
        return 0
    if len(arguments) != 2 or arguments[0] not in COMMANDS or \
            arguments[1] not in '12345':
        print(__doc__.strip(), file=sys.stderr)
        return 2
    attempt.ideas.programs.treat_as_interrupts()
    sys.stdout.reconfigure(errors='replace')
    progress = Progress(MINE)
    try:
        status = COMMANDS[arguments[0]](arguments[1], progress)
    except (Usage, exercise.ExerciseError, OSError) as error:
        print(f'{arguments[0]}: {error}', file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    progress.save()
    return status


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
