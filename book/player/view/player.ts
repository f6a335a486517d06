// What all players have: a position, keys, buttons, questions, and a clock.
import type { Question } from '../model/questions.ts';
import { h, tag } from './dom.ts';
import { Quiz } from './quiz.ts';

/** A step lasts so long while the player plays, in ms. */
const PACE = 1400;

const KEYS = [
  ['← →', 'one step back, on'],
  ['PgUp PgDn', 'one part back, on'],
  ['Home End', 'the start, the end'],
  ['[ ]', 'follow the request'],
  ['space', 'play, or stop'],
  ['1 … 9', 'answer the question'],
] as const;

export abstract class Player {
  abstract readonly root: HTMLElement;
  abstract readonly first: number;
  abstract readonly last: number;
  index = 0;
  protected readonly quiz = new Quiz(() => this.next.focus());
  protected readonly back = button('one step back', '←', '←', () =>
    this.move(-1),
  );
  protected readonly next = button('one step on', '→', '→', () => this.move(1));
  protected readonly position = tag('span.position');
  readonly #playing = button('play', 'space', '▶', () => this.#toggle());
  #timer: ReturnType<typeof setInterval> | undefined;

  /** Shows a position. glide: things move there. */
  protected abstract show(glide: boolean): void;
  /** The question to answer before the reader goes on from here. */
  protected abstract questionAt(index: number): Question | undefined;
  /** The first position of each part. */
  protected abstract parts(): readonly number[];
  /** The position before or after that is about the same request. */
  protected abstract related(by: 1 | -1): number | undefined;

  go(index: number, glide = false): void {
    this.index = Math.max(this.first, Math.min(this.last, index));
    // A disabled button would lose the focus, and the keys with it.
    this.back.setAttribute('aria-disabled', String(this.index === this.first));
    this.next.setAttribute('aria-disabled', String(this.index === this.last));
    this.show(glide);
    this.quiz.show(this.questionAt(this.index));
  }

  /** As the reader moves: a question must be answered first. */
  move(by: number): void {
    if (by > 0 && this.quiz.asks) {
      this.#stop();
      this.quiz.remind();
    } else {
      this.go(this.index + by, true);
    }
  }

  /** The whole player, which hears the keys. */
  protected section(
    look: string,
    label: string,
    ...children: (Node | null)[]
  ): HTMLElement {
    return h(
      'section',
      {
        class: look,
        role: 'group',
        'aria-label': label,
        onkeydown: (event: KeyboardEvent) => this.#press(event),
      },
      ...children,
    );
  }

  /** What the player says, between the two large buttons. */
  protected say(said: Node, ...more: Node[]): HTMLElement {
    this.back.classList.add('big');
    this.next.classList.add('big');
    return tag(
      'div.say',
      this.back,
      tag('div.words', h('div', { 'aria-live': 'polite' }, said), ...more),
      this.next,
    );
  }

  /** All buttons below the sentence. */
  protected bar(...more: (Node | string)[]): HTMLElement {
    this.quiz.switch.addEventListener('change', () => this.go(this.index));
    return tag(
      'div.bar',
      button('to the start', 'Home', '⇤', () => this.go(this.first)),
      this.#playing,
      button('to the end', 'End', '⇥', () => this.go(this.last)),
      tag('label.switch', this.quiz.switch, 'ask me first'),
      this.quiz.score,
      ...more,
      tag('span.spring'),
      this.position,
      tag(
        'details.keys',
        tag('summary', 'keys'),
        tag(
          'dl',
          ...KEYS.flatMap(([keys, what]) => [
            tag('dt', tag('kbd', keys)),
            tag('dd', what),
          ]),
        ),
      ),
    );
  }

  /** The buttons that follow a request. */
  protected followers(): HTMLElement {
    return tag(
      'span.follow',
      button('back to the step before that uses this request', '[', '⟦', () =>
        this.#follow(-1),
      ),
      button('on to the next step that uses this request', ']', '⟧', () =>
        this.#follow(1),
      ),
      'follow the request',
    );
  }

  #follow(by: 1 | -1): void {
    const index = this.related(by);
    if (index != null) this.go(index);
  }

  #toggle(): void {
    if (this.#timer != null) return this.#stop();
    if (this.index === this.last) this.go(this.first);
    this.#playing.textContent = '■';
    this.#playing.setAttribute('aria-label', 'stop');
    this.#timer = setInterval(() => {
      this.move(1);
      if (this.index === this.last) this.#stop();
    }, PACE);
  }

  #stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#playing.textContent = '▶';
    this.#playing.setAttribute('aria-label', 'play');
  }

  /** To the start of the part before or after. */
  #part(by: 1 | -1): void {
    const parts = this.parts();
    const target =
      by > 0
        ? parts.find((first) => first > this.index)
        : parts.findLast((first) => first < this.index);
    this.go(target ?? (by > 0 ? this.last : this.first));
  }

  #press(event: KeyboardEvent): void {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const act = this.#actOf(event);
    if (!act) return;
    event.preventDefault();
    if (event.key !== ' ') this.#stop();
    act();
  }

  #actOf(event: KeyboardEvent): (() => void) | undefined {
    const target = event.target as Element;
    const { key } = event;
    const isOfScroller = target.matches('.scrolls');
    const isOfButton = target.closest('button, a, input, summary') !== null;
    if (/^[1-9]$/.test(key) && this.quiz.asks)
      return () => this.quiz.answer(Number(key) - 1);
    switch (key) {
      case 'ArrowRight':
        return () => this.move(1);
      case 'ArrowLeft':
        return () => this.move(-1);
      case 'ArrowUp':
        return target.matches('.slider') ? () => this.move(1) : undefined;
      case 'ArrowDown':
        return target.matches('.slider') ? () => this.move(-1) : undefined;
      case ']':
        return () => this.#follow(1);
      case '[':
        return () => this.#follow(-1);
      case ' ':
        return isOfButton ? undefined : () => this.#toggle();
    }
    if (isOfScroller) return undefined;
    switch (key) {
      case 'Home':
        return () => this.go(this.first);
      case 'End':
        return () => this.go(this.last);
      case 'PageDown':
        return () => this.#part(1);
      case 'PageUp':
        return () => this.#part(-1);
    }
    return undefined;
  }
}

export function button(
  label: string,
  key: string,
  text: string,
  act: () => void,
): HTMLButtonElement {
  return h(
    'button',
    {
      title: `${label} (${key})`,
      'aria-label': label,
      onclick: act,
    },
    text,
  );
}
