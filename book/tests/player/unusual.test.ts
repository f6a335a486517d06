// What recorded runs seldom have: made by hand. And runs in disorder.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { play } from '../../player/model/machine.ts';
import { phasesOf } from '../../player/model/phases.ts';
import { questionsOf } from '../../player/model/questions.ts';
import type { Run, RunEvent } from '../../player/model/run.ts';
import { lastState, type State, stateAt } from '../../player/model/state.ts';
import { sentence } from '../../player/model/words.ts';
import {
  IN_CALLBACK,
  IN_CHECK,
  IN_MAIN,
  IN_SAY,
  IN_WORKER,
  made,
  recorded,
} from './runs.ts';

const PORT = { what: 'port 1' };
const FILE = { what: 'file 1' };

type Events = Parameters<typeof made>[0];

const bind: Events = [
  {
    kind: 'call',
    name: 'CreateIoCompletionPort',
    call: 1,
    ...FILE,
    stack: IN_MAIN,
  },
  {
    kind: 'return',
    name: 'CreateIoCompletionPort',
    call: 1,
    ok: true,
    made: 'port 1',
    stack: IN_MAIN,
  },
];
const allocate: Events = [{ kind: 'allocate', request: 1, stack: IN_MAIN }];
const wait = (call: number, thread = 1): Events => [
  {
    kind: 'call',
    name: 'GetQueuedCompletionStatus',
    call,
    thread,
    waits: true,
    ...PORT,
    stack: IN_WORKER,
  },
];
const read = (call: number, use: number): Events => [
  {
    kind: 'call',
    name: 'ReadFile',
    call,
    ...FILE,
    request: 1,
    use,
    offset: 0,
    length: 100,
    stack: IN_MAIN,
  },
  {
    kind: 'return',
    name: 'ReadFile',
    call,
    ok: false,
    error: 997,
    stack: IN_MAIN,
  },
];
const done = (bytes: number, status = 0): Events => [
  { kind: 'done', thread: -1, request: 1, bytes, status },
];
const take = (call: number, use: number, more: object = {}): Events => [
  {
    kind: 'return',
    name: 'GetQueuedCompletionStatus',
    call,
    thread: 1,
    ok: true,
    packet: true,
    request: 1,
    use,
    bytes: 100,
    key: 0,
    stack: IN_WORKER,
    ...more,
  },
];
const inCallback: Events = [{ kind: 'line', thread: 1, stack: IN_CALLBACK }];
const free = (thread: number): Events => [
  {
    kind: 'free',
    thread,
    request: 1,
    stack: thread === 0 ? IN_MAIN : IN_CALLBACK,
  },
];
const end = (thread: number): Events => [{ kind: 'end', thread }];
const exit: Events = [{ kind: 'exit' }];

function ownersOf(run: Run): string[] {
  const owners = play(run).states.map((state) => state.requests[1]?.owner.who);
  return owners.filter(
    (owner, at): owner is NonNullable<typeof owner> =>
      owner !== undefined && owner !== owners[at - 1],
  );
}

const mistakesOf = (run: Run): string[] =>
  lastState(play(run)).mistakes.map((one) => one.what);

const lastOf = (run: Run): State => lastState(play(run));

const sentencesOf = (run: Run): string[] => {
  const playback = play(run);
  return playback.steps.map((step) => sentence(playback, step.index));
};

test('a request goes from main to the kernel, the port, the callback', () => {
  const run = made([
    ...bind,
    ...allocate,
    ...wait(2),
    ...read(3, 1),
    ...done(100),
    ...take(2, 1),
    ...inCallback,
    ...free(1),
    ...exit,
  ]);
  assert.deepEqual(ownersOf(run), [
    'thread',
    'kernel',
    'port',
    'callback',
    'freed',
  ]);
  assert.deepEqual(mistakesOf(run), []);
  assert.equal(lastOf(run).starts, 1);
  assert.equal(lastOf(run).cameBack, 1);
  assert.equal(lastOf(run).requests[1]?.came, 100);
});

