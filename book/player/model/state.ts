// What is true at one moment of a run. machine.ts makes the states.
import type { Frame, Run, ThreadIndex } from './run.ts';
import type { Step } from './steps.ts';

/** The queue behind the callbacks of a pool of the system. */
export const SYSTEM_POOL = 'the pool of the system';

/** A packet that a thread took, until it takes the next one. */
export interface Handled {
  readonly request: number | undefined;
  /** FALSE: the packet of an I/O that failed. */
  readonly ok: boolean;
  /** The program has done something since. */
  readonly used: boolean;
  /** The functions in which the thread took the packet. */
  readonly inside: readonly string[];
}

export interface Thread {
  readonly name: string;
  readonly state: 'unborn' | 'runs' | 'waits' | 'ended' | 'crashed';
  /** `port 1`, `event 1`; undefined for a wait without a handle. */
  readonly waitsFor?: string | undefined;
  /** The call in which it waits. */
  readonly waitsIn?: string | undefined;
  /** Since which microsecond. */
  readonly since: number;
  readonly frames: readonly Frame[];
  readonly handles?: Handled | undefined;
}

export interface Flight {
  readonly use: number;
  readonly request: number | undefined;
  readonly kind: 'read' | 'write' | 'post' | 'other';
  readonly file: string | undefined;
  readonly by: ThreadIndex;
  readonly offset: number;
  readonly length: number;
  readonly key: number | undefined;
  /** `done`: completed, and no packet reports it. */
  readonly where: 'kernel' | 'port' | 'done';
  readonly port: string | undefined;
  readonly bytes: number | undefined;
  /** An NTSTATUS; 0 is success. */
  readonly status: number | undefined;
  readonly cancelling: boolean;
}

export type Owner =
  /** The memory is not in use yet. */
  | { readonly who: 'none' }
  | { readonly who: 'thread'; readonly thread: ThreadIndex }
  | { readonly who: 'callback'; readonly thread: ThreadIndex }
  | { readonly who: 'kernel' }
  | { readonly who: 'port' }
  | { readonly who: 'freed' }
  | { readonly who: 'lost' };

export interface Request {
  readonly id: number;
  readonly owner: Owner;
  /** The thread that gets the request back after a callback. */
  readonly home: ThreadIndex;
  readonly isAllocated: boolean;
  readonly fields: Readonly<Record<string, string>>;
  readonly changed: {
    readonly step: number;
    readonly names: readonly string[];
  };
  readonly buffer: readonly number[];
  /** The step that changed the buffer last. */
  readonly bufferStep: number;
  /** How many bytes its last packet brought; undefined before the first one. */
  readonly came?: number | undefined;
}

export interface Line {
  readonly thread: ThreadIndex;
  readonly stream: string;
  readonly text: string;
  readonly step: number;
  /** Its end is not printed yet. */
  readonly isOpen: boolean;
}

export type MistakeKind =
  | 'freed in flight'
  | 'freed twice'
  | 'used in flight'
  | 'packet lost'
  | 'exit in flight'
  | 'crash'
  | 'hang'
  | 'no end';

export interface Mistake {
  readonly step: number;
  readonly what: MistakeKind;
  readonly request: number | undefined;
}

export interface Finding {
  readonly by: string;
  readonly step: number;
  readonly text: string;
  readonly rule: string | undefined;
}

export interface State {
  readonly threads: readonly Thread[];
  /** In the port, the packet that came first is first. */
  readonly flights: readonly Flight[];
  readonly requests: Readonly<Record<number, Request>>;
  readonly ports: readonly string[];
  /** By file: the port to which it is bound. */
  readonly bound: Readonly<Record<string, string>>;
  readonly lines: readonly Line[];
  readonly mistakes: readonly Mistake[];
  readonly findings: readonly Finding[];
  /** Starts of requests, and those that came back, as the summary counts them. */
  readonly starts: number;
  readonly cameBack: number;
  readonly over?: 'exit' | 'crash' | 'killed';
}

export interface Playback {
  readonly run: Run;
  readonly steps: readonly Step[];
  readonly before: State;
  /** states[i] is the state after step i. */
  readonly states: readonly State[];
}

/** The state after a step; -1 is before the first one. */
export function stateAt(playback: Playback, index: number): State {
  return playback.states[index] ?? playback.before;
}

export function lastState(playback: Playback): State {
  return stateAt(playback, playback.states.length - 1);
}

export const isPort = (name: string | undefined): boolean =>
  name != null && (name.startsWith('port') || name === SYSTEM_POOL);

/** The threads that wait for a packet, the one that waits longest first. */
export const waitersAt = (state: State): Thread[] =>
  state.threads
    .filter((thread) => thread.state === 'waits' && isPort(thread.waitsFor))
    .sort((a, b) => a.since - b.since);

/** `copy 1 of file 1` and `file 1, closed` name file 1. */
export const thingOf = (handle: string | undefined): string | undefined =>
  handle?.replace(/^copy \d+ of |, closed$/g, '');

export function firstState(run: Run): State {
  return {
    threads: run.threads.map((name, index) => ({
      name,
      state: index === 0 ? 'runs' : 'unborn',
      since: 0,
      frames: [],
    })),
    flights: [],
    requests: {},
    ports: [],
    bound: {},
    lines: [],
    mistakes: [],
    findings: [],
    starts: 0,
    cameBack: 0,
  };
}

export const isTake = (name: string): boolean =>
  name.startsWith('GetQueuedCompletionStatus');
