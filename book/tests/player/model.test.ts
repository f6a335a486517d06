// The machine, on every recorded run.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { play, statesOf } from '../../player/model/machine.ts';
import { phasesOf } from '../../player/model/phases.ts';
import {
  type Flight,
  lastState,
  type Playback,
  type State,
} from '../../player/model/state.ts';
import { stepsOf } from '../../player/model/steps.ts';
import { isPitfall, recorded } from './runs.ts';

test('there are recorded runs', () => {
  assert.ok(recorded.length > 0, 'make book-record makes them');
});

function deepFreeze(value: unknown): void {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value))
    return;
  Object.freeze(value);
  for (const inner of Object.values(value)) deepFreeze(inner);
}

/** In this state, packets of the port that the run names. */
const depthOf = (state: State | undefined, port: string | undefined): number =>
  state?.flights.filter(
    (one) => one.where === 'port' && (port === undefined || one.port === port),
  ).length ?? 0;

/**
 * Depths that the port cannot have had. The recorder writes that a packet comes
 * before it comes, and that one was taken after it was taken. So up to two steps
 * before and after the look may have happened on its other side.
 */
function wrongDepths({ steps, states }: Playback): string[] {
  return steps.flatMap((step) =>
    step.events.flatMap((event) => {
      if (event.kind !== 'depth') return [];
      const at = (by: number): number =>
        depthOf(states[step.index + by], event.what);
      const change = (by: number): number => at(by) - at(by - 1);
      const sum = (sign: 1 | -1, steps: number[]): number =>
        steps.reduce((all, by) => all + Math.max(0, sign * change(by)), 0);
      const least = at(0) - sum(1, [-1, 0]) - sum(-1, [1, 2]);
      const most = at(0) + sum(-1, [-1, 0]) + sum(1, [1, 2]);
      const isPossible = event.depth >= least && event.depth <= most;
      return isPossible
        ? []
        : [`step ${step.index}: ${event.depth}, derived ${at(0)}`];
    }),
  );
}

/** What must be true in every state. */
function contradictions(state: State): string[] {
  const wrong: string[] = [];
  for (const flight of state.flights) wrong.push(...ofFlight(state, flight));
  for (const { id, owner } of Object.values(state.requests)) {
    const places = state.flights
      .filter((one) => one.request === id)
      .map((one) => one.where);
    if (owner.who === 'kernel' && !places.includes('kernel'))
      wrong.push(`the kernel owns request ${id}, and it is not in flight`);
    if (owner.who === 'port' && !places.includes('port'))
      wrong.push(`the port has no packet of request ${id}`);
    if (
      owner.who === 'callback' &&
      state.threads[owner.thread]?.handles === undefined
    )
      wrong.push(`no packet leads to the callback of request ${id}`);
  }
  for (const thread of state.threads)
    if (thread.state !== 'waits' && thread.waitsFor !== undefined)
      wrong.push(`${thread.name} ${thread.state} and waits`);
  return wrong;
}

function ofFlight(state: State, flight: Flight): string[] {
  const owner = state.requests[flight.request ?? -1]?.owner.who;
  if (flight.request === undefined || flight.where === 'done') return [];
  const isMistaken = state.mistakes.some(
    (one) => one.request === flight.request,
  );
  const isAgain =
    state.flights.filter((one) => one.request === flight.request).length > 1;
  return owner === flight.where || isMistaken || isAgain
    ? []
    : [`request ${flight.request} is in the ${flight.where}: ${owner}`];
}

for (const one of recorded) {
  const { name, run, playback } = one;
  const last = lastState(playback);

  test(`${name}: each event is in a step, or between two`, () => {
    const inSteps = new Set(playback.steps.flatMap((step) => step.events));
    const left = run.events.filter(
      (event) =>
        !inSteps.has(event) &&
        event.kind !== 'line' &&
        event.kind !== 'fields' &&
        event.kind !== 'buffer',
    );
    assert.deepEqual(left, []);
  });

  test(`${name}: the last state is what the summary counts`, () => {
    assert.equal(last.starts, run.summary.starts, 'starts');
    assert.equal(last.cameBack, run.summary.came_back, 'came back');
    assert.ok(
      Object.keys(last.requests).length >= run.summary.requests,
      'requests',
    );
    if (!run.cut) assert.equal(last.over, run.ended);
    const text = (stream: string): string =>
      run.events
        .map((event) =>
          event.kind === 'print' && event.stream === stream ? event.text : '',
        )
        .join('');
    for (const stream of ['stdout', 'stderr']) {
      const lines = last.lines.filter((line) => line.stream === stream);
      const printed = lines
        .map((line) => line.text + (line.isOpen ? '' : '\n'))
        .join('');
      assert.equal(printed, text(stream), stream);
    }
  });

  test(`${name}: no step changes an earlier state`, () => {
    const steps = stepsOf(run);
    const forward: State[] = [];
    for (const state of statesOf(run, steps)) {
      deepFreeze(state);
      forward.push(state);
    }
    const again = play(run);
    for (let index = forward.length - 1; index >= 0; index--)
      assert.deepEqual(again.states[index], forward[index], `step ${index}`);
  });

  test(`${name}: no state contradicts itself`, () => {
    playback.states.forEach((state, index) => {
      assert.deepEqual(contradictions(state), [], `step ${index}`);
    });
  });

  test(`${name}: the port holds what the system counted`, () => {
    assert.deepEqual(wrongDepths(playback), []);
  });

  test(`${name}: its parts are in order`, () => {
    const phases = phasesOf(playback);
    assert.ok(phases.length > 0 && phases.length <= 12);
    phases.forEach(({ first, title }, at) => {
      assert.ok(title.length > 0);
      assert.ok(first < playback.steps.length);
      if (at > 0) assert.ok(first > phases[at - 1]!.first, title);
    });
  });

  if (isPitfall(one) || run.cut || run.ended !== 'exit') continue;

  test(`${name}: a right program makes no mistake, and leaves nothing`, () => {
    assert.deepEqual(last.mistakes, []);
    assert.deepEqual(
      last.flights.filter((flight) => flight.request !== undefined),
      [],
    );
    for (const thread of last.threads)
      assert.ok(['ended', 'unborn'].includes(thread.state), thread.name);
    for (const request of Object.values(last.requests))
      assert.ok(!request.isAllocated || request.owner.who === 'freed');
  });
}