test('a read that fails immediately comes back, and no packet is expected', () => {
  const run = made([
    ...bind,
    ...allocate,
    {
      kind: 'call',
      name: 'ReadFile',
      call: 3,
      ...FILE,
      request: 1,
      use: 1,
      offset: 0,
      length: 100,
    },
    {
      kind: 'return',
      name: 'ReadFile',
      call: 3,
      ok: false,
      error: 38,
      use: 1,
      completed: true,
    },
    ...free(0),
    ...exit,
  ]);
  assert.deepEqual(ownersOf(run), ['thread', 'kernel', 'thread', 'freed']);
  assert.equal(lastOf(run).cameBack, 1);
  assert.match(sentencesOf(run).join('\n'), /No packet comes/);
});

test('the memory of a request shows that its I/O has completed', () => {
  const pending = { request: 1, set: { 'overlapped.Internal': '0x103' } };
  const completed = {
    request: 1,
    set: { 'overlapped.Internal': '0x0', 'overlapped.InternalHigh': '0x40' },
  };
  const run = made([
    ...bind,
    ...allocate,
    ...wait(2),
    ...read(3, 1),
    { kind: 'fields', ...pending },
    { kind: 'line', stack: IN_MAIN },
    { kind: 'fields', ...completed },
  ]);
  const [before, after] = play(run).states.slice(-2) as [State, State];
  assert.equal(before.flights[0]?.where, 'kernel');
  assert.equal(after.flights[0]?.where, 'port');
  assert.equal(after.flights[0]?.bytes, 64);
  assert.match(sentencesOf(run).at(-1)!, /^The kernel has completed/);
});

test('an I/O of 0 bytes completes, too', () => {
  const run = made([
    ...bind,
    ...allocate,
    ...read(3, 1),
    { kind: 'fields', request: 1, set: { 'overlapped.Internal': '0x103' } },
    { kind: 'line', stack: IN_MAIN },
    { kind: 'fields', request: 1, set: { 'overlapped.Internal': '0x0' } },
  ]);
  assert.equal(lastOf(run).flights[0]?.where, 'port');
  assert.match(sentencesOf(run).at(-1)!, /\*\*0 bytes\*\*/);
});

test('each line that is printed alone is a step', () => {
  const run = made([
    { kind: 'print', stream: 'stdout', text: 'one\n' },
    { kind: 'print', stream: 'stdout', text: 'two\n' },
  ]);
  assert.equal(play(run).steps.length, 2);
});

test('packed lines are lines', () => {
  const packed = { kind: 'lines', stacks: [IN_MAIN, IN_CHECK, IN_SAY] };
  const run = made([packed as unknown as Events[0], ...exit]);
  const [step] = play(run).steps;
  assert.deepEqual(
    step?.trail.map((frame) => frame.line),
    [40, 30, 50],
  );
});

test('what is found at a call was there before the call', () => {
  const [call, back] = read(3, 1) as [Events[0], Events[0]];
  const run = made([
    ...bind,
    ...allocate,
    call,
    { kind: 'fields', request: 1, set: { 'overlapped.InternalHigh': '0x40' } },
    back,
  ]);
  assert.equal(lastOf(run).flights[0]?.where, 'kernel');
});

test('a request that is freed in flight is a mistake', () => {
  const run = made([...bind, ...allocate, ...read(3, 1), ...free(0)]);
  assert.deepEqual(mistakesOf(run), ['freed in flight']);
  assert.match(sentencesOf(run).at(-1)!, /the kernel owns it/);
});

test('a request that is freed while its packet is in the port is a mistake', () => {
  const run = made([
    ...bind,
    ...allocate,
    ...read(3, 1),
    ...done(9),
    ...free(0),
  ]);
  assert.deepEqual(mistakesOf(run), ['freed in flight']);
  assert.match(sentencesOf(run).at(-1)!, /still in the port/);
});

