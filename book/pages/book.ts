// Makes all pages of the book from the READMEs of the repository.
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import {
  type Config,
  checkConfig,
  type PageEntry,
  pagesOf,
  readConfig,
  readSettings,
  type Settings,
} from './config.ts';
import { resolve, type Target } from './links.ts';
import { type Rendered, render, type Wishes } from './markdown.ts';
import {
  listOfPitfalls,
  type Pitfall,
  pageOfPitfall,
  pitfallPage,
  readPitfall,
  SHOW_ME,
} from './pitfalls.ts';
import { Recordings, type Titled } from './players.ts';
import { Problems } from './problems.ts';
import type { IndexedPage } from './search.ts';
import { layout, type Made } from './template.ts';
import { jsonForScript } from './text.ts';

export interface Places {
  /** The top of the repository. */
  repository: string;
  /** The directory of book.json. */
  book: string;
  runs: string;
  out: string;
}

export interface Result {
  pages: number;
  runs: number;
  problems: string[];
}

/** A page that is not written yet. */
interface Draft extends Made {
  source: string;
  /** The players of a page, by the id of the heading before them. */
  players: Map<string, string>;
  rendered: Rendered;
}

const PITFALLS = 'lab/pitfalls';

export function makeBook(places: Places): Result {
  return new Book(places).make();
}

class Book {
  private readonly problems = new Problems();
  private readonly config: Config;
  private readonly settings: Settings;
  private readonly pitfalls: Pitfall[];
  private readonly recordings: Recordings;
  private readonly copies = new Set<string>();
  /** The page that a file becomes. */
  private readonly pageOf = new Map<string, string>();
  /** Links to headings of other pages, checked when all pages are known. */
  private readonly anchors: { from: string; to: string; anchor: string }[] = [];

  constructor(private readonly places: Places) {
    this.config = readConfig(path.join(places.book, 'book.json'));
    this.settings = readSettings(path.join(places.book, 'runs.json'));
    this.pitfalls = this.readPitfalls();
    this.recordings = new Recordings(
      places.runs,
      places.repository,
      this.pitfalls,
      this.problems,
    );
    for (const { from, to } of pagesOf(this.config)) this.pageOf.set(from, to);
    for (const { stage, name } of this.pitfalls)
      this.pageOf.set(
        `${PITFALLS}/${stage}/${name}.patch`,
        pageOfPitfall(name),
      );
  }

  make(): Result {
    checkConfig(
      this.config,
      (file) => this.kindOf(file) === 'file',
      this.problems,
    );
    const drafts = this.drafts();
    this.checkAnchors(drafts);
    if (this.problems.list.length === 0) this.write(drafts);
    return {
      pages: drafts.length,
      runs: this.recordings.names.length,
      problems: this.problems.list,
    };
  }

  private kindOf(file: string): 'file' | 'directory' | undefined {
    const full = path.join(this.places.repository, file);
    if (!existsSync(full)) return undefined;
    return statSync(full).isDirectory() ? 'directory' : 'file';
  }

  private read(file: string): string {
    return readFileSync(path.join(this.places.repository, file), 'utf8');
  }

  private readPitfalls(): Pitfall[] {
    if (this.kindOf(PITFALLS) !== 'directory') return [];
    const folder = path.join(this.places.repository, PITFALLS);
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.patch'))
      .sort(inOrder);
    return files.flatMap((file) => {
      const pitfall = readPitfall(file, this.read(`${PITFALLS}/${file}`));
      if (!pitfall) this.problems.add(file, 'a word of its header is missing');
      return pitfall ?? [];
    });
  }

  // ---- Drafts ----

  /** All pages in their order. The pitfalls follow the page that lists them. */
  private drafts(): Draft[] {
    return pagesOf(this.config)
      .filter((entry) => this.kindOf(entry.from) === 'file')
      .flatMap((entry) => [
        this.draft(entry, this.read(entry.from)),
        ...(entry.pitfalls ? this.pitfallDrafts() : []),
      ]);
  }

  private draft(entry: PageEntry, source: string): Draft {
    const players = new Map<string, string>();
    (entry.players ?? []).forEach(({ after, runs }, index) => {
      const id = `${path.basename(entry.to, '.html')}-${index + 1}`;
      const titled = Object.entries(runs).map(([name, title]) => ({
        name,
        title,
      }));
      const player = this.recordings.player(entry.from, {
        id,
        view: 'alone',
        runs: titled,
      });
      players.set(after, player ?? '');
    });
    return this.finish(entry, source, players);
  }

