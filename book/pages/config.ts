// book.json: which pages the book has, and which players are on them.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Problems } from './problems.ts';

export interface PlayerEntry {
  /** The id of the heading that the player follows. */
  after: string;
  /** The name of each run, and its title. */
  runs: Record<string, string>;
}

export interface PageEntry {
  /** A page of Markdown in the repository. */
  from: string;
  /** The name of the page in the book. */
  to: string;
  /** A short name. Pages that have one are in the bar at the top. */
  short?: string;
  players?: PlayerEntry[];
  /** Items of numbered lists get ids: "rule" gives rule-1, rule-2, ... */
  numbered?: string;
  /** The list of all pitfalls replaces the table after this heading. */
  pitfalls?: string;
}

export interface Part {
  title: string;
  pages: PageEntry[];
}

export interface Config {
  title: string;
  /** The address of the repository, or '' if it has none. */
  repository: string;
  branch: string;
  parts: Part[];
}

/** runs.json: the stage of each recording, and what was typed after `make run`. */
export type Settings = Record<string, { stage: string; run: string }>;

export const readSettings = (file: string): Settings =>
  JSON.parse(readFileSync(file, 'utf8')) as Settings;

export function readConfig(file: string): Config {
  const config = JSON.parse(readFileSync(file, 'utf8')) as Config;
  const address = process.env.BOOK_REPOSITORY ?? config.repository;
  return { ...config, repository: address.replace(/\/$/, '') };
}

export const pagesOf = (config: Config): PageEntry[] =>
  config.parts.flatMap((part) => part.pages);

/** Names that two pages share, and pages that are not in the repository. */
export function checkConfig(
  config: Config,
  isFile: (file: string) => boolean,
  problems: Problems,
): void {
  const seen = new Set<string>();
  for (const { from, to } of pagesOf(config)) {
    if (!isFile(from)) problems.add('book.json', `there is no file ${from}`);
    if (seen.has(to)) problems.add('book.json', `two pages are named ${to}`);
    if (path.basename(to) !== to || !to.endsWith('.html'))
      problems.add('book.json', `${to} is no name of a page`);
    seen.add(to);
  }
}