test('memory that is freed again is a mistake', () => {
  const run = made([
    ...allocate,
    ...free(0),
    { kind: 'free', request: 1, again: true },
    { kind: 'free', again: true },
  ]);
  assert.deepEqual(mistakesOf(run), ['freed twice', 'freed twice']);
});

test('a request that is used again in flight is a mistake', () => {
  const run = made([...bind, ...allocate, ...read(3, 1), ...read(4, 2)]);
  assert.deepEqual(mistakesOf(run), ['used in flight']);
});

test('without a port, a request can be used again', () => {
  const run = made([...allocate, ...read(3, 1), ...read(4, 2)]);
  assert.deepEqual(mistakesOf(run), []);
  assert.equal(lastOf(run).flights.length, 1);
});

/** A worker has the packet of a read that met the end of the file. */
const failedRead = [
  ...bind,
  ...allocate,
  ...wait(2),
  ...read(3, 1),
  ...take(2, 1, { ok: false, error: 38, bytes: 0 }),
];

test('a worker that exits with the packet of a failed I/O loses it', () => {
  const run = made([
    ...failedRead,
    { kind: 'line', thread: 1, stack: IN_CHECK },
    ...end(1),
  ]);
  assert.deepEqual(mistakesOf(run), ['packet lost']);
  assert.equal(lastOf(run).requests[1]?.owner.who, 'lost');
});

test('a worker that waits again with the packet of a failed I/O loses it', () => {
  const run = made([...failedRead, ...wait(4)]);
  assert.deepEqual(mistakesOf(run), ['packet lost']);
});

test('a callback that keeps the request gives it back to the thread that made it', () => {
  const run = made([...failedRead, ...inCallback, ...wait(4)]);
  assert.deepEqual(mistakesOf(run), []);
  assert.deepEqual(lastOf(run).requests[1]?.owner, {
    who: 'thread',
    thread: 0,
  });
});

/** main posts a packet with request 1. */
const postRequest = (bytes: number): Events => [
  {
    kind: 'call',
    name: 'PostQueuedCompletionStatus',
    call: 1,
    ...PORT,
    request: 1,
    use: 1,
    bytes,
    key: 0,
  },
  { kind: 'return', name: 'PostQueuedCompletionStatus', call: 1, ok: true },
];

test('main owns the packet that it takes itself', () => {
  const run = made([
    ...postRequest(42),
    {
      kind: 'call',
      name: 'GetQueuedCompletionStatus',
      call: 2,
      waits: true,
      ...PORT,
    },
    ...take(2, 1, { thread: 0, bytes: 42 }),
    ...exit,
  ]);
  assert.deepEqual(ownersOf(run), ['port', 'thread']);
  assert.match(sentencesOf(run).join('\n'), /42 bytes/);
});

test('the packet that came first is the first in the port', () => {
  const post = (use: number, key: number): Events => [
    {
      kind: 'call',
      name: 'PostQueuedCompletionStatus',
      call: 10 + use,
      ...PORT,
      use,
      bytes: 0,
      key,
    },
    {
      kind: 'return',
      name: 'PostQueuedCompletionStatus',
      call: 10 + use,
      ok: true,
    },
  ];
  const run = made([
    ...bind,
    ...allocate,
    ...read(3, 1),
    ...post(2, 7),
    ...done(5),
  ]);
  assert.deepEqual(
    lastOf(run).flights.map((one) => one.use),
    [2, 1],
  );
});

