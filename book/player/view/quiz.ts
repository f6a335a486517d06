// Asks a question, and says what is right.
import type { Question } from '../model/questions.ts';
import { h, rich, tag } from './dom.ts';

const SKIPPED = -1;

export class Quiz {
  readonly #body = tag('div');
  readonly #because = h('p', { class: 'because', role: 'status' });
  readonly root = tag('div.quiz', this.#body, this.#because);
  readonly score = tag('span.score');
  readonly switch = h('input', { type: 'checkbox', checked: true });
  #question: Question | undefined;
  /** By the name of the question: the answer that was given. */
  readonly #given = new Map<string, number>();
  #right = 0;

  /** onAnswer: the reader may go on. */
  constructor(private readonly onAnswer: () => void) {}

  /** Whether a question waits for its answer. */
  get asks(): boolean {
    return this.#question != null && !this.#given.has(this.#question.name);
  }

  show(question: Question | undefined): void {
    this.#question = this.switch.checked ? question : undefined;
    this.#draw();
  }

  /** Points the reader to the question. */
  remind(): void {
    this.root.querySelector('button')?.focus();
    this.root.classList.remove('look');
    void this.root.offsetWidth; // so that the animation starts again
    this.root.classList.add('look');
  }

  /** Whether the question has this answer; the first is 0. */
  answer(index: number): boolean {
    const question = this.#question;
    if (!question || !this.asks || index >= question.answers.length)
      return false;
    this.#given.set(question.name, index);
    if (index === question.right) this.#right++;
    const hadFocus = this.root.contains(document.activeElement);
    this.#draw();
    if (hadFocus) this.onAnswer();
    return true;
  }

  #draw(): void {
    const question = this.#question;
    this.root.hidden = question == null;
    const total = [...this.#given.values()].filter((one) => one !== SKIPPED);
    this.score.textContent =
      total.length > 0 ? `${this.#right} of ${total.length} right` : '';
    if (!question) return;
    const given = this.#given.get(question.name);
    this.#because.replaceChildren(
      ...(given == null ? [] : verdict(question, given)),
    );
    this.#body.replaceChildren(
      tag(
        'p.ask',
        tag('span.badge', 'before you go on'),
        ' ',
        ...rich(question.ask),
      ),
      h(
        'div',
        { class: 'answers', role: 'group', 'aria-label': 'answers' },
        ...question.answers.map((_, index) =>
          this.#button(question, index, given),
        ),
        given == null &&
          h(
            'button',
            {
              class: 'skip',
              onclick: () => this.answer(SKIPPED),
            },
            'just show me',
          ),
      ),
    );
  }

  #button(question: Question, index: number, given?: number) {
    const look =
      given == null
        ? undefined
        : index === question.right
          ? 'right'
          : index === given
            ? 'wrong'
            : 'other';
    return h(
      'button',
      {
        disabled: given != null,
        class: look,
        onclick: () => this.answer(index),
      },
      tag('kbd', String(index + 1)),
      tag('span', ...rich(question.answers[index]!)),
    );
  }
}

function verdict(question: Question, given: number): (Node | string)[] {
  const word =
    given === question.right ? 'Yes. ' : given === SKIPPED ? '' : 'No. ';
  return [tag('b', word), ...rich(question.because)];
}
