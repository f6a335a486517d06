// "What do you expect?" Each question is asked before a step is shown. Where it
// is asked, and which answer is right, comes from the recording. No question
// names a worker: another run would have another one.
import { count, errorText, list, number } from './names.ts';
import { isPost, requestOf } from './run.ts';
import {
  isTake,
  lastState,
  type MistakeKind,
  type Playback,
  type State,
  stateAt,
  waitersAt,
} from './state.ts';
import { changesOf, overlappedField, type Step } from './steps.ts';
import { type ReturnStep, type Story, storyOf } from './story.ts';

export interface Question {
  /** The name of its template. */
  name: string;
  /** Asked after this step was shown, before the next one is. */
  after: number;
  ask: string;
  answers: string[];
  right: number;
  because: string;
}

/** The right answer is the first one. */
type Found = [
  after: number,
  ask: string,
  because: string,
  right: string,
  ...wrong: string[],
];

/** What a template looks at. */
interface Look {
  playback: Playback;
  steps: readonly Step[];
  story: Story;
}

type Template = (look: Look) => Found | undefined;

/** More would be a test, not a story. */
const MOST = 8;

// ---- Help for the templates ----

/** The name of a thread, if another run has it, too. */
const roleOf = (step: Step): string =>
  step.event.thread === 0 ? '`main`' : 'a worker';

const before = (step: Step): number => step.index - 1;

const stateBefore = ({ playback }: Look, step: Step): State =>
  stateAt(playback, before(step));

/** The first return from a call of this name that is as wanted. */
const findReturn = (
  { steps }: Look,
  name: RegExp,
  isWanted: (step: ReturnStep) => boolean = () => true,
): ReturnStep | undefined =>
  steps.find(
    (step): step is ReturnStep =>
      step.event.kind === 'return' &&
      name.test(step.event.name) &&
      isWanted(step as ReturnStep),
  );

const mistakeIn = ({ playback }: Look, what: MistakeKind) =>
  lastState(playback).mistakes.find((one) => one.what === what);

/** A read without an OVERLAPPED. */
const isPlain = ({ call }: Step): boolean =>
  call?.use == null && call?.name === 'ReadFile';

const firstPost = ({ story }: Look) =>
  story.starts.find(({ call }) => isPost(call.name) && call.request != null);

const resultOf = ({ event }: ReturnStep): string =>
  event.ok ? '`TRUE`' : `\`FALSE\`, ${errorText(event.error)}`;

