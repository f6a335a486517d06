// What a run means: what each thread does, who owns each request, what is in
// flight and what the ports hold. Each step makes a new state from the last one.
// No state is ever changed, and states share what a step does not change.
import {
  type BorderEvent,
  type CallEvent,
  type DoneEvent,
  type FieldsEvent,
  isPost,
  isStart,
  type MemoryEvent,
  type PrintEvent,
  type ReturnEvent,
  type Run,
  type RunEvent,
  type ThreadIndex,
  unpacked,
} from './run.ts';
import {
  type Flight,
  firstState,
  isTake,
  type MistakeKind,
  type Owner,
  type Playback,
  type Request,
  type State,
  SYSTEM_POOL,
  type Thread,
  thingOf,
} from './state.ts';
import {
  overlappedField,
  STATUS_PENDING,
  type Step,
  showsCompletion,
  stepsOf,
} from './steps.ts';

export function play(file: Run): Playback {
  const run = unpacked(file);
  const steps = stepsOf(run);
  const states = [...statesOf(run, steps)];
  return { run, steps, before: firstState(run), states };
}

/** The state after each step. */
export function* statesOf(run: Run, steps: readonly Step[]): Generator<State> {
  const starts = startsOf(run);
  let state = firstState(run);
  for (const step of steps) {
    state = new Move(starts, state, step).make();
    yield state;
  }
}

/** By use: the call that started a request. */
type Starts = ReadonlyMap<number, CallEvent>;

const startsOf = (run: Run): Starts =>
  new Map(
    run.events.flatMap((event) =>
      isStart(event) && event.request != null ? [[event.use!, event]] : [],
    ),
  );

/** Functions that only check or print: they do not handle a packet. */
const HELPERS = new Set(['check', 'say', 'report']);

type Changing = { -readonly [Key in keyof State]: State[Key] };

/** Makes the state after one step. */
class Move {
  readonly #state: Changing;

  constructor(
    private readonly starts: Starts,
    last: State,
    private readonly step: Step,
  ) {
    this.#state = { ...last };
  }

  make(): State {
    this.#place();
    for (const event of this.step.events) this.#apply(event);
    return this.#state;
  }

  // ---- Changes ----

