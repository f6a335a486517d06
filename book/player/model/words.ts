// What just happened, in words. `code` and **names** are marked up.
import {
  count,
  crashText,
  errorText,
  firstLine,
  ioText,
  list,
  number,
  sentences,
  setText,
  statusText,
  threadName,
  upper,
  waitText,
} from './names.ts';
import {
  type CallEvent,
  type DoneEvent,
  isPost,
  KERNEL,
  type MemoryEvent,
  type ReturnEvent,
  type Run,
} from './run.ts';
import {
  type Flight,
  isTake,
  lastState,
  type Mistake,
  type Playback,
  type State,
  SYSTEM_POOL,
  stateAt,
  thingOf,
  waitersAt,
} from './state.ts';
import { changesOf, type Step, textOf } from './steps.ts';
import { type Story, storyOf } from './story.ts';

/** What a sentence is about. */
interface Scene {
  run: Run;
  story: Story;
  step: Step;
  /** The acting thread, marked up. */
  who: string;
  last: State;
  state: State;
  /** The program's mistake in this step. */
  mistake: Mistake | undefined;
}

/** One or two sentences about a step; -1 is before the first one. */
export function sentence(playback: Playback, index: number): string {
  const { run, steps } = playback;
  const step = steps[index];
  if (!step) return 'The program starts. Press **→** to see its first step.';
  const state = stateAt(playback, index);
  const name = threadName(run, step.actor);
  const text = tell({
    run,
    story: storyOf(playback),
    step,
    who: step.actor === KERNEL ? 'the kernel' : `**${name}**`,
    last: stateAt(playback, index - 1),
    state,
    mistake: state.mistakes.find((one) => one.step === index),
  });
  const isCut = run.cut && index === steps.length - 1;
  return upper(text) + (isCut ? ` **The recording stops ${run.cut}.**` : '');
}

function tell(scene: Scene): string {
  const { step, who, mistake } = scene;
  const { event } = step;
  switch (event.kind) {
    case 'begin':
      return `${who} starts to run${event.function ? `, in \`${event.function}\`` : ''}.`;
    case 'end':
      return mistake
        ? `${who} exits. It took the packet of request ${mistake.request}, but no callback ran: **the packet is lost**.`
        : `${who} exits.`;
    case 'exit':
      return exited(scene);
    case 'killed':
      return killed(scene);
    case 'crash':
      return crashed(scene, event.error);
    case 'print':
      return printed(scene);
    case 'finding':
      return `the ${event.by ?? 'checker'} reports a mistake: **${firstLine(event.text)}**.`;
    case 'allocate':
      return `${who} allocates ${named(step)}, and owns ${pronoun(step)}.`;
    case 'free':
      return freed(scene, event);
    case 'done':
      return completed(scene, event);
    case 'fields':
      return changed(scene, event.request);
    case 'call':
      return called(scene, event);
    case 'return':
      return returned(scene, event);
    default:
      return `${who} runs.`;
  }
}

// ---- The ends of a run ----

function exited({ run, mistake }: Scene): string {
  return sentences(
    `the program ends with exit status ${run.status ?? 'unknown'}.`,
    mistake &&
      `**Request ${mistake.request} is still in flight**: its callback will not run.`,
  );
}

function killed({ last, mistake }: Scene): string {
  if (!mistake) return 'the run ends here.';
  if (mistake.what === 'no end')
    return 'the program has no end. The recorder killed it.';
  const [main] = last.threads;
  const workers = waitersAt(last).filter((thread) => thread !== main).length;
  return sentences(
    '**The program hangs**: each thread waits.',
    main?.state === 'waits' && `**${main.name}** waits ${waitText(main)}.`,
    workers > 0 &&
      `${count(workers, 'worker')} ${workers === 1 ? 'waits' : 'wait'} for a packet.`,
  );
}

function crashed({ last, step, who }: Scene, code: number | undefined): string {
  const freed = last.mistakes.find((one) => one.what === 'freed in flight');
  return step.actor === KERNEL && freed
    ? `the I/O of request ${freed.request} completes, and its result goes to **freed memory**: the program crashes.`
    : `${step.actor === KERNEL ? 'the program' : who} **crashes**: ${crashText(code)}.`;
}

function printed({ step, who }: Scene): string {
  const lines = textOf(step).trim().split('\n');
  const first = lines[0]!.replace(/^\w+: |[*`]/g, '').trim();
  const isError = step.event.kind === 'print' && step.event.stream === 'stderr';
  const rest = lines.length - 1;
  return `${who} prints${isError ? ' on stderr' : ''} “${first}”${rest > 0 ? `, and ${count(rest, 'more line')}` : ''}.`;
}

// ---- Memory ----

const requestsOf = (step: Step): number[] =>
  step.events.flatMap((event) =>
    event.kind === 'allocate' || event.kind === 'free'
      ? (event.request ?? [])
      : [],
  );

