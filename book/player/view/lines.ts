// What the program has printed, and which mistakes were reported.

import { firstLine } from '../model/names.ts';
import type { State } from '../model/state.ts';
import { h, tag } from './dom.ts';
import { threadLook } from './looks.ts';

interface Entry {
  step: number;
  look: string;
  text: string;
}

export class Lines {
  readonly root: HTMLElement;
  readonly #list = h('ol', {
    class: 'lines scrolls',
    tabindex: '0',
    'aria-label': 'printed so far',
  });

  /** most: only so many lines have room. */
  constructor(
    onStep: (step: number) => void,
    private readonly most = 9999,
  ) {
    this.root = tag(
      'div.terminal',
      tag('div.title', 'printed so far'),
      this.#list,
    );
    this.#list.addEventListener('click', (event) => {
      const line = (event.target as Element).closest('[data-step]');
      if (line) onStep(Number(line.getAttribute('data-step')));
    });
  }

  show(state: State, step: number): void {
    const entries = entriesOf(state);
    this.#list.replaceChildren(
      ...entries.slice(-this.most).map((entry) =>
        h(
          'li',
          {
            'data-step': entry.step,
            class: `${entry.look}${entry.step === step ? ' new' : ''}`,
          },
          entry.text || ' ',
        ),
      ),
    );
    this.#list.scrollTop = this.#list.scrollHeight;
  }
}

function entriesOf(state: State): Entry[] {
  const lines = state.lines.map(({ step, stream, text, thread }) => ({
    step,
    look: stream === 'stderr' ? 'bad' : threadLook(thread),
    text,
  }));
  const findings = state.findings.map(({ by, step, text }) => ({
    step,
    look: 'bad finding',
    text: `${by}: ${firstLine(text)}`,
  }));
  return [...lines, ...findings].sort((a, b) => a.step - b.step);
}
