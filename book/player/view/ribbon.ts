// The whole run in one picture, which is also the slider: each step is a column,
// each thread, the port, the kernel and each request a lane.

import type { Phase } from '../model/phases.ts';
import { KERNEL } from '../model/run.ts';
import { type Playback, type State, stateAt } from '../model/state.ts';
import { h, svg, tag } from './dom.ts';
import { ownerLook, threadLetter, threadLook } from './looks.ts';
import { bestRequests } from './stage.ts';

const LANE = 12;
const TOP = 4;
const WIDTH = 1000;

interface Lane {
  name: string;
  /** For a narrow window. */
  short: string;
  /** The look of the lane in a state; '' leaves it empty. */
  look: (state: State) => string;
  height: number;
}

function lanesOf(playback: Playback): Lane[] {
  const threads = playback.run.threads.map((name, index) => ({
    name,
    short: threadLetter(index),
    look: (state: State) => {
      const is = state.threads[index]?.state;
      return is === 'runs'
        ? `${threadLook(index)} soft`
        : is === 'waits'
          ? is
          : '';
    },
    height: 4,
  }));
  const places = (['port', 'kernel'] as const).map((where) => ({
    name: where,
    short: where,
    look: (state: State) =>
      state.flights.some((one) => one.where === where) ? where : '',
    height: 4,
  }));
  const requests = bestRequests(playback, 4).map((id) => ({
    name: `request ${id}`,
    short: `req ${id}`,
    look: (state: State) => {
      const owner = state.requests[id]?.owner;
      const look = owner ? ownerLook(owner) : 'gone';
      return look === 'gone' ? '' : look;
    },
    height: 8,
  }));
  return [...threads, ...places, ...requests];
}

export class Ribbon {
  readonly root: HTMLElement;
  readonly #slider: HTMLElement;
  readonly #cursor: SVGElement;
  readonly #column: number;
  readonly #picture: SVGElement;
  readonly #lanes: Lane[];
  readonly #height: number;
  readonly #playback: Playback;

