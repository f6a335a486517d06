"""Makes a run that a page can play: the events of a recording in deep mode, with
names in place of addresses. run.md describes the format."""

import bisect
import hashlib
import json
import os
import re
import struct
import subprocess

import dwarf
import recording

FORMAT = 1
KERNEL = -1
IMAGE_BASE = 0x140000000  # mk/lab.mk links programs for it
STACK = struct.Struct('<2I9Q')
BYTES = struct.Struct('<2Iq2Q2I40s')
PIECE = 40
OF_BLOCK, OF_BUFFER, OF_STREAM = range(3)
STREAMS = ('stdout', 'stderr')
NOT_LIVE = 1
HEAD = 1000  # bytes: more than what the caller adds
RECORDING_FULL = 68
ADDRESS = re.compile(r'\{(0x[0-9a-f]+)\}')
FINDING = re.compile(r'(checker|explorer): ')
NOTES = ('checker: looked at ', 'lab: ', 'guard: ', 'modes: ', 'explore: ')
HUNG = 'hung: '
NUMBERS = (1, 2, 4, 8)  # sizes of fields that are numbers
PRINTS = {'stdout', 'stderr'}
LAB = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
TOP = os.path.dirname(LAB)


# ---- The records ----

class Find:
    """What a look found: bytes of a block or of a buffer, or printed text."""

    def __init__(self, number, thread, begin, of, total, what):
        self.number, self.thread, self.begin = number, thread, begin
        self.of, self.total, self.what = of, total, what
        self.data = b''


class Simple:
    """A record of deep mode that has the form of any other record."""

    def __init__(self, number, kind, raw):
        (_, self.thread, self.begin, _, self.address, self.handle, _,
         self.overlapped, self.size, self.length, self.error, self.bytes,
         _) = recording.RECORD.unpack(raw)
        self.number, self.kind = number, kind


class Deep:
    """The records of deep mode."""

    def __init__(self, records):
        self.stacks = {}  # by the number of the record: addresses
        self.finds = []
        self.simple = []
        unfinished = {}   # by thread
        for number, kind, raw in records:
            if kind == 'stack':
                _, _, of, *frames = STACK.unpack(raw)
                self.stacks[of] = [frame for frame in frames if frame]
            elif kind == 'bytes':
                self.add_piece(number, raw, unfinished)
            else:
                self.simple.append(Simple(number, kind, raw))

    def add_piece(self, number, raw, unfinished):
        _, thread, begin, of, _, total, what, data = BYTES.unpack(raw)
        find = unfinished.get(thread)
        if find is None:
            find = Find(number, thread, begin, of, total, what)
            unfinished[thread] = find
        find.data += data[:total - len(find.data)]
        if len(find.data) == total:
            self.finds.append(unfinished.pop(thread))

    def addresses(self):
        found = {simple.address for simple in self.simple}
        for frames in self.stacks.values():
            found.update(frames)
        return found - {0}


# ---- Places in the sources ----

