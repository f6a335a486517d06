// A pitfall beside the right program.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { align, differing, partingOf } from '../../player/model/align.ts';
import { lastState } from '../../player/model/state.ts';
import { found, isPitfall, type Recorded, recorded } from './runs.ts';

/** The right program of a pitfall, recorded with the same I/O mode. */
function rightOf({ run }: Recorded): Recorded | undefined {
  return recorded.find(
    (one) =>
      !isPitfall(one) &&
      one.run.program === run.program &&
      one.run.io === run.io,
  );
}

for (const wrong of recorded.filter(isPitfall)) {
  const right = rightOf(wrong) ?? found('step5-pending') ?? recorded[0]!;
  const rows = align(right.playback, wrong.playback);
  const parting = partingOf(rows);

  test(`${wrong.name} beside ${right.name}: both runs are shown to their ends`, () => {
    const last = rows.at(-1)!;
    assert.equal(last.left, right.playback.steps.length - 1);
    assert.equal(last.right, wrong.playback.steps.length - 1);
    rows.forEach((row, at) => {
      const before = rows[at - 1];
      if (!before) return;
      assert.ok(row.left >= before.left && row.right >= before.right);
      assert.ok(before.same || !row.same, 'they part once');
    });
  });

  test(`${wrong.name} beside ${right.name}: they part at the mistake, or before`, () => {
    const [mistake] = lastState(wrong.playback).mistakes;
    if (!mistake) return;
    assert.ok(parting > 0);
    assert.ok(rows[parting]!.right <= mistake.step);
  });
}

test('a run does not part from itself', () => {
  for (const { name, playback } of recorded) {
    const rows = align(playback, playback);
    const parting = partingOf(rows);
    const { index } = playback.steps.at(-1)!;
    const at = parting < 0 ? index : rows[parting]!.right;
    assert.ok(at > index - 7, `${name}: ${at} of ${index}`);
  }
});

test('lines that only one text has', () => {
  const a = ['one', 'two', 'three'];
  const b = ['one', 'three', 'four'];
  assert.deepEqual([...differing(a, b)], [2]);
  assert.deepEqual([...differing(b, a)], [3]);
  assert.deepEqual([...differing(a, a)], []);
  assert.deepEqual([...differing([], a)], []);
});