function named(step: Step): string {
  const requests = requestsOf(step);
  return requests.length === 1
    ? `request ${requests[0]}`
    : `${requests.length} requests`;
}

const pronoun = (step: Step): string =>
  requestsOf(step).length === 1 ? 'it' : 'them';

function freed(
  { last, step, who, mistake }: Scene,
  event: MemoryEvent,
): string {
  if (event.again) return `${who} frees memory that is **not allocated**.`;
  const [request = -1] = requestsOf(step);
  const owner = last.requests[request]?.owner.who;
  if (mistake)
    return `${who} frees ${named(step)}, but ${owner === 'port' ? 'its **packet is still in the port**' : '**the kernel owns it**: its I/O is in flight'}.`;
  return `${owner === 'callback' ? `the callback on ${who}` : who} owns ${named(step)}, and frees ${pronoun(step)}.`;
}

/** What the kernel does when an I/O completes. */
function completion(flight: Flight | undefined, bytes: number, status: number) {
  return sentences(
    `the kernel has completed the ${ioText(flight)}: **${count(bytes, 'byte')}**${status ? `, ${statusText(status)}` : ''}.`,
    flight?.where === 'port' && 'Its packet is in the port.',
  );
}

const flightOf = (state: State, request: number | undefined) =>
  state.flights.find((one) => one.request === request);

const completed = ({ state }: Scene, event: DoneEvent): string =>
  completion(flightOf(state, event.request), event.bytes, event.status);

function changed(scene: Scene, request: number): string {
  const { run, step, who, state } = scene;
  const flight = flightOf(state, request);
  if (step.actor === KERNEL && flight)
    return completion(flight, flight.bytes ?? 0, flight.status ?? 0);
  const set = Object.entries(changesOf(step, request));
  return set.length > 4
    ? `${who} sets all fields of request ${request}.`
    : `In request ${request}, ${who} sets ${list(set.map(([name, value]) => setText(run, request, name, value)))}.`;
}

// ---- Calls ----

function called(scene: Scene, event: CallEvent): string {
  const { who, last, run } = scene;
  const { name, what, request } = event;
  if (isPost(name)) return posted(scene, event);
  if (event.use != null)
    return `${who} calls \`${name}\`: ${count(event.length ?? 0, 'byte')} at offset ${number(event.offset ?? 0)}. From now on **the kernel owns request ${request} and its buffer**.`;
  if (isTake(name)) return `${who} waits for a packet.`;
  switch (name) {
    case 'SetEvent':
      return setsEvent(scene, what ?? 'an event');
    case 'CloseHandle':
      return closes(last, who, what ?? 'something');
    case '_beginthreadex':
    case 'CreateThread':
      return `${who} starts ${madeBy(run, event) ?? 'a thread'}.`;
  }
  if (event.waits)
    return `${who} waits${what ? ` for ${what}` : ''}, in \`${name}\`.`;
  return `${who} calls \`${name}\`${what ? ` for ${what}` : ''}.`;
}

/** What the call will have made when it returns. */
const madeBy = (run: Run, { call }: CallEvent): string | undefined =>
  run.events.find(
    (event): event is ReturnEvent =>
      event.kind === 'return' && event.call === call,
  )?.made;

function posted({ story, who }: Scene, event: CallEvent): string {
  const { request, use = -1 } = event;
  if (request != null)
    return `${who} posts a packet with request ${request}: ${count(event.bytes ?? 0, 'byte')}. No I/O takes place.`;
  return sentences(
    `${who} posts a packet without a request, key ${event.key ?? 0}.`,
    story.sentinels.has(use) && 'The worker that takes it will exit.',
  );
}

function setsEvent({ who, last }: Scene, event: string): string {
  const waiting = last.threads.filter(
    ({ state, waitsFor }) =>
      state === 'waits' && waitsFor?.split(', ').includes(event),
  );
  return waiting.length > 0
    ? `${who} sets ${event}, and ${list(waiting.map(({ name }) => `**${name}**`))} can continue.`
    : `${who} sets ${event}. No thread waits for it now.`;
}

function closes({ flights }: State, who: string, what: string): string {
  const flying = flights.filter(
    (one) => one.where === 'kernel' && one.file === thingOf(what),
  ).length;
  return `${who} closes the handle of ${what}${flying > 0 ? `, **with ${flying} I/O in flight**` : ''}.`;
}

// ---- Returns ----

function returned(scene: Scene, event: ReturnEvent): string {
  const { step, who } = scene;
  const { call } = step;
  if (event.packet) return tookPacket(scene, event);
  if (event.took)
    return `${who} sees that the I/O of request ${event.request} has completed. Now ${who} owns the request.`;
  if (call?.use != null && !isPost(call.name))
    return startReturned(scene, event, call);
  if (isTake(event.name)) return tookNothing(scene, event);
  if (event.ok) return succeeded(scene, event, call);
  if (event.error === 258) return `${who} continues: the wait timed out.`;
  const of = call?.request == null ? call?.what : `request ${call.request}`;
  return sentences(
    `${who} calls \`${event.name}\`${of ? ` for ${of}` : ''}. It fails with **${errorText(event.error)}**.`,
    event.error === 1168 && 'The I/O has completed already.',
  );
}

