"""Makes the start of a step: the step's own main.c, in which the functions that the
step is about are empty.

stepN.md says which functions these are, what each must do, and the hints for each
check. It has one section for each:

    ## Write NAME                the signature as code, "Check: NAME", the task
    ## Write a part of NAME      the lines to replace as code, then the same
    ## Leave out NAME            the signature as code
    ## Hints for CHECK           three hints: 1. 2. 3.

The hints in every-step.md are for the checks that all steps have. An ExerciseError says
that such a file no longer fits the step.
"""

import os
import re
import textwrap

# The top of the project, relative to the current directory. make names it: this script
# may have been found through a link.
TOP = os.environ.get('TOP') or os.path.relpath(os.path.join(
    os.path.dirname(os.path.abspath(__file__)), '..', '..'))
INDENT = '    '


def path(*names):
    """The path of a file of the project, relative to the current directory."""
    return os.path.normpath(os.path.join(TOP, *names))


HERE = path('tools', 'learn')


class ExerciseError(Exception):
    """An exercise file does not fit its step."""


def stage(step):
    """step3-callback, for '3'."""
    return next(name for name in sorted(os.listdir(TOP))
                if name.startswith(f'step{step}-'))


def read(name):
    with open(name, encoding='utf-8') as file:
        return file.read()


class Section:
    """One section of an exercise file."""

    def __init__(self, text):
        heading, _, rest = text.partition('\n')
        words = heading.split()
        self.verb, self.name = ' '.join(words[:-1]), words[-1]
        self.code = re.match(r'\n*((?:    .*\n|\n(?=    ))*)', rest)[1]
        rest = rest[rest.index(self.code) + len(self.code):] if self.code else rest
        found = re.match(r'\s*Check: (\w+)\n', rest)
        self.check = found[1] if found else None
        self.text = rest[found.end() if found else 0:].strip()

    def unquoted(self):
        return re.sub(r'^    ', '', self.code, flags=re.M).strip('\n')

    def hints(self):
        found = re.split(r'^\d\. ', self.text, flags=re.M)[1:]
        return [' '.join(hint.split()) for hint in found]

    def todo(self, indent):
        """The comment and the call that replace what the learner writes."""
        text = self.text[0].upper() + self.text[1:]
        comment = '\n'.join(f'{indent} * {line}'.rstrip()
                            for line in text.splitlines())
        return f'{indent}/* TODO:\n{comment} */\n{indent}TODO({self.name});\n'


class Exercise:
    """What a learner writes in a step."""

    def __init__(self, step):
        self.step = step
        self.source = path(stage(step), 'main.c')
        self.path = os.path.join(HERE, f'step{step}.md')
        self.sections = self.read(self.path)
        self.hints = {section.name: section.hints() for section in
                      self.sections + self.read(os.path.join(HERE, 'every-step.md'))
                      if section.verb == 'Hints for'}

    @staticmethod
    def read(name):
        return [Section(text) for text in
                re.split(r'^## ', read(name), flags=re.M)[1:]]

    def tasks(self):
        return [section for section in self.sections
                if section.verb in ('Write', 'Write a part of')]

    def check_of(self, function):
        """The check whose hints help to write this function."""
        return next((task.check for task in self.tasks() if task.name == function),
                    None)

    def replace(self, text, old, new, section):
        if text.count(old) != 1:
            raise ExerciseError(f'{self.path}: "{section.verb} {section.name}" does '
                                f'not fit {self.source}')
        return text.replace(old, new)

    def definition(self, text, section):
        """The comment of a function, its signature and its body."""
        begin = text.find('\n' + section.unquoted() + '\n{\n') + 1
        end = text.find('\n}\n', begin) + 3
        if begin == 0 or end == 2:
            raise ExerciseError(f'{self.path}: {self.source} has no function '
                                f'"{section.unquoted()}"')
        return text[begin:end]

    def apply(self, text, section):
        if section.verb == 'Write':
            old = self.definition(text, section)
            return self.replace(text, old, f'{section.unquoted()}\n{{\n'
                                f'{section.todo(INDENT)}}}\n', section)
        if section.verb == 'Write a part of':
            indent = re.match(' *', section.unquoted())[0]
            return self.replace(text, section.unquoted() + '\n',
                                section.todo(indent), section)
        if section.verb == 'Leave out':
            return self.replace(text, self.definition(text, section) + '\n', '',
                                section)
        return text

    def start(self):
        """The text of main.c at the start."""
        text = read(self.source)
        for section in self.sections:
            text = self.apply(text, section)
        names = ', '.join(dict.fromkeys(task.name for task in self.tasks()))
        note = textwrap.wrap(
            f'To be written: {names}. `make try STEP={self.step}` judges it. '
            f'{stage(self.step)}/README.md shows what it must print: see "Run it".', 76)
        text = text.replace(' */\n', '\n' + ''.join(
            f' * {line}'.rstrip() + '\n' for line in ['', *note])[:-1] + ' */\n', 1)
        return text.replace('#include "report.h"\n',
                            '#include "report.h"\n#include "todo.h"\n', 1)
