"""A trace as text: for the terminal, and for Perfetto."""

import functools
import json

from recording import (APC_RAN, CONDITIONS, EX, OPENS,
                       PENDING, POSTS, QUEUES, RESULTS, TAKES,
                       TIMEOUT, TRANSFERS, WAITS_FOR_ONE, WAITS_FOR_SEVERAL,
                       WITH_OFFSET)

OVERLAPPED_FLAG = 0x40000000
TEXT = 58  # columns
NOT_FOLLOWED = 'from a call that is not followed'


def is_shown(record):
    """Leaves out what the program prints: it would be every second line."""
    return not (record.kind == 'WriteFile' and
                record.what in ('stdout', 'stderr'))


def count(number, thing):
    return f'{number} {thing}' if number == 1 else f'{number} {thing}s'


def request(record):
    return f'request {record.request}' if record.request else 'no request'


def outcome(record):
    """The result of a call."""
    if not record.returned:
        return 'has not returned'
    if record.ok:
        return 'queued' if record.kind in QUEUES and record.overlapped \
            else 'TRUE'
    return 'pending' if record.error == PENDING else f'error {record.error}'


def result_text(record):
    """What a packet, a callback or a GetOverlappedResult reports."""
    text = count(record.bytes, 'byte')
    return f'{text}, error {record.error}' if record.error else text


def packet(record):
    if record.use is None:
        what = f'packet of {request(record)}' if record.overlapped else \
            f'packet without request, key {record.offset}'
        brought = f', {result_text(record)}' if record.overlapped else ''
        return f'a {what}: {NOT_FOLLOWED}{brought}'
    if record.overlapped == 0:
        return f'a packet without request, key {record.offset}'
    return f'the packet of {request(record)}: {result_text(record)}'


def bind_text(record):
    """The binding of a file to a port, or to a pool of the system."""
    kind, what = record.kind, record.what
    to = record.made if kind == 'CreateIoCompletionPort' else \
        "the system's pool"
    new = kind == 'CreateIoCompletionPort' and record.bytes
    if not record.ok and record.returned:
        return f'{kind}: {"second " if record.again else ""}bind of {what} ' \
               f'to {"a new port" if new else to} fails: error {record.error}'
    text = f'{kind}: {to}, and binds {what} to it' if new else \
        f'{kind}: binds {what} to {to}'
    if kind == 'CreateThreadpoolIo' and record.made:
        text += f' as {record.made}'
    return text if record.returned else text + ', has not returned'


def begin_text(record):
    kind, what = record.kind, record.what
    if kind == 'thread':
        return f'starts in {record.function}'
    if kind == 'callback':
        stray = '' if record.use else f' ({NOT_FOLLOWED})'
        return f'{record.function or "a callback"} is called for ' \
               f'{request(record)}: {result_text(record)}{stray}'
    if kind in RESULTS:
        return f'waits in {kind} for {request(record)}'
    if len(record.handles) > 1:
        what = ('all of ' if record.offset else 'one of ') + what
    if record.looks():
        return f'looks at {what} in {kind}' if what else f'calls {kind}'
    if record.second:
        what += f', and signals {record.second}'
    return f'waits in {kind}' + (f' for {what}' if what else '')


def wait_result(record):
    """How a wait ended that takes no packet."""
    if not record.ok:
        return f'error {record.error}'
    if record.kind in CONDITIONS:
        return 'done'
    if record.bytes == TIMEOUT:
        return 'timeout'
    if record.bytes == APC_RAN:
        return 'an APC has run'
    return 'done'


def end_text(record):
    times = record.times()
    return ended_text(record) + (f', {times} times' if times > 1 else '')


