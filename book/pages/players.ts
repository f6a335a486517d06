// The recordings, and the players that the pages have.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Run } from '../player/model/run.ts';
import { applyPatch, patchedFile } from './diff.ts';
import type { Pitfall } from './pitfalls.ts';
import type { Problems } from './problems.ts';
import { jsonForScript } from './text.ts';

/** A run under the title that the reader sees. */
export interface Titled {
  name: string;
  title: string;
}

export interface PlayerData {
  id: string;
  view: 'alone' | 'beside';
  runs: readonly Titled[];
}

const sha256 = (text: string): string =>
  createHash('sha256').update(text).digest('hex');

export class Recordings {
  private readonly runs = new Map<string, Run>();
  /** The text of each source, by its hash. */
  private readonly texts = new Map<string, string>();

  constructor(
    folder: string,
    private readonly repository: string,
    private readonly pitfalls: readonly Pitfall[],
    private readonly problems: Problems,
  ) {
    if (!existsSync(folder)) return;
    for (const file of readdirSync(folder).sort())
      if (file.endsWith('.json')) this.load(path.join(folder, file));
  }

  private load(file: string): void {
    const name = path.basename(file, '.json');
    const run = JSON.parse(readFileSync(file, 'utf8')) as Run;
    this.runs.set(name, run);
    for (const { path: source, sha256: hash } of run.files) {
      if (this.texts.has(hash)) continue;
      const text = this.candidates(name, source).find(
        (one) => sha256(one) === hash,
      );
      if (text !== undefined) this.texts.set(hash, text);
      else
        this.problems.add(
          `runs/${name}.json`,
          `it was recorded from another ${source}: type make book-record`,
        );
    }
  }

  /** What a file of a run can be: as it is here, or with the pitfall in it. */
  private candidates(name: string, source: string): string[] {
    const files = [source];
    const pitfall = this.pitfalls.find((one) => `pitfall-${one.name}` === name);
    if (pitfall) {
      const inside = source.replace(/^build\/pitfalls\/[^/]+\//, '');
      files.push(`${pitfall.stage}/${inside}`);
      files.push(`${pitfall.stage}/${patchedFile(pitfall.diff)}`);
    }
    const texts = files
      .map((file) => path.join(this.repository, file))
      .filter((file) => existsSync(file))
      .map((file) => readFileSync(file, 'utf8'));
    if (!pitfall) return texts;
    const patched = texts.map((text) => applyPatch(text, pitfall.diff));
    return [...texts, ...patched.filter((text) => text !== undefined)];
  }

  get(name: string): Run | undefined {
    return this.runs.get(name);
  }

  get names(): string[] {
    return [...this.runs.keys()];
  }

  /** The HTML of a player. Undefined if a run is missing. */
  player(where: string, data: PlayerData): string | undefined {
    const runs = data.runs.map(({ name, title }) => ({
      title,
      run: this.runs.get(name),
    }));
    for (const { name } of data.runs)
      if (!this.runs.has(name)) this.problems.add(where, `no run ${name}`);
    if (runs.some(({ run }) => run === undefined)) return undefined;
    const files = runs.flatMap(({ run }) => run!.files);
    const sources = Object.fromEntries(
      files.map(({ sha256: hash }) => [hash, this.texts.get(hash) ?? '']),
    );
    const json = jsonForScript({ view: data.view, runs, sources });
    return `<div class="recording">
<div class="player" id="player-${data.id}"><script type="application/json">${json}</script></div>
<noscript><p>To step through this recording, allow scripts on this page.</p></noscript>
</div>
`;
  }
}
