"""What a learner has done so far: mine/.progress, a file of JSON."""

import json
import os
import time

PAUSE = 30 * 60  # seconds without a command, after which the clock has stood still
WORD = {'done': 'done', 'given': 'given', 'work': 'in work'}


class Progress:
    def __init__(self, directory):
        self.path = os.path.join(directory, '.progress')
        try:
            with open(self.path, encoding='utf-8') as file:
                self.state = json.load(file)
        except (OSError, ValueError):
            self.state = {}
        self.steps = self.state.setdefault('steps', {})
        self.pass_time()

    def pass_time(self):
        now = int(time.time())
        gap = now - self.state.get('last', now)
        if 0 <= gap <= PAUSE:
            self.state['seconds'] = self.state.get('seconds', 0) + gap
        self.state['last'] = now

    def step(self, step):
        return self.steps.setdefault(step, {'is': 'work', 'hints': {}})

    def set(self, step, what):
        """A step that is done stays done."""
        if self.step(step)['is'] == 'work':
            self.step(step)['is'] = what

    def start_over(self, step):
        self.steps.pop(step, None)
        self.step(step)

    def next_hint(self, step, check):
        """The number of the hint, from 0 to 2."""
        hints = self.step(step)['hints']
        hints[check] = hints.get(check, 0) + 1
        return min(hints[check], 3) - 1

    def save(self):
        """Replaces the file in one move, so that it is never half written."""
        os.makedirs(os.path.dirname(self.path), exist_ok=True)
        with open(self.path + '.new', 'w', encoding='utf-8') as file:
            json.dump(self.state, file, indent=1)
        os.replace(self.path + '.new', self.path)

    def line(self):
        """One line: 1 done, 2 given, 3 in work, 41 minutes, 2 hints"""
        parts = [f'{step} {WORD[what["is"]]}'
                 for step, what in sorted(self.steps.items())]
        hints = sum(sum(what['hints'].values()) for what in self.steps.values())
        minutes = self.state.get('seconds', 0) // 60
        return ', '.join([*(parts or ['nothing started']),
                          count(minutes, 'minute'), count(hints, 'hint')])


def count(number, word):
    return f'{number} {word}' if number == 1 else f'{number} {word}s'
