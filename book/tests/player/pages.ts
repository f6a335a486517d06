// Pages with a player each, as book/play.py and the book make them.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Recorded, sourcesOf } from './runs.ts';

const directory = path.resolve('node_modules/.cache/player-pages');

/** Returns the page's address: a file. The first run is the right one. */
export function pageOf(
  view: 'alone' | 'beside',
  runs: readonly Recorded[],
): string {
  mkdirSync(directory, { recursive: true });
  const name = `${view}-${runs.map((one) => one.name).join('-')}.html`;
  const data = JSON.stringify({
    view,
    runs: runs.map(({ name: title, run }) => ({ title, run })),
    sources: Object.assign({}, ...runs.map(({ run }) => sourcesOf(run))),
    words: { does: 'Makes a mistake.', see: 'A hang.' },
  }).replaceAll('<', '\\u003c');
  const built = (file: string): string =>
    readFileSync(path.join('built', file), 'utf8');
  const html = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${name}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>body { margin: 8px; background: light-dark(#fff, #111); color-scheme: light dark; }
:root[data-theme=light] body { color-scheme: light } :root[data-theme=dark] body { color-scheme: dark }
h1 { font: 20px sans-serif; color: light-dark(#000, #fff) }
${built('player.css')}</style></head>
<body><main><h1>${name}</h1><div class="player" id="run">
<script type="application/json">${data}</script></div></main>
<script>${built('player.js').replaceAll('</script', '<\\/script')}</script></body></html>
`;
  const file = path.join(directory, name);
  writeFileSync(file, html);
  return pathToFileURL(file).href;
}
