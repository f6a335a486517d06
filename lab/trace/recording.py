"""Reads a recording, and matches each start of a request with its completion."""

import collections
import functools
import os
import re
import struct
import subprocess

HEADER = struct.Struct('<8sQQqq3QQQ')
HEADER_SIZE = 4096
RECORD = struct.Struct('<2I2q5Q4I')
BEGIN = struct.Struct('<8xq')  # of any record, except one of kind "stack"
FIELDS = ('thread', 'begin', 'end', 'address', 'handle', 'other', 'overlapped',
          'offset', 'length', 'error', 'bytes', 'ok')  # after the kind

NO_HANDLE = 2**64 - 1
PENDING, MORE_DATA, INCOMPLETE, TIMEOUT = 997, 234, 996, 258
INVALID_HANDLE = 6
APC_RAN = 0xC0  # the result of a wait that an APC has ended
ABANDONED = 0x80
# Records that only deep mode makes: deep.py reads them.
DEEP = {'line', 'stack', 'bytes', 'depth', 'allocate', 'free', 'done'}
SKIP_ON_SUCCESS = 1
CLOSE_SOURCE = 1
INFINITE = 2**32 - 1
EX = 'GetQueuedCompletionStatusEx'

# Calls that start a request. TRUE from QUEUES says that the request is queued;
# of WITH_OFFSET, the request has an offset and the call a length.
QUEUES = {'ReadFileEx', 'WriteFileEx', 'ReadDirectoryChangesW'}
WITH_OFFSET = {'ReadFile', 'WriteFile', 'ReadFileEx', 'WriteFileEx',
               'LockFileEx'}
TRANSFERS = QUEUES | WITH_OFFSET | {
    'ConnectNamedPipe', 'DeviceIoControl', 'TransactNamedPipe'}
POSTS = {'PostQueuedCompletionStatus', 'NtSetIoCompletion'}
RESULTS = {'GetOverlappedResult', 'GetOverlappedResultEx'}
TAKES = {'GetQueuedCompletionStatus', EX}
WAITS_FOR_ONE = {'WaitForSingleObject', 'WaitForSingleObjectEx',
                 'SignalObjectAndWait'}
WAITS_FOR_SEVERAL = {'WaitForMultipleObjects', 'WaitForMultipleObjectsEx'}
WAITS_FOR_A_HANDLE = WAITS_FOR_ONE | WAITS_FOR_SEVERAL
CONDITIONS = {'SleepConditionVariableSRW', 'SleepConditionVariableCS'}
WAITS = TAKES | RESULTS | WAITS_FOR_ONE | WAITS_FOR_SEVERAL | CONDITIONS | {
    'SleepEx', 'WaitForThreadpoolIoCallbacks'}
# Such a record counts how often the thread has repeated a wait that found nothing.
# Its length is the timeout.
COUNTED = WAITS - {'SignalObjectAndWait', 'WaitForThreadpoolIoCallbacks'}
OPENS = {'CreateFileW': 'file', 'CreateFileA': 'file',
         'CreateNamedPipeW': 'pipe', 'CreateNamedPipeA': 'pipe'}
PROCESSES = {'CreateProcessW', 'CreateProcessA'}
STARTS_THREAD = {'_beginthreadex', 'CreateThread'}
MAKES = {**OPENS, 'CreateEventW': 'event', 'CreateEventA': 'event',
         'CreateThreadpoolIo': 'threadpool io',
         **dict.fromkeys(STARTS_THREAD, 'thread'),
         **dict.fromkeys(PROCESSES, 'process')}
# These have no handle.
ABOUT_NOTHING = {*OPENS, *PROCESSES, *STARTS_THREAD, *WAITS_FOR_SEVERAL,
                 'CreateEventW', 'CreateEventA', 'thread', 'crash', 'exit',
                 'SleepEx', 'TerminateProcess'}
BINDS_TO_SYSTEM = {'BindIoCompletionCallback', 'CreateThreadpoolIo'}
BINDS = BINDS_TO_SYSTEM | {'CreateIoCompletionPort'}


class Thing:
    """A file, a port, an event, a thread: what handles are for."""

    __slots__ = ('kind', 'name', 'bound', 'skips', 'copies')

    def __init__(self, kind, name):
        self.kind, self.name = kind, name
        self.bound = self.skips = False
        self.copies = 0