class Places:
    """Numbers the places, functions and stacks. Only the program's own sources
    count: files below one of the roots, except the lab's, unless the root is in the
    lab."""

    def __init__(self, program, addr2line, addresses, roots):
        self.roots = [os.path.join(os.path.realpath(root), '') for root in roots]
        self.files, self.functions, self.places, self.stacks = {}, {}, {}, {}
        self.at = {}     # by address: the number of the place
        self.texts = {}  # by address: "main.c:92"
        self.lines = {}  # of a file, by its path
        addresses = sorted(addresses)
        lines = subprocess.run(
            [addr2line, '-f', '-C', '-e', program], check=True,
            encoding='utf-8', errors='replace', stdout=subprocess.PIPE,
            input=''.join(f'{address:#x}\n' for address in addresses)
        ).stdout.splitlines()
        for address, function, place in zip(addresses, lines[::2], lines[1::2]):
            found = re.match(r'(.+):(\d+)', place)
            if found and self.is_own(found[1]) and \
                    self.has_function(found[1], function, int(found[2])):
                self.add(address, function, found[1], int(found[2]))

    def is_own(self, path):
        path = os.path.realpath(path)
        lab = os.path.join(LAB, '')
        return os.path.isfile(path) and any(
            path.startswith(root) and
            (root.startswith(lab) or not path.startswith(lab))
            for root in self.roots)

    def has_function(self, path, function, line):
        """For an inline function of a system's header, addr2line 2.40 gives the
        line in the header, but the name of the file that includes it."""
        if path not in self.lines:
            with open(path, encoding='utf-8', errors='replace') as file:
                self.lines[path] = file.read().splitlines()
        name = re.split(r'\W', function)[0]
        return line <= len(self.lines[path]) and any(
            name in text for text in self.lines[path][:line])

    @staticmethod
    def number(table, value):
        return table.setdefault(value, len(table))

    def add(self, address, function, path, line):
        path = os.path.realpath(path)
        if path.startswith(os.path.join(TOP, '')):
            path = os.path.relpath(path, TOP)
        self.texts[address] = f'{os.path.basename(path)}:{line}'
        self.at[address] = self.number(self.places, (
            self.number(self.files, path), line,
            self.number(self.functions, function)))

    def stack(self, addresses):
        """The number of the stack; None if no frame is in the program's sources."""
        frames = tuple(self.at[address] for address in addresses
                       if address in self.at)
        return self.number(self.stacks, frames) if frames else None

    def outermost(self, stack):
        """The name of the function in which a thread with this stack began."""
        frames = list(self.stacks)[stack]
        functions = list(self.functions)
        return functions[list(self.places)[frames[-1]][2]]

    def locate(self, text):
        return ADDRESS.sub(lambda found: self.texts.get(
            int(found[1], 0), 'outside the program'), text)


# ---- The memory of the requests ----

class Block:
    """An allocation, from its allocation to its free."""

    def __init__(self, simple):
        self.address, self.size = simple.overlapped, simple.size
        self.begin, self.end = simple.begin, None

    def holds(self, address):
        return self.address <= address < self.address + self.size


class Shape:
    """Where the memory of a request lies, and what its fields are."""

    def __init__(self, request, overlapped):
        self.request = request
        self.base = overlapped
        self.block = None
        self.name = 'OVERLAPPED'
        self.fields = dwarf.overlapped_fields()
        self.last = {}  # values, by the field's name

    def give(self, types, holder, base):
        self.base = base
        self.name = f'struct {holder.name}' if holder.name else 'struct'
        self.fields = [field for field in types.fields(holder)
                       if field['size'] in NUMBERS]

    def changed(self, data, at):
        """The values that differ from the last look. data: what lies at `at`."""
        values = {}
        for field in self.fields:
            first = self.base - at + field['at']
            raw = data[first:first + field['size']] if first >= 0 else b''
            if len(raw) == field['size']:
                values[field['name']] = hex(int.from_bytes(raw, 'little'))
        new = {name: value for name, value in values.items()
               if self.last.get(name) != value}
        self.last.update(values)
        return new

    def as_json(self):
        return {'id': self.request, 'struct': self.name, 'fields': [
            {key: field[key] for key in ('name', 'type', 'values')
             if field.get(key)} for field in self.fields]}


