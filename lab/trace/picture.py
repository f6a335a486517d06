"""A trace as a picture: an SVG for a page.

Each thread has a lane, and the kernel and the port have one together. Time goes
down, but by rows and not by the clock. The rows are in the order of time, so
nothing is above its cause, also if the trace does not know the cause. Where the
trace knows it, the effect is below it. Otherwise points of different lanes that
follow each other share a row.
"""

from xml.sax.saxutils import escape, quoteattr

from recording import (APC_RAN, OPENS, PENDING, POSTS, PROCESSES, RESULTS,
                       STARTS_THREAD, TAKES, TIMEOUT, TRANSFERS, WITH_OFFSET,
                       causes)
from report import (call_text, count, end_text, fold_text, is_shown,
                    result_text)

ROW, TOP, MARGIN, GAP = 24, 104, 20, 18
CHARACTER = 6.2  # the width of a character, roughly
FOLD_ABOVE, FOLD_BELOW = 17, 4  # the edges of a fold, from the middle of its row
LOWEST = 14  # a lower box has no text
SLOT, OWNER, NARROW = 76, 84, 26
MOST_OWNERS = 24
MOST_POINTS = 400  # a larger picture could not be read

STYLE = '''
  .page { fill: #ffffff } .band { fill: #f3f5f8 }
  text { font: 12px system-ui, "Segoe UI", "Noto Sans", "DejaVu Sans", sans-serif;
         fill: #1c2733 }
  .title { font-size: 17px; font-weight: 600 } .head { font-weight: 600 }
  .note, .idle { fill: #5a6775 } .idle { font-style: italic }
  .in { fill: #10202f; font-size: 11px }
  .line { stroke: #aab4bf; stroke-width: 1.5; fill: none }
  .wait { stroke: #8b97a4; stroke-width: 1.5; stroke-dasharray: 3 4; fill: none }
  .wake { stroke: #8b97a4; stroke-width: 1.2; fill: none } .wake-head { fill: #8b97a4 }
  .edge { stroke: #8b97a4; stroke-dasharray: 7 5; fill: none }
  .arrow { stroke: #9a5b00; stroke-width: 1.6; fill: none } .head-of { fill: #9a5b00 }
  .program { fill: #9cc4f5; stroke: #2a6fc0 } .kernel { fill: #fbcf7f; stroke: #b87400 }
  .callback { fill: #9fdcb0; stroke: #248a45 } .port { fill: #d6c8f4; stroke: #7a54c4 }
  .lost { fill: #f6b3b3; stroke: #c02626 }
  .unknown { fill: none; stroke: #8b97a4; stroke-dasharray: 3 4 }
  .bad { fill: #b01818; font-weight: 600 }
  @media (prefers-color-scheme: dark) {
    .page { fill: #14181d } .band { fill: #1c2229 } text { fill: #e4eaf0 }
    .note, .idle { fill: #9aa7b4 } .in { fill: #f2f6fa }
    .line { stroke: #4d5965 } .wait, .wake { stroke: #76828f }
    .wake-head { fill: #76828f }
    .arrow { stroke: #e8a33d } .head-of { fill: #e8a33d }
    .program { fill: #1f4f86; stroke: #6aa9f0 }
    .kernel { fill: #7a5210; stroke: #efb04a }
    .callback { fill: #1d5e35; stroke: #58c67d }
    .port { fill: #4a3a78; stroke: #ab8df0 }
    .lost { fill: #7c2020; stroke: #f07878 } .bad { fill: #ff8a8a }
  }
'''


OWNER_WORDS = {'lost': 'not taken'}
LEGEND = (('program', 'the program runs, or owns it'),
          ('kernel', 'in flight: the kernel owns it'),
          ('port', 'a packet posted by hand'),
          ('callback', 'a callback runs, or owns it'),
          ('wait', 'waits'), ('wake', 'starts or wakes a thread'))


