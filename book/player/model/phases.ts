// The chapters of a run: the set-up, each I/O with what its packet leads to, and
// the stop.

import { number } from './names.ts';
import { isPost } from './run.ts';
import type { Playback } from './state.ts';
import type { Step } from './steps.ts';
import { type StartStep, storyOf } from './story.ts';

export interface Phase {
  /** The index of its first step. */
  first: number;
  title: string;
}

/** More titles would not fit above the ribbon. */
const MOST = 10;

export function phasesOf(playback: Playback): Phase[] {
  const starts = startsOf(playback);
  const phases: Phase[] = [{ first: 0, title: 'set-up' }];
  // So many starts share a title that there are not too many titles.
  const size = Math.ceil(starts.length / MOST);
  for (let at = 0; at < starts.length; at += size || 1) {
    const group = starts.slice(at, at + size);
    phases.push({
      first: group[0]!.index,
      title:
        group.length === 1
          ? titleOf(group[0]!, at + 1)
          : titleOfAll(at, group.length),
    });
  }
  const stop = stopOf(playback, phases.at(-1)!.first);
  if (stop != null) phases.push({ first: stop, title: 'stop' });
  if (phases[1]?.first === 0) phases.shift();
  return phases;
}

const isSynchronous = (step: Step): boolean =>
  step.call != null &&
  step.call.use == null &&
  /^(Read|Write)File$/.test(step.call.name);

/** Starts of requests, posts with a request, and reads that block. */
function startsOf(playback: Playback): Step[] {
  const { starts } = storyOf(playback);
  const own = starts.filter((step) => step.call.request != null);
  const blocking = playback.steps.filter(
    (step) => isSynchronous(step) && (step.event.kind === 'call' || step.whole),
  );
  return [...own, ...blocking].sort((a, b) => a.index - b.index);
}

function titleOf(step: Step, nth: number): string {
  const call = (step as StartStep).call;
  if (isPost(call.name)) return `packet ${nth}`;
  const what = call.name.startsWith('Write') ? 'write' : 'read';
  const isIo = /^(Read|Write)File/.test(call.name);
  const offset =
    call.offset == null || call.use == null
      ? ''
      : `, at ${number(call.offset)}`;
  return `${isIo ? what : 'I/O'} ${nth}${offset}`;
}

const titleOfAll = (at: number, length: number): string =>
  `${at + 1} to ${at + length}`;

/** The first step of the stop: a sentinel, or the first handle closed after. */
function stopOf(playback: Playback, after: number): number | undefined {
  const story = storyOf(playback);
  const last = Math.max(
    after,
    story.takes.findLast((step) => step.event.request != null)?.index ?? 0,
  );
  return playback.steps.find(
    (step) =>
      step.index > last &&
      (story.sentinels.has(step.call?.use ?? -1) ||
        step.call?.name === 'CloseHandle' ||
        step.event.kind === 'exit'),
  )?.index;
}
