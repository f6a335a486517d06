"""A trace as a picture: an SVG for a page.

Each thread has a lane, and the kernel and the port have one together. Time goes
down, but by rows and not by the clock. A row lies directly below the rows that
come before it: the last one in its own lane, and the one at the other end of its
arrow. So the picture does not depend on how fast the machine was.
"""

from xml.sax.saxutils import escape, quoteattr

from recording import PENDING, RESULTS, TAKES, TIMEOUT, TRANSFERS
from report import call_text, count, end_text, is_shown, result_text

ROW, TOP, MARGIN, GAP = 24, 104, 20, 18
CHARACTER = 6.2  # the width of a character, roughly
SLOT, OWNER, NARROW = 76, 78, 26
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
  .arrow { stroke: #9a5b00; stroke-width: 1.6; fill: none } .head-of { fill: #9a5b00 }
  .program { fill: #9cc4f5; stroke: #2a6fc0 } .kernel { fill: #fbcf7f; stroke: #b87400 }
  .callback { fill: #9fdcb0; stroke: #248a45 } .port { fill: #d6c8f4; stroke: #7a54c4 }
  .lost { fill: #f6b3b3; stroke: #c02626 }
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


def is_drawn(record):
    kind = record.kind
    if kind == 'CloseHandle':
        return not record.ok or record.what.startswith(('file', 'port'))
    return is_shown(record) and (kind not in (
        'CreateEventW', 'SetFileCompletionNotificationModes') or not record.ok)


def label(record, ends, names):
    """A few words for a row of a lane; `names` are the names of threads."""
    kind, what = record.kind, record.what
    if kind == 'thread':
        return 'ends' if ends else 'begins'
    if kind == 'callback':
        return 'returns' if ends else \
            f'request {record.request}: {result_text(record)}'
    if record.takes() and (ends or kind == 'packet'):
        if not record.overlapped:
            return f'packet, key {record.offset}'
        return f'request {record.request}: ' + (
            result_text(record) if not record.error or record.bytes
            else f'error {record.error}')
    if record.waits():
        if not ends:
            return f'waits for {what}' if kind not in TAKES and what else \
                'waits'
        if kind in RESULTS:
            return f'request {record.request}: ' + (
                result_text(record) if record.ok else f'error {record.error}')
        if not record.ok or record.bytes == TIMEOUT:
            return f'error {record.error or TIMEOUT}'
        if what.startswith('event'):
            return f'{what} is set'
        return f'{what} has ended' if what in names else 'continues'
    failed = '' if record.ok or record.error == PENDING or \
        not record.returned else f': error {record.error}'
    if kind in TRANSFERS and record.overlapped:
        return f'{kind} {record.length} at {record.offset}{failed}'
    if kind in TRANSFERS:
        return f'{kind} {record.length}{failed}'
    if kind == 'PostQueuedCompletionStatus':
        return f'posts request {record.request}{failed}' \
            if record.overlapped else f'posts key {record.offset}{failed}'
    words = {'CreateIoCompletionPort': 'binds ' + what if what
             else 'makes ' + record.made, 'CloseHandle': 'closes ' + what,
             'CreateFileW': 'opens ' + record.made,
             'CreateFileA': 'opens ' + record.made,
             '_beginthreadex': 'starts ' + record.made,
             'CreateThread': 'starts ' + record.made, 'exit': 'ends',
             'crash': 'CRASHES', 'SetEvent': 'sets ' + what,
             'CancelIoEx': f'cancels request {record.request}'
             if record.overlapped else 'cancels all of ' + what}
    return words.get(kind, kind) + failed


class Node:
    """A row of a lane: the begin or the end of a record, or both."""

    def __init__(self, record, ends, row):
        self.record, self.ends, self.row = record, ends, row

    def text(self, names):
        return label(self.record, self.ends, names)

    def is_idle(self):
        record = self.record
        return record.kind in ('thread', 'exit') or record.waits() and not (
            self.ends and (record.takes() or record.kind in RESULTS))


class Layout:
    """Finds the row of each begin and each end."""

    def __init__(self, trace):
        self.trace = trace
        self.lanes = {thread: [] for thread in trace.threads}
        self.begin, self.end = {}, {}  # rows, by record
        self.last_set, self.last_take = {}, 0
        self.thread_end = {}  # by name
        self.left_out = 0
        points = 0
        for _, ends, record in trace.points:
            if is_drawn(record):
                points += 1
                if points <= MOST_POINTS:
                    self.place(record, ends)
                elif not ends:
                    self.left_out += 1
        self.rows = 1 + max((nodes[-1].row for nodes in self.lanes.values()
                             if nodes), default=0)

    def follows(self, record, ends):
        """The last row in another lane that it comes after; otherwise -1."""
        kind, use = record.kind, record.use
        rows = [-1]
        if kind == 'thread' and not ends:
            rows += [row for maker, row in self.begin.items()
                     if maker.number == record.other]
        takes = kind in ('packet', 'callback') and not ends or \
            ends and record.takes()
        if takes and use and use.start in self.begin:
            rows.append(self.begin[use.start])
        if ends and use and use.start is record and use.end:
            taken = self.row_of_take(use)
            if taken is not None:  # it was taken before the call returned
                rows.append(taken)
        if ends and kind.startswith('WaitFor'):
            rows.append(self.last_set.get(record.what, -1))
            rows.append(self.thread_end.get(record.what, -1))
        if ends and kind in ('SleepConditionVariableSRW',
                             'WaitForThreadpoolIoCallbacks'):
            rows.append(self.last_take)
        return max(rows)

    def row_of_take(self, use):
        """None: its completion was not taken."""
        if use.end is None or use.completed_in_call:
            return None
        where = self.begin if use.end.kind in ('packet', 'callback') else \
            self.end
        return where.get(use.end)

    def place(self, record, ends):
        lane = self.lanes[record.thread]
        row = self.follows(record, ends) + 1
        whole = record.kind in ('thread', 'callback')  # begin and end have rows
        if ends and not whole and lane and lane[-1].record is record and \
                row <= lane[-1].row:
            lane[-1].ends = True  # begin and end share a row
            row = lane[-1].row
        elif ends and not record.waits() and not whole:
            row = max(row, lane[-1].row)  # an end without a row of its own
            self.end[record] = row
            return
        else:
            row = max(row, lane[-1].row + 1 if lane else 0)
            lane.append(Node(record, ends, row))
        (self.end if ends else self.begin)[record] = row
        if record.kind == 'SetEvent' and not ends:
            self.last_set[record.what] = row
        if record.takes() and ends or record.kind in ('packet', 'callback'):
            self.last_take = row
        if record.kind == 'thread' and ends:
            self.thread_end[self.trace.names[record.thread]] = row


class Picture:
    def __init__(self, trace, name):
        self.trace, self.name = trace, name
        self.layout = Layout(trace)
        self.out = []
        self.bottom = TOP + self.layout.rows * ROW
        self.flights = self.find_flights()
        self.place_lanes()

    def y(self, row):
        return TOP + ROW // 2 + row * ROW

    # ---- Where everything goes ----

    def find_flights(self):
        """(use, first row, last row or None, slot) for each packet."""
        flights, free = [], []  # free: for each slot, the last row in use
        for use in self.trace.uses:
            first = self.layout.begin.get(use.start)
            if first is None or use.completed_in_call:
                continue
            last = self.layout.row_of_take(use)
            flights.append([use, first, last, 0])
        flights.sort(key=lambda flight: (flight[1], flight[0].number))
        for flight in flights:
            _, first, last, _ = flight
            slot = next((i for i, row in enumerate(free) if row < first),
                        len(free))
            free[slot:slot + 1] = [self.layout.rows if last is None else last]
            flight[3] = slot
        self.slots = max(1, len(free))
        return flights

    def place_lanes(self):
        self.x = {}
        x = MARGIN
        names = set(self.trace.names.values())
        self.slot = SLOT if self.slots <= 4 else NARROW
        for number, thread in enumerate(self.trace.threads):
            widest = max((len(node.text(names)) for node in
                          self.layout.lanes[thread]), default=0)
            width = max(80, 34 + widest * CHARACTER)
            self.x[thread] = (x, width)
            x += width + GAP
            if number == 0:
                self.kernel = (x, max(96, self.slots * (self.slot + 4) + 12))
                x += self.kernel[1] + GAP
        requests = sorted({use.request for use, *_ in self.flights
                           if use.request})
        self.owner = OWNER if len(requests) <= 6 else NARROW
        self.owners_x = x
        self.owners = {request: x + i * (self.owner + 6)
                       for i, request in enumerate(requests)}
        x += max(len(requests) * (self.owner + 6),
                 190 if requests else 0)
        self.width = int(max(x, 960) + MARGIN - 6)
        self.height = self.bottom + (92 if self.layout.left_out else 66)

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
        self.text(MARGIN, 54, 'Read from top to bottom. In a lane time goes '
                  'down, and along an arrow it goes on. The distance between '
                  'two rows is not a time.', 'note')
        x, width = self.kernel
        self.box(x, TOP - 28, width, self.bottom - TOP + 40, 'band', 6)
        if self.owners:
            self.text(self.owners_x, TOP - 28, 'owner of request and buffer',
                      'note')

    def states(self, nodes):
        """(state, first row, last row) of a thread."""
        state, since = None, 0
        for node in nodes:
            record = node.record
            asks = record.kind in TAKES and not node.ends
            new = state or 'run'
            if record.waits() and not node.ends:
                new = 'wait'
            elif record.kind == 'callback':
                new = 'wait' if node.ends else 'callback'
            elif record.takes() and record.request and \
                    not self.trace.is_main(record):
                new = 'callback'
            elif state == 'wait' or asks or record.takes():
                new = 'run'
            if state is None:
                since = node.row
            elif new != state or new == 'callback' and record.takes():
                yield state, since, node.row
                since = node.row
            state = new
        if state is not None:
            last = nodes[-1]
            ended = last.record.kind in ('thread', 'exit') and (
                last.ends or last.record.kind == 'exit')
            yield state, since, last.row if ended else self.layout.rows

    def lane(self, thread):
        x, name = self.bar_x(thread), self.trace.names[thread]
        nodes = self.layout.lanes[thread]
        self.group('lane', name)
        self.text(x - 6, TOP - 10, name, 'head')
        for state, first, last in self.states(nodes):
            top, bottom = self.y(first), self.y(last)
            if state == 'wait':
                self.path(f'{x:g} {top}V{bottom}', 'wait')
            elif state == 'run':
                self.box(x - 2.5, top - 5, 5, bottom - top + 10, 'program', 2)
            else:
                self.box(x - 5.5, top - 5, 11, max(bottom - top - 2, 10),
                         'callback')
        for node in nodes:
            self.row_label(node, x)
        self.add('</g>')

    def row_label(self, node, x):
        record = node.record
        text = node.text(self.trace.names.values())
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
            self.into(self.bar_x(use.start.thread), left, self.y(first), True)
            if last is not None:
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
            by_hand = use.start.kind not in TRANSFERS
            lost = last is None and not self.layout.left_out
            end = self.bottom if last is None else self.y(last) + 6
            top = self.y(first) - 6
            what = f'request {use.request}' if use.request else 'packet'
            how = 'posted by hand' if by_hand else \
                f'{use.start.kind}, {use.start.length} at {use.start.offset}'
            self.group('flight', f'{what}: {how}' + (
                ', its completion was never taken' if lost else ''),
                'graphics-symbol')
            self.box(left, top, self.slot, end - top,
                     'lost' if lost else 'port' if by_hand else 'kernel')
            if self.slot == SLOT:
                self.text(left + SLOT / 2, (top + end) / 2 + 4, what, 'in',
                          'middle')
            else:
                self.text(left + NARROW / 2, (top + end) / 2 + 4,
                          str(use.request or ''), 'in', 'middle')
            self.add('</g>')
        self.add('</g>')

    def wake_arrows(self):
        """Draws an arrow to each thread that was started, and to each that was
        woken by an event."""
        for thread, nodes in self.layout.lanes.items():
            x = self.bar_x(thread)
            for node in nodes:
                record = node.record
                if record.kind == 'thread' and not node.ends:
                    for maker, row in self.layout.begin.items():
                        if maker.number == record.other:
                            self.wake(self.bar_x(maker.thread), x, self.y(row),
                                      self.y(node.row) - 6)
                if record.kind == 'WaitForSingleObject' and node.ends:
                    self.set_arrow(record, node, x)

    def set_arrow(self, waits, node, x):
        for record, row in self.layout.begin.items():
            if record.kind == 'SetEvent' and record.what == waits.what and \
                    waits.begin <= record.begin <= waits.end and \
                    record.thread != waits.thread and row < node.row:
                self.wake(self.bar_x(record.thread), x, self.y(row),
                          self.y(node.row) - 6)

    def wake(self, x1, x2, y1, y2):
        x1 += 4 if x2 > x1 else -4
        self.path(f'{x1:g} {y1}H{x2:g}V{y2 - 6}', 'wake')
        self.add(f'<path d="M{x2:g} {y2}l-3.5 -7h7z" class="wake-head"/>')

    # ---- Who owns each request ----

    def owned(self, request):
        """(owner, first row, last row) of a request, in the order of rows."""
        uses = [flight for flight in self.flights if
                flight[0].request == request]
        at = max(0, uses[0][1] - 1)
        for i, (use, first, last, _) in enumerate(uses):
            if at < first:
                yield 'program', at, first
            if last is None:
                lost = not self.layout.left_out
                yield 'lost' if lost else 'kernel', first, self.layout.rows
                return
            yield 'kernel' if use.start.kind in TRANSFERS else 'port', \
                first, last
            after = uses[i + 1][1] if i + 1 < len(uses) else self.layout.rows
            done = min(self.holds_until(use.end, last), after)
            pool = use.end.kind == 'callback' or \
                not self.trace.is_main(use.end) and use.end.kind not in RESULTS
            yield 'callback' if pool else 'program', last, max(done, last + 1)
            at = max(done, last + 1)

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
        for owner, first, last in self.owned(request):
            top, bottom = self.y(first), self.y(last)
            self.box(x, top, self.owner, bottom - top, owner, 2)
            word = owner if wide else owner[0]
            self.text(x + self.owner / 2, (top + bottom) / 2 + 4, word, 'in',
                      'middle')
        self.add('</g>')

    def legend(self):
        y = self.bottom + 42
        x = MARGIN
        self.group('legend', 'legend')
        for style, words in (('program', 'the program runs, or owns it'),
                             ('kernel', 'in flight: the kernel owns it'),
                             ('port', 'a packet posted by hand'),
                             ('callback', 'a callback runs, or owns it')):
            self.box(x, y - 11, 14, 14, style)
            self.text(x + 20, y, words, 'note')
            x += 40 + len(words) * 6.6
        self.path(f'{x} {y - 4}h22', 'wait')
        self.text(x + 28, y, 'waits', 'note')
        self.path(f'{x + 74} {y - 4}h22', 'wake')
        self.text(x + 102, y, 'starts or wakes a thread', 'note')
        if self.layout.left_out:
            self.text(MARGIN, y + 24, 'The trace goes on: '
                      f'{self.layout.left_out} more calls are not drawn.',
                      'note')
        self.add('</g>')

    def description(self):
        names, sentences = self.trace.names, []
        for use, _, last, _ in self.flights[:60]:
            what = f'request {use.request}' if use.request else 'a packet'
            start = f'{names[use.start.thread]} ' + (
                f'starts {what}, {use.start.kind} of {use.start.length} bytes '
                f'at {use.start.offset}' if use.start.kind in TRANSFERS
                else f'posts {what} by hand')
            end = 'its completion is not taken' if last is None else \
                f'{names[use.end.thread]} takes it: {result_text(use.end)}'
            sentences.append(f'{start}; {end}.')
        workers = count(len(self.trace.threads) - 1, 'worker')
        return f'Threads: main and {workers}. ' + \
            ' '.join(sentences)

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
        self.legend()
        self.add('</svg>')
        return '\n'.join(self.out) + '\n'


def draw(trace, name):
    return Picture(trace, name).draw()
