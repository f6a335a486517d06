// A step is what a reader sees happen as one thing: an event, its subject, and
// what the recorder found in memory just after it.
import {
  type BorderEvent,
  type BufferEvent,
  type CallEvent,
  type DepthEvent,
  type FieldsEvent,
  type Frame,
  framesOf,
  isPost,
  KERNEL,
  type MemoryEvent,
  type PrintEvent,
  type ReturnEvent,
  type Run,
  type RunEvent,
  requestOf,
  type ThreadIndex,
} from './run.ts';

/** What happened; the others say what the recorder found. */
export type Subject = Exclude<RunEvent, BufferEvent | DepthEvent>;

export interface Step {
  readonly index: number;
  readonly event: Subject;
  /** The thread that acts, or KERNEL. */
  readonly actor: ThreadIndex;
  /** The call, if the subject is a call or its return. */
  readonly call: CallEvent | undefined;
  /** The subject is a return, and its call belongs to the same step. */
  readonly whole: boolean;
  /** Where the thread is, the innermost frame first. */
  readonly frames: readonly Frame[];
  /** The lines that the thread ran since its last step, each once. */
  readonly trail: readonly Frame[];
  /** All events of the step, in order. */
  readonly events: readonly RunEvent[];
}

type Draft = {
  -readonly [Key in keyof Step]: Key extends 'events' ? RunEvent[] : Step[Key];
};

/** These calls have had their effect when they start. Their return adds nothing. */
const STARTS_ARE_ENOUGH = new Set([
  'SetEvent',
  'ResetEvent',
  'PostQueuedCompletionStatus',
  'NtSetIoCompletion',
  'CloseHandle',
  '_beginthreadex',
  'CreateThread',
]);

/** What such a call does has an event of its own. */
const SILENT = new Set(['callback', 'TerminateProcess']);

/** For what these functions print, the caller's line is the one of interest. */
const PRINTING = new Set(['say', 'report', 'check']);

/** A change of these fields is a step. Others are the program's bookkeeping. */
const TEACHING =
  /(^|\.)(Internal|InternalHigh|Offset|OffsetHigh|hEvent|callback|context|buffer|length|state)$/;

export const STATUS_PENDING = '0x103';

/** The value of a field of the OVERLAPPED, wherever the OVERLAPPED lies. */
export function overlappedField(
  fields: Readonly<Record<string, string>>,
  name: string,
): string | undefined {
  if (name in fields) return fields[name];
  const key = Object.keys(fields).find((one) => one.endsWith(`.${name}`));
  return key == null ? undefined : fields[key];
}

/**
 * Whether a change of memory shows that the I/O has completed. `before` is the
 * value of Internal until now.
 */
export function showsCompletion(
  set: Readonly<Record<string, string>>,
  before: string | undefined,
): boolean {
  const status = overlappedField(set, 'Internal');
  if (status != null)
    return (
      status !== STATUS_PENDING &&
      (status !== '0x0' || before === STATUS_PENDING || hasBytes(set))
    );
  return before !== STATUS_PENDING && hasBytes(set);
}

function hasBytes(set: Readonly<Record<string, string>>): boolean {
  return (overlappedField(set, 'InternalHigh') ?? '0x0') !== '0x0';
}

/** What is known of a thread while the steps are made. */
interface Progress {
  frames: readonly Frame[];
  /** Where the thread was before its last line. */
  before: readonly Frame[];
  trail: Map<string, Frame>;
  /** The step that the thread's last event made. */
  last: Draft | undefined;
}

class Steps {
  readonly steps: Draft[] = [];
  readonly #calls = new Map<number, CallEvent>();
  readonly #threads = new Map<ThreadIndex, Progress>();
  /** Events before the first step. */
  #early: RunEvent[] = [];
  /** Of each request in flight that has not completed: its Internal. */
  readonly #flying = new Map<number, string | undefined>();
  /** Of each request that is out of the program's hands: none; else its thread. */
  readonly #holders = new Map<number, ThreadIndex>();
  /** Calls that have not returned, and are no step yet. */
  readonly #held = new Map<ThreadIndex, CallEvent>();
  readonly #allocated = new Set<number>();
  readonly #lastUse = new Map<number, number>();