  constructor(
    playback: Playback,
    phases: readonly Phase[],
    asked: readonly number[],
    private readonly go: (index: number) => void,
  ) {
    this.#playback = playback;
    this.#lanes = lanesOf(playback);
    this.#height = TOP + this.#lanes.length * LANE + TOP;
    const total = playback.steps.length;
    this.#column = WIDTH / Math.max(total, 1);
    this.#picture = svg('svg', {
      viewBox: `0 0 ${WIDTH} ${this.#height}`,
      preserveAspectRatio: 'none',
      'aria-hidden': 'true',
    });
    this.#cursor = svg('rect', {
      class: 'cursor',
      y: 0,
      height: this.#height,
      width: Math.max(this.#column, 4),
    });
    this.#drawPhases(phases);
    this.#drawLanes();
    this.#drawSteps();
    this.#picture.append(this.#cursor);
    this.#slider = h(
      'div',
      {
        class: 'slider',
        role: 'slider',
        tabindex: '0',
        'aria-label': 'step of the run',
        'aria-valuemin': '0',
        'aria-valuemax': String(total),
        style: `height: ${this.#height}px`,
      },
      this.#picture,
      this.#marks(asked),
    );
    this.root = tag(
      'div.ribbon',
      this.#titles(phases),
      this.#labels(),
      this.#slider,
    );
    this.#listen();
  }

  show(index: number): void {
    const width = Math.max(this.#column, 4);
    const x = index * this.#column - (width - this.#column) / 2;
    this.#cursor.setAttribute('x', String(Math.min(x, WIDTH - width)));
    this.#slider.setAttribute('aria-valuenow', String(index + 1));
    this.#slider.setAttribute(
      'aria-valuetext',
      `step ${index + 1} of ${this.#playback.steps.length}`,
    );
  }

  focus(): void {
    this.#slider.focus();
  }

  // ---- The picture ----

  #middle(lane: number): number {
    return TOP + lane * LANE + LANE / 2;
  }

  #drawPhases(phases: readonly Phase[]): void {
    phases.forEach((phase, at) => {
      if (at % 2 === 0) return;
      const end = phases[at + 1]?.first ?? this.#playback.steps.length;
      this.#picture.append(
        svg('rect', {
          class: 'phase',
          x: phase.first * this.#column,
          y: 0,
          width: (end - phase.first) * this.#column,
          height: this.#height,
        }),
      );
    });
  }

  /** One path for each look: a long run has thousands of pieces. */
  #drawLanes(): void {
    const paths = new Map<string, string>();
    this.#lanes.forEach((lane, number) => {
      const looks = this.#playback.states.map(lane.look);
      for (let first = 0; first < looks.length; ) {
        let next = first + 1;
        while (next < looks.length && looks[next] === looks[first]) next++;
        const look = looks[first]!;
        if (look) {
          const thick = look === 'waits' ? 1 : lane.height;
          const key = lane.height > 4 ? `${look} own` : look;
          const piece = this.#box(first, next, number, thick);
          paths.set(key, (paths.get(key) ?? '') + piece);
        }
        first = next;
      }
    });
    for (const [look, d] of paths)
      this.#picture.append(svg('path', { class: `lane ${look}`, d }));
  }

  #box(first: number, next: number, lane: number, thick: number) {
    const x = (first * this.#column).toFixed(2);
    const width = ((next - first) * this.#column).toFixed(2);
    return `M${x} ${this.#middle(lane) - thick / 2}h${width}v${thick}h-${width}z`;
  }

  #drawSteps(): void {
    const paths = new Map<string, string>();
    const kernel = this.#playback.run.threads.length + 1;
    for (const { index, actor, event } of this.#playback.steps) {
      const state = stateAt(this.#playback, index);
      const isBad =
        event.kind === 'finding' ||
        state.mistakes.some((one) => one.step === index);
      const lane = actor === KERNEL ? kernel : actor;
      const x = ((index + 0.5) * this.#column - 1.5).toFixed(2);
      const look = isBad ? 'bad' : threadLook(actor);
      paths.set(
        look,
        `${paths.get(look) ?? ''}M${x} ${this.#middle(lane) - 4}h3v8h-3z`,
      );
    }
    for (const [look, d] of paths)
      this.#picture.append(svg('path', { class: `tick ${look}`, d }));
  }

  // ---- Around it ----

  #percent(step: number): string {
    return `${((step * this.#column * 100) / WIDTH).toFixed(2)}%`;
  }

  #titles(phases: readonly Phase[]): HTMLElement {
    return tag(
      'div.titles',
      ...phases.map((phase, at) => {
        const next = phases[at + 1]?.first ?? this.#playback.steps.length;
        return h(
          'span',
          {
            style: `left: ${this.#percent(phase.first)}; width: ${this.#percent(next - phase.first)}`,
            onclick: () => this.go(phase.first),
          },
          phase.title,
        );
      }),
    );
  }

  #labels(): HTMLElement {
    return h(
      'div',
      {
        class: 'labels',
        'aria-hidden': 'true',
        style: `padding-top: ${TOP}px`,
      },
      ...this.#lanes.map((lane) =>
        h(
          'span',
          { style: `height: ${LANE}px` },
          tag('span.wide', lane.name),
          tag('span.narrow', lane.short),
        ),
      ),
    );
  }

  #marks(asked: readonly number[]): HTMLElement {
    return h(
      'div',
      { class: 'marks', 'aria-hidden': 'true' },
      ...asked.map((after) =>
        h('span', { style: `left: ${this.#percent(after + 1)}` }, '?'),
      ),
    );
  }

  #listen(): void {
    const slider = this.#slider;
    const at = (event: PointerEvent): number => {
      const box = slider.getBoundingClientRect();
      const part = (event.clientX - box.left) / Math.max(box.width, 1);
      const step = Math.floor(part * this.#playback.steps.length);
      return Math.max(-1, Math.min(this.#playback.steps.length - 1, step));
    };
    slider.addEventListener('pointerdown', (event) => {
      slider.setPointerCapture(event.pointerId);
      this.go(at(event));
    });
    slider.addEventListener('pointermove', (event) => {
      if (slider.hasPointerCapture(event.pointerId)) this.go(at(event));
    });
  }
}
