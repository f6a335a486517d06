// Two runs beside each other, up to where they part and beyond.
import { align, partingOf, type Row } from '../model/align.ts';
import { play } from '../model/machine.ts';
import { type Question, questionsOf } from '../model/questions.ts';
import type { Run } from '../model/run.ts';
import { lastState, type Playback, stateAt } from '../model/state.ts';
import { runText, sentence } from '../model/words.ts';
import { asText, isBad } from './alone.ts';
import { Code, differsFrom, type Sources } from './code.ts';
import { h, rich, tag } from './dom.ts';
import { Lines } from './lines.ts';
import { Player } from './player.ts';
import { Report } from './report.ts';
import { requestAt, Stage } from './stage.ts';

/** Of a pitfall: what its patch says. */
export interface PitfallWords {
  does?: string;
  see?: string;
  rule?: string;
  made_by?: string;
}

const MOST_LINES = 3;

class Side {
  readonly root: HTMLElement;
  readonly #code: Code;
  readonly #stage: Stage;
  readonly #lines = new Lines(() => undefined, MOST_LINES);
  readonly #report = new Report();
  readonly #said = tag('p.sentence');

  constructor(
    title: string,
    look: string,
    readonly playback: Playback,
    sources: Sources,
    other: Playback,
  ) {
    this.#code = new Code(
      playback,
      sources,
      () => undefined,
      differsFrom(playback.run, other.run, sources),
    );
    this.#stage = new Stage(playback, true);
    this.root = h(
      'div',
      { class: `side ${look}`, role: 'group', 'aria-label': title },
      tag('div.heading', tag('b', title)),
      tag('p.facts', ...rich(runText(playback))),
      this.#code.root,
      this.#stage.root,
      h('div', { class: 'told', 'aria-live': 'polite' }, this.#said),
      this.#report.root,
      this.#lines.root,
    );
  }

  show(index: number, glide: boolean): void {
    const state = stateAt(this.playback, index);
    const step = this.playback.steps[index];
    this.#code.show(state, step, glide);
    this.#stage.show(state, step, glide);
    this.#lines.show(state, index);
    this.#report.show(state, index);
    this.#said.replaceChildren(...rich(sentence(this.playback, index)));
    this.#said.classList.toggle('bad', isBad(this.playback, index));
  }
}

export class Beside extends Player {
  override readonly root: HTMLElement;
  override readonly first = 0;
  override readonly last: number;
  readonly rows: readonly Row[];
  /** The row in which the runs part; -1 if they do not. */
  readonly parting: number;
  readonly sides: readonly [Side, Side];
  readonly questions: readonly Question[];
  readonly #banner = tag('p.banner');
  readonly #slider: HTMLInputElement;
  readonly #section: HTMLElement;

  constructor(
    runs: readonly [PageRun, PageRun],
    sources: Sources,
    words: PitfallWords,
  ) {
    super();
    const [right, wrong] = runs.map(({ run }) => play(run)) as [
      Playback,
      Playback,
    ];
    this.sides = [
      new Side(runs[0].title, 'good', right, sources, wrong),
      new Side(runs[1].title, 'wrong', wrong, sources, right),
    ];
    this.rows = align(right, wrong);
    this.parting = partingOf(this.rows);
    this.last = this.rows.length - 1;
    this.questions = questionsNearMistakes(wrong);
    this.#slider = h('input', {
      class: 'rows',
      type: 'range',
      min: 0,
      max: this.last,
      step: 1,
      'aria-label': 'step of both runs',
      oninput: () => this.go(Number(this.#slider.value)),
    });
    this.#section = this.#build(runs[1].run, words);
    this.root = tag('div', this.#section, asText(wrong));
    this.go(this.first);
  }

  #build(run: Run, words: PitfallWords): HTMLElement {
    const part = h(
      'button',
      {
        onclick: () => this.go(this.parting < 0 ? this.last : this.parting),
      },
      'to where they part',
    );
    return this.section(
      'beside',
      `${run.program}: two runs beside each other`,
      headOf(words),
      tag('div.sides', this.sides[0].root, this.sides[1].root),
      this.say(this.#banner, this.quiz.root),
      this.#slider,
      this.bar(part, this.followers()),
    );
  }

  protected override show(glide: boolean): void {
    const row = this.rows[this.index]!;
    this.sides[0].show(row.left, glide);
    this.sides[1].show(row.right, glide);
    this.#slider.value = String(this.index);
    const text = `${this.index + 1} / ${this.last + 1}`;
    this.#slider.setAttribute('aria-valuetext', text.replace('/', 'of'));
    this.position.textContent = text;
    const hasParted = this.parting >= 0 && this.index >= this.parting;
    this.#section.classList.toggle('parted', hasParted);
    this.#banner.replaceChildren(...rich(this.#bannerText()));
  }

  #bannerText(): string {
    const { index, parting } = this;
    if (parting < 0)
      return 'In these two recordings, both programs do the same.';
    if (index === parting)
      return '**Here they part.** Until now both did the same.';
    if (index > parting) return 'They have parted: each goes on by itself.';
    if (index === parting - 1) return 'This is the last step of both.';
    return 'Both do the same. Which worker does it can differ.';
  }

  protected override questionAt(index: number): Question | undefined {
    const step = this.rows[index]?.right;
    return this.questions.find((question) => question.after === step);
  }

  protected override parts(): readonly number[] {
    return [0, Math.max(0, this.parting), this.last];
  }

  protected override related(by: 1 | -1): number | undefined {
    const { steps } = this.sides[1].playback;
    for (let at = this.index + by; at >= 0 && at <= this.last; at += by)
      if (requestAt(steps[this.rows[at]!.right]) != null) return at;
    return undefined;
  }
}

export interface PageRun {
  title: string;
  run: Run;
}

/** The others are about what both runs have in common. */
function questionsNearMistakes(playback: Playback): Question[] {
  const { mistakes } = lastState(playback);
  return questionsOf(playback).filter((question) =>
    mistakes.some((one) => Math.abs(one.step - question.after) <= 1),
  );
}

function headOf(words: PitfallWords): HTMLElement | null {
  const parts = [
    ['The mistake: ', words.does],
    ['You will see: ', words.see],
    ['Rule: ', words.rule],
  ].flatMap(([name, text]) =>
    text ? [tag('p', tag('b', name ?? ''), ...rich(text))] : [],
  );
  return parts.length > 0 ? tag('div.mistake', ...parts) : null;
}
