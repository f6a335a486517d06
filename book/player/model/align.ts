// Two runs beside each other: the right program and one with a mistake. What
// both do is in one row. From where they part, each goes on by itself.
import { requestOf } from './run.ts';
import type { Playback } from './state.ts';
import { type Step, textOf } from './steps.ts';
import { startsUse, storyOf, takesPacket } from './story.ts';

export interface Row {
  /** Indexes of steps. */
  left: number;
  right: number;
  /** Both runs do the same here. */
  same: boolean;
}

/** So far apart may the same thing be in two runs: threads run as they like. */
const WINDOW = 7;

interface Mark {
  index: number;
  key: string;
}

export function align(left: Playback, right: Playback): Row[] {
  const rows = commonRows(marksOf(left), marksOf(right));
  // Then each run goes on by itself, to its end.
  let { left: x, right: y } = rows.at(-1)!;
  const lastX = left.steps.length - 1;
  const lastY = right.steps.length - 1;
  while (y < lastY) {
    x = Math.min(x + 1, lastX);
    y++;
    rows.push({ left: x, right: y, same: false });
  }
  if (x < lastX) rows.push({ left: lastX, right: lastY, same: false });
  return rows;
}

/** The row in which the runs part; -1 if they never do. */
export function partingOf(rows: readonly Row[]): number {
  return rows.findIndex((row) => !row.same);
}

function commonRows(a: readonly Mark[], b: readonly Mark[]): Row[] {
  const rows: Row[] = [{ left: -1, right: -1, same: true }];
  const used = new Set<number>();
  let base = 0;
  let furthest = -1;
  for (const { index, key } of b) {
    while (used.has(base)) base++;
    const found = nearest(a, base, used, key);
    if (found == null) break;
    used.add(found);
    furthest = Math.max(furthest, a[found]!.index);
    rows.push({ left: furthest, right: index, same: true });
  }
  return rows;
}

function nearest(
  marks: readonly Mark[],
  from: number,
  used: ReadonlySet<number>,
  key: string,
): number | undefined {
  for (let at = from; at < from + WINDOW && at < marks.length; at++)
    if (!used.has(at) && marks[at]!.key === key) return at;
  return undefined;
}

/** The steps that both runs should have, whichever thread does them. */
function marksOf(playback: Playback): Mark[] {
  const turns = turnsOf(playback);
  let completions = 0;
  return playback.steps.flatMap((step) => {
    const key =
      step.event.kind === 'done' ? `done ${++completions}` : keyOf(step, turns);
    return key ? [{ index: step.index, key }] : [];
  });
}

/** By use of a request: its turn. Numbers of uses can differ between runs. */
function turnsOf(playback: Playback): Map<number, number> {
  const turns = new Map<number, number>();
  for (const step of storyOf(playback).starts)
    if (step.call.request != null) turns.set(step.call.use!, turns.size + 1);
  return turns;
}

/** The same for the same thing in both runs; '' if it does not matter. */
function keyOf(step: Step, turns: ReadonlyMap<number, number>): string {
  const { event, call } = step;
  switch (event.kind) {
    case 'print':
      return `print ${textOf(step).trim()}`;
    case 'allocate':
    case 'free':
      return `${event.kind} ${event.again ? 'again' : (requestOf(event) ?? '')}`;
    case 'finding':
    case 'crash':
    case 'killed':
    case 'exit':
      return event.kind;
    case 'call':
    case 'return':
      break;
    default:
      return '';
  }
  if (takesPacket(step)) {
    const turn = turns.get(step.event.use ?? -1);
    return turn == null ? '' : `take ${turn}`;
  }
  const turn = turns.get(call?.use ?? -1);
  if (startsUse(step) && turn != null) return `start ${turn}`;
  if (turn != null)
    return event.kind === 'return' ? `return ${turn} ${event.ok}` : '';
  return handleKey(step);
}

/** What concerns files and events is done in the same order in both runs. */
function handleKey({ event, call, whole }: Step): string {
  const what = call?.what ?? '';
  if (!/^(event|file|pipe)/.test(what)) return '';
  if (event.kind === 'return' && !whole && !call?.waits) return '';
  return `${event.kind === 'return' && call?.waits ? 'continues' : call?.name} ${what}`;
}

/** The numbers of the lines of `a` that are nowhere in `b`. */
export function differing(
  a: readonly string[],
  b: readonly string[],
): Set<number> {
  const others = new Set(b);
  return new Set(
    a.flatMap((line, index) => (others.has(line) ? [] : [index + 1])),
  );
}
