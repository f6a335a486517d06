// The frame of a page: the bar at the top, the contents, previous and next.
import type { Config, PageEntry } from './config.ts';
import type { Rendered } from './markdown.ts';
import { escapeHtml } from './text.ts';

export interface Made {
  entry: PageEntry;
  title: string;
}

export interface Frame {
  config: Config;
  page: Made;
  previous: Made | undefined;
  next: Made | undefined;
  /** The title of each page, by its name in the book. */
  titles: ReadonlyMap<string, string>;
  hasPlayers: boolean;
}

/** Sets what the reader chose before the page is shown. */
const EARLY = `document.documentElement.classList.add('scripted');
try{const t=localStorage.getItem('theme');if(t)document.documentElement.dataset.theme=t}catch{}`;

export function layout(frame: Frame, rendered: Rendered): string {
  const { config, page, hasPlayers } = frame;
  const isStart = page.title === config.title;
  const title = isStart ? config.title : `${page.title} - ${config.title}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(title)}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="book.css">
${hasPlayers ? '<link rel="stylesheet" href="player.css">\n' : ''}<script>${EARLY}</script>
<script src="book.js" defer></script>
${hasPlayers ? '<script src="player.js" defer></script>\n' : ''}</head>
<body>
<a class="to-text" href="#main">Skip to the text</a>
${header(frame)}
<main id="main" tabindex="-1">
${rendered.html.replace('</h1>', (end) => end + contentsOf(rendered))}
${turn(frame)}
</main>
</body>
</html>
`;
}

function header({ config, page, titles }: Frame): string {
  return `<header class="top">
<nav aria-label="the book">
<details class="contents"><summary>Contents</summary>
<div class="panel">
${config.parts.map((part) => partOf(part, page, titles)).join('\n')}
</div>
</details>
<ul class="chapters">${config.parts
    .flatMap((part) => part.pages)
    .filter((entry) => entry.short)
    .map((entry) => `<li>${link(entry, page, entry.short!)}</li>`)
    .join('')}</ul>
</nav>
<search><form class="search"><input type="search" name="words" aria-label="search the book" placeholder="Search" autocomplete="off" spellcheck="false">
<div class="results" hidden><p role="status"></p><ol></ol></div></form></search>
<button type="button" class="theme" aria-label="dark theme" aria-pressed="false">◐</button>
</header>`;
}

function partOf(
  part: Config['parts'][number],
  page: Made,
  titles: ReadonlyMap<string, string>,
): string {
  const items = part.pages.map(
    (entry) =>
      `<li>${link(entry, page, titles.get(entry.to) ?? entry.to)}</li>`,
  );
  return `<section><h2>${escapeHtml(part.title)}</h2><ul>${items.join('')}</ul></section>`;
}

function link(entry: PageEntry, page: Made, text: string): string {
  const isHere = entry.to === page.entry.to;
  const isAbove = entry.pitfalls && page.entry.to.startsWith('pitfall-');
  const current = isHere ? 'page' : isAbove ? 'true' : '';
  const attribute = current && ` aria-current="${current}"`;
  return `<a href="${entry.to}"${attribute}>${escapeHtml(text)}</a>`;
}

/** The headings of the page, if there are a few. */
function contentsOf({ sections }: Rendered): string {
  const inside = sections.filter((one) => one.level === 2 || one.level === 3);
  if (inside.length < 3) return '';
  const items = inside.map(
    (one) =>
      `<li class="level${one.level}"><a href="#${one.id}">${escapeHtml(one.text)}</a></li>`,
  );
  return `
<nav class="here" aria-label="this page"><details><summary>On this page</summary><ul>${items.join('')}</ul></details></nav>`;
}

function turn({ previous, next }: Frame): string {
  const to = (page: Made | undefined, rel: string, word: string) =>
    page
      ? `<a rel="${rel}" href="${page.entry.to}"><small>${word}</small> ${escapeHtml(page.title)}</a>`
      : '<span></span>';
  return `<nav class="turn" aria-label="previous and next">${to(previous, 'prev', 'Previous')}${to(next, 'next', 'Next')}</nav>`;
}