def ended_text(record):
    kind = record.kind
    if kind == 'thread':
        return 'ends'
    if kind == 'callback':
        return f'the callback for {request(record)} returns'
    if not record.returned:
        return begin_text(record) + ', and has not returned'
    if record.takes():
        return f'takes {packet(record)}'
    if kind == EX and record.ok:
        return f'takes {count(record.bytes, "packet")}'
    if kind in RESULTS and record.ok:
        return f'{kind}: {request(record)} brought {result_text(record)}'
    if kind in RESULTS:
        return f'{kind}({request(record)}): error {record.error}'
    what = record.what
    if len(record.handles) > 1:
        got = [thing.name for thing in record.got()]
        what = ', '.join(got) if len(got) == 1 else 'all' if got else what
    return f'{kind}({what}): {wait_result(record)}' if kind != 'SleepEx' \
        else f'{kind}: {wait_result(record)}'


def transfer_text(record):
    kind, what = record.kind, record.what
    if kind in WITH_OFFSET and record.overlapped:
        about = f'{what}, {record.length} at {record.offset}'
    elif kind == 'DeviceIoControl':
        about = f'{what}, code {record.offset:#x}'
    elif kind == 'ConnectNamedPipe':
        about = what
    else:
        about = f'{what}, {record.length}'
    if record.overlapped:
        return f'{kind}({about}) as {request(record)}: {outcome(record)}'
    brings = record.ok and kind not in ('ConnectNamedPipe', 'LockFileEx')
    return f'{kind}({about}): ' + (
        result_text(record) if brings else outcome(record))


def call_text(record):
    """The line of a call that does not wait."""
    kind, what = record.kind, record.what
    failed = '' if record.ok else f': {outcome(record)}'
    if kind in TRANSFERS:
        return transfer_text(record)
    if kind in RESULTS:
        return end_text(record)
    if kind in POSTS:
        sent = request(record) if record.overlapped else f'key {record.offset}'
        by = '' if kind.startswith('Post') else f' by {kind}'
        return f'posts {sent} to {what}{by}: ' \
               f'{count(record.bytes, "byte")}{failed}'
    if kind == 'packet':
        return f'one of them is {packet(record)}'
    if kind in ('BindIoCompletionCallback', 'CreateThreadpoolIo') or (
            kind == 'CreateIoCompletionPort' and what):
        return bind_text(record)
    if kind in OPENS:
        how = ', overlapped' if record.length & OVERLAPPED_FLAG else ''
        return f'{kind}: {record.made}{how}' if record.ok else kind + failed
    if kind == '_open_osfhandle':
        return f'{kind}: the C library owns {what}{failed}' if record.ok \
            else f'{kind}({what}){failed}'
    if kind == 'crash':
        return f'CRASHES: exception 0x{record.error:08X}'
    if kind == 'TerminateProcess':
        return f'{kind}, status {record.length}'
    if kind == 'exit':
        return 'the program exits'
    if record.made:
        what = record.made
        return f'{kind}: {what}{failed}'
    about = ', '.join(filter(None, [what, request(record)
                                    if record.overlapped else '']))
    return f'{kind}({about}){failed}'


def source(record):
    place = record.place()
    return f'{place} {record.function}' if place else ''


def timeline(trace, folded=False):
    """A line for each call; two for a call that waits, if another line comes in
    between. If it is folded, one line for all that repeats."""
    lines = []
    begin_lines = {}  # the number of the line about the begin, by record
    last = None       # the fold that has got its line

    def add(point, text):
        record = point.record
        lines.append(f'{point.time / 1000:9.3f}  '
                     f'{trace.names[record.thread]:9}  '
                     f'{text:{TEXT}}  {source(record)}'.rstrip())
        return len(lines) - 1

    for point in trace.points:
        record = point.record
        if not is_shown(record):
            continue
        if folded and point.fold:
            if point.fold is not last:
                last = point.fold
                lines.append(f'      ...  {fold_text(last)}')
            continue
        has_two_lines = record.kind in ('thread', 'callback') or record.waits()
        if not has_two_lines:
            add(point, call_text(record))
        elif point.ends:
            if record.waits() and begin_lines.get(record) == len(lines) - 1:
                lines.pop()  # nothing came in between: one line is enough
            add(point, end_text(record))
        elif record.waits() and not record.returned:
            add(point, end_text(record))
        else:
            begin_lines[record] = add(point, begin_text(record))
    return lines


