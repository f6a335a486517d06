// A recorded run, as lab/trace writes it: lab/trace/run.md describes the format.
// A run says what happened, in order. What it means is in machine.ts.

/** Index into `threads`. KERNEL: no thread of the program did it. */
export type ThreadIndex = number;
export const KERNEL: ThreadIndex = -1;

interface At {
  /** In microseconds, since the first event. */
  t: number;
  thread: ThreadIndex;
  /** Index into `stacks`. */
  stack?: number;
}

interface AboutCall {
  name: string;
  /** Links a call and its return. */
  call: number;
}

/** Numbers of a request: which request, and which of its uses. */
interface AboutRequest {
  request?: number;
  use?: number;
}

export interface CallEvent extends At, AboutCall, AboutRequest {
  kind: 'call';
  /** The call can block. */
  waits?: boolean;
  /** The handles that the call is about: `file 1`, `port 1`. */
  what?: string;
  made?: string;
  offset?: number;
  length?: number;
  bytes?: number;
  key?: number;
}

export interface ReturnEvent extends At, AboutCall, AboutRequest {
  kind: 'return';
  ok: boolean;
  error?: number;
  made?: string;
  /** The call took a packet. */
  packet?: boolean;
  /** The I/O completed inside the call, and no packet comes. */
  completed?: boolean;
  /** The call took a completion that has no packet. */
  took?: boolean;
  bytes?: number;
  key?: number;
}

export interface PrintEvent extends At {
  kind: 'print';
  stream: string;
  /** Perhaps several lines, or a part of a line. */
  text: string;
}

export interface FindingEvent extends At {
  kind: 'finding';
  /** The report: several lines. */
  text: string;
  /** Who reports it, if not the checker. */
  by?: 'explorer';
  rule?: string;
  request?: number;
}

export interface MemoryEvent extends At {
  kind: 'allocate' | 'free';
  request?: number;
  /** Freed, but not allocated, or freed before. */
  again?: boolean;
}

export interface DoneEvent extends At {
  kind: 'done';
  request?: number;
  bytes: number;
  /** An NTSTATUS. */
  status: number;
}

export interface FieldsEvent extends At {
  kind: 'fields';
  request: number;
  /** Name and new value, in hexadecimal. */
  set: Record<string, string>;
}

export interface BufferEvent extends At {
  kind: 'buffer';
  request: number;
  hex: string;
}

export interface DepthEvent extends At {
  kind: 'depth';
  /** The name of the port. */
  what?: string;
  depth: number;
}

export interface BorderEvent extends At {
  kind: 'begin' | 'end' | 'exit' | 'killed' | 'crash' | 'line';
  /** Of `begin`: where the thread starts. */
  function?: string;
  /** Of `crash`: the code of the exception. */
  error?: number;
}

export type RunEvent =
  | BorderEvent
  | CallEvent
  | ReturnEvent
  | PrintEvent
  | FindingEvent
  | MemoryEvent
  | DoneEvent
  | FieldsEvent
  | BufferEvent
  | DepthEvent;

export interface Field {
  name: string;
  type?: string;
  /** Of an enumeration: the names of its values. */
  values?: Record<string, string>;
}

export interface Shape {
  id: number;
  struct: string;
  fields: Field[];
}

export interface Run {
  format: 1;
  program: string;
  command: string;
  io: string;
  system: string;
  ended: 'exit' | 'crash' | 'killed';
  /** The exit status. */
  status: number | null;
  /** The recording stops before the program does: after how many events. */
  cut?: string;
  threads: string[];
  files: { path: string; sha256: string }[];
  functions: string[];
  /** File, line, function. */
  places: [number, number, number][];
  /** Indexes into `places`, the innermost frame first. */
  stacks: number[][];
  /** Names of the functions whose addresses are values of fields. */
  pointers: Record<string, string>;
  requests: Shape[];
  summary: {
    starts: number;
    requests: number;
    came_back: number;
    lost: number;
    records: number;
  };
  events: RunEvent[];
}

export interface Frame {
  file: number;
  line: number;
  function: string;
}

/** The frames of a stack, the innermost first. */
export function framesOf(run: Run, stack: number | undefined): Frame[] {
  const places = stack == null ? [] : (run.stacks[stack] ?? []);
  return places.flatMap((index) => {
    const place = run.places[index];
    if (!place) return [];
    const [file, line, name] = place;
    return [{ file, line, function: run.functions[name] ?? '' }];
  });
}

export function shapeOf(run: Run, request: number): Shape {
  return (
    run.requests.find((one) => one.id === request) ?? {
      id: request,
      struct: 'OVERLAPPED',
      fields: [],
    }
  );
}

/** Calls that start an I/O or post a packet have a number of the use. */
export function isStart(event: RunEvent): event is CallEvent {
  return event.kind === 'call' && event.use != null;
}

export function isPost(name: string): boolean {
  return name === 'PostQueuedCompletionStatus' || name === 'NtSetIoCompletion';
}

/** The request that an event is about, if it is about one. */
export function requestOf(event: RunEvent): number | undefined {
  return 'request' in event ? event.request : undefined;
}

/** In a file, the lines that a thread runs one after the other are one event. */
interface PackedLines extends At {
  kind: 'lines';
  stacks: number[];
}

/** The run as it was recorded: with one event for each line. */
export function unpacked(run: Run): Run {
  const events = (run.events as (RunEvent | PackedLines)[]).flatMap(
    (event): RunEvent | RunEvent[] => {
      if (event.kind !== 'lines') return event;
      const { t, thread, stacks } = event;
      return stacks.map((stack) => ({ t, thread, kind: 'line', stack }));
    },
  );
  return { ...run, events };
}
