// The stage: the threads, the port, the kernel, and the memory of the requests.

import {
  count,
  flightText,
  isFresh,
  ownerText,
  shortName,
  valueText,
  waitText,
} from '../model/names.ts';
import {
  KERNEL,
  type Run,
  requestOf,
  type Shape,
  shapeOf,
} from '../model/run.ts';
import {
  type Flight,
  type Playback,
  type Request,
  type State,
  stateAt,
  type Thread,
  waitersAt,
} from '../model/state.ts';
import type { Step } from '../model/steps.ts';
import { storyOf } from '../model/story.ts';
import { Gliding, h, isCalm, tag } from './dom.ts';
import { ownerLook, threadLetter, threadLook } from './looks.ts';

const OF_OVERLAPPED = /(^|\.)(Internal|InternalHigh|Offset|OffsetHigh|hEvent)$/;
const MAIN_FIELDS = /(^|\.)(Internal|InternalHigh|Offset)$/;
const OWN_FIELDS = /^(callback|context|buffer|length|state)$/;

/** So many requests, chips and frames have room. */
const MOST_REQUESTS = 4;
const MOST_CHIPS = 6;
const MOST_FRAMES = 2;

/** The requests with the most uses, in the order of their numbers. */
export function bestRequests(playback: Playback, most: number): number[] {
  const { starts } = storyOf(playback);
  const uses = (id: number): number =>
    starts.filter(({ call }) => call.request === id).length;
  return playback.run.requests
    .map(({ id }) => id)
    .sort((a, b) => uses(b) - uses(a) || a - b)
    .slice(0, most)
    .sort((a, b) => a - b);
}

/** The request that a step is about. */
export function requestAt(step: Step | undefined): number | undefined {
  return step && (requestOf(step.event) ?? step.call?.request);
}

export class Stage {
  readonly root: HTMLElement;
  readonly #run: Run;
  readonly #threads: ThreadCard[];
  readonly #port = new Place('port', 'completion port');
  readonly #kernel = new Place('kernel', 'kernel');
  readonly #cards = new Map<number, RequestCard>();
  readonly #memory = h('div', {
    class: 'memory scrolls',
    role: 'group',
    tabindex: '0',
    'aria-label': 'memory of the requests',
  });
  readonly #chips = new Chips();
  readonly #gliding: Gliding;
  readonly #best: number[];

  constructor(
    playback: Playback,
    private readonly isSmall = false,
  ) {
    this.#run = playback.run;
    this.#best = bestRequests(playback, isSmall ? 1 : MOST_REQUESTS);
    this.#threads = this.#run.threads.map(
      (name, index) => new ThreadCard(name, index, isSmall ? 1 : MOST_FRAMES),
    );
    const { ports } = stateAt(playback, playback.states.length - 1);
    if (ports.length > 1) this.#port.note(ports.join(', '));
    this.#kernel.note('I/O in flight');
    this.root = h(
      'div',
      { class: isSmall ? 'stage small' : 'stage' },
      h(
        'ul',
        { class: 'threads', 'aria-label': 'threads' },
        ...this.#threads.map((card) => card.root),
      ),
      this.#port.root,
      this.#kernel.root,
      this.#memory,
      ...this.#rest(),
    );
    this.#gliding = new Gliding(this.root);
  }

  show(state: State, step: Step | undefined, glide: boolean): void {
    const moves = glide && !isCalm();
    if (moves) this.#gliding.measure();
    this.#chips.begin();
    state.threads.forEach((thread, index) => {
      const acts = step?.actor === index;
      this.#threads[index]?.show(thread, acts, this.#held(state, index));
    });
    this.#showPlaces(state, step);
    this.#chips.end();
    this.#showRequests(state, step);
    if (moves) this.#gliding.go();
  }

  /** Chips of the requests that a thread owns. */
  #held(state: State, index: number): HTMLElement[] {
    const own = Object.values(state.requests).filter(
      ({ owner }) =>
        (owner.who === 'thread' || owner.who === 'callback') &&
        owner.thread === index,
    );
    const more = own.length - MOST_CHIPS;
    return [
      ...own
        .slice(0, MOST_CHIPS)
        .map(({ id, owner }) =>
          this.#chips.make(`request ${id}`, ownerLook(owner), `request ${id}`),
        ),
      ...(more > 0 ? [tag('span.more', `+ ${more} more`)] : []),
    ];
  }

  #showPlaces(state: State, step: Step | undefined): void {
    const chipsIn = (isHere: (flight: Flight) => boolean, look: string) =>
      state.flights.filter(isHere).map((flight) => this.#flight(flight, look));
    this.#port.show(
      chipsIn((one) => one.where === 'port', 'port'),
      'empty',
    );
    this.#kernel.show(
      chipsIn((one) => one.where !== 'port', 'kernel'),
      'nothing',
    );
    this.#port.showWaiters(
      waitersAt(state).map((thread) => state.threads.indexOf(thread)),
      this.#run.threads,
    );
    const acts = step?.actor === KERNEL && step.event.kind !== 'killed';
    this.#kernel.root.classList.toggle('acts', acts);
    const hasFailed = acts && step.event.kind === 'crash';
    this.#kernel.root.classList.toggle('bad', hasFailed);
  }

  #flight(flight: Flight, look: string): HTMLElement {
    const { request } = flight;
    if (request != null)
      return this.#chips.make(
        `request ${request}`,
        look,
        `request ${request}`,
        flightText(flight),
      );
    return this.#chips.make(
      `use ${flight.use}`,
      look,
      'packet',
      `no request, key ${flight.key ?? 0}`,
    );
  }

  #showRequests(state: State, step: Step | undefined): void {
    const ids = [...this.#best];
    const now = requestAt(step);
    if (now != null && !ids.includes(now))
      ids[Math.max(0, ids.length - 1)] = now;
    const isOne = ids.length === 1 && !this.isSmall;
    const cards = ids.map((id) => {
      let card = this.#cards.get(id);
      if (!card) {
        card = new RequestCard(this.#run, id, isOne ? 'large' : 'small');
        this.#cards.set(id, card);
      }
      card.show(state.requests[id], step?.index ?? -1);
      return card.root;
    });
    const old = [...this.#memory.children];
    if (old.length !== cards.length || cards.some((one, at) => one !== old[at]))
      this.#memory.replaceChildren(...cards);
    this.#memory.classList.toggle('several', ids.length > 1);
  }

  #rest(): Node[] {
    const more = this.#run.requests.length - this.#best.length;
    if (more <= 0 || this.isSmall) return [];
    return [tag('p.more', `and ${count(more, 'more request')}`)];
  }
}