def is_drawn(record):
    if record.kind == 'CloseHandle' and record.ok:
        return record.thing().kind not in ('event', 'thread', 'process')
    return is_shown(record) and (not record.ok or record.kind not in (
        'CreateEventW', 'CreateEventA', 'SetFileCompletionNotificationModes'))


def taken_label(record):
    """A packet, or the completion that a callback reports."""
    stray = '' if record.use else ', not followed'
    if not record.overlapped:
        return f'packet, key {record.offset}{stray}'
    return f'request {record.request}{stray}: ' + (
        result_text(record) if not record.error or record.bytes
        else f'error {record.error}')


def wait_label(record):
    what = record.what
    if len(record.handles) > 1:
        what = f'{len(record.handles)} handles'
        if not record.offset:
            what = f'one of {what}'
    if record.looks():
        return f'looks at {what}' if what else record.kind
    return f'waits for {what}' if record.kind not in TAKES and what else 'waits'


def continues_label(record):
    """The return of a wait that takes no packet."""
    if record.kind in RESULTS:
        return f'request {record.request}: ' + (
            result_text(record) if record.ok else f'error {record.error}')
    if not record.ok:
        return f'error {record.error}'
    if record.kind in TAKES:
        return count(record.bytes, 'packet')
    if record.bytes == TIMEOUT:
        return 'timeout'
    if record.bytes == APC_RAN:
        return 'an APC has run'
    got = record.got()
    if len(got) != 1:
        return 'continues'
    ended = got[0].kind in ('thread', 'process')
    return f'{got[0].name} ' + (
        'has ended' if ended else
        'is set' if got[0].kind == 'event' else 'is signalled')


def bind_label(record):
    what = f'binds {record.what}'
    if not record.handles:
        return f'makes {record.made or "a port"}'
    if record.again and not record.ok:
        return f'second bind of {record.what}'
    if record.kind == 'CreateIoCompletionPort' and record.bytes and record.ok:
        return f'makes {record.made}, {what}'
    return what


def call_label(record):
    kind, what = record.kind, record.what
    if kind in TRANSFERS:
        if kind in ('ConnectNamedPipe', 'DeviceIoControl'):
            return kind
        at = f' at {record.offset}' if kind in WITH_OFFSET and \
            record.overlapped else ''
        return f'{kind} {record.length}{at}'
    if kind in POSTS:
        return f'posts request {record.request}' if record.overlapped else \
            f'posts key {record.offset}'
    if kind in OPENS:
        return f'opens {record.made}'
    if kind in STARTS_THREAD or kind in PROCESSES:
        return f'starts {record.made}'
    if kind in ('CreateIoCompletionPort', 'BindIoCompletionCallback',
                'CreateThreadpoolIo'):
        return bind_label(record)
    words = {'CloseHandle': 'closes ' + what, 'exit': 'ends',
             'crash': 'CRASHES', 'SetEvent': 'sets ' + what,
             'ResetEvent': 'resets ' + what, 'DuplicateHandle': 'copies ' + what,
             '_open_osfhandle': f'gives {what} to C',
             'CancelIoEx': f'cancels request {record.request}'
             if record.overlapped else 'cancels all of ' + what}
    return words.get(kind, kind)


def label(record, ends):
    """A few words for a row of a lane."""
    if record.kind == 'thread':
        return 'ends' if ends else 'begins'
    if record.kind == 'callback':
        return 'returns' if ends else taken_label(record)
    if record.takes() and (ends or record.kind == 'packet'):
        return taken_label(record)
    if record.waits() and not ends:
        return wait_label(record)
    if record.waits() or record.kind in RESULTS:
        times = record.times()
        return continues_label(record) + (f', {times} times' if times > 1 else '')
    failed = '' if record.ok or record.error == PENDING or \
        not record.returned else f': error {record.error}'
    return call_label(record) + failed


class Node:
    """A row of a lane: the begin or the end of a record, or both."""

    def __init__(self, record, ends, row, fold):
        self.record, self.ends, self.row = record, ends, row
        self.fold = fold  # it is in the row of this fold, and not shown
        self.state = ''   # of the thread, from this row on

    def text(self):
        return label(self.record, self.ends)

    def is_idle(self):
        record = self.record
        return record.kind in ('thread', 'exit') or record.waits() and not (
            self.ends and (record.takes() or record.kind in RESULTS))