test('one call can take several packets', () => {
  const packet = (use: number): Events => [
    {
      kind: 'return',
      name: 'GetQueuedCompletionStatusEx',
      call: 2,
      thread: 1,
      ok: true,
      packet: true,
      use,
      bytes: 1,
      request: 1,
    },
  ];
  const run = made([
    ...bind,
    ...allocate,
    ...read(3, 1),
    {
      kind: 'call',
      name: 'GetQueuedCompletionStatusEx',
      call: 2,
      thread: 1,
      waits: true,
      ...PORT,
    },
    {
      kind: 'return',
      name: 'GetQueuedCompletionStatusEx',
      call: 2,
      thread: 1,
      ok: true,
    },
    ...packet(1),
    ...packet(2),
  ]);
  assert.match(sentencesOf(run).join('\n'), /takes 2 packets with one call/);
  assert.equal(lastOf(run).threads[1]?.state, 'runs');
});

test('a pool of the system calls the callback', () => {
  const run = made([
    { kind: 'call', name: 'BindIoCompletionCallback', call: 1, ...FILE },
    { kind: 'return', name: 'BindIoCompletionCallback', call: 1, ok: true },
    ...allocate,
    ...read(3, 1),
    ...done(8),
    { kind: 'call', name: 'callback', call: 4, thread: 1, stack: IN_CALLBACK },
    {
      kind: 'return',
      name: 'callback',
      call: 4,
      thread: 1,
      ok: true,
      packet: true,
      request: 1,
      use: 1,
      bytes: 8,
      stack: IN_CALLBACK,
    },
    ...free(1),
  ]);
  assert.deepEqual(ownersOf(run), [
    'thread',
    'kernel',
    'port',
    'callback',
    'freed',
  ]);
  assert.match(sentencesOf(run).join('\n'), /The system calls a callback on/);
});

test('an event reports a completion that has no packet', () => {
  const run = made([
    ...allocate,
    ...read(3, 1),
    ...done(8),
    {
      kind: 'call',
      name: 'WaitForSingleObject',
      call: 4,
      waits: true,
      what: 'event 1',
    },
    {
      kind: 'return',
      name: 'WaitForSingleObject',
      call: 4,
      ok: true,
      took: true,
      request: 1,
      use: 1,
    },
  ]);
  assert.deepEqual(ownersOf(run), ['thread', 'kernel', 'thread']);
  assert.equal(lastOf(run).cameBack, 1);
  assert.equal(lastOf(run).flights.length, 0);
});

test('a wait that times out leaves the thread running', () => {
  const run = made([
    {
      kind: 'call',
      name: 'GetQueuedCompletionStatus',
      call: 1,
      waits: true,
      ...PORT,
    },
    {
      kind: 'return',
      name: 'GetQueuedCompletionStatus',
      call: 1,
      ok: false,
      error: 258,
    },
  ]);
  assert.equal(lastOf(run).threads[0]?.state, 'runs');
  assert.match(
    sentencesOf(run).join('\n'),
    /258 \(timeout\), without an OVERLAPPED/,
  );
});

test('a bind that fails binds nothing', () => {
  const run = made([
    ...bind,
    {
      kind: 'call',
      name: 'CreateIoCompletionPort',
      call: 2,
      what: 'file 1',
      made: 'port 2',
    },
    {
      kind: 'return',
      name: 'CreateIoCompletionPort',
      call: 2,
      ok: false,
      error: 87,
    },
  ]);
  assert.deepEqual(lastOf(run).bound, { 'file 1': 'port 1' });
  assert.match(sentencesOf(run).at(-1)!, /error 87/);
});

test('a cancel is shown at the I/O that it is for', () => {
  const run = made([
    ...bind,
    ...allocate,
    ...read(3, 1),
    { kind: 'call', name: 'CancelIoEx', call: 4, ...FILE, request: 1 },
    { kind: 'return', name: 'CancelIoEx', call: 4, ok: true },
  ]);
  assert.equal(lastOf(run).flights[0]?.cancelling, true);
  assert.match(sentencesOf(run).at(-1)!, /Its packet still comes/);
});