function succeeded(
  scene: Scene,
  event: ReturnEvent,
  call: CallEvent | undefined,
): string {
  const { who, step } = scene;
  const { name, made } = event;
  const what = call?.what;
  if (/^(BindIo|CreateThreadpoolIo|CreateIoCompletionPort)/.test(name))
    return what
      ? `${who} binds ${what} to ${made?.startsWith('port') ? made : SYSTEM_POOL}. Each I/O on it queues a packet there when it completes.`
      : `${who} creates ${made ?? 'a port'}: a queue of packets.`;
  if (name.startsWith('CreateFile')) return `${who} opens ${made ?? 'a file'}.`;
  if (/^(Read|Write)File/.test(name))
    return `${who} calls \`${name}\`${what ? ` for ${what}` : ''} without an OVERLAPPED. The call blocks until the I/O has completed: **${count(event.bytes ?? 0, 'byte')}**.`;
  if (name.startsWith('Cancel'))
    return `${who} asks the kernel to cancel ${call?.request == null ? `all I/O of ${what ?? 'the handle'}` : `the I/O of request ${call.request}`}. **Its packet still comes**.`;
  if (call?.waits)
    return `${who} continues: ${what ? `${what} ${/^(worker|thread|process)/.test(what) ? 'has exited' : 'is set'}` : `\`${name}\` returns`}.`;
  if (made && name.startsWith('Create')) return `${who} creates ${made}.`;
  return step.whole && call
    ? called(scene, call)
    : `${who}: \`${name}\` returns.`;
}

function tookNothing({ story, who }: Scene, event: ReturnEvent): string {
  const taken = story.takes.filter((one) => one.event.call === event.call);
  return event.ok
    ? `${who} takes ${count(taken.length, 'packet')} with one call.`
    : `${who} waits for a packet, but none comes. \`${event.name}\` returns \`FALSE\`, ${errorText(event.error)}, without an OVERLAPPED.`;
}

function tookPacket(scene: Scene, event: ReturnEvent): string {
  const { who, state, story } = scene;
  const { request, ok } = event;
  if (request == null)
    return sentences(
      `${who} takes a packet without a request, key ${event.key ?? 0}.`,
      story.sentinels.has(event.use ?? -1) && 'It will exit.',
    );
  const isCallback = state.requests[request]?.owner.who === 'callback';
  return sentences(
    `${event.name === 'callback' ? `the system calls a callback on ${who} with` : `${who} takes`} the packet of request ${request}: ${count(event.bytes ?? 0, 'byte')}.`,
    !ok &&
      `${event.name === 'GetQueuedCompletionStatus' ? 'The call of `GetQueuedCompletionStatus` returns **`FALSE`, but with an OVERLAPPED**: the' : 'The'} I/O failed with ${errorText(event.error)}.`,
    `Now ${isCallback ? 'the callback' : who} owns ${isCallback ? 'the request' : 'it'}.`,
  );
}

/** The call that started an I/O returns. */
function startReturned(
  { who, state }: Scene,
  event: ReturnEvent,
  call: CallEvent,
): string {
  const flight = state.flights.find((one) => one.use === call.use);
  const request = `request ${call.request}`;
  const result = event.ok ? '`TRUE`' : `\`FALSE\`, ${errorText(event.error)}`;
  return sentences(
    `\`${event.name}\` returns to ${who}: ${result}.`,
    flight
      ? {
          kernel: flight.port
            ? 'The I/O is in flight, and **a packet will come**.'
            : 'The I/O is in flight.',
          port: 'The result comes in a packet, which **is in the port already**.',
          done: 'The I/O has completed.',
        }[flight.where]
      : event.completed
        ? `**No packet comes**: ${who} owns ${request} again.`
        : `Another thread **has taken the packet already**: do not touch ${request}.`,
  );
}

// ---- The whole run ----

/** Where the run comes from, and how it ends if not as it should. */
export function runText(playback: Playback): string {
  const { run } = playback;
  const { mistakes, over } = lastState(playback);
  const hangs = mistakes.some((one) => one.what === 'hang');
  return sentences(
    `Recorded under ${run.system}: \`${run.command}\`.`,
    over === 'killed' &&
      `**The program ${hangs ? 'hangs' : 'has no end'}**: the recorder killed it.`,
    run.ended === 'crash' && '**The program crashes.**',
    run.cut && `**The recording stops ${run.cut}.**`,
    run.summary.lost > 0 && `${count(run.summary.lost, 'record')} did not fit.`,
  );
}