class Layout:
    """Finds the row of each point."""

    def __init__(self, trace):
        self.trace = trace
        self.causes = causes(trace)
        self.lanes = {thread: [] for thread in trace.threads}
        self.states = {}  # of the threads
        self.rows = {}   # by (is an end, record)
        self.folds = []  # (row, fold)
        self.times = []  # (time, row) of each point
        self.row = 0     # the last one in use
        self.left_out = 0
        shown = 0
        for point in trace.points:
            if not is_drawn(point.record):
                continue
            shown += not point.fold
            if shown > MOST_POINTS:
                self.left_out += not point.ends
            elif point.fold:
                self.hide(point)
            else:
                self.place(point)

    def hide(self, point):
        """A fold has one row. A lane has only the last of its points there."""
        if not self.folds or self.folds[-1][1] is not point.fold:
            self.row += bool(self.rows)
            self.folds.append((self.row, point.fold))
        lane = self.lanes[point.record.thread]
        if lane and lane[-1].fold is point.fold:
            lane.pop()
        self.add(point)

    def place(self, point):
        record, ends = point.record, point.ends
        lane = self.lanes[record.thread]
        above = [self.rows[cause] for cause in
                 self.causes.get((ends, record), ()) if cause in self.rows]
        if self.folds:
            above.append(self.folds[-1][0])
        joins = ends and record.waits() and lane and \
            lane[-1].record is record and lane[-1].row == self.row and \
            not lane[-1].fold and self.row not in above
        if joins:  # begin and end share a row
            lane[-1].ends = True
            lane[-1].state = self.next_state(point)
            self.rows[ends, record] = self.row
            self.times.append((point.time, self.row))
            return
        if lane:
            above.append(lane[-1].row)
        self.row = max([self.row, *(row + 1 for row in above)])
        self.add(point)

    def add(self, point):
        self.rows[point.ends, point.record] = self.row
        self.times.append((point.time, self.row))
        node = Node(point.record, point.ends, self.row, point.fold)
        node.state = self.next_state(point)
        self.lanes[point.record.thread].append(node)

    def next_state(self, point):
        """Of the point's thread: it waits, runs, or runs a callback."""
        record = point.record
        state = self.states.get(record.thread, 'run')
        if record.waits() and not point.ends and not record.looks():
            state = 'wait'
        elif record.kind == 'callback':
            state = 'wait' if point.ends else 'callback'
        elif record.takes() and record.request and \
                not self.trace.is_main(record):
            state = 'callback'
        elif state == 'wait' or record.takes():
            state = 'run'
        self.states[record.thread] = state
        return state

    def count(self):
        return self.row + 1

    def start_of(self, use):
        return self.rows.get((False, use.start))

    def end_of(self, use):
        """None: its completion was not taken."""
        if use.end is None and use.again:
            return self.rows.get((False, use.again))
        return self.rows.get(use.end_point())

    def is_hidden(self, row):
        return any(row == at for at, _ in self.folds)

    def row_before(self, time):
        """The row of the last point that is not after this time."""
        return max((row for at, row in self.times if at <= time), default=0)

    def done_row(self, use):
        """The row after which the kernel completed this I/O. None: not recorded."""
        end = use.end_point()
        last = float('inf')
        if end:
            last = end[1].end if end[0] else end[1].begin
        return next((self.row_before(time) for time, overlapped in self.trace.done
                     if overlapped == use.start.overlapped and
                     use.start.begin < time < last), None)