class Handle:
    """A handle, from the call that made it until it is closed. The system uses
    the value again: then it is another handle."""

    __slots__ = ('thing', 'form')

    def __init__(self, thing, form='{}'):
        self.thing = thing
        self.form = form  # how it is named, if it is a copy or closed

    def __str__(self):
        return self.form.format(self.thing.name)


class Record:
    """One record, and what these scripts found out about it."""

    __slots__ = ('number', 'kind', *FIELDS, 'returned', 'handles', 'product',
                 'second', 'event', 'again', 'bound', 'skips', 'request',
                 'use', 'function', 'file', 'line')

    def __init__(self, number, kind, values):
        self.number = number  # from 1 on; `other` of a thread's record is one
        self.kind = kind
        (self.thread, self.begin, self.end, self.address, self.handle, self.other,
         self.overlapped, self.offset, self.length, self.error, self.bytes,
         self.ok) = values
        self.returned = self.end != 0
        self.handles = []    # the handles that it is about
        self.product = None  # the handle that it made, or the port of a bind
        self.second = None   # the handle of SignalObjectAndWait that it signals
        self.event = None    # what the system signals when its request completes
        self.again = False   # it binds a file that is bound
        self.bound = False   # it starts a request on a file that is bound
        self.skips = False   # ... and sends no packet if it succeeds immediately
        self.request = None  # the number of its request
        self.use = None      # the use that it has started, or taken
        self.function = self.file = ''
        self.line = 0

    @property
    def what(self):
        """The names of its handles."""
        return ', '.join(map(str, self.handles))

    @property
    def made(self):
        return str(self.product) if self.product else ''

    def thing(self):
        return self.handles[0].thing if self.handles else None

    def is_about(self, kind):
        return bool(self.handles) and self.handles[0].thing.kind == kind

    def waits(self):
        return self.kind in WAITS and (self.kind not in RESULTS or self.length)

    def looks(self):
        """Whether it returns without waiting, whatever it finds."""
        return self.kind in COUNTED and self.length == 0

    def times(self):
        """How often the thread made this call."""
        return self.other + 1 if self.kind in COUNTED else 1

    def starts(self):
        """Whether it starts a request, or posts a packet."""
        return self.kind in POSTS or (
            self.kind in TRANSFERS and self.overlapped != 0)

    def takes(self):
        """Whether it has taken a packet."""
        return self.kind == 'packet' or (
            self.kind == 'GetQueuedCompletionStatus' and self.returned and
            (self.ok or self.overlapped != 0))

    def got(self):
        """The things whose signal ended this wait."""
        if not (self.returned and self.ok):
            return []
        which = self.bytes & ~ABANDONED
        if self.kind in WAITS_FOR_ONE:
            return [self.thing()] if which == 0 else []
        if self.kind not in WAITS_FOR_SEVERAL or which >= len(self.handles):
            return []
        chosen = self.handles if self.offset else [self.handles[which]]
        return [handle.thing for handle in chosen]

    def place(self):
        name = self.file.rpartition('/')[2]
        return f'{name}:{self.line}' if self.line else ''


class Use:
    """One use of a request, or a packet without a request."""

    def __init__(self, number, start):
        self.number = number  # of this use
        self.start = start
        self.request = start.request
        self.end = None       # the record that took the completion
        self.in_port = False  # a packet or a callback reports its completion
        self.completed_in_call = False  # it completed before the call returned
        self.signalled = None  # the first wait that its completion has ended
        self.again = None     # the start that used the request again, although
        #                       the trace has not seen that it completed

    def end_point(self):
        """The point at which its completion was taken: (is an end, record)."""
        if self.end is None or self.completed_in_call:
            return None
        return bool(self.end.waits()), self.end


class Point:
    """The start of a call, or the return from a wait, a callback or a thread's
    routine: a line of the timeline, and a row of the picture."""

    __slots__ = ('time', 'ends', 'record', 'fold')

    def __init__(self, time, ends, record):
        self.time, self.ends, self.record = time, ends, record
        self.fold = None  # the fold that hides it