  constructor(private readonly run: Run) {
    run.events.forEach((event, index) => {
      if (event.kind === 'fields' || event.kind === 'buffer') return;
      const request = requestOf(event);
      if (request != null) this.#lastUse.set(request, index);
      if (event.kind === 'allocate' && request != null)
        this.#allocated.add(request);
    });
  }

  make(): Step[] {
    this.run.events.forEach((event, index) => {
      this.#take(event, index);
    });
    for (const call of this.#held.values()) this.#add(call, { call });
    return this.steps;
  }

  #of(thread: ThreadIndex): Progress {
    let progress = this.#threads.get(thread);
    if (!progress) {
      progress = { frames: [], before: [], trail: new Map(), last: undefined };
      this.#threads.set(thread, progress);
    }
    return progress;
  }

  /** The event belongs to the last step. */
  #attach(event: RunEvent): void {
    (this.steps.at(-1)?.events ?? this.#early).push(event);
  }

  #add(event: Subject, more: Partial<Draft> = {}): void {
    const own = this.#of(event.thread);
    const step: Draft = {
      index: this.steps.length,
      event,
      actor: event.thread,
      call: undefined,
      whole: false,
      frames: this.#framesAt(event),
      trail: [...own.trail.values()],
      events: [...this.#early, event],
      ...more,
    };
    this.#early = [];
    this.steps.push(step);
    own.trail = new Map();
    own.last = step;
    if (event.kind !== 'fields') own.frames = step.frames;
  }