// ---- Pieces ----

class ThreadCard {
  readonly root: HTMLElement;
  readonly #state = tag('span.state');
  readonly #stack = tag('div.stack');
  readonly #slot = tag('div.slot');

  constructor(
    name: string,
    private readonly index: number,
    private readonly frames: number,
  ) {
    const look = threadLook(index);
    this.root = tag(
      'li.thread',
      tag(
        'div.name',
        h(
          'span',
          { class: `pill ${look}`, 'aria-hidden': 'true' },
          threadLetter(index),
        ),
        tag('b', name),
        this.#state,
      ),
      this.#stack,
      this.#slot,
    );
  }

  show(thread: Thread, acts: boolean, chips: HTMLElement[]): void {
    const look = threadLook(this.index);
    this.root.className = `thread ${look} ${thread.state}${acts ? ' acts' : ''}`;
    this.#state.textContent = stateText(thread);
    this.#stack.replaceChildren(
      ...thread.frames
        .slice(0, this.frames)
        .map((frame, depth) =>
          h(
            'div',
            { class: depth === 0 ? 'frame' : 'frame outer' },
            tag('span.line', String(frame.line)),
            tag('code', frame.function),
          ),
        ),
    );
    this.#slot.replaceChildren(...chips);
  }
}

const stateText = (thread: Thread): string =>
  ({
    unborn: 'not started',
    runs: 'runs',
    waits: `waits ${waitText(thread)}`,
    ended: 'has exited',
    crashed: 'has crashed',
  })[thread.state];

/** The port, or the kernel. */
class Place {
  readonly root: HTMLElement;
  readonly #small = tag('small');
  readonly #slots: HTMLElement;
  readonly #waiting = tag('div.waiting');

  constructor(look: string, name: string) {
    this.#slots = h('ul', { class: 'slots', 'aria-label': `in the ${name}` });
    this.root = h(
      'div',
      { class: `place ${look}` },
      tag('div.title', tag('b', name), this.#small),
      this.#slots,
      this.#waiting,
    );
  }

  note(text: string): void {
    this.#small.textContent = text;
  }

  show(chips: HTMLElement[], empty: string): void {
    this.#slots.replaceChildren(
      ...(chips.length > 0
        ? chips.map((chip) => tag('li', chip))
        : [tag('li.empty', empty)]),
    );
  }

  showWaiters(threads: number[], names: readonly string[]): void {
    this.#waiting.replaceChildren(
      threads.length > 0 ? 'waiting:' : 'no thread waits',
      ...threads.map((index) =>
        h(
          'span',
          { class: `pill ${threadLook(index)}`, title: names[index] ?? '' },
          threadLetter(index),
        ),
      ),
    );
  }
}

/** The same thing keeps its chip, so that the chip can glide. */
class Chips {
  readonly #chips = new Map<string, HTMLElement>();
  #used = new Set<string>();

