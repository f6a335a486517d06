// The uses of requests in a run: which step started each, which step took it.
import {
  type CallEvent,
  isPost,
  type ReturnEvent,
  type RunEvent,
} from './run.ts';
import { isTake, type Playback } from './state.ts';
import type { Step } from './steps.ts';

export type StartStep = Step & { readonly call: CallEvent };
export type ReturnStep = Step & { readonly event: ReturnEvent };

export interface Story {
  /** Steps that start an I/O or post a packet, in order. */
  readonly starts: readonly StartStep[];
  /** By use: the step that starts it. */
  readonly startOf: ReadonlyMap<number, StartStep>;
  /** By use: the step in which the call that started it returns. */
  readonly returnOf: ReadonlyMap<number, ReturnStep>;
  /** Steps that take a packet, in order. */
  readonly takes: readonly ReturnStep[];
  /** By use: the step that takes its packet. */
  readonly takeOf: ReadonlyMap<number, ReturnStep>;
  /** Uses of packets after which the thread took no other packet, and exited. */
  readonly sentinels: ReadonlySet<number>;
}

const known = new WeakMap<Playback, Story>();

export function storyOf(playback: Playback): Story {
  let story = known.get(playback);
  if (!story) {
    story = tell(playback);
    known.set(playback, story);
  }
  return story;
}

/** The step starts an I/O, or posts a packet. */
export function startsUse(step: Step): step is StartStep {
  return step.call?.use != null && (step.event.kind === 'call' || step.whole);
}

export function takesPacket(step: Step): step is ReturnStep {
  return step.event.kind === 'return' && step.event.packet === true;
}

/** The step ends a call that started an I/O. */
export function endsStart(step: Step): step is ReturnStep & StartStep {
  return (
    step.event.kind === 'return' &&
    step.call?.use != null &&
    !isPost(step.call.name) &&
    !step.event.packet
  );
}

function tell({ run, steps }: Playback): Story {
  const starts = steps.filter(startsUse);
  const takes = steps.filter(takesPacket);
  return {
    starts,
    startOf: new Map(starts.map((step) => [step.call.use!, step])),
    returnOf: new Map(
      steps.filter(endsStart).map((step) => [step.call.use!, step]),
    ),
    takes,
    takeOf: new Map(
      takes.flatMap((step) =>
        step.event.use == null ? [] : [[step.event.use, step]],
      ),
    ),
    sentinels: sentinelsOf(run.events),
  };
}

function sentinelsOf(events: readonly RunEvent[]): Set<number> {
  const last = new Map<number, number>(); // by thread: the use that it took
  const sentinels = new Set<number>();
  for (const event of events) {
    const { thread } = event;
    if (event.kind === 'return' && event.packet) {
      if (event.use != null && event.request == null)
        last.set(thread, event.use);
      else last.delete(thread);
    } else if (event.kind === 'call' && isTake(event.name)) {
      last.delete(thread);
    } else if (event.kind === 'end' && last.has(thread)) {
      sentinels.add(last.get(thread)!);
    }
  }
  return sentinels;
}