test('a read without an OVERLAPPED blocks, or fails', () => {
  const run = made([
    { kind: 'call', name: 'ReadFile', call: 1, ...FILE, length: 16 },
    { kind: 'return', name: 'ReadFile', call: 1, ok: true, bytes: 16 },
    { kind: 'call', name: 'ReadFile', call: 2, what: 'file 2', length: 16 },
    { kind: 'return', name: 'ReadFile', call: 2, ok: false, error: 87 },
  ]);
  const [first, second] = sentencesOf(run);
  assert.match(first!, /blocks until the I\/O has completed: \*\*16 bytes/);
  assert.match(second!, /fails with \*\*error 87/);
  assert.equal(lastOf(run).starts, 0);
});

test('parts of a line are one line, of the thread that began it', () => {
  const run = made([
    { kind: 'print', stream: 'stdout', text: 'main: a', stack: IN_SAY },
    {
      kind: 'print',
      stream: 'stdout',
      text: ['bc', 'second', 'thi'].join('\n'),
      stack: IN_SAY,
    },
    { kind: 'print', stream: 'stderr', text: 'wrong\n', thread: 1 },
    { kind: 'print', stream: 'stdout', text: 'rd\n', thread: 1 },
  ]);
  assert.deepEqual(
    lastOf(run).lines.map(({ text, thread, stream }) => [text, thread, stream]),
    [
      ['main: abc', 0, 'stdout'],
      ['second', 0, 'stdout'],
      ['third', 0, 'stdout'],
      ['wrong', 1, 'stderr'],
    ],
  );
  assert.equal(play(run).steps.length, 3);
});

test('a run that hangs says who waits', () => {
  const run = made(
    [
      ...bind,
      ...wait(2),
      {
        kind: 'call',
        name: 'WaitForSingleObject',
        call: 3,
        waits: true,
        what: 'event 1',
      },
      { kind: 'killed', thread: -1 },
    ],
    { ended: 'killed', status: null },
  );
  assert.deepEqual(mistakesOf(run), ['hang']);
  assert.match(
    sentencesOf(run).at(-1)!,
    /\*\*main\*\* waits for event 1\. 1 worker waits for a packet/,
  );
});

test('a run without an end does not hang', () => {
  const run = made([...bind, { kind: 'killed', thread: -1 }], {
    ended: 'killed',
    status: null,
  });
  assert.deepEqual(mistakesOf(run), ['no end']);
});

test('the explorer ends a run at its mistake', () => {
  const run = made(
    [
      ...bind,
      {
        kind: 'finding',
        text: 'a handle is closed with I/O in flight',
        by: 'explorer',
      },
      { kind: 'killed', thread: -1 },
    ],
    { ended: 'killed', status: null, io: 'explorer' },
  );
  assert.deepEqual(mistakesOf(run), []);
  assert.deepEqual(sentencesOf(run).slice(-2), [
    'The explorer reports a mistake: **a handle is closed with I/O in flight**.',
    'The run ends here.',
  ]);
  assert.equal(lastOf(run).findings[0]?.by, 'explorer');
});

test('a recording that was cut says so at its end', () => {
  const run = made([...bind, ...allocate], { cut: 'after 3 of 99 events' });
  assert.match(
    sentencesOf(run).at(-1)!,
    /The recording stops after 3 of 99 events/,
  );
  assert.equal(lastOf(run).over, undefined);
});

test('a crash is of the thread, or of the kernel', () => {
  const code = 0xc0000005;
  const own = made([{ kind: 'crash', thread: 1, error: code }], {
    ended: 'crash',
    status: null,
  });
  assert.equal(lastOf(own).threads[1]?.state, 'crashed');
  assert.match(
    sentencesOf(own)[0]!,
    /worker 1\*\* \*\*crashes\*\*: access violation/,
  );
  const kernel = made(
    [
      ...bind,
      ...allocate,
      ...read(3, 1),
      ...free(0),
      { kind: 'crash', thread: -1, error: code },
    ],
    { ended: 'crash', status: null },
  );
  assert.match(sentencesOf(kernel).at(-1)!, /\*\*freed memory/);
});

