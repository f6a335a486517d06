// Makes the HTML of a page from its README.
import MarkdownIt, { type Token } from 'markdown-it';
import { highlight } from './highlight.ts';
import type { Target } from './links.ts';
import { escapeHtml, headingId } from './text.ts';

export interface Heading {
  level: number;
  id: string;
  /** Without marks. */
  text: string;
}

/** A heading and the plain text up to the next one: what the search knows. */
export interface Section extends Heading {
  words: string;
}

export interface Rendered {
  html: string;
  title: string;
  sections: Section[];
  /** All ids of the page: its headings, and its numbered items. */
  ids: Set<string>;
}

export interface Wishes {
  resolve(href: string): Target;
  /** HTML to put after a heading. */
  after(id: string): string | undefined;
  numbered?: string | undefined;
  /** HTML that replaces the table after the heading with this id. */
  table?: { after: string; html: string } | undefined;
}

const markdown = new MarkdownIt({ html: true, linkify: true });
markdown.linkify.set({ fuzzyLink: false, fuzzyEmail: false, fuzzyIP: false });

const block = (text: string, language: string): string =>
  `<pre class="block" tabindex="0"><code>${highlight(
    text.replace(/\n$/, ''),
    language,
  )}</code></pre>\n`;

const { rules } = markdown.renderer;
rules.fence = (tokens, index) =>
  block(tokens[index]!.content, tokens[index]!.info.trim());
rules.code_block = (tokens, index) => block(tokens[index]!.content, '');
rules.table_open = () =>
  '<div class="table" tabindex="0" role="group" aria-label="table"><table>\n';
rules.table_close = () => '</table></div>\n';

export function render(source: string, wishes: Wishes): Rendered {
  const tokens = markdown.parse(source, {});
  const sections = sectionsOf(tokens);
  const ids = new Set(sections.map((section) => section.id));
  if (wishes.numbered) numberItems(tokens, wishes.numbered, ids);
  for (const token of tokens)
    if (token.children) token.children = linked(token.children, wishes);
  const html = markdown.renderer
    .render(finished(tokens, sections, wishes), markdown.options, {})
    .replaceAll(/<th([^>]*)><\/th>/g, '<td$1></td>')
    .replaceAll('<li>[ ] ', '<li class="task">');
  const title = sections.find((section) => section.level === 1)?.text ?? '';
  return { html, title, sections, ids };
}

/** A line of Markdown as HTML, without a paragraph around it. */
export const renderInline = (text: string): string =>
  markdown.renderInline(text);

// ---- Headings, and the text below them ----

/** A glossary has terms of level 3 below its title: they become level 2. */
function sectionsOf(tokens: readonly Token[]): Section[] {
  const used = new Map<string, number>();
  const sections: Section[] = [];
  let above = 0;
  let written = 0;
  tokens.forEach((token, index) => {
    if (token.type === 'heading_open') {
      const text = wordsOf(tokens[index + 1]!);
      const id = headingId(text, used);
      const asWritten = Number(token.tag[1]);
      const level =
        asWritten === written ? above : Math.min(asWritten, above + 1);
      [written, above] = [asWritten, level];
      token.attrSet('id', id);
      setLevel(tokens, index, level);
      sections.push({ level, id, text, words: '' });
    } else if (tokens[index - 1]?.type !== 'heading_open') {
      const section = sections.at(-1);
      const words = wordsOf(token);
      if (section && words) section.words += `${words} `;
    }
  });
  return sections;
}

function setLevel(tokens: readonly Token[], open: number, level: number): void {
  const [token, , close] = tokens.slice(open, open + 3);
  if (token!.tag !== `h${level}`) token!.attrSet('class', token!.tag);
  token!.tag = `h${level}`;
  close!.tag = `h${level}`;
}

/** A difference repeats what other pages say, so the search leaves it out. */
function wordsOf(token: Token): string {
  if (token.type === 'inline')
    return token.children!.map((child) => plain(child)).join('');
  if (token.type === 'fence' && token.info.trim() === 'diff') return '';
  if (token.type === 'fence' || token.type === 'code_block')
    return token.content;
  return token.type === 'html_block' ? withoutTags(token.content) : '';
}