class Trace:
    def __init__(self):
        self.records = []  # in the order of their begin
        self.lost = 0      # records that did not fit
        self.threads = []  # their ids; the first is main's
        self.names = {}    # of threads, by id
        self.uses = []
        self.requests = 0
        self.stray = []    # records that took a packet without a start
        self.standard = ()
        self.deep = []     # (number, kind, bytes) of the records of deep mode
        self.first = 0     # the first record's begin, in ticks
        self.frequency = 1  # ticks a second
        self.image = 0     # where the program was loaded
        self.done = []     # (time, OVERLAPPED) of I/O that completed, in deep mode

    def microseconds(self, ticks):
        return (ticks - self.first) * 1e6 / self.frequency

    @functools.cached_property
    def times(self):
        """(time, whether it is an end, record), in the order of time."""
        points = [(r.begin, 0, i, r) for i, r in enumerate(self.records)]
        points += [(r.end, 1, i, r) for i, r in enumerate(self.records)
                   if r.returned]
        points.sort()  # the index makes each unique: records are not compared
        return [(time, bool(ends), record)
                for time, ends, _, record in points]

    @functools.cached_property
    def points(self):
        """All points, in the order of time."""
        return [Point(time, ends, record)
                for time, ends, record in self.times
                if not ends or record.waits() or
                record.kind in ('thread', 'callback')]

    def is_main(self, record):
        return record.thread == self.threads[0]


def load(path):
    with open(path, 'rb') as file:
        head = file.read(HEADER_SIZE)
        if len(head) < HEADER_SIZE or not head.startswith(b'trace 1\0'):
            raise ValueError(f'{path} is not a recording')
        (_, size, capacity, taken, frequency, *standard,
         main, image) = HEADER.unpack_from(head)
        if size != RECORD.size:
            raise ValueError(f'{path} has records of {size} bytes')
        names = head[HEADER.size:].split(b'\0')[0].decode().split('\n')
        content = file.read(min(taken, capacity) * size)
    trace = Trace()
    trace.lost = max(0, taken - capacity)
    trace.standard = tuple(standard)
    trace.image, trace.frequency = image, frequency
    for number, (kind, *values) in enumerate(RECORD.iter_unpack(content), 1):
        if kind == 0:  # the program ended before the record was filled in
            continue
        if names[kind - 1] == 'done':
            trace.done.append((values[1], values[6]))
        if names[kind - 1] in DEEP:
            trace.deep.append((number, names[kind - 1],
                               content[(number - 1) * size:number * size]))
        else:
            trace.records.append(Record(number, names[kind - 1], values))
    trace.records.sort(key=lambda record: (record.begin, record.number))
    to_microseconds(trace)
    trace.threads = [main]
    Names(trace).give()
    Matches(trace).find()
    name_threads(trace)
    return trace


def to_microseconds(trace):
    begins = [record.begin for record in trace.records]
    begins += [BEGIN.unpack_from(raw)[0] for _, kind, raw in trace.deep
               if kind != 'stack']
    trace.first = min(begins, default=0)
    for record in trace.records:
        record.begin = trace.microseconds(record.begin)
        record.end = trace.microseconds(record.end)
    trace.done = [(trace.microseconds(ticks), overlapped)
                  for ticks, overlapped in trace.done]