  begin(): void {
    this.#used = new Set();
  }

  make(key: string, look: string, title: string, detail = ''): HTMLElement {
    // Of two flights of one request, the second needs a chip of its own.
    const own = this.#used.has(key) ? `${key}+${this.#used.size}` : key;
    this.#used.add(own);
    let chip = this.#chips.get(own);
    if (!chip) {
      chip = h('div', { 'data-glides': true });
      this.#chips.set(own, chip);
    }
    chip.className = `chip ${look}`;
    chip.replaceChildren(
      tag('b', title),
      ...(detail ? [tag('span', detail)] : []),
    );
    return chip;
  }

  end(): void {
    for (const [key, chip] of this.#chips) {
      if (this.#used.has(key)) continue;
      chip.remove();
      this.#chips.delete(key);
    }
  }
}

/** The memory of a request: its fields, its buffer, its owner. */
class RequestCard {
  readonly root: HTMLElement;
  readonly #owner = tag('span.owner');
  readonly #inside = tag('div.inside');
  readonly #shape: Shape;

  constructor(
    private readonly run: Run,
    private readonly id: number,
    private readonly size: 'large' | 'small',
  ) {
    this.#shape = shapeOf(run, id);
    this.root = h(
      'div',
      { class: 'request', role: 'group' },
      tag(
        'div.title',
        tag('b', `request ${id}`),
        tag('small', this.#shape.struct),
        this.#owner,
      ),
      this.#inside,
    );
  }

  show(request: Request | undefined, step: number): void {
    const look = request ? ownerLook(request.owner) : 'gone';
    const text = request ? ownerText(this.run, request.owner) : 'not used yet';
    this.root.className = `request ${look}${request?.owner.who === 'freed' ? ' freed' : ''}`;
    this.root.setAttribute('aria-label', `request ${this.id}: ${text}`);
    this.#owner.className = `owner ${look}`;
    this.#owner.textContent = text;
    if (!request) return this.#inside.replaceChildren();
    const isLarge = this.size === 'large';
    const names = this.#shape.fields.map((field) => field.name);
    const system = names.filter((name) =>
      (isLarge ? OF_OVERLAPPED : MAIN_FIELDS).test(name),
    );
    const own = names.filter(
      (name) =>
        !OF_OVERLAPPED.test(name) &&
        (isLarge
          ? names.length <= 12 || OWN_FIELDS.test(name)
          : name === 'state'),
    );
    this.#inside.replaceChildren(
      this.#table('OVERLAPPED', system, request, step),
      ...(own.length > 0
        ? [this.#table('fields of the program', own, request, step)]
        : []),
      ...(isLarge ? [bufferOf(request, step)] : []),
    );
  }

  #table(
    caption: string,
    names: readonly string[],
    request: Request,
    step: number,
  ): HTMLElement {
    const { changed, fields } = request;
    return tag(
      'table',
      tag('caption', caption),
      tag(
        'tbody',
        ...names.map((name) => {
          const isNew = changed.step === step && changed.names.includes(name);
          const value = fields[name];
          return h(
            'tr',
            { class: isNew ? 'changed' : undefined },
            h('th', { scope: 'row' }, shortName(name)),
            tag('td', this.#value(name, value)),
          );
        }),
      ),
    );
  }

  #value(name: string, value: string | undefined): string {
    if (value == null) return '';
    if (isFresh(value)) return 'no value';
    return valueText(this.run, this.id, name, value);
  }
}

function bufferOf(request: Request, step: number): HTMLElement {
  const { buffer, came, owner } = request;
  const isOwned = owner.who === 'thread' || owner.who === 'callback';
  const note =
    buffer.length === 0
      ? 'not seen yet'
      : isOwned && came != null
        ? `${count(came, 'byte')} came`
        : `its first ${buffer.length} bytes`;
  const isNew = request.bufferStep === step;
  return h(
    'div',
    { class: isNew ? 'buffer changed' : 'buffer' },
    tag('div.caption', 'buffer: ', tag('small', note)),
    ...(buffer.length > 0 ? [tag('pre', ...rowsOf(buffer))] : []),
  );
}

const BYTES_A_ROW = 16;

function rowsOf(bytes: readonly number[]): Node[] {
  const rows: Node[] = [];
  for (let at = 0; at < bytes.length; at += BYTES_A_ROW) {
    const text = bytes
      .slice(at, at + BYTES_A_ROW)
      .map((byte) =>
        byte > 31 && byte < 127 ? String.fromCharCode(byte) : '·',
      )
      .join('');
    rows.push(
      tag('i', `+${String(at).padStart(2, '0')} `),
      new Text(`${text}\n`),
    );
  }
  return rows;
}
