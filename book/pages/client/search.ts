// The search field. Its index is a script, because a page from file: may load a
// script, but may not fetch a file.
import { type Hit, type IndexedPage, search } from '../search.ts';

declare global {
  interface Window {
    SEARCH?: IndexedPage[];
  }
}

export function startSearch(): void {
  const form = document.querySelector<HTMLFormElement>('.search');
  if (form) new SearchField(form).start();
}

class SearchField {
  private readonly input: HTMLInputElement;
  private readonly results: HTMLElement;
  private readonly status: HTMLElement;
  private readonly list: HTMLElement;
  private isAsked = false;

  constructor(private readonly form: HTMLFormElement) {
    this.input = form.querySelector('input')!;
    this.results = form.querySelector('.results')!;
    this.status = form.querySelector('[role=status]')!;
    this.list = form.querySelector('ol')!;
  }

  start(): void {
    this.input.addEventListener('focus', () => this.load());
    this.input.addEventListener('input', () => this.show());
    this.form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.links()[0]?.click();
    });
    this.form.addEventListener('keydown', (event) => this.onKey(event));
    this.form.addEventListener('focusout', (event) => {
      const to = event.relatedTarget as Node | null;
      if (to && !this.form.contains(to)) this.close();
    });
    document.addEventListener('click', (event) => {
      if (!this.form.contains(event.target as Node)) this.close();
    });
    this.list.addEventListener('click', () => this.close());
    document.addEventListener('keydown', (event) => {
      if (event.key !== '/' || isTyping(event.target)) return;
      event.preventDefault();
      this.input.focus();
    });
  }

  private load(): void {
    if (this.isAsked) return;
    this.isAsked = true;
    const script = document.createElement('script');
    script.src = 'search.js';
    script.addEventListener('load', () => this.show());
    script.addEventListener('error', () => {
      this.isAsked = false;
    });
    document.head.append(script);
  }

  private show(): void {
    const words = this.input.value.trim();
    if (words === '' || !window.SEARCH) {
      this.close();
      return;
    }
    const hits = search(window.SEARCH, words);
    this.list.replaceChildren(...hits.map(itemOf));
    this.status.textContent =
      hits.length === 0 ? `No page has “${words}”.` : counted(hits.length);
    this.results.hidden = false;
  }

  private close(): void {
    this.results.hidden = true;
  }

  private links(): HTMLAnchorElement[] {
    return [...this.list.querySelectorAll('a')];
  }

  /** Up and down go through the field and the results. */
  private onKey(event: KeyboardEvent): void {
    const places: HTMLElement[] = [this.input, ...this.links()];
    const at = places.indexOf(document.activeElement as HTMLElement);
    if (event.key === 'Escape') {
      this.close();
      this.input.focus();
    } else if (event.key === 'ArrowDown' && !this.results.hidden) {
      event.preventDefault();
      places[Math.min(at + 1, places.length - 1)]?.focus();
    } else if (event.key === 'ArrowUp' && !this.results.hidden) {
      event.preventDefault();
      places[Math.max(at - 1, 0)]?.focus();
    }
  }
}

const counted = (hits: number): string =>
  hits === 1 ? '1 place' : `${hits}${hits === 20 ? ' or more' : ''} places`;

function itemOf({ href, title, heading, excerpt }: Hit): HTMLElement {
  const [before, word, after] = excerpt;
  const link = make('a', make('strong', heading));
  link.href = href;
  if (heading !== title) link.append(make('small', title));
  link.append(make('span', before, make('mark', word), after));
  return make('li', link);
}

function make<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  ...children: (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  element.append(...children);
  return element;
}

/** Then a key is a letter, or belongs to a player. */
function isTyping(target: EventTarget | null): boolean {
  const element = target as Element | null;
  return element?.closest('input, textarea, select, .player') !== null;
}