class Memory:
    """All blocks of a run, and the shapes of its requests."""

    def __init__(self, trace, deep, objects, objdump):
        self.blocks = []
        living = {}
        for simple in deep.simple:
            if simple.kind == 'allocate':
                living[simple.overlapped] = Block(simple)
                self.blocks.append(living[simple.overlapped])
            elif simple.kind == 'free' and simple.overlapped in living:
                living.pop(simple.overlapped).end = simple.begin
        self.shapes = {}  # by the address of the OVERLAPPED
        types = None
        for record in trace.records:
            if not record.request or record.overlapped in self.shapes:
                continue
            shape = Shape(record.request, record.overlapped)
            self.shapes[record.overlapped] = shape
            shape.block = self.block_of(record.overlapped)
            if shape.block is None:
                continue
            types = types or [dwarf.Types(path, objdump) for path in objects]
            inside = record.overlapped - shape.block.address
            for one in types:
                found = one.find_holder(shape.block.size, inside)
                if found:
                    shape.give(one, found[0], shape.block.address + found[1])
                    break

    def block_of(self, address):
        """Addresses are used again only after many allocations: so the last one
        is the right one."""
        return next((block for block in reversed(self.blocks)
                     if block.holds(address)), None)

    def shapes_in(self, address, length):
        return [shape for shape in self.shapes.values()
                if address <= shape.base < address + length]

    def in_block(self, address):
        block = self.block_of(address)
        return [shape for shape in self.shapes.values()
                if block is not None and shape.block is block]


def pointer_names(program, nm, shapes_values, image):
    """{value: name} of each value that is the address of a function."""
    lines = subprocess.run([nm, program], check=True, encoding='utf-8',
                           errors='replace', stdout=subprocess.PIPE).stdout
    names = {}
    for line in lines.splitlines():
        found = re.match(r'([0-9a-f]+) [tT] (\w+)$', line)
        if found:
            names[int(found[1], 16)] = found[2]
    values = {value: int(value, 16) - image + IMAGE_BASE
              for value in shapes_values}
    return {value: names[address] for value, address in values.items()
            if address in names}


# ---- The events ----