test('an exit with I/O in flight is a mistake', () => {
  assert.deepEqual(
    mistakesOf(made([...bind, ...allocate, ...read(3, 1), ...exit])),
    ['exit in flight'],
  );
});

test('a finding is shown at its step', () => {
  const text =
    'hung: every thread waits for ever\n    main waits in f at main.c:9\n    rule: each wait needs an end';
  const run = made([
    ...bind,
    { kind: 'finding', text, rule: 'each wait needs an end' },
  ]);
  const last = lastOf(run);
  assert.deepEqual(
    last.findings.map(({ step, rule }) => [step, rule]),
    [[1, 'each wait needs an end']],
  );
  assert.match(sentencesOf(run).at(-1)!, /hung: every thread waits for ever/);
});

test('on a stack, memory after the last use is not shown', () => {
  const request = { kind: 'fields' as const, request: 1 };
  const run = made([
    ...postRequest(1),
    { ...request, set: { 'overlapped.Offset': '0x7' } },
    {
      kind: 'call',
      name: 'GetQueuedCompletionStatus',
      call: 2,
      waits: true,
      ...PORT,
    },
    ...take(2, 1, { thread: 0 }),
    { kind: 'line', stack: IN_MAIN },
    { ...request, set: { 'overlapped.Offset': '0xdeadbeef' } },
    ...exit,
  ]);
  assert.equal(lastOf(run).requests[1]?.fields['overlapped.Offset'], '0x7');
});

test('an unknown call, a thread without a function: each has a sentence', () => {
  const run = made([
    { kind: 'begin', thread: 1 },
    {
      kind: 'call',
      name: 'SomeCall',
      call: 1,
      thread: 1,
      what: 'handle 0x5c, not followed',
    },
    { kind: 'line', thread: 0, stack: IN_MAIN },
    { kind: 'begin', thread: 2, function: 'worker' },
    { kind: 'return', name: 'SomeCall', call: 1, thread: 1, ok: false },
    { kind: 'return', name: 'NoCall', call: 99, ok: true },
    { kind: 'crash', thread: -1 } as Events[0],
  ]);
  for (const text of sentencesOf(run)) {
    assert.ok(text.length > 5);
    assert.doesNotMatch(text, /undefined|NaN/);
  }
});

test('a run without events can be shown', () => {
  const playback = play(made([]));
  assert.equal(playback.steps.length, 0);
  assert.match(sentence(playback, -1), /starts/);
  assert.deepEqual(questionsOf(playback), []);
  assert.equal(phasesOf(playback).length, 1);
  assert.equal(stateAt(playback, 5), playback.before);
});

/** Numbers that look random, and are the same each time. */
function* chances(seed: number): Generator<number> {
  let value = seed;
  for (;;) {
    value = (value * 1103515245 + 12345) % 2147483648;
    yield value / 2147483648;
  }
}

/** Leaves out some events, and exchanges others with their neighbours. */
function disorder(events: readonly RunEvent[], seed: number): RunEvent[] {
  const random = chances(seed);
  const next = (): number => random.next().value as number;
  const kept = events.filter(() => next() > 0.1);
  for (let at = 1; at < kept.length; at++)
    if (next() < 0.1) [kept[at - 1], kept[at]] = [kept[at]!, kept[at - 1]!];
  return kept;
}

test('events in disorder do not stop the player', () => {
  for (const { run } of recorded)
    for (let seed = 1; seed <= 5; seed++) {
      const playback = play({ ...run, events: disorder(run.events, seed) });
      for (const step of playback.steps)
        assert.doesNotMatch(sentence(playback, step.index), /undefined|NaN/);
      questionsOf(playback);
      phasesOf(playback);
    }
});