/** In the order of their worth: of several at one step, the first is asked. */
const TEMPLATES: Record<string, Template> = {
  // ---- Mistakes ----

  lostPacket(look) {
    const mistake = mistakeIn(look, 'packet lost');
    return (
      mistake && [
        mistake.step - 1,
        'A worker has taken the packet of an I/O that failed. Its loop treats `FALSE` as "no packet". Where is it now?',
        '`FALSE` says that the I/O failed. Only the OVERLAPPED says whether a packet came.',
        'out of the port, and no callback gets it',
        'in the port, for the next worker',
        'in the callback, with the error',
      ]
    );
  },

  freedInFlight(look) {
    const mistake = mistakeIn(look, 'freed in flight');
    return (
      mistake && [
        mistake.step,
        `Request ${mistake.request} was freed in flight. What happens when its I/O completes?`,
        'The kernel keeps only the addresses, and writes there.',
        'the kernel writes the result to the freed memory',
        'nothing: the free has cancelled the I/O',
        'nothing: the kernel has a copy of the request',
      ]
    );
  },

  // ---- One I/O ----

  cancelled(look) {
    const step = findReturn(look, /^CancelIoEx/);
    return (
      step && [
        step.index,
        `\`CancelIoEx\` has returned ${resultOf(step)}. How many packets come for this read?`,
        'The call only asks. The read completes once: with error 995, or with its usual result. 1168 says that it has completed already.',
        'exactly one, as always',
        'none',
        'two: the cancel has its own packet',
      ]
    );
  },

  /** Its two ways. */
  endOfFile({ story }) {
    const start = story.starts.find(({ call }) =>
      [story.returnOf, story.takeOf].some(
        (steps) => steps.get(call.use!)?.event.error === 38,
      ),
    );
    if (!start) return undefined;
    const ways = [
      'a packet comes: 0 bytes, error 38',
      '`ReadFile` fails with error 38, and no packet comes',
      'a packet comes: 0 bytes, success',
    ];
    if (!story.takeOf.has(start.call.use!)) ways.unshift(ways.splice(1, 1)[0]!);
    return [
      start.index,
      `This read begins at offset ${number(start.call.offset ?? 0)}, the end of the file. What happens in this run?`,
      'Windows documents two ways: the packet, or `ReadFile` itself. A program must be ready for both.',
      ...(ways as [string, string, string]),
    ];
  },

  shortRead({ story }) {
    for (const step of story.takes) {
      const call = story.startOf.get(step.event.use ?? -1)?.call;
      const came = step.event.bytes ?? 0;
      const { offset = 0, length = 0 } = call ?? {};
      const isContinued = story.starts.some(
        (one) => one.index > step.index && one.call.offset === offset + came,
      );
      if (came > 0 && came < length && isContinued)
        return [
          step.index,
          `A read asked for ${count(length, 'byte')} at offset ${number(offset)}, and ${number(came)} came. Where does the next read begin?`,
          'A short read is not the end: only the system reports the end.',
          `at ${number(offset + came)}`,
          `at ${number(offset + length)}`,
          'nowhere: this was the end of the file',
        ];
    }
    return undefined;
  },

  whoOwns({ story }) {
    const end = [...story.returnOf.values()].find(
      (step) => !step.event.completed && step.call?.request != null,
    );
    return (
      end && [
        end.index,
        `\`${end.event.name}\` has returned ${resultOf(end)}. Who owns request ${end.call?.request} now?`,
        'The callback can free the request before the call has even returned.',
        'the kernel, the port, or already a callback',
        `still ${roleOf(end)}, which has the address`,
        'both: reading it is allowed, writing is not',
      ]
    );
  },

  willPacketCome({ story }) {
    // The last one: the end of a file is the most interesting case.
    const end = [...story.returnOf.values()].findLast(
      ({ event, call }) => event.completed || story.takeOf.has(call!.use!),
    );
    if (!end) return undefined;
    const answers = [
      'yes: its callback will own the request',
      'no: the caller owns the request again',
    ];
    if (end.event.completed) answers.reverse();
    return [
      end.index,
      `\`${end.event.name}\` has returned ${resultOf(end)}. Will a packet come?`,
      end.event.completed
        ? 'The call itself failed, so nothing is queued. The caller must do what the callback would do.'
        : 'One packet comes for each start: after `TRUE`, and after `FALSE` with 997.',
      ...(answers as [string, string]),
      'perhaps: it depends on the disk',
    ];
  },

  plainRead(look) {
    const step = findReturn(
      look,
      /^ReadFile$/,
      (one) => isPlain(one) && one.event.error === 87,
    );
    return (
      step && [
        before(step),
        'This handle was opened with `FILE_FLAG_OVERLAPPED`. The next `ReadFile` has no OVERLAPPED. What does it do?',
        'Such a handle has no file position. Only an OVERLAPPED says where to read.',
        'it fails with error 87',
        'it reads the first bytes of the file',
        'it starts a read, and returns `FALSE` with error 997',
      ]
    );
  },

  synchronousRead(look) {
    const step = findReturn(
      look,
      /^ReadFile$/,
      (one) => isPlain(one) && one.event.ok,
    );
    return (
      step && [
        before(step),
        'The next `ReadFile` has no OVERLAPPED. When does it return?',
        `This handle is synchronous, so the call blocks. It brings ${count(step.event.bytes ?? 0, 'byte')}.`,
        'when the bytes are in the buffer',
        'immediately; a packet reports the bytes',
        'immediately; the buffer is filled later',
      ]
    );
  },

  highHalf({ steps }) {
    for (const step of steps) {
      const request = requestOf(step.event);
      if (step.event.kind !== 'fields' || request == null) continue;
      const changes = changesOf(step, request);
      const high = Number(overlappedField(changes, 'OffsetHigh') ?? 0);
      const low = Number(overlappedField(changes, 'Offset') ?? 0);
      const offset = high * 2 ** 32 + low;
      // Larger numbers are what malloc left there.
      if (high > 0 && high < 1000)
        return [
          before(step),
          `The program packs the offset ${number(offset)}. What will \`Offset\` and \`OffsetHigh\` be?`,
          'Each has 32 bits. With only the low half, the program reads at the wrong place from 4 GiB on.',
          `${number(low)} and ${number(high)}`,
          `${number(offset)} and 0`,
          `${number(low)} and ${number(offset - low)}`,
        ];
    }
    return undefined;
  },

  // ---- The port ----

  secondBind(look) {
    const step = findReturn(
      look,
      /^CreateIoCompletionPort/,
      (one) => one.event.error === 87,
    );
    if (!step) return undefined;
    const file = step.call?.what ?? 'the file';
    const isBound = file in stateBefore(look, step).bound;
    return [
      before(step),
      `${roleOf(step)} binds ${file}, ${isBound ? 'which is bound already' : 'which was opened without `FILE_FLAG_OVERLAPPED`'}. What happens?`,
      isBound
        ? 'A handle is bound once, until it is closed. The first bind still holds.'
        : 'Only a handle for overlapped I/O can be bound.',
      'the bind fails with error 87',
      isBound ? 'the new port replaces the old one' : 'each read blocks',
      'each packet goes to the new port, too',
    ];
  },

  emptyPort(look) {
    const step = findReturn(
      look,
      /./,
      ({ event }) => isTake(event.name) && event.error === 258,
    );
    return (
      step && [
        before(step),
        'The port is empty, and the next wait for a packet has a time limit. What does the call return?',
        '`FALSE` without an OVERLAPPED: no packet came. With an OVERLAPPED, a packet came.',
        '`FALSE`, error 258, and no OVERLAPPED',
        '`FALSE`, error 258, and an OVERLAPPED',
        '`TRUE`, and 0 bytes',
      ]
    );
  },

  orderOfPosts(look) {
    const step = firstPost(look);
    const born = look.steps.flatMap(({ event }) =>
      event.kind === 'allocate' && event.request != null ? [event.request] : [],
    );
    const taken = look.story.takes.flatMap(({ event }) => event.request ?? []);
    if (!step || born.length < 2 || born.join() === taken.join())
      return undefined;
    return [
      before(step),
      `${born.length} requests are packed. In which order will their packets come?`,
      `In this run: ${list(taken.map((id) => `request ${id}`))}. The port is a queue of packets, and knows nothing else.`,
      'in the order of the posts',
      'in the order in which they were packed',
      'in the order of their offsets',
    ];
  },

  failedPacket({ story }) {
    const step = story.takes.find(
      ({ event }) => !event.ok && event.request != null,
    );
    return (
      step && [
        before(step),
        `An I/O has failed with ${errorText(step.event.error)}. \`${step.event.name}\` returns \`FALSE\`. Has it taken a packet?`,
        'The packet is out of the port, and its callback must run with the error.',
        'yes: the OVERLAPPED is not `NULL`',
        'no: `FALSE` means that no packet came',
        'no: it stays in the port',
      ]
    );
  },

  postedPacket(look) {
    const step = firstPost(look);
    const bytes = count(step?.call.bytes ?? 0, 'byte');
    return (
      step && [
        before(step),
        `${roleOf(step)} will post a packet of ${bytes} by hand. How many bytes does the system read or write?`,
        'A packet is only numbers: bytes, a key, an address, a status. The post queues them.',
        'none',
        `the buffer: ${bytes}`,
        'the OVERLAPPED: 32 bytes',
      ]
    );
  },

  orderOfReads({ playback, story }) {
    const first = playback.states.findIndex(
      ({ flights }) => flights.filter((one) => one.kind !== 'post').length > 2,
    );
    const came = story.takes
      .filter((step) => first >= 0 && step.index > first)
      .flatMap((step) => step.event.request ?? [])
      .slice(0, 4);
    if (came.length < 2) return undefined;
    return [
      first,
      'Several requests are in flight. In which order will their packets come?',
      `In this run: ${list(came.map((id) => `request ${id}`))}. Another run can have another order.`,
      'the order is not guaranteed',
      'in the order of the starts',
      'in the order of the offsets',
    ];
  },

  // ---- Threads ----

  whichWorker(look) {
    const waiting = (step: Step): number =>
      waitersAt(stateBefore(look, step)).length;
    const step = look.story.takes.find(
      (one) => one.event.request != null && waiting(one) > 1,
    );
    return (
      step && [
        before(step),
        `${waiting(step)} workers wait at the port, and a packet comes. Who gets it?`,
        'Each packet goes to one thread. A program must be right for any order.',
        'one of them; it is not known which',
        'all of them',
        'always the one that waits longest',
      ]
    );
  },

  whoRunsIt({ story }) {
    const step = story.takes.find(
      ({ event }) => event.thread !== 0 && event.request != null,
    );
    const start = step && story.startOf.get(step.event.use ?? -1);
    return (
      start && [
        start.index,
        `Which thread will run the callback of request ${start.call.request}?`,
        'A worker takes the packet, and then it calls the callback itself.',
        'the worker that takes the packet',
        `this one: ${roleOf(start)}`,
        'a new thread of the kernel',
      ]
    );
  },

  whoFrees(look) {
    const step = look.steps.find(({ event, index }) => {
      const { mistakes } = stateAt(look.playback, index);
      return (
        event.kind === 'free' &&
        event.request != null &&
        mistakes.every((one) => one.step !== index)
      );
    });
    if (!step) return undefined;
    const request = requestOf(step.event)!;
    const owner = stateBefore(look, step).requests[request]?.owner.who;
    const answers = ['its callback', 'the thread that allocated it'];
    if (owner !== 'callback') answers.reverse();
    const take = look.story.takes.findLast(
      (one) => one.index < step.index && one.event.request === request,
    );
    return [
      take?.index ?? before(step),
      `In this run, no other I/O will use request ${request}. Who frees it?`,
      'Exactly one owner frees it, once.',
      ...(answers as [string, string]),
      'the kernel',
    ];
  },

  whoWakesMain(look) {
    const { steps } = look;
    const set = steps.find((step) => {
      const main = stateBefore(look, step).threads[0];
      return (
        step.call?.name === 'SetEvent' &&
        step.event.thread !== 0 &&
        main?.state === 'waits' &&
        main.waitsFor === step.call.what
      );
    });
    if (!set) return undefined;
    const { since } = stateBefore(look, set).threads[0]!;
    const wait = steps.find(
      ({ event }) => event.thread === 0 && event.t === since,
    );
    return [
      wait?.index ?? before(set),
      `\`main\` waits for ${set.call?.what}. What will wake it?`,
      'Only the program knows when its work is complete.',
      'a callback, with `SetEvent`',
      'the kernel, when a read has completed',
      'the port, when it is empty',
    ];
  },

  sentinels({ story }) {
    const { size } = story.sentinels;
    const step = story.starts.find(({ call }) =>
      story.sentinels.has(call.use!),
    );
    if (!step || size < 2) return undefined;
    return [
      before(step),
      `${roleOf(step)} posts packets without a request, to stop ${size} workers. How many does it need?`,
      'A packet goes to one thread. The worker that takes such a packet exits.',
      `${size}, because each worker takes one`,
      '1, because all workers see it',
      `${size + 1}, because one is for \`main\``,
    ];
  },

  failedOpen(look) {
    const step = findReturn(look, /^CreateFile/);
    return (
      step && [
        before(step),
        `${roleOf(step)} opens a file. What does \`CreateFileW\` return if it fails?`,
        step.event.ok
          ? 'In this run, it succeeds. Other functions, such as `CreateIoCompletionPort`, fail with `NULL`.'
          : `In this run, it fails: ${errorText(step.event.error)}.`,
        '`INVALID_HANDLE_VALUE`',
        '`NULL`',
        '`FALSE`',
      ]
    );
  },
};

export function questionsOf(playback: Playback): Question[] {
  const look = { playback, steps: playback.steps, story: storyOf(playback) };
  const questions = new Map<number, Question>(); // by the step
  for (const [name, template] of Object.entries(TEMPLATES)) {
    const found = template(look);
    if (found && !questions.has(found[0]) && questions.size < MOST)
      questions.set(found[0], asked(name, found));
  }
  return [...questions.values()].sort((a, b) => a.after - b.after);
}

function asked(name: string, found: Found): Question {
  const [after, ask, because, right, ...wrong] = found;
  // Their order depends on the texts only: the right one can be any of them.
  const answers = [right, ...wrong].sort((a, b) => hash(a) - hash(b));
  return {
    name,
    after,
    ask: ask.replace(/^[a-z]/, (letter) => letter.toUpperCase()),
    because,
    answers,
    right: answers.indexOf(right),
  };
}

function hash(text: string): number {
  let value = 2; // with it, the right answers are spread evenly
  for (const letter of text)
    value = (value * 31 + letter.codePointAt(0)!) % 1009;
  return value;
}