def fold_text(fold):
    return f'{fold.count()} more like this'


def shortened(lines, most=240, tail=40):
    if len(lines) <= most:
        return lines
    return lines[:most - tail] + [
        f'      ...  {len(lines) - most} more lines'] + lines[-tail:]


def first_few(lines, most=5):
    yield from lines[:most]
    if len(lines) > most:
        yield f'... and {len(lines) - most} more'


def summary(trace):
    """Lines about the whole trace."""
    requests = [use for use in trace.uses if use.request]
    taken = sum(1 for use in requests if use.end)
    if requests:
        yield f'{count(len(requests), "start")} of ' \
              f'{count(len({use.request for use in requests}), "request")}, ' \
              f'{count(taken, "completion")} taken'
    yield from first_few([
        f'request {use.request}: its completion was never taken by a call that '
        f'is followed; started by {trace.names[use.start.thread]}, '
        f'{use.start.place()}'
        for use in requests if not use.end and not use.again])
    unseen = sum(1 for use in requests if not use.end and use.again)
    if unseen:
        yield f'{count(unseen, "completion")} not seen: the program used the ' \
              'request again'
    yield from first_few([
        f'{trace.names[record.thread]} took {packet(record)}'
        for record in trace.stray if record.overlapped])
    kinds = {record.kind for record in trace.records}
    if not kinds & {'exit', 'crash', 'TerminateProcess'}:
        yield 'the program was killed, or still runs'
    hidden = sum(not is_shown(record) for record in trace.records)
    if hidden:
        yield f'{count(hidden, "write")} to stdout or stderr: see the .json'
    if trace.lost:
        yield f'{count(trace.lost, "record")} did not fit: set TRACE_RECORDS ' \
              'to a larger number'


# ---- Chrome's Trace Event Format ---------------------------------------------


def arguments(record):
    values = {'handle': record.what, 'made': record.made,
              'request': record.request, 'line': record.line and
              f'{record.file}:{record.line}', 'function': record.function}
    if record.kind in TRANSFERS:
        values['length'] = record.length
        if record.overlapped and record.kind in WITH_OFFSET:
            values['offset'] = record.offset
    if record.kind == 'exit' or not record.returned:
        values['outcome'] = 'has not returned' if not record.returned else ''
    elif record.kind not in ('thread', 'callback'):
        values['outcome'] = outcome(record)
    if record.times() > 1:
        values['times'] = record.times()
    shown = {key: value for key, value in values.items() if value}
    if 'offset' in values:
        shown['offset'] = record.offset
    if record.takes() or record.kind in RESULTS or record.kind == 'callback':
        shown['bytes'], shown['error'] = record.bytes, record.error
    return shown


def callbacks(trace):
    """(thread, begin, end, records): from each packet until its thread asks for
    the next one, or ends. Only for threads that take packets from a port
    themselves."""
    last = max((max(r.begin, r.end) for r in trace.records), default=0)
    running = {}
    for time, ends, record in trace.times:
        thread = record.thread
        asks_next = not ends and record.kind in TAKES
        thread_ends = ends and record.kind == 'thread'
        if (asks_next or thread_ends) and thread in running:
            begin, records = running.pop(thread)
            yield thread, begin, time, records
        takes_now = record.takes() and (
            not ends if record.kind == 'packet' else ends)
        if takes_now and record.request and not trace.is_main(record) and \
                record.use and record.use.end is record:
            running.setdefault(thread, (time, []))[1].append(record)
    for thread, (begin, records) in running.items():
        yield thread, begin, last, records


@functools.lru_cache(None)
def quoted(text):
    """As JSON. The same texts come again and again."""
    return json.dumps(text)


