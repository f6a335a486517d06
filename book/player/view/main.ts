// Builds each player of the page in its place. FORMAT: the element has one
// script of type application/json, with a PageData in it.
import { Alone } from './alone.ts';
import { Beside, type PageRun, type PitfallWords } from './beside.ts';
import type { Sources } from './code.ts';
import { h, tag } from './dom.ts';
import type { Player } from './player.ts';

interface PageData {
  view: 'alone' | 'beside';
  /** alone: the reader chooses one; beside: the right one, and the wrong one. */
  runs: PageRun[];
  sources: Sources;
  words?: PitfallWords;
}

declare global {
  interface Window {
    players: Record<string, Player>;
  }
}

window.players ??= {};

function start(place: HTMLElement, number: number): void {
  const json = place.querySelector('script[type="application/json"]');
  if (!json || place.querySelector('section')) return;
  const data = JSON.parse(json.textContent ?? '') as PageData;
  const id = place.id || `player-${number + 1}`;
  if (data.view === 'beside') showBeside(place, id, data);
  else showAlone(place, id, data);
}

function showBeside(place: HTMLElement, id: string, data: PageData): void {
  const [right, wrong] = data.runs;
  if (!right || !wrong) return;
  const player = new Beside([right, wrong], data.sources, data.words ?? {});
  place.append(player.root, printNote(right.run.command));
  player.go(player.index); // now that there is something to scroll
  window.players[id] = player;
}

function showAlone(place: HTMLElement, id: string, data: PageData): void {
  const inside = tag('div');
  const show = ({ run }: PageRun): void => {
    const player = new Alone(run, data.sources);
    inside.replaceChildren(player.root);
    player.go(player.index);
    window.players[id] = player;
  };
  const [first] = data.runs;
  if (!first) return;
  if (data.runs.length > 1) place.append(choiceOf(id, data.runs, show));
  place.append(inside, printNote(first.run.command));
  show(first);
}

function choiceOf(
  id: string,
  runs: readonly PageRun[],
  show: (run: PageRun) => void,
): HTMLElement {
  return tag(
    'fieldset.choice',
    tag('legend', 'which run?'),
    ...runs.map((run, index) =>
      tag(
        'label',
        h('input', {
          type: 'radio',
          name: `${id}-run`,
          checked: index === 0,
          onchange: () => show(run),
        }),
        tag('span', run.title),
      ),
    ),
  );
}

function printNote(command: string): HTMLElement {
  return tag(
    'p.on-paper',
    `On the screen, a recorded run is played here: ${command}`,
  );
}

function startAll(): void {
  document
    .querySelectorAll<HTMLElement>('div.player')
    .forEach((place, number) => {
      start(place, number);
    });
}

if (document.readyState === 'loading')
  document.addEventListener('DOMContentLoaded', startAll);
else startAll();
