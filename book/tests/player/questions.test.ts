// The questions of every recorded run.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { questionsOf } from '../../player/model/questions.ts';
import { found, recorded } from './runs.ts';

for (const { name, run, playback } of recorded) {
  const questions = questionsOf(playback);

  if (/^step[1-5]-/.test(name) && run.status === 0)
    test(`${name}: at least three questions`, () => {
      const names = questions.map((question) => question.name).join(', ');
      assert.ok(questions.length >= 3, names);
    });

  test(`${name}: each question can be answered`, () => {
    const steps = new Set(questions.map((question) => question.after));
    assert.equal(steps.size, questions.length, 'one at a step');
    for (const { after, answers, right, ask, because } of questions) {
      assert.ok(after >= -1 && after < playback.steps.length - 1, ask);
      assert.ok(answers.length >= 3 && answers.length <= 9, ask);
      assert.equal(new Set(answers).size, answers.length, ask);
      assert.ok(right >= 0 && right < answers.length, ask);
      assert.match(ask, /^[A-Z`0-9].*\?$/s, ask);
      assert.match(because, /\.$/, because);
    }
  });

  test(`${name}: no question names a worker`, () => {
    for (const { ask, answers, because } of questions)
      for (const text of [ask, because, ...answers])
        assert.doesNotMatch(text, /worker \d/, text);
  });
}

/** The right answer of a template in a run. */
function right(run: string, template: string): string | undefined {
  const one = found(run);
  const question =
    one && questionsOf(one.playback).find((two) => two.name === template);
  return question?.answers[question.right];
}

test('the answers come from the recording', {
  skip: !found('step5-pending'),
}, () => {
  assert.match(right('step5-pending', 'endOfFile') ?? '', /^a packet/);
  assert.match(right('step5-sync-eof', 'endOfFile') ?? '', /no packet comes/);
  assert.match(right('step5-sync-eof', 'willPacketCome') ?? '', /^no/);
  assert.match(right('step5-pending', 'willPacketCome') ?? '', /^yes/);
  assert.match(right('step5-pending', 'whoFrees') ?? '', /callback/);
});

test('the right answer is not always at the same place', () => {
  const places = recorded.flatMap(({ playback }) =>
    questionsOf(playback).map((question) => question.right),
  );
  for (const place of [0, 1, 2])
    assert.ok(
      places.filter((one) => one === place).length > places.length / 4,
      `answer ${place + 1}`,
    );
});