class Events:
    """Collects the events, each with the time and the number that decide its
    place."""

    def __init__(self, trace, places, deep):
        self.trace, self.places, self.deep = trace, places, deep
        own = self.program_threads()
        self.thread_of = {thread: number for number, thread in enumerate(
            thread for thread in trace.threads if thread in own)}
        self.found = []

    def program_threads(self):
        """Leaves out threads of the lab: no code of the program calls on them."""
        own = {record.thread for record in self.trace.records
               if record.kind in ('thread', 'callback') or
               record.address and record.kind != 'crash'}
        return own | {self.trace.threads[0]}

    def thread_names(self):
        return [self.trace.names[thread] for thread in self.thread_of]

    def stack_of(self, number):
        return self.places.stack(self.deep.stacks.get(number, []))

    def add(self, time, number, thread, kind, **more):
        event = {'t': round(time), 'thread': self.thread_of.get(thread, KERNEL),
                 'kind': kind}
        event.update((key, value) for key, value in more.items()
                     if value is not None)
        self.found.append((time, number, event))

    # -- Calls --

    def add_records(self):
        last_ex = {}  # by thread: the call that takes several packets
        took = {use.signalled: use for use in self.trace.uses
                if use.signalled and use.end is use.signalled}
        for record in self.trace.records:
            if record.kind in ('thread', 'exit', 'crash'):
                self.add_border(record)
            elif record.kind in ('packet', 'callback'):
                self.add_packet(record, last_ex.get(record.thread))
            elif not (record.kind == 'WriteFile' and record.what in PRINTS):
                self.add_call(record, took.get(record))
            if record.kind == recording.EX:
                last_ex[record.thread] = record

    def add_border(self, record):
        stack = self.stack_of(record.number)
        at = (record.begin, record.number, record.thread)
        if record.kind == 'exit':
            self.add(*at, 'exit')
        elif record.kind == 'crash':
            self.add(*at, 'crash', error=record.error, stack=stack)
        else:
            self.add(*at, 'begin', function=self.routine_of(record.thread))
            if record.returned:
                self.add(record.end, record.number, record.thread, 'end')

    def routine_of(self, thread):
        """The program's function in which the thread began."""
        for simple in self.deep.simple:
            if simple.kind == 'line' and simple.thread == thread:
                stack = self.stack_of(simple.number)
                if stack is not None:
                    return self.places.outermost(stack)
        return None

    def add_packet(self, record, call):
        """A packet of GetQueuedCompletionStatusEx, or a callback of a pool of the
        system. The callback is also the call."""
        stack = self.stack_of(record.number)
        at = (record.begin, record.number, record.thread)
        name = recording.EX
        if record.kind == 'callback' or call is None:
            name, call = record.kind, record
            self.add(*at, 'call', name=name, call=record.number, stack=stack)
        self.add(*at, 'return', name=name, call=call.number, stack=stack,
                 **self.completion(record))

    @staticmethod
    def completion(record):
        return {'ok': record.error == 0, 'error': record.error or None,
                'packet': True, 'request': record.request,
                'use': record.use.number if record.use else None,
                'bytes': record.bytes, 'key': record.offset}

    def add_call(self, record, took):
        stack = self.stack_of(record.number)
        about = {'what': record.what or None, 'request': record.request}
        if record.kind in recording.TAKES:
            about['request'] = None  # it is known when the packet comes
        if record.kind in recording.WITH_OFFSET:
            about.update(offset=record.offset, length=record.length)
        elif record.kind in recording.TRANSFERS:
            about.update(length=record.length)
        elif record.kind in recording.POSTS:
            about.update(bytes=record.bytes, key=record.offset)
        if record.starts():
            about['use'] = record.use.number
        if record.kind in recording.BINDS:
            about['made'] = record.made or None
        self.add(record.begin, record.number, record.thread, 'call',
                 name=record.kind, call=record.number,
                 waits=record.waits() or None, stack=stack, **about)
        if record.returned:
            self.add_return(record, took, stack)

    def add_return(self, record, took, stack):
        result = {'ok': bool(record.ok), 'error': record.error or None,
                  'made': record.made or None}
        use = record.use or took
        if record.takes():
            result.update(self.completion(record), ok=bool(record.ok))
        elif record.starts() and use.completed_in_call:
            result.update(use=use.number, completed=True)
        elif use is not None and use.end is record:
            result.update(use=use.number, took=True, request=use.request,
                          bytes=record.bytes
                          if record.kind in recording.RESULTS else None)
        elif record.kind in recording.TRANSFERS and not record.starts():
            result.update(bytes=record.bytes)
        self.add(record.end, record.number, record.thread, 'return',
                 name=record.kind, call=record.number, stack=stack, **result)

    # -- Deep mode --

    def add_simple(self, memory, port_names):
        for simple in self.deep.simple:
            stack = self.stack_of(simple.number)
            at = (self.trace.microseconds(simple.begin), simple.number,
                  simple.thread)
            if simple.kind == 'line':
                if stack is not None:
                    self.add(*at, 'line', stack=stack)
            elif simple.kind == 'depth':
                self.add(*at, 'depth', what=port_names(simple),
                         depth=simple.length)
            elif simple.kind == 'done':
                shape = memory.shapes.get(simple.overlapped)
                self.add(*at[:2], None, 'done', bytes=simple.bytes,
                         status=simple.error,
                         request=shape.request if shape else None)
            else:
                self.add_memory(at, simple, memory, stack)

    def add_memory(self, at, simple, memory, stack):
        """Only allocations that hold requests are events, and wrong frees."""
        again = simple.kind == 'free' and simple.length == NOT_LIVE or None
        shapes = memory.in_block(simple.overlapped)
        for shape in shapes:
            self.add(*at, simple.kind, request=shape.request, again=again,
                     stack=stack)
        if again and not shapes:
            self.add(*at, 'free', again=True, stack=stack)

    def add_finds(self, memory):
        texts = {}  # by stream: the last event, and where its text ends
        for find in self.deep.finds:
            at = (self.trace.microseconds(find.begin), find.number, find.thread)
            if find.what == OF_STREAM:
                self.add_text(at, find, texts)
            elif find.what == OF_BUFFER:
                shape = memory.shapes.get(find.of)
                if shape:
                    self.add(*at, 'buffer', request=shape.request,
                             hex=find.data.hex())
            else:
                for shape in memory.shapes_in(find.of, len(find.data)):
                    changed = shape.changed(find.data, find.of)
                    if changed:
                        self.add(*at, 'fields', request=shape.request,
                                 set=changed)

    def add_text(self, at, find, texts):
        """A long text is found in parts: they are one event."""
        text = find.data.decode('utf-8', 'replace').replace('\r\n', '\n')
        last = texts.get(find.of)
        if last and last[0] == find.number - 1 and last[1] == find.thread:
            last[2]['text'] += text
        else:
            self.add(*at, 'print', stream=STREAMS[find.of], text=text)
            last = [0, find.thread, self.found[-1][2]]
        last[0] = find.number + (find.total - 1) // PIECE
        texts[find.of] = last

    # -- All together --

    def in_order(self):
        self.found.sort(key=lambda found: found[:2])
        events = []
        for _, _, event in self.found:
            events += self.judged(event)
        return packed(without_repeats(events))

    def judged(self, event):
        """On stderr, the reports of the checker and of the explorer are findings, and
        what the lab says about itself is left out."""
        if event['kind'] != 'print' or event['stream'] != 'stderr':
            return [event]
        result, own = [], []
        for report in split_reports(event['text']):
            if report.startswith(NOTES):
                continue
            finding = FINDING.match(report)
            if not finding:
                own.append(report)
                continue
            text = self.places.locate(report[finding.end():].rstrip('\n'))
            rule = re.search(r'^ *rule: (.*)$', text, re.M)
            result.append({**event, 'kind': 'finding', 'text': text})
            if rule:
                result[-1]['rule'] = rule[1]
            if finding[1] != 'checker':
                result[-1]['by'] = finding[1]
            del result[-1]['stream']
        if own:
            result.insert(0, {**event, 'text': ''.join(own)})
        return result


