"""The file that explore.py shares with the explorer, and files with one order.

mapped.h describes the structures. The explorer refuses a file of another size.
"""

import ctypes
import json
import mmap
import os

MOST_DECISIONS = 4096
MOST_PROCESSES = 2
MOST_TEXT = 4096

# enum verdict
NO_VERDICT, RIGHT, MISTAKE, NOT_MODELLED, DIVERGED = range(5)
# enum progress
FRESH, RUNNING, ENDED, NOTHING_LEFT = range(4)


def numbers(*names):
    return [(name, ctypes.c_uint32) for name in names]


class Decision(ctypes.LittleEndianStructure):
    _fields_ = [('count', ctypes.c_uint8), ('chosen', ctypes.c_uint8),
                ('spent', ctypes.c_uint8), ('unused', ctypes.c_uint8),
                ('costly', ctypes.c_uint16), ('identity', ctypes.c_uint16)]


class Order(ctypes.LittleEndianStructure):
    _fields_ = [*numbers('length'), ('at', Decision * MOST_DECISIONS)]

    def copy(self):
        return Order.from_buffer_copy(self)


class Settings(ctypes.LittleEndianStructure):
    _fields_ = numbers('bound', 'counts', 'surprises', 'merges', 'endless', 'same',
                       'steps', 'replays', 'random', 'seed', 'row', 'stops')


class Process(ctypes.LittleEndianStructure):
    _fields_ = [*numbers('progress', 'verdict', 'number', 'spent', 'fixed'),
                ('text', ctypes.c_char * MOST_TEXT), ('order', Order)]


class Shared(ctypes.LittleEndianStructure):
    _fields_ = [*numbers('size'), ('settings', Settings),
                *numbers('orders', 'longest', 'next_branch', 'has_first',
                         'same_lines'),
                ('decisions', ctypes.c_uint64),
                ('printed', ctypes.c_char * MOST_TEXT), ('first', Order),
                ('processes', Process * MOST_PROCESSES)]


def make_shared(path, settings):
    """Makes the file anew, and maps it. The settings are a dictionary."""
    size = ctypes.sizeof(Shared)
    os.makedirs(os.path.dirname(path) or '.', exist_ok=True)
    with open(path, 'wb') as file:
        file.truncate(size)
    with open(path, 'r+b') as file:
        shared = Shared.from_buffer(mmap.mmap(file.fileno(), size))
    shared.size = size
    for name, value in settings.items():
        setattr(shared.settings, name, value)
    return shared


# ---- One order in a file ----

FIELDS = ('count', 'chosen', 'spent', 'costly', 'identity')


def save_order(path, order, title, shared):
    """Saves an order of a search, what is wrong with it, and all that a replay needs
    to judge it."""
    settings = {name: getattr(shared.settings, name) for name, _ in Settings._fields_
                if name not in ('replays', 'random', 'stops')}
    decisions = [[getattr(decision, field) for field in FIELDS]
                 for decision in order.at[:order.length]]
    with open(path, 'w', encoding='utf-8') as file:
        json.dump({'title': title, 'settings': settings, 'lines': shared.same_lines,
                   'printed': shared.printed.decode(errors='replace'),
                   'decisions': decisions}, file)
        file.write('\n')


def read_order(path):
    with open(path, encoding='utf-8') as file:
        return json.load(file)


def title_of(path):
    """What was wrong with the order in the search."""
    return read_order(path)['title']


def load_order(path, shared_path):
    """Makes a shared file for a replay of the order."""
    saved = read_order(path)
    shared = make_shared(shared_path, {**saved['settings'], 'replays': 1})
    shared.has_first = 1
    shared.same_lines = saved['lines']
    shared.printed = saved['printed'].encode()[:MOST_TEXT - 1]
    order = shared.processes[0].order
    order.length = len(saved['decisions'])
    for at, values in zip(order.at, saved['decisions']):
        for field, value in zip(FIELDS, values):
            setattr(at, field, value)
    return shared