class Names:
    """Gives handles their names, in the order of time."""

    def __init__(self, trace):
        self.trace = trace
        self.counts = collections.Counter()
        self.handles = {  # by value
            value: Handle(Thing('stream', name)) for value, name in zip(
                trace.standard, ('stdin', 'stdout', 'stderr'))
            if value not in (0, NO_HANDLE)}
        self.waiting = {}  # a wait for several handles, by thread

    def new(self, kind, value):
        self.counts[kind] += 1
        handle = Handle(Thing(kind, f'{kind} {self.counts[kind]}'))
        self.handles[value] = handle
        return handle

    def unknown(self, value):
        """A handle of a call that is not followed."""
        self.counts[value] += 1
        name = f'handle {value:#x}'
        if self.counts[value] > 1:
            name += f' ({self.counts[value]})'
        handle = Handle(Thing('handle', name), '{}, not followed')
        self.handles[value] = handle
        return handle

    def find(self, record, value):
        if value == 0:
            return Handle(Thing('handle', 'NULL'))
        if value == NO_HANDLE:
            return Handle(Thing('handle', 'INVALID_HANDLE_VALUE'))
        if value == NO_HANDLE - 1:
            return Handle(Thing('handle', 'this thread'))
        if record.kind in CONDITIONS:
            return self.handles.get(value) or \
                self.new('condition variable', value)
        handle = self.handles.get(value)
        if handle and handle.form == '{}, closed' and \
                record.error != INVALID_HANDLE:
            handle = None  # a call that is not followed has got this value
        return handle or self.unknown(value)

    def begins(self, record):
        kind, value = record.kind, record.handle
        if kind == 'handle':
            self.waiting[record.thread].handles.append(self.find(record, value))
        elif kind == 'callback':
            record.handles = [self.handles[value]] if value in self.handles \
                else []
        elif kind not in ABOUT_NOTHING and not (
                kind == 'CreateIoCompletionPort' and value == NO_HANDLE):
            record.handles = [self.find(record, value)]
        if kind in WAITS_FOR_SEVERAL:
            self.waiting[record.thread] = record
        if kind == 'SignalObjectAndWait':
            record.second = self.find(record, record.other)
        if kind in TRANSFERS and record.overlapped:
            event = record.other & ~1
            record.event = self.find(record, event) if event else \
                record.handles[0]
            record.bound = record.thing().bound
            record.skips = record.thing().skips
        if kind == 'CloseHandle' or (
                kind == 'DuplicateHandle' and record.length & CLOSE_SOURCE):
            self.close(value, record.handles[0])

    def close(self, value, handle):
        if value in self.handles:
            self.handles[value] = Handle(handle.thing, '{}, closed')

    def ends(self, record):
        if not record.ok:
            return
        kind, value = record.kind, record.other
        if kind in MAKES:
            record.product = self.new(MAKES[kind], value)
            if kind in PROCESSES:
                self.handles[record.offset] = Handle(record.product.thing,
                                                     'the thread of {}')
        elif kind == 'CreateIoCompletionPort':
            record.product = self.new('port', value) if record.bytes else \
                self.find(record, value)
        elif kind == 'DuplicateHandle' and value:
            record.product = self.copy(record.handles[0].thing, value)
        if kind in BINDS:
            for handle in record.handles:
                handle.thing.bound = True
        if kind == 'SetFileCompletionNotificationModes' and \
                record.length & SKIP_ON_SUCCESS:
            record.thing().skips = True

    def copy(self, thing, value):
        thing.copies += 1
        handle = Handle(thing, f'copy {thing.copies} of {{}}')
        self.handles[value] = handle
        return handle

    def give(self):
        for _, ends, record in self.trace.times:
            if ends:
                self.ends(record)
                continue
            self.begins(record)
            if record.kind in BINDS and record.handles:
                record.again = record.thing().bound
                if record.kind not in BINDS_TO_SYSTEM and not record.ok and \
                        not record.bytes:
                    record.product = self.find(record, record.other)
        self.trace.records = [record for record in self.trace.records
                              if record.kind != 'handle']
        del self.trace.times  # without these records


class Matches:
    """Finds for each start of a request the record that took its completion."""

    def __init__(self, trace):
        self.trace = trace
        self.numbers = {}  # of requests, by address
        self.in_flight = collections.defaultdict(collections.deque)
        # The last use that completed without a packet or a callback.
        self.without_packet = {}
        # By thing: the uses in flight whose completion signals it.
        self.signals = collections.defaultdict(list)

    @staticmethod
    def key(record):
        return record.overlapped or ('none', record.handle, record.offset)

    def number(self, record):
        if record.overlapped:
            self.numbers.setdefault(record.overlapped, len(self.numbers) + 1)
        record.request = self.numbers.get(record.overlapped)

    def start(self, record):
        use = Use(len(self.trace.uses) + 1, record)
        self.trace.uses.append(use)
        record.use = use
        queued = not record.returned or record.error == PENDING
        if record.kind in POSTS:
            use.in_port = True
            queued = queued or record.ok
        elif record.kind in QUEUES:
            queued = queued or record.ok
        else:
            use.in_port = record.bound and not record.other & 1
            queued = queued or use.in_port and not record.skips and (
                record.ok or record.error == MORE_DATA)
        key = self.key(record)
        waiting = self.in_flight[key]
        if waiting and not waiting[0].in_port:
            waiting.popleft().again = record  # the program saw that it completed
        self.without_packet.pop(key, None)
        if queued:
            waiting.append(use)
            if record.event:
                self.signals[record.event.thing].append(use)
        else:
            use.completed_in_call = True
            use.end = record
            if not (record.ok and use.in_port):
                self.without_packet[key] = use

    def take(self, record):
        key = self.key(record)
        if self.in_flight[key]:
            record.use = self.in_flight[key].popleft()
        elif key in self.without_packet:
            record.use = self.without_packet.pop(key)  # it has a packet, too
            record.use.completed_in_call = False
        else:
            self.trace.stray.append(record)
            return
        record.use.end = record

    def result(self, record):
        """Takes a completion that no packet and no callback reports."""
        key = self.key(record)
        waiting = self.in_flight[key]
        if (waiting and not waiting[0].in_port and
                record.error not in (INCOMPLETE, TIMEOUT)):
            self.take(record)
            self.without_packet[key] = record.use

    def wait(self, record):
        """If the wait ended because a request has completed, and only one can
        have ended it."""
        for thing in record.got():
            uses = [use for use in self.signals.get(thing, ()) if not use.end]
            if len(uses) == 1:
                uses[0].signalled = uses[0].signalled or record
            self.signals[thing] = uses

    def find(self):
        for _, ends, record in self.trace.times:
            kind = record.kind
            if not ends:
                if kind not in TAKES:
                    self.number(record)
                if record.starts():
                    self.start(record)
                elif kind in ('callback', 'packet'):
                    self.take(record)
            elif kind == 'GetQueuedCompletionStatus' and record.takes():
                self.number(record)
                self.take(record)
            elif kind in RESULTS:
                self.result(record)
            elif kind in WAITS:
                self.wait(record)
        for use in self.trace.uses:
            if not use.end and use.signalled:
                use.end = use.signalled
                use.again = None
        self.trace.requests = len(self.numbers)


