// One run.

import { play } from '../model/machine.ts';
import { count } from '../model/names.ts';
import { type Phase, phasesOf } from '../model/phases.ts';
import { type Question, questionsOf } from '../model/questions.ts';
import type { Run } from '../model/run.ts';
import { type Playback, stateAt } from '../model/state.ts';
import type { Step } from '../model/steps.ts';
import { runText, sentence } from '../model/words.ts';
import { Code, type Sources } from './code.ts';
import { h, plain, rich, tag } from './dom.ts';
import { Lines } from './lines.ts';
import { Player } from './player.ts';
import { Report } from './report.ts';
import { Ribbon } from './ribbon.ts';
import { requestAt, Stage } from './stage.ts';

export class Alone extends Player {
  override readonly root: HTMLElement;
  override readonly first = -1;
  override readonly last: number;
  readonly playback: Playback;
  readonly questions: readonly Question[];
  readonly #phases: readonly Phase[];
  readonly #code: Code;
  readonly #stage: Stage;
  readonly #ribbon: Ribbon;
  readonly #report = new Report();
  readonly #lines = new Lines((step) => this.go(step));
  readonly #said = tag('p.sentence');
  readonly #where = tag('p.where');

  constructor(run: Run, sources: Sources) {
    super();
    this.playback = play(run);
    this.last = this.playback.steps.length - 1;
    this.questions = questionsOf(this.playback);
    this.#phases = phasesOf(this.playback);
    this.#code = new Code(this.playback, sources, (file, line) =>
      this.#seek(file, line),
    );
    this.#stage = new Stage(this.playback);
    this.#ribbon = new Ribbon(
      this.playback,
      this.#phases,
      this.questions.map((question) => question.after),
      (index) => this.go(index),
    );
    this.root = tag('div', this.#build(run), asText(this.playback));
    this.go(this.first);
  }

  #build(run: Run): HTMLElement {
    return this.section(
      'alone',
      `a run of ${run.program}, step by step`,
      tag('p.facts', ...rich(runText(this.playback))),
      tag(
        'div.left',
        this.#code.root,
        tag('div.over', this.#report.root, this.quiz.root),
      ),
      tag('div.right', this.#stage.root, this.#lines.root),
      this.say(this.#said, this.#where),
      this.bar(this.followers()),
      this.#ribbon.root,
    );
  }

  protected override show(glide: boolean): void {
    const step = this.playback.steps[this.index];
    const state = stateAt(this.playback, this.index);
    this.#code.show(state, step, glide);
    this.#stage.show(state, step, glide);
    this.#lines.show(state, this.index);
    this.#report.show(state, this.index);
    this.#ribbon.show(this.index);
    this.#said.replaceChildren(...rich(sentence(this.playback, this.index)));
    this.#said.classList.toggle('bad', isBad(this.playback, this.index));
    this.#where.textContent = placeText(step, this.playback.run.io);
    this.position.textContent = `${this.index + 1} / ${this.last + 1}`;
  }

  protected override questionAt(index: number): Question | undefined {
    return this.questions.find((question) => question.after === index);
  }

  protected override parts(): readonly number[] {
    return this.#phases.map((phase) => phase.first);
  }

  protected override related(by: 1 | -1): number | undefined {
    const { steps } = this.playback;
    const request = requestAt(steps[this.index]);
    for (let at = this.index + by; at >= 0 && at <= this.last; at += by) {
      const found = requestAt(steps[at]);
      if (found != null && found === (request ?? found)) return at;
    }
    return undefined;
  }

  /** To the next step in which the line runs; after the last one, the first. */
  #seek(file: number, line: number): void {
    const { steps } = this.playback;
    const isThere = (step: Step): boolean =>
      [step.frames[0], ...step.trail].some(
        (frame) => frame?.file === file && frame.line === line,
      );
    const found =
      steps.find((step) => step.index > this.index && isThere(step)) ??
      steps.find(isThere);
    if (found) this.go(found.index);
  }
}

export const isBad = (playback: Playback, index: number): boolean => {
  const { mistakes, findings } = stateAt(playback, index);
  return [...mistakes, ...findings].some((one) => one.step === index);
};

function placeText(step: Step | undefined, io: string): string {
  if (!step) return ' ';
  const time =
    io === 'explorer' ? 'no time' : `${(step.event.t / 1000).toFixed(2)} ms`;
  const [frame] = step.frames;
  if (!frame || step.actor < 0) return time;
  const lines = step.trail.length;
  const ran =
    lines > 1 ? ` · ${count(lines, 'line')} ran since its last step` : '';
  return `${frame.function}, line ${frame.line}${ran} · ${time}`;
}

/** The run in words; made only if the reader opens it. */
export function asText(playback: Playback): HTMLElement {
  const list = tag('ol');
  return h(
    'details',
    {
      class: 'as-text',
      ontoggle: () => {
        if (list.childElementCount > 0) return;
        list.append(
          ...playback.steps.map(({ index }) =>
            tag('li', plain(sentence(playback, index))),
          ),
        );
      },
    },
    tag('summary', 'this run as text'),
    list,
  );
}
