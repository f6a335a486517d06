// Small helpers for elements. No framework.

type Child = Node | string | null | undefined | false;
type Value = string | number | boolean | undefined | ((event: never) => void);

/** An element. `on…` are listeners, `true` and `false` switch an attribute. */
export function h<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Record<string, Value> = {},
  ...children: Child[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  if (element instanceof HTMLButtonElement) element.type = 'button';
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function')
      element.addEventListener(name.slice(2), value as (event: Event) => void);
    else if (value != null && value !== false)
      element.setAttribute(name, value === true ? '' : String(value));
  }
  element.append(...children.filter(isNode));
  return element;
}

type Tag = keyof HTMLElementTagNameMap;
type Name<Text> = Text extends `${infer Of extends Tag}.${string}`
  ? Of
  : Text extends Tag
    ? Text
    : never;

/** An element with classes and nothing else: `div.left.wide`. */
export function tag<Text extends Tag | `${Tag}.${string}`>(
  text: Text,
  ...children: Child[]
): HTMLElementTagNameMap[Name<Text>] {
  const [name, ...classes] = text.split('.');
  const element = document.createElement(
    name as Name<Text>,
  ) as HTMLElementTagNameMap[Name<Text>];
  if (classes.length > 0) element.className = classes.join(' ');
  element.append(...children.filter(isNode));
  return element;
}

const isNode = (child: Child): child is Node | string =>
  child !== null && child != null && child !== false;

export function svg(
  name: string,
  attributes: Record<string, string | number>,
): SVGElement {
  const element = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes))
    element.setAttribute(key, String(value));
  return element;
}

/** Text with `code`, **names** and *stress*, as words.ts marks it up. */
export function rich(text: string): (Node | string)[] {
  return text
    .split(/(`[^`]+`|\*\*.+?\*\*|\*[^*\s][^*]*\*)/)
    .filter((part) => part !== '')
    .map((part) => {
      if (/^`.+`$/.test(part)) return tag('code', part.slice(1, -1));
      if (/^\*\*.+\*\*$/.test(part))
        return tag('strong', ...rich(part.slice(2, -2)));
      if (/^\*.+\*$/.test(part)) return tag('em', part.slice(1, -1));
      return part;
    });
}

/** The same text without its marks. */
export const plain = (text: string): string => text.replace(/[`*]/g, '');

export const isCalm = (): boolean =>
  matchMedia('(prefers-reduced-motion: reduce)').matches;

/** Moves elements smoothly from where they were to where they are. */
export class Gliding {
  #before = new Map<Element, DOMRect>();

  constructor(private readonly root: HTMLElement) {}

  #all(): NodeListOf<Element> {
    return this.root.querySelectorAll('[data-glides]');
  }

  measure(): void {
    this.#before = new Map(
      [...this.#all()].map((one) => [one, one.getBoundingClientRect()]),
    );
  }

  go(): void {
    // All is measured before anything moves: a layout each would be slow.
    const moves = [...this.#all()].map((one) => ({
      one,
      from: this.#before.get(one),
      to: one.getBoundingClientRect(),
    }));
    for (const { one, from, to } of moves) {
      if (from) glide(one, from, to);
      else one.animate([{ opacity: 0 }, { opacity: 1 }], 200);
    }
  }
}

function glide(element: Element, from: DOMRect, to: DOMRect): void {
  const [x, y] = [from.left - to.left, from.top - to.top];
  if (Math.abs(x) + Math.abs(y) < 2) return;
  element.animate(
    [{ transform: `translate(${x}px, ${y}px)` }, { transform: 'none' }],
    { duration: 400, easing: 'cubic-bezier(.3,.7,.2,1)' },
  );
}