def without_repeats(events):
    """Of the lines that a thread runs between two other events of its own, each one
    is kept once: where it ran last. Loops would fill the file."""
    kept = []
    ran = {}  # by thread: the stacks since its last other event, from the back
    for event in reversed(events):
        seen = ran.setdefault(event['thread'], set())
        if event['kind'] != 'line':
            seen.clear()
        elif event['stack'] in seen:
            continue
        else:
            seen.add(event['stack'])
        kept.append(event)
    return kept[::-1]


def packed(events):
    """Lines that follow each other directly, of one thread, are one event."""
    result = []
    for event in events:
        if event['kind'] != 'line':
            result.append(event)
        elif result and result[-1]['kind'] == 'lines' and \
                result[-1]['thread'] == event['thread']:
            result[-1]['stacks'].append(event['stack'])
        else:
            result.append({'t': event['t'], 'thread': event['thread'],
                           'kind': 'lines', 'stacks': [event['stack']]})
    return result


def split_reports(text):
    """The lines; those that begin with a space belong to the one before."""
    parts = []
    for line in text.splitlines(keepends=True):
        if parts and line.startswith('    ') and FINDING.match(parts[-1]):
            parts[-1] += line
        else:
            parts.append(line)
    return parts


def texts_of(deep):
    return b''.join(find.data for find in deep.finds
                    if find.what == OF_STREAM).decode('utf-8', 'replace')


# ---- The run ----

class Port:
    """Finds the name of a port by its handle and the time."""

    def __init__(self, trace):
        self.made = {}  # by handle: (time, name), in the order of time
        for record in trace.records:
            if record.kind == 'CreateIoCompletionPort' and record.ok and \
                    record.bytes:
                self.made.setdefault(record.other, []).append(
                    (record.begin, record.made))
        self.trace = trace

    def __call__(self, simple):
        ports = self.made.get(simple.handle)
        if not ports:
            return None
        time = self.trace.microseconds(simple.begin)
        return ports[max(0, bisect.bisect(ports, (time, '~')) - 1)][1]