def object_of(values):
    """A JSON object of texts and integers."""
    return '{' + ', '.join([
        f'{quoted(key)}: {quoted(value) if isinstance(value, str) else value}'
        for key, value in values.items()]) + '}'


class Events:
    """Makes the events, each as (time, -duration, JSON): so they can be sorted. With
    a hundred thousand events, json.dumps of each would take most of the time."""

    def __init__(self, trace):
        self.trace = trace
        self.last = max((max(r.begin, r.end) for r in trace.records), default=0)
        self.numbers = {thread: i for i, thread in enumerate(trace.threads)}
        self.details = {}  # of the starts of requests

    def event(self, phase, time, record, name, more, duration=0):
        return round(time, 3), -duration, (
            f'{{"ph": "{phase}", "ts": {time:.3f}, "pid": 1, '
            f'"tid": {self.numbers[record.thread]}, "name": {quoted(name)}, '
            f'{more}}}')

    def slice(self, record, begin, end, name, details, category='call'):
        duration = max(0, end - begin)
        return self.event('X', begin, record, name,
                          f'"cat": "{category}", "dur": {duration:.3f}, '
                          f'"args": {details}', duration)

    def calls(self):
        for record in self.trace.records:
            details = object_of(arguments(record))
            if record.use and record.use.start is record:
                self.details[record] = details
            yield self.slice(record, record.begin,
                             record.end if record.returned else self.last,
                             record.kind, details)

    def callbacks(self):
        for _, begin, end, records in callbacks(self.trace):
            of = ', '.join(str(record.request) for record in records)
            yield self.slice(records[0], begin, end, f'callback of request {of}',
                             '{}', 'callback')

    @staticmethod
    def taken(use):
        """When its completion was taken."""
        end = use.end
        return end.begin if end.kind in ('packet', 'callback') else end.end

    def flows(self, use):
        """An arrow from the start to the completion."""
        start, end = use.start, use.end
        what = f'request {use.request}' if use.request else 'packet'
        time = self.taken(use)
        if end.kind in RESULTS | WAITS_FOR_ONE | WAITS_FOR_SEVERAL or \
                self.trace.is_main(end) or not use.request:
            time = max(end.begin, time - 0.05)  # inside the call's slice
        flow = f'"cat": "request", "id": {use.number}'
        yield self.event('s', start.begin, start, what, flow)
        yield self.event('f', time, end, what, '"bp": "e", ' + flow)

    def flight(self, use):
        start = use.start
        what = f'request {use.request} in flight'
        flight = f'"cat": "in flight", "id": {use.number}'
        yield self.event('b', start.begin, start, what,
                         f'{flight}, "args": {self.details[start]}')
        yield self.event('e', self.taken(use), start, what, flight)

    def all(self):
        yield from self.calls()
        yield from self.callbacks()
        for use in self.trace.uses:
            if use.end is not None and not use.completed_in_call:
                yield from self.flows(use)
                if use.request:
                    yield from self.flight(use)


def write_events(trace, name, file):
    """One event on each line, in the order of time."""
    meta = [{'ph': 'M', 'pid': 1, 'tid': 0, 'name': 'process_name',
             'args': {'name': name}}]
    for number, thread in enumerate(trace.threads):
        for key, value in (('name', trace.names[thread]),
                           ('sort_index', number)):
            meta.append({'ph': 'M', 'pid': 1, 'tid': number,
                         'name': f'thread_{key}',
                         'args': {'name' if key == 'name' else key: value}})
    file.write('{"displayTimeUnit": "ns", "otherData": ')
    json.dump({'lost': trace.lost, 'requests': trace.requests}, file)
    file.write(',\n"traceEvents": [\n')
    file.write(',\n'.join(json.dumps(event) for event in meta))
    for *_, event in sorted(Events(trace).all()):
        file.write(',\n' + event)
    file.write('\n]}\n')