  #framesAt(event: RunEvent): readonly Frame[] {
    const stack = framesOf(this.run, event.stack);
    return stack.length > 0 ? stack : this.#of(event.thread).frames;
  }

  #take(event: RunEvent, index: number): void {
    switch (event.kind) {
      case 'line':
        return this.#takeLine(event);
      case 'buffer':
      case 'depth':
        return this.#attach(event);
      case 'fields':
        return this.#takeFields(event, index);
      case 'call':
        return this.#takeCall(event);
      case 'return':
        return this.#takeReturn(event);
      case 'print':
        return this.#takePrint(event);
      case 'allocate':
      case 'free':
        return this.#takeMemory(event);
      case 'done':
        if (event.request != null) this.#flying.delete(event.request);
        this.#add(event, { actor: KERNEL });
        return;
      default:
        return this.#add(event);
    }
  }

  #takeLine(event: BorderEvent): void {
    const own = this.#of(event.thread);
    const frames = framesOf(this.run, event.stack);
    own.before = own.frames.length > 0 ? own.frames : frames;
    own.frames = frames;
    own.last = undefined;
    const [here] = frames;
    if (here) own.trail.set(`${here.file}:${here.line}`, here);
  }

  #takeCall(event: CallEvent): void {
    this.#calls.set(event.call, event);
    if (event.use != null && event.request != null) {
      this.#flying.set(event.request, undefined);
      this.#holders.delete(event.request);
    }
    if (SILENT.has(event.name)) this.#attach(event);
    else if (isBrief(event)) this.#held.set(event.thread, event);
    else this.#add(event, { call: event });
  }

  #takeReturn(event: ReturnEvent): void {
    const call = this.#calls.get(event.call);
    const last = this.steps.at(-1);
    const request = event.request ?? call?.request;
    if (request != null && (event.packet || event.completed || event.took))
      this.#flying.delete(request);
    const startsIo = call != null && call.use != null && !isPost(call.name);
    if (call && this.#held.get(event.thread) === call) {
      this.#held.delete(event.thread);
      this.#early.push(call);
      this.#add(event, { call, whole: true });
    } else if (
      last &&
      call &&
      last.event === call &&
      !startsIo &&
      !event.packet
    ) {
      last.event = event;
      last.whole = true;
      last.events.push(event);
    } else if (event.ok && STARTS_ARE_ENOUGH.has(event.name)) {
      this.#attach(event);
    } else {
      this.#add(event, { call });
    }
  }

  #takePrint(event: PrintEvent): void {
    const last = this.steps.at(-1);
    if (
      last?.event.kind === 'print' &&
      last.event.thread === event.thread &&
      last.event.stream === event.stream &&
      !textOf(last).endsWith('\n')
    ) {
      last.events.push(event);
      return;
    }
    const frames = this.#framesAt(event);
    const caller = frames.findIndex((frame) => !PRINTING.has(frame.function));
    this.#add(event, { frames: frames.slice(Math.max(0, caller)) });
  }

  /** Memory that holds several requests has an event for each of them. */
  #takeMemory(event: MemoryEvent): void {
    const last = this.steps.at(-1);
    if (event.kind === 'allocate' && event.request != null)
      this.#holders.set(event.request, event.thread);
    if (event.request == null && !event.again) {
      this.#attach(event);
    } else if (
      last?.event.kind === event.kind &&
      last.event.thread === event.thread &&
      last.event.t === event.t &&
      event.request != null &&
      !event.again
    ) {
      last.events.push(event);
    } else {
      this.#add(event);
    }
  }

  #takeFields(event: FieldsEvent, index: number): void {
    const { request } = event;
    const isStray = !this.#allocated.has(request);
    // On a stack, other functions use the memory after the last use.
    if (isStray && index > (this.#lastUse.get(request) ?? -1)) return;
    const last = this.steps.at(-1);
    const own = this.#of(event.thread);
    const isDirect = last != null && own.last === last;
    if (this.#completes(event, isDirect ? last : undefined)) {
      this.#flying.delete(request);
      const isOfLast =
        isDirect && (requestOf(last.event) ?? last.call?.request) === request;
      if (isOfLast) this.#attach(event);
      else this.#add(event, { actor: KERNEL, frames: [], trail: [] });
      return;
    }
    this.#remember(event);
    const isOfProgram = Object.keys(event.set).some((name) =>
      TEACHING.test(name),
    );
    // Only a thread that has the request can have changed it.
    const isOwn = this.#holders.get(request) === event.thread;
    if (isDirect || isStray || !isOfProgram || !isOwn) this.#attach(event);
    else if (last && continues(last, event)) this.#extend(last, event, own);
    else this.#add(event, { frames: own.before });
  }

  /** `after`: the step whose effect the recorder was looking for. */
  #completes(event: FieldsEvent, after: Draft | undefined): boolean {
    const isBeforeTheCall =
      after?.event.kind === 'call' && after.event.request === event.request;
    return (
      this.#flying.has(event.request) &&
      !isBeforeTheCall &&
      showsCompletion(event.set, this.#flying.get(event.request))
    );
  }

  #remember(event: FieldsEvent): void {
    const status = overlappedField(event.set, 'Internal');
    if (status != null && this.#flying.has(event.request))
      this.#flying.set(event.request, status);
  }

  #extend(last: Draft, event: FieldsEvent, own: Progress): void {
    last.events.push(event);
    last.frames = own.before;
    last.trail = [...last.trail, ...own.trail.values()];
    own.trail = new Map();
  }
}

/** Its beginning is no step: it neither waits nor starts anything. */
function isBrief(call: CallEvent): boolean {
  return !call.waits && call.use == null && !STARTS_ARE_ENOUGH.has(call.name);
}

/** Changes of one request by one thread, with nothing in between, are one step. */
function continues(last: Step, event: FieldsEvent): boolean {
  return (
    last.event.kind === 'fields' &&
    last.event.request === event.request &&
    last.actor === event.thread
  );
}

/** What a step printed, if it is one that prints. */
export function textOf(step: Step): string {
  return step.events
    .map((event) => (event.kind === 'print' ? event.text : ''))
    .join('');
}

/** The fields that a step has changed, each with its last value. */
export function changesOf(step: Step, request: number): Record<string, string> {
  return Object.assign(
    {},
    ...step.events.map((event) =>
      event.kind === 'fields' && event.request === request ? event.set : {},
    ),
  );
}

export function stepsOf(run: Run): Step[] {
  return new Steps(run).make();
}