def end_of(events, status):
    """How the run ended; and adds its last event, if the program did not."""
    kinds = {event['kind'] for event in events}
    hung = any(event['kind'] == 'finding' and event['text'].startswith(HUNG)
               for event in events)
    if 'crash' in kinds:
        return 'crash'
    if hung or status in (None, RECORDING_FULL):
        how = 'killed'
    else:
        how = 'exit'
    if how not in kinds:
        time = events[-1]['t'] if events else 0
        events.append({'t': time, 'thread': KERNEL if how == 'killed' else 0,
                       'kind': how})
    return how


def counts(events):
    """What the events say of the requests: starts, requests, and completions that
    the program took."""
    starts = [event for event in events
              if event['kind'] == 'call' and 'use' in event and
              'request' in event]
    back = [event for event in events
            if event['kind'] == 'return' and 'use' in event and
            (event.get('completed') or event.get('took') or
             event.get('packet')) and
            any(start['use'] == event['use'] for start in starts)]
    return {'starts': len(starts),
            'requests': len({event['request'] for event in starts}),
            'came_back': len(back)}


def cut(events, most):
    """The first events, at most so many bytes of them as JSON."""
    size = 0
    for number, event in enumerate(events):
        size += len(dumps(event)) + 2
        if size > most:
            return events[:number]
    return events


def dumps(value):
    return json.dumps(value, ensure_ascii=False, separators=(',', ':'))


def sha256(path):
    with open(path, 'rb') as file:
        return hashlib.sha256(file.read()).hexdigest()


def make_run(path, program, tools, objects, roots, status, most):
    """Returns what a page plays, without the facts that only the caller knows.

    path: the recording. program: the .exe. tools: {'addr2line', 'objdump', 'nm'}.
    objects: the program's object files, for its structures. roots: directories
    with the program's sources. status: the exit status, or None if the program
    was killed. most: bytes of the run as JSON.
    """
    trace = recording.load(path)
    deep = Deep(trace.deep)
    addresses = deep.addresses() | {
        int(found, 16) for found in ADDRESS.findall(texts_of(deep))}
    places = Places(program, tools['addr2line'], addresses, roots)
    memory = Memory(trace, deep, objects, tools['objdump'])
    events = Events(trace, places, deep)
    events.add_records()
    events.add_simple(memory, Port(trace))
    events.add_finds(memory)
    ordered = events.in_order()
    ended = end_of(ordered, status)
    run = {
        'format': FORMAT, 'ended': ended,
        'status': status if ended == 'exit' else None,
        'threads': events.thread_names(),
        'files': [{'path': path, 'sha256': sha256(os.path.join(TOP, path))}
                  for path in places.files],
        'functions': list(places.functions), 'places': list(places.places),
        'stacks': list(places.stacks),
        'requests': [shape.as_json() for shape in memory.shapes.values()]}
    values = {value for event in ordered if event['kind'] == 'fields'
              for value in event['set'].values()}
    run['pointers'] = pointer_names(program, tools['nm'], values, trace.image)
    kept = cut(ordered, most - len(dumps(run)) - HEAD)
    run['summary'] = {**counts(kept), 'lost': trace.lost,
                      'records': len(trace.records) + len(trace.deep)}
    run['events'] = kept
    if len(kept) < len(ordered):
        run['cut'] = f'after {len(kept):,} of {len(ordered):,} events'
    elif status == RECORDING_FULL:
        run['cut'] = f'after {len(kept):,} events'
    return run


def write(run, path):
    """Writes the run, one event a line."""
    events = run['events']
    head = dumps({key: value for key, value in run.items() if key != 'events'})
    with open(path, 'w', encoding='utf-8', newline='\n') as file:
        file.write(head[:-1] + ',"events":[\n')
        file.write(',\n'.join(dumps(event) for event in events))
        file.write('\n]}\n')