  #setThread(index: ThreadIndex, change: Partial<Thread>): void {
    const thread = this.#state.threads[index];
    if (thread)
      this.#state.threads = this.#state.threads.with(index, {
        ...thread,
        ...change,
      });
  }

  #request(id: number): Request {
    return (
      this.#state.requests[id] ?? {
        id,
        owner: { who: 'none' },
        home: 0,
        isAllocated: false,
        fields: {},
        changed: { step: -1, names: [] },
        buffer: [],
        bufferStep: -1,
      }
    );
  }

  #setRequest(id: number, change: Partial<Request>): void {
    this.#state.requests = {
      ...this.#state.requests,
      [id]: { ...this.#request(id), ...change },
    };
  }

  #setOwner(id: number | undefined, owner: Owner): void {
    if (id != null) this.#setRequest(id, { owner });
  }

  #mistake(what: MistakeKind, request?: number): void {
    this.#state.mistakes = [
      ...this.#state.mistakes,
      { step: this.step.index, what, request },
    ];
  }

  #removeFlight(use: number | undefined): void {
    this.#state.flights = this.#state.flights.filter((one) => one.use !== use);
  }

  // ---- Threads ----

  /** The thread of the step is where the step says. */
  #place(): void {
    const { event, frames, trail } = this.step;
    const thread = this.#state.threads[event.thread];
    if (!thread || thread.state === 'ended') return;
    // What the kernel did, only a look of this thread has found.
    if (this.step.actor !== event.thread) return;
    if (frames.length > 0) this.#setThread(event.thread, { frames });
    if (event.kind !== 'fields' && event.kind !== 'finding')
      this.#setThread(event.thread, { state: 'runs' });
    const { handles } = thread;
    if (!handles || handles.used) return;
    const isUsed =
      trail.some(
        (frame) =>
          !HELPERS.has(frame.function) &&
          !handles.inside.includes(frame.function),
      ) || usesPacket(this.step);
    if (isUsed)
      this.#setThread(event.thread, { handles: { ...handles, used: true } });
  }

  #apply(event: RunEvent): void {
    switch (event.kind) {
      case 'call':
        return this.#called(event);
      case 'return':
        return this.#returned(event);
      case 'print':
        return this.#printed(event);
      case 'allocate':
        return this.#allocated(event);
      case 'free':
        return this.#freed(event);
      case 'done':
        return this.#completed(event);
      case 'fields':
        return this.#changed(event);
      case 'buffer':
        return this.#setRequest(event.request, {
          buffer: bytesOf(event.hex),
          bufferStep: this.step.index,
        });
      case 'finding':
        this.#state.findings = [
          ...this.#state.findings,
          {
            by: event.by ?? 'checker',
            step: this.step.index,
            text: event.text,
            rule: event.rule,
          },
        ];
        return;
      case 'depth':
        return;
      default:
        return this.#border(event);
    }
  }

  #border(event: BorderEvent): void {
    switch (event.kind) {
      case 'begin':
        return this.#setThread(event.thread, { state: 'runs' });
      case 'end':
        this.#dropPacket(event.thread);
        return this.#setThread(event.thread, { state: 'ended', frames: [] });
      case 'exit':
        return this.#exited();
      case 'killed':
        return this.#killed();
      case 'crash':
        this.#state.over = 'crash';
        this.#setThread(event.thread, { state: 'crashed' });
        return this.#mistake(
          'crash',
          this.#state.mistakes.find((one) => one.request != null)?.request,
        );
      default:
        return;
    }
  }

  #exited(): void {
    this.#state.over = 'exit';
    const left = this.#state.flights.find(
      (one) => one.request != null && one.where !== 'done',
    );
    if (left) this.#mistake('exit in flight', left.request);
    this.#state.threads = this.#state.threads.map((thread) => ({
      ...thread,
      state: thread.state === 'unborn' ? 'unborn' : 'ended',
      waitsFor: undefined,
      waitsIn: undefined,
      frames: [],
    }));
  }

  #killed(): void {
    const { findings, threads } = this.#state;
    const hangs =
      findings.some((one) => one.text.startsWith('hung')) ||
      !threads.some((thread) => thread.state === 'runs');
    // The explorer ends a run at its first mistake.
    if (!hangs && findings[0]?.by === 'explorer') return;
    this.#state.over = 'killed';
    this.#mistake(hangs ? 'hang' : 'no end');
  }

  // ---- Calls ----

  #called(event: CallEvent): void {
    if (isTake(event.name)) this.#dropPacket(event.thread);
    if (event.waits)
      this.#setThread(event.thread, {
        state: 'waits',
        waitsFor: thingOf(event.what),
        waitsIn: event.name,
        since: event.t,
      });
    if (event.use != null) this.#started(event, event.use);
    else if (event.name.startsWith('Cancel')) this.#cancelled(event);
  }

  #started(event: CallEvent, use: number): void {
    const { request } = event;
    const file = thingOf(event.what);
    const isPosted = isPost(event.name);
    const port = isPosted ? file : this.#state.bound[file ?? ''];
    const old = this.#state.flights.find(
      (one) => request != null && one.request === request,
    );
    const isReused = old != null && !isPosted && old.kind !== 'post';
    // Without a port, the program can see in the OVERLAPPED that it completed.
    if (isReused && old.port != null) this.#mistake('used in flight', request);
    else if (isReused) this.#removeFlight(old.use);
    this.#state.flights = [
      ...this.#state.flights,
      {
        use,
        request,
        kind: kindOf(event.name),
        file,
        by: event.thread,
        offset: event.offset ?? 0,
        length: event.length ?? 0,
        key: event.key,
        where: isPosted ? 'port' : 'kernel',
        port,
        bytes: event.bytes,
        status: event.name === 'PostQueuedCompletionStatus' ? 0 : undefined,
        cancelling: false,
      },
    ];
    if (request == null) return;
    this.#state.starts++;
    const { home, owner } = this.#request(request);
    this.#setRequest(request, {
      owner: { who: isPosted ? 'port' : 'kernel' },
      home: owner.who === 'none' ? event.thread : home,
    });
  }

  #cancelled(event: CallEvent): void {
    const file = thingOf(event.what);
    this.#state.flights = this.#state.flights.map((one) =>
      one.where === 'kernel' &&
      (event.request == null
        ? one.file === file
        : one.request === event.request)
        ? { ...one, cancelling: true }
        : one,
    );
  }

  #returned(event: ReturnEvent): void {
    if (this.#state.threads[event.thread]?.state === 'waits')
      this.#setThread(event.thread, { state: 'runs' });
    this.#setThread(event.thread, { waitsFor: undefined, waitsIn: undefined });
    const { call } = this.step;
    if (event.ok && event.name === 'CreateIoCompletionPort')
      this.#bound(call?.what, event.made);
    else if (event.ok && /^(BindIo|CreateThreadpoolIo)/.test(event.name))
      this.#bound(call?.what, SYSTEM_POOL);
    if (event.packet) this.#took(event);
    else if (event.took) this.#finished(event);
    else if (call?.use != null && call.call === event.call)
      this.#answered(event, call);
  }

  #bound(file: string | undefined, port: string | undefined): void {
    if (port == null) return;
    if (!this.#state.ports.includes(port))
      this.#state.ports = [...this.#state.ports, port];
    if (file != null)
      this.#state.bound = { ...this.#state.bound, [thingOf(file)!]: port };
  }

  /** The call that started an I/O returns. */
  #answered(event: ReturnEvent, call: CallEvent): void {
    if (!event.completed) return;
    this.#removeFlight(call.use);
    if (call.request == null) return;
    this.#state.cameBack++;
    const handled = this.#state.threads[event.thread]?.handles?.request;
    this.#setOwner(call.request, {
      who: handled === call.request ? 'callback' : 'thread',
      thread: event.thread,
    });
  }

  // ---- Completions ----

  /** A thread takes a packet. */
  #took(event: ReturnEvent): void {
    const flight = this.#state.flights.find((one) => one.use === event.use);
    if (event.name === 'callback') this.#dropPacket(event.thread);
    this.#removeFlight(event.use);
    if (event.use != null && this.starts.has(event.use)) this.#state.cameBack++;
    const request = event.request ?? flight?.request;
    this.#setThread(event.thread, {
      handles: {
        request,
        ok: event.ok,
        used: false,
        inside: this.step.frames.map((frame) => frame.function),
      },
    });
    if (request == null) return;
    this.#setRequest(request, {
      owner: {
        who: event.thread === 0 ? 'thread' : 'callback',
        thread: event.thread,
      },
      came: event.bytes ?? 0,
    });
  }

  /** A thread takes a completion that has no packet. */
  #finished(event: ReturnEvent): void {
    this.#removeFlight(event.use);
    const start = this.starts.get(event.use ?? -1);
    if (start) this.#state.cameBack++;
    const request = event.request ?? start?.request;
    if (request == null) return;
    this.#setRequest(request, {
      owner: { who: 'thread', thread: event.thread },
      came: event.bytes,
    });
  }

  #completed(event: DoneEvent): void {
    this.#arrive(event.request, event.bytes, event.status);
  }

  /** An I/O has completed: its packet is in the port, if it has one. */
  #arrive(request: number | undefined, bytes: number, status: number): void {
    const flight = this.#state.flights.find(
      (one) => one.request === request && one.where === 'kernel',
    );
    if (!flight) return;
    const where = flight.port == null ? 'done' : 'port';
    // The packet is behind those that are in the port already.
    this.#state.flights = [
      ...this.#state.flights.filter((one) => one !== flight),
      { ...flight, where, bytes, status },
    ];
    if (request == null) return;
    if (this.#request(request).owner.who !== 'kernel') return;
    this.#setOwner(
      request,
      where === 'port' ? { who: 'port' } : { who: 'thread', thread: flight.by },
    );
  }

  /** The thread is done with its packet: a callback has returned, or none ran. */
  #dropPacket(index: ThreadIndex): void {
    const handles = this.#state.threads[index]?.handles;
    if (!handles || index === 0) return;
    this.#setThread(index, { handles: undefined });
    for (const { id, owner, home } of Object.values(this.#state.requests)) {
      if (owner.who !== 'callback' || owner.thread !== index) continue;
      if (id !== handles.request || handles.ok || handles.used) {
        this.#setOwner(id, { who: 'thread', thread: home });
      } else {
        this.#setOwner(id, { who: 'lost' });
        this.#mistake('packet lost', id);
      }
    }
  }

  // ---- Memory ----

  #allocated(event: MemoryEvent): void {
    if (event.request == null) return;
    this.#setRequest(event.request, {
      owner: { who: 'thread', thread: event.thread },
      home: event.thread,
      isAllocated: true,
    });
  }

  #freed(event: MemoryEvent): void {
    const { request } = event;
    if (event.again) return this.#mistake('freed twice', request);
    if (request == null) return;
    const { who } = this.#request(request).owner;
    if (who === 'kernel' || who === 'port')
      this.#mistake('freed in flight', request);
    this.#setOwner(request, { who: 'freed' });
  }

  #changed(event: FieldsEvent): void {
    const { fields, changed } = this.#request(event.request);
    const names = Object.keys(event.set);
    const isSameStep = changed.step === this.step.index;
    this.#setRequest(event.request, {
      fields: { ...fields, ...event.set },
      changed: {
        step: this.step.index,
        names: isSameStep ? [...new Set([...changed.names, ...names])] : names,
      },
    });
    this.#notice(event, overlappedField(fields, 'Internal'));
  }

  /** The memory of a request shows whether its I/O has completed. */
  #notice(event: FieldsEvent, before: string | undefined): void {
    const { request, set } = event;
    const flight = this.#state.flights.find(
      (one) => one.request === request && !isPosted(one),
    );
    const { kind } = this.step.event;
    if (!flight || kind === 'done' || this.#isBeforeTheCall(flight)) return;
    const status = overlappedField(set, 'Internal');
    if (flight.where !== 'kernel') {
      // It seemed to have completed, but the kernel has only now begun.
      if (status === STATUS_PENDING) this.#goBack(flight);
    } else if (showsCompletion(set, before)) {
      const { fields } = this.#request(request);
      this.#arrive(
        request,
        Number(overlappedField(fields, 'InternalHigh') ?? 0),
        Number(overlappedField(fields, 'Internal') ?? 0),
      );
    }
  }

  /** What is found at a call was done before the call. */
  #isBeforeTheCall(flight: Flight): boolean {
    const { event } = this.step;
    return event.kind === 'call' && event.use === flight.use;
  }

  #goBack(flight: Flight): void {
    this.#state.flights = this.#state.flights.map((one) =>
      one === flight
        ? { ...one, where: 'kernel', bytes: undefined, status: undefined }
        : one,
    );
    this.#setOwner(flight.request, { who: 'kernel' });
  }

  // ---- Output ----

  #printed(event: PrintEvent): void {
    const { stream, thread } = event;
    const lines = [...this.#state.lines];
    for (const piece of event.text.match(/[^\n]*\n|[^\n]+/g) ?? []) {
      const text = piece.replace(/\r?\n$/, '');
      const isOpen = !piece.endsWith('\n');
      const at = lines.findLastIndex((one) => one.stream === stream);
      const open = lines[at];
      if (open?.isOpen) lines[at] = { ...open, text: open.text + text, isOpen };
      else lines.push({ thread, stream, text, step: this.step.index, isOpen });
    }
    this.#state.lines = lines;
  }
}

const isPosted = (flight: Flight): boolean => flight.kind === 'post';

function kindOf(name: string): Flight['kind'] {
  if (isPost(name)) return 'post';
  if (name.startsWith('ReadFile')) return 'read';
  if (name.startsWith('WriteFile')) return 'write';
  return 'other';
}

/** Whether the step shows that the program looks at the packet it has. */
function usesPacket(step: Step): boolean {
  const { event } = step;
  if (event.kind === 'call' || event.kind === 'return')
    return !isTake(event.name);
  return ['print', 'allocate', 'free', 'fields'].includes(event.kind);
}

function bytesOf(hex: string): number[] {
  return (hex.match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16));
}