  private finish(
    entry: PageEntry,
    source: string,
    players: Map<string, string>,
  ): Draft {
    const rendered = render(source, this.wishes(entry, players));
    const headings = new Set(rendered.sections.map((section) => section.id));
    for (const after of [...players.keys(), entry.pitfalls ?? ''])
      if (after !== '' && !headings.has(after))
        this.problems.add(entry.from, `no heading has the id ${after}`);
    return { entry, title: rendered.title, source, players, rendered };
  }

  private wishes(entry: PageEntry, players: Map<string, string>): Wishes {
    return {
      resolve: (href) => this.target(entry, href),
      after: (id) => players.get(id),
      numbered: entry.numbered,
      table: entry.pitfalls
        ? { after: entry.pitfalls, html: this.listOfPitfalls(entry) }
        : undefined,
    };
  }

  private target({ from, to }: PageEntry, href: string): Target {
    const target = resolve(
      this.config,
      {
        pageOf: (file) => this.pageOf.get(file),
        exists: (file) => this.kindOf(file),
      },
      from,
      href,
    );
    if (target.kind === 'copy') this.copies.add(target.file);
    if (target.kind === 'missing')
      this.problems.add(from, `there is no ${target.file}`);
    if (target.kind === 'page' && target.anchor !== '')
      this.anchors.push({
        from: from || to,
        to: target.to,
        anchor: target.anchor,
      });
    return target;
  }

  private checkAnchors(drafts: readonly Draft[]): void {
    const ids = new Map(
      drafts.map(({ entry, rendered }) => [entry.to, rendered.ids]),
    );
    for (const { from, to, anchor } of this.anchors)
      if (!ids.get(to)?.has(anchor))
        this.problems.add(from, `${to} has no heading with the id ${anchor}`);
  }

  // ---- Pitfalls ----

  private listOfPitfalls(entry: PageEntry): string {
    const list = listOfPitfalls(this.pitfalls);
    return render(list, {
      resolve: (href) => this.target(entry, href),
      after: () => undefined,
    }).html;
  }

  private pitfallDrafts(): Draft[] {
    return this.pitfalls.map((pitfall) => {
      const entry: PageEntry = {
        from: `${PITFALLS}/${pitfall.name}`,
        to: pageOfPitfall(pitfall.name),
      };
      const name = `pitfall-${pitfall.name}`;
      const source = pitfallPage(pitfall, this.recordings.get(name));
      // Without words: the player would say what the reader is to guess.
      const player = this.recordings.player(entry.to, {
        id: name,
        view: 'beside',
        runs: this.sides(pitfall),
      });
      return this.finish(
        entry,
        source,
        new Map([['show-me', SHOW_ME + (player ?? '')]]),
      );
    });
  }

  /** Beside it is the run of its stage that has the same settings. */
  private sides({ stage, run, name }: Pitfall): Titled[] {
    const right = Object.entries(this.settings).find(
      ([, other]) => other.stage === stage && other.run === run,
    )?.[0];
    if (right === undefined)
      this.problems.add('runs.json', `no run of ${stage} has ${run}`);
    return [
      { name: right ?? stage, title: 'the step as it is' },
      { name: `pitfall-${name}`, title: 'with the mistake' },
    ];
  }

  // ---- Writing ----

  private write(drafts: readonly Draft[]): void {
    const { out } = this.places;
    rmSync(out, { recursive: true, force: true });
    mkdirSync(out, { recursive: true });
    const titles = new Map(drafts.map(({ entry, title }) => [entry.to, title]));
    drafts.forEach((page, index) => {
      const frame = {
        config: this.config,
        page,
        previous: drafts[index - 1],
        next: drafts[index + 1],
        titles,
        hasPlayers: page.players.size > 0,
      };
      const file = path.join(out, page.entry.to);
      writeFileSync(file, layout(frame, page.rendered));
    });
    const index = jsonForScript(drafts.map(indexed));
    writeFileSync(path.join(out, 'search.js'), `window.SEARCH=${index};\n`);
    this.copyFiles();
  }

  private copyFiles(): void {
    const { repository, book, out } = this.places;
    for (const file of this.copies) {
      const to = path.join(out, 'files', file);
      mkdirSync(path.dirname(to), { recursive: true });
      copyFileSync(path.join(repository, file), to);
    }
    for (const file of ['player.js', 'player.css']) {
      const from = path.join(book, 'built', file);
      if (existsSync(from)) copyFileSync(from, path.join(out, file));
      else this.problems.add(`built/${file}`, 'there is no such file');
    }
  }
}

/** The steps come before final. */
function inOrder(a: string, b: string): number {
  const rank = (file: string) => (file.startsWith('step') ? 0 : 1);
  return rank(a) - rank(b) || (a < b ? -1 : 1);
}

const indexed = ({ entry, title, rendered }: Draft): IndexedPage => [
  entry.to,
  title,
  rendered.sections.map(({ id, text, words }) => [id, text, words.trim()]),
];