class Picture:
    def __init__(self, trace, name, verdict=''):
        self.trace, self.name, self.verdict = trace, name, verdict
        self.layout = Layout(trace)
        self.out = []
        self.bottom = TOP + self.layout.count() * ROW
        self.flights = self.find_flights()
        self.place_lanes()

    def y(self, row):
        return TOP + ROW // 2 + row * ROW

    def span(self, first, last, more=0):
        """Top and bottom of a box from row to row, `more` higher at both ends. It
        ends at the edge of a fold."""
        top, bottom = self.y(first) - more, self.y(last) + more
        if self.layout.is_hidden(first):
            top = self.y(first) + FOLD_BELOW
        if self.layout.is_hidden(last):
            bottom = self.y(last) - FOLD_ABOVE
        return top, bottom

    # ---- Where everything goes ----

    def find_flights(self):
        """(use, first row, last row or None, slot) for each packet."""
        flights, free = [], []  # free: for each slot, the last row in use
        for use in self.trace.uses:
            first, last = self.layout.start_of(use), self.layout.end_of(use)
            if first is None or use.completed_in_call or first == last:
                continue  # first == last: both are in one fold
            flights.append([use, first, last, 0])
        flights.sort(key=lambda flight: (flight[1], flight[0].number))
        for flight in flights:
            _, first, last, _ = flight
            hidden = self.layout.is_hidden(first)
            slot = next((i for i, row in enumerate(free)
                         if row < first or row == first and hidden), len(free))
            free[slot:slot + 1] = [self.layout.count() if last is None else last]
            flight[3] = slot
        self.slots = max(1, len(free))
        return flights

    def place_lanes(self):
        self.x = {}
        x = MARGIN
        self.slot = SLOT if self.slots <= 4 else NARROW
        for number, thread in enumerate(self.trace.threads):
            widest = max((len(node.text()) for node in
                          self.layout.lanes[thread] if not node.fold),
                         default=0)
            width = max(80, 34 + widest * CHARACTER)
            self.x[thread] = (x, width)
            x += width + GAP
            if number == 0:
                self.kernel = (x, max(120, self.slots * (self.slot + 4) + 12))
                x += self.kernel[1] + GAP
        requests = sorted({use.request for use, *_ in self.flights
                           if use.request})
        self.owners_left_out = len(requests[MOST_OWNERS:])
        requests = requests[:MOST_OWNERS]
        self.owner = OWNER if len(requests) <= 6 else NARROW
        self.owners_x = x
        self.owners = {request: x + i * (self.owner + 6)
                       for i, request in enumerate(requests)}
        x += max(len(requests) * (self.owner + 6),
                 190 if requests else 0)
        self.width = int(max(x, 960) + MARGIN - 6)
        self.height = self.bottom + 66 + ROW * (
            (self.width < 1100) + bool(self.layout.left_out))

    def bar_x(self, thread):
        return self.x[thread][0] + 12

    # ---- Pieces ----

    def add(self, text):
        self.out.append(text)

    def text(self, x, y, text, style='', anchor=''):
        style = f' class="{style}"' if style else ''
        anchor = f' text-anchor="{anchor}"' if anchor else ''
        self.add(f'<text x="{x:g}" y="{y:g}"{style}{anchor}>'
                 f'{escape(text)}</text>')

    def box(self, x, y, width, height, style, radius=3):
        self.add(f'<rect x="{x:g}" y="{y:g}" width="{width:g}" '
                 f'height="{height:g}" rx="{radius}" class="{style}"/>')

    def path(self, points, style):
        self.add(f'<path d="M{points}" class="{style}"/>')

    def arrow(self, x1, x2, y, style='arrow', head='head-of'):
        back = -7 if x2 > x1 else 7
        self.path(f'{x1:g} {y}H{x2 + back:g}', style)
        self.add(f'<path d="M{x2:g} {y}l{back} -4v8z" class="{head}"/>')

    def group(self, style, name, role='graphics-object'):
        self.add(f'<g class="{style}" role="{role}" '
                 f'aria-label={quoteattr(name)}>')
        self.add(f'<title>{escape(name)}</title>')

    # ---- Parts ----

    def head(self):
        self.add(f'<rect width="{self.width}" height="{self.height}" '
                 'class="page"/>')
        self.text(MARGIN, 34, f'{self.name}: what each thread does, and who '
                  'owns each request', 'title')
        self.text(MARGIN, 54, 'Read from top to bottom: a lower row is later. The '
                  'distance between two rows is not a time.', 'note')
        x, width = self.kernel
        self.box(x, TOP - 28, width, self.bottom - TOP + 40, 'band', 6)
        if self.owners:
            more = f' ({self.owners_left_out} requests are not shown)' \
                if self.owners_left_out else ''
            self.text(self.owners_x, TOP - 28,
                      'owner of request and buffer' + more, 'note')

    def states(self, nodes):
        """(state, first row, last row) of a thread."""
        state, since = None, 0
        for node in nodes:
            if state is None:
                since = node.row
            elif node.state != state or \
                    node.state == 'callback' and node.record.takes():
                yield state, since, node.row
                since = node.row
            state = node.state
        if state is not None:
            last = nodes[-1]
            ended = last.record.kind in ('thread', 'exit') and (
                last.ends or last.record.kind == 'exit')
            yield state, since, last.row if ended else self.layout.count()

    def lane(self, thread):
        x, name = self.bar_x(thread), self.trace.names[thread]
        nodes = self.layout.lanes[thread]
        self.group('lane', name)
        self.text(x - 6, TOP - 10, name, 'head')
        for state, first, last in self.states(nodes):
            if first == last and self.layout.is_hidden(first):
                continue
            top, bottom = self.y(first), self.y(last)
            if state == 'wait':
                self.path(f'{x:g} {top}V{bottom}', 'wait')
            elif state == 'run':
                self.box(x - 2.5, top - 5, 5, bottom - top + 10, 'program', 2)
            else:
                self.box(x - 5.5, top - 5, 11, max(bottom - top - 2, 10),
                         'callback')
        for node in nodes:
            if not node.fold:
                self.row_label(node, x)
        self.add('</g>')

    def row_label(self, node, x):
        record = node.record
        text = node.text()
        bad = record.kind == 'crash' or ': error' in text and \
            'error 38' not in text and 'error 109' not in text
        if record.waits() and node.ends:
            title = end_text(record)
        elif record.kind in ('thread', 'callback') or record.waits():
            title = text
        else:
            title = call_text(record)
        place = record.place()
        self.add(f'<g><title>{escape(title)}'
                 f'{escape(f" ({place})") if place else ""}</title>')
        self.text(x + 12, self.y(node.row) - 4, text,
                  'bad' if bad else 'idle' if node.is_idle() else '')
        self.add('</g>')

    def flight_arrows(self):
        for use, first, last, slot in self.flights:
            left = self.kernel[0] + 8 + slot * (self.slot + 4)
            if not self.layout.is_hidden(first):
                self.into(self.bar_x(use.start.thread), left, self.y(first),
                          True)
            if last is not None and use.end and not self.layout.is_hidden(last):
                self.into(self.bar_x(use.end.thread), left, self.y(last), False)

    def into(self, lane, left, y, to_kernel):
        right = left + self.slot
        side = left if lane < left else right
        lane += 6 if lane < left else -6
        self.arrow(lane, side, y) if to_kernel else self.arrow(side, lane, y)

    def kernel_lane(self):
        x, width = self.kernel
        self.group('lane-kernel', 'kernel and port')
        self.text(x + width / 2, TOP - 10, 'kernel and port', 'head', 'middle')
        for use, first, last, slot in self.flights:
            left = x + 8 + slot * (self.slot + 4)
            by_hand = use.start.kind in POSTS
            lost = last is None and not self.layout.left_out
            top, end = self.span(first, first if last is None else last, 6)
            if last is None:
                end = self.bottom
            what = f'request {use.request}' if use.request else 'packet'
            how = 'posted by hand' if by_hand else call_label(use.start)
            self.group('flight', f'{what}: {how}' + (
                ', its completion was never taken by a call that is followed'
                if lost else ''),
                'graphics-symbol')
            self.box(left, top, self.slot, end - top,
                     'lost' if lost else 'port' if by_hand else 'kernel')
            self.packet(use, last, left, end)
            if end - top < LOWEST:
                pass
            elif self.slot == SLOT:
                self.text(left + SLOT / 2, (top + end) / 2 + 4, what, 'in',
                          'middle')
            else:
                self.text(left + NARROW / 2, (top + end) / 2 + 4,
                          str(use.request or ''), 'in', 'middle')
            self.add('</g>')
        self.add('</g>')

    def packet(self, use, last, left, end):
        """From the completion on, the packet is in the port."""
        done = self.layout.done_row(use)
        if done is None or last is None or self.layout.is_hidden(last):
            return
        top = min(self.y(done) + ROW // 2, end - 8)
        self.box(left, top, self.slot, end - top, 'port')

    def wake_arrows(self):
        """Draws an arrow to each thread that was started, and to each that was
        woken by an event."""
        layout = self.layout
        for effect, found in layout.causes.items():
            ends, record = effect
            for cause in found:
                source = cause[1]
                if source.starts() or cause[0] or source.thread == record.thread \
                        or ends and source.begin < record.begin:
                    continue
                first, last = layout.rows.get(cause), layout.rows.get(effect)
                if None in (first, last) or layout.is_hidden(first) or \
                        layout.is_hidden(last):
                    continue
                self.wake(self.bar_x(source.thread), self.bar_x(record.thread),
                          self.y(first), self.y(last) - 6)

    def wake(self, x1, x2, y1, y2):
        x1 += 4 if x2 > x1 else -4
        self.path(f'{x1:g} {y1}H{x2:g}V{y2 - 6}', 'wake')
        self.add(f'<path d="M{x2:g} {y2}l-3.5 -7h7z" class="wake-head"/>')

    # ---- Who owns each request ----

    def owned(self, request):
        """(owner, first row, last row) of a request, in the order of rows."""
        flights = [flight for flight in self.flights if
                   flight[0].request == request]
        strays = [row for row in (
            self.layout.rows.get((record.waits(), record))
            for record in self.trace.stray if record.request == request)
            if row is not None]
        last_row = self.layout.count()
        at = flights[0][1]
        if not self.layout.is_hidden(at):
            at = max(0, at - 1)
        for i, (use, first, last, _) in enumerate(flights):
            yield from self.between(at, first, strays)
            if last is None:
                lost = not self.layout.left_out
                yield 'lost' if lost else 'kernel', first, last_row
                return
            yield 'port' if use.start.kind in POSTS else 'kernel', first, last
            at = last
            if self.layout.is_hidden(last) or use.end is None:
                continue
            after = flights[i + 1][1] if i + 1 < len(flights) else last_row
            at = max(min(self.holds_until(use.end, last), after), last + 1)
            pool = use.end.kind == 'callback' or not self.trace.is_main(use.end) \
                and use.end.kind in TAKES | {'packet'}
            yield 'callback' if pool else 'program', last, at
        yield from self.between(at, max(strays, default=at), strays)

    @staticmethod
    def between(at, first, strays):
        """Between two uses the program owns a request, unless a call that is not
        followed has used it."""
        unknown = max((row for row in strays if at < row <= first), default=at)
        if at < unknown:
            yield 'unknown', at, unknown
        if unknown < first:
            yield 'program', unknown, first

    def merged(self, request):
        """The same, with one part for the same owner."""
        parts = []
        for owner, first, last in self.owned(request):
            if parts and parts[-1][0] == owner == 'program' and \
                    parts[-1][2] == first:
                parts[-1][2] = last
            else:
                parts.append([owner, first, last])
        return parts

    def holds_until(self, record, row):
        """The row in which the thread that has taken it asks for the next one,
        or ends."""
        for node in self.layout.lanes[record.thread]:
            if node.row > row and (node.record.kind in TAKES or
                                   node.record is record or
                                   node.record.kind == 'thread'):
                return node.row
        return row + 1

    def owner_column(self, request):
        x = self.owners[request]
        wide = self.owner == OWNER
        self.group('owner', f'owners of request {request}')
        self.text(x + self.owner / 2, TOP - 10,
                  f'request {request}' if wide else str(request), 'head',
                  'middle')
        for owner, first, last in self.merged(request):
            top, bottom = self.span(first, last)
            if bottom <= top:
                continue
            self.box(x, top, self.owner, bottom - top, owner, 2)
            word = OWNER_WORDS.get(owner, owner)
            if not wide:
                word = word[0] if word != 'unknown' else '?'
            if bottom - top < LOWEST:
                continue
            self.text(x + self.owner / 2, (top + bottom) / 2 + 4, word, 'in',
                      'middle')
        self.add('</g>')

    def fold_rows(self):
        for row, fold in self.layout.folds:
            top, bottom = self.y(row) - FOLD_ABOVE, self.y(row) + FOLD_BELOW
            self.group('fold', fold_text(fold))
            self.box(0, top, self.width, bottom - top, 'page', 0)
            for y in (top, bottom):
                self.path(f'{MARGIN} {y}H{self.width - MARGIN}', 'edge')
            self.text(MARGIN + 24, bottom - 6, fold_text(fold), 'head')
            self.add('</g>')

    def legend(self):
        y = self.bottom + 42
        x = MARGIN
        self.group('legend', 'legend')
        for style, words in LEGEND:
            if style == 'port' and self.trace.done:
                words = 'a packet is in the port'
            width = 44 + len(words) * 6.4
            if x + width > self.width and x > MARGIN:
                x, y = MARGIN, y + ROW
            if style in ('wait', 'wake'):
                self.path(f'{x} {y - 4}h16', style)
            else:
                self.box(x, y - 11, 14, 14, style)
            self.text(x + 22, y, words, 'note')
            x += width
        if self.layout.left_out:
            self.text(MARGIN, y + ROW, 'The trace goes on: '
                      f'{self.layout.left_out} more calls are not drawn.',
                      'note')
        self.add('</g>')

    def description(self):
        names, sentences = self.trace.names, []
        for use, first, last, _ in self.flights:
            what = f'request {use.request}' if use.request else 'a packet'
            start = f'posts {what} by hand' if use.start.kind in POSTS else \
                f'starts {what}, {call_label(use.start)}'
            end = f'{names[use.end.thread]} takes it' if use.end else \
                'the trace saw no call that takes its completion'
            if use.end and not use.end.got():
                end += f': {result_text(use.end)}'
            sentences.append(
                (first, f'{names[use.start.thread]} {start}; {end}.'))
        sentences += [(row, f'{fold_text(fold)}.')
                      for row, fold in self.layout.folds]
        sentences.sort(key=lambda sentence: sentence[0])
        workers = count(len(self.trace.threads) - 1, 'worker')
        told = [sentence for _, sentence in sentences]
        if self.verdict:
            told.append(f'At the end: {self.verdict}.')
        return f'Threads: main and {workers}. ' + ' '.join(told)

    def draw(self):
        self.add('<svg xmlns="http://www.w3.org/2000/svg" '
                 f'width="{self.width}" height="{self.height}" '
                 f'viewBox="0 0 {self.width} {self.height}" '
                 'role="graphics-document" aria-labelledby="title" '
                 'aria-describedby="desc">')
        self.add(f'<title id="title">{escape(self.name)}: what its threads did,'
                 ' and who owned its requests</title>')
        self.add(f'<desc id="desc">{escape(self.description())}</desc>')
        self.add(f'<style>{STYLE}</style>')
        self.head()
        self.wake_arrows()
        self.flight_arrows()
        self.kernel_lane()
        for thread in self.trace.threads:
            self.lane(thread)
        for request in self.owners:
            self.owner_column(request)
        self.fold_rows()
        if self.verdict:
            self.text(MARGIN, self.bottom + 22, self.verdict, 'bad')
        self.legend()
        self.add('</svg>')
        return '\n'.join(self.out) + '\n'


def draw(trace, name, verdict=''):
    """verdict: a line under the picture that says what went wrong."""
    return Picture(trace, name, verdict).draw()
