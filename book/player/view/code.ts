// The source, with the line that each thread is at.

import { differing } from '../model/align.ts';
import type { Run } from '../model/run.ts';
import type { Playback, State } from '../model/state.ts';
import type { Step } from '../model/steps.ts';
import { h, isCalm, tag } from './dom.ts';
import { linesOf } from './highlight.ts';
import { threadLetter, threadLook } from './looks.ts';

/** By SHA-256: the text of a file. */
export type Sources = Readonly<Record<string, string>>;

/** Finds the lines of a file that are to be set off. */
export type Differs = (file: number) => ReadonlySet<number>;

/** The lines that the file of the same name in another run does not have. */
export function differsFrom(run: Run, other: Run, sources: Sources): Differs {
  const nameOf = ({ path }: { path: string }) => path.replace(/.*\//, '');
  const linesIn = (file?: { sha256: string }) =>
    (sources[file?.sha256 ?? ''] ?? '').split('\n');
  return (index) => {
    const file = run.files[index]!;
    const same = other.files.find((one) => nameOf(one) === nameOf(file));
    return differing(linesIn(file), linesIn(same));
  };
}

interface Row {
  root: HTMLElement;
  pills: HTMLElement;
}

export class Code {
  readonly root: HTMLElement;
  readonly #title = tag('span');
  readonly #scroller: HTMLElement;
  readonly #opened = new Map<number, Row[]>();
  #rows: Row[] = [];
  #marked: Row[] = [];
  #file = -1;

  constructor(
    private readonly playback: Playback,
    private readonly sources: Sources,
    onLine: (file: number, line: number) => void,
    private readonly differs?: Differs,
  ) {
    this.#scroller = h('div', {
      class: 'scroller scrolls',
      tabindex: '0',
      role: 'group',
      'aria-label': `source of ${playback.run.program}`,
    });
    this.root = tag('div.code', tag('div.tab', this.#title), this.#scroller);
    this.#scroller.addEventListener('click', (event) => {
      const row = (event.target as Element).closest('[data-line]');
      if (row) onLine(this.#file, Number(row.getAttribute('data-line')));
    });
    this.#open(this.#mainFile());
  }

  /** The file of the first step that has one. */
  #mainFile(): number {
    const step = this.playback.steps.find((one) => one.frames.length > 0);
    return step?.frames.at(-1)?.file ?? 0;
  }

  #open(file: number): void {
    if (file === this.#file) return;
    const of = this.playback.run.files[file];
    if (!of) return;
    this.#file = file;
    this.#title.textContent = of.path.replace(/^build\/pitfalls\//, 'pitfall ');
    let rows = this.#opened.get(file);
    if (!rows) {
      rows = this.#makeRows(file);
      this.#opened.set(file, rows);
    }
    this.#rows = rows;
    this.#scroller.replaceChildren(
      ...(rows.length > 0
        ? rows.map((row) => row.root)
        : [tag('p.empty', 'This page does not have the source.')]),
    );
  }

  #makeRows(file: number): Row[] {
    const text = this.sources[this.playback.run.files[file]!.sha256];
    const differs = this.differs?.(file);
    if (!text) return [];
    return linesOf(text).map((nodes, index) => {
      const pills = tag('span.pills');
      const isOther = differs?.has(index + 1);
      const root = h(
        'div',
        { class: isOther ? 'row differs' : 'row', 'data-line': index + 1 },
        pills,
        tag('span.number', String(index + 1)),
        tag('code', ...nodes),
      );
      return { root, pills };
    });
  }

  show(state: State, step: Step | undefined, glide: boolean): void {
    this.#clear();
    const at = this.#placeOf(step);
    if (at) this.#open(at.file);
    if (step && at && step.actor >= 0) this.#markStep(step);
    state.threads.forEach((thread, index) => {
      const [frame] = thread.frames;
      if (!frame || frame.file !== this.#file || thread.state === 'ended')
        return;
      const faint = thread.state === 'waits' ? ' faint' : '';
      this.#mark(frame.line)?.pills.append(
        h(
          'span',
          { class: `pill ${threadLook(index)}${faint}` },
          threadLetter(index),
        ),
      );
    });
    const row = at && this.#rows[at.line - 1];
    if (row && (step?.actor !== -1 || !glide)) this.#reveal(row.root, glide);
  }

  /** Where to look: at the step, or where the program was before it. */
  #placeOf(step: Step | undefined) {
    if (!step) return undefined;
    if (step.frames[0]) return step.frames[0];
    return this.playback.steps
      .slice(0, step.index)
      .findLast((one) => one.frames.length > 0)?.frames[0];
  }

  #clear(): void {
    for (const { root, pills } of this.#marked) {
      root.classList.remove('now', 'outer', 'trail', 'main', 'worker');
      pills.replaceChildren();
    }
    this.#marked = [];
  }

  #mark(line: number, ...looks: string[]): Row | undefined {
    const row = this.#rows[line - 1];
    if (!row) return undefined;
    row.root.classList.add(...looks);
    this.#marked.push(row);
    return row;
  }

  #markStep(step: Step): void {
    const look = threadLook(step.actor);
    const [now, ...outer] = step.frames;
    for (const frame of step.trail)
      if (frame.file === this.#file) this.#mark(frame.line, 'trail', look);
    for (const frame of outer)
      if (frame.file === this.#file) this.#mark(frame.line, 'outer', look);
    if (now?.file === this.#file) this.#mark(now.line, 'now', look);
  }

  #reveal(row: HTMLElement, glide: boolean): void {
    const scroller = this.#scroller;
    const top = row.offsetTop;
    const isVisible =
      top >= scroller.scrollTop + 40 &&
      top <= scroller.scrollTop + scroller.clientHeight * 0.6;
    if (isVisible && glide) return;
    scroller.scrollTo({
      top: top - scroller.clientHeight * 0.33,
      behavior: glide && !isCalm() ? 'smooth' : 'instant',
    });
  }
}