function plain(token: Token): string {
  if (token.type === 'softbreak' || token.type === 'hardbreak') return ' ';
  if (token.type === 'image') return token.content;
  return /^(?:text|code_inline)$/.test(token.type) ? token.content : '';
}

const withoutTags = (html: string): string => html.replace(/<[^>]+>/g, ' ');

function numberItems(
  tokens: readonly Token[],
  name: string,
  ids: Set<string>,
): void {
  for (const token of tokens) {
    if (token.type !== 'list_item_open' || token.info === '') continue;
    const id = `${name}-${token.info}`;
    token.attrSet('id', id);
    ids.add(id);
  }
}

// ---- Links ----

/** The same tokens with links that lead to where the book has the target. */
function linked(children: readonly Token[], wishes: Wishes): Token[] {
  const made: Token[] = [];
  for (let index = 0; index < children.length; index++) {
    const token = children[index]!;
    if (token.type === 'image') setImage(token, wishes);
    if (token.type !== 'link_open') {
      made.push(token);
      continue;
    }
    const end = children.findIndex(
      (one, at) => at > index && one.type === 'link_close',
    );
    const inside = children.slice(index + 1, end);
    for (const one of inside) if (one.type === 'image') setImage(one, wishes);
    made.push(...linkTo(token, inside, children[end]!, wishes));
    index = end;
  }
  return made;
}

function setImage(token: Token, wishes: Wishes): void {
  const target = wishes.resolve(String(token.attrGet('src') ?? ''));
  if (target.kind === 'copy') token.attrSet('src', target.href);
  token.attrSet('loading', 'lazy');
}

function linkTo(
  open: Token,
  inside: Token[],
  close: Token,
  wishes: Wishes,
): Token[] {
  const target = wishes.resolve(String(open.attrGet('href') ?? ''));
  if (target.kind === 'missing') return inside;
  if (target.kind === 'source' && target.href === undefined)
    return asCode(inside, target.file);
  if (target.kind === 'page')
    open.attrSet('href', pageHref(target.to, target.anchor));
  else open.attrSet('href', target.href ?? '');
  if (target.kind === 'outside' || target.kind === 'source')
    open.attrSet('rel', 'external noreferrer');
  return [open, ...inside, close];
}

export const pageHref = (to: string, anchor: string): string =>
  anchor === '' ? to : `${to}#${anchor}`;

/** A source without an address: its name as code. */
function asCode(inside: Token[], file: string): Token[] {
  const [only] = inside;
  if (inside.length !== 1 || only?.type !== 'text') return inside;
  only.type = 'code_inline';
  only.tag = 'code';
  only.attrSet('title', file);
  return inside;
}

// ---- What the book adds ----

function finished(
  tokens: readonly Token[],
  sections: readonly Section[],
  wishes: Wishes,
): Token[] {
  const made: Token[] = [];
  let heading = -1;
  let skips = false;
  for (const token of tokens) {
    const id = sections[heading]?.id;
    if (token.type === 'table_open' && id === wishes.table?.after)
      skips = wishes.table !== undefined;
    if (!skips) made.push(token);
    if (token.type === 'heading_open') heading++;
    if (token.type === 'heading_close')
      made.push(...closing(sections[heading]!, made, wishes));
    if (skips && token.type === 'table_close') {
      skips = false;
      made.push(raw(wishes.table!.html));
    }
  }
  return made;
}

/** After a heading: what book.json wants there. In it: a link to itself. */
function closing(section: Section, made: Token[], wishes: Wishes): Token[] {
  if (section.level > 1) {
    const close = made.pop()!;
    made.push(
      raw(
        ` <a class="anchor" href="#${section.id}" aria-label="link to: ${escapeHtml(section.text)}">#</a>`,
      ),
      close,
    );
  }
  const html = wishes.after(section.id);
  return html === undefined ? [] : [raw(html)];
}

function raw(html: string): Token {
  const [token] = markdown.parse('<div>', {});
  token!.content = html;
  return token!;
}
