// The sentences of every recorded run.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import {
  flightText,
  number,
  ownerText,
  valueText,
} from '../../player/model/names.ts';
import { phasesOf } from '../../player/model/phases.ts';
import { questionsOf } from '../../player/model/questions.ts';
import type { Playback } from '../../player/model/state.ts';
import { runText, sentence } from '../../player/model/words.ts';
import { recorded, repository } from './runs.ts';

/** Most words of a sentence, and most sentences of a step. */
const MOST_WORDS = 30;
const MOST_SENTENCES = 4;

const banned = readFileSync(path.join(repository, 'docs/phrases.txt'), 'utf8')
  .split('\n')
  .filter((line) => line.trim() !== '' && !line.startsWith('#'))
  .map((line) => line.split(':')[0]!);

function textsOf(playback: Playback): string[] {
  const { run, steps, states } = playback;
  const texts = [sentence(playback, -1), runText(playback)];
  for (const { index } of steps) texts.push(sentence(playback, index));
  for (const state of states) {
    texts.push(...state.flights.map(flightText));
    for (const request of Object.values(state.requests)) {
      texts.push(ownerText(run, request.owner));
      for (const [name, value] of Object.entries(request.fields))
        texts.push(valueText(run, request.id, name, value));
    }
  }
  for (const { ask, answers, because } of questionsOf(playback))
    texts.push(ask, because, ...answers);
  texts.push(...phasesOf(playback).map((phase) => phase.title));
  return [...new Set(texts)];
}

/** Text that the program or the checker wrote is not ours. */
const ours = (text: string): string => text.replace(/“.*”/s, '“”');

for (const { name, playback } of recorded) {
  test(`${name}: each text is whole`, () => {
    for (const text of textsOf(playback)) {
      assert.doesNotMatch(text, /undefined|NaN|\[object/, text);
      assert.doesNotMatch(ours(text), / {2}|\.\.| \.| ,/, text);
      for (const phrase of banned)
        assert.ok(!ours(text).toLowerCase().includes(phrase), text);
    }
  });

  test(`${name}: each step has one or two short sentences`, () => {
    for (const { index, event } of playback.steps) {
      const text = ours(sentence(playback, index)).replace(/`[^`]*`/g, 'x');
      assert.match(text, /[.”)]\**$/, text);
      if (event.kind === 'finding') continue;
      const parts = text.split(/(?<=[.”]\**) (?=[*`A-Z])/);
      assert.ok(parts.length <= MOST_SENTENCES, text);
      for (const part of parts)
        assert.ok(part.split(' ').length <= MOST_WORDS, part);
    }
  });
}

test('numbers have commas', () => {
  assert.equal(number(0), '0');
  assert.equal(number(999), '999');
  assert.equal(number(1000), '1,000');
  assert.equal(number(4294967360), '4,294,967,360');
});