def causes(trace):
    """{(is an end, record): [the same for what comes before it]}, for points of
    different threads: a start and the taking of its packet, a call that creates
    a thread and its begin, SetEvent and the return of a wait, a thread's end and
    the return of a wait for it."""
    found = collections.defaultdict(list)
    signals = {}  # by thing: the last point that signalled it
    makers = {record.number: record for record in trace.records
              if record.kind in STARTS_THREAD}
    things = {record.product.thing: record for record in makers.values()
              if record.product}
    threads = {makers[record.other]: record for record in trace.records
               if record.kind == 'thread' and record.other in makers}
    for use in trace.uses:
        if use.end_point():
            found[use.end_point()].append((False, use.start))
        if use.signalled:
            found[True, use.signalled].append((False, use.start))
    for maker, thread in threads.items():
        found[False, thread].append((False, maker))
    for _, ends, record in trace.times:
        if not ends and record.kind == 'SetEvent':
            signals[record.thing()] = (False, record)
        elif not ends and record.second:
            signals[record.second.thing] = (False, record)
        for thing in record.got() if ends else ():
            if thing in signals:
                found[True, record].append(signals[thing])
            thread = threads.get(things.get(thing))
            if thread and thread.returned:
                found[True, record].append((True, thread))
    return found


def name_threads(trace):
    main = trace.threads[0]
    taken, begun = {}, {}
    for record in trace.records:
        if record.thread == main:
            continue
        order = record.other if record.kind == 'thread' else record.number
        begun.setdefault(record.thread, order)
        if record.use and record.use.end is record and record.request:
            taken[record.thread] = min(record.end or record.begin,
                                       taken.get(record.thread, float('inf')))
    trace.threads += sorted(begun, key=lambda thread: (
        taken.get(thread, float('inf')), begun[thread]))
    trace.names = {thread: f'worker {number}' if number else 'main'
                   for number, thread in enumerate(trace.threads)}
    makers = {record.number: record for record in trace.records}
    for record in trace.records:
        maker = makers.get(record.other) if record.kind == 'thread' else None
        if maker and maker.product:
            maker.product.thing.name = trace.names[record.thread]


def find_lines(trace, program, addr2line):
    """Runs addr2line once, for all addresses."""
    addresses = sorted({r.address for r in trace.records if r.address})
    found = subprocess.run(
        [addr2line, '-f', '-C', '-e', program], check=False, encoding='utf-8',
        errors='replace', stdout=subprocess.PIPE,
        input=''.join(f'{address:#x}\n' for address in addresses)).stdout
    lines = found.splitlines()
    places = {}
    for address, function, place in zip(addresses, lines[::2], lines[1::2]):
        at = re.match(r'(.+):(\d+)', place)
        if at:
            places[address] = function, os.path.relpath(at[1]), int(at[2])
    for record in trace.records:
        record.function, record.file, record.line = places.get(
            record.address, ('', '', 0))
