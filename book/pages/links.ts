// Where a link of a README leads in the book.
import path from 'node:path';
import type { Config } from './config.ts';

/** Files that the book has a copy of. All others are sources. */
const COPIED = /\.(?:svg|png|pdf)$/;

export type Target =
  | { kind: 'outside'; href: string }
  /** Another page, or a heading of one. */
  | { kind: 'page'; to: string; anchor: string }
  | { kind: 'copy'; file: string; href: string }
  /** A source, at its address if the repository has one. */
  | { kind: 'source'; file: string; href: string | undefined }
  | { kind: 'missing'; file: string };

export interface Places {
  /** The page that a file of Markdown becomes. */
  pageOf(file: string): string | undefined;
  exists(file: string): 'file' | 'directory' | undefined;
}

export function resolve(
  config: Pick<Config, 'repository' | 'branch'>,
  places: Places,
  from: string,
  href: string,
): Target {
  if (/^[a-z][a-z+.-]*:/i.test(href)) return { kind: 'outside', href };
  const [target = '', anchor = ''] = href.split('#');
  const joined = path.posix.join(path.posix.dirname(from), decodeURI(target));
  const file = target === '' ? from : path.posix.normalize(joined);
  const bare = file.replace(/\/$/, '');
  const to = places.pageOf(file) ?? places.pageOf(`${bare}/README.md`);
  if (to !== undefined) return { kind: 'page', to, anchor };
  const kind = places.exists(bare);
  if (kind === undefined) return { kind: 'missing', file: bare };
  if (COPIED.test(bare))
    return { kind: 'copy', file: bare, href: copyOf(bare) };
  return { kind: 'source', file: bare, href: sourceOf(config, bare, kind) };
}

/** Where the book keeps its copy of a file. */
export const copyOf = (file: string): string => `files/${file}`;

function sourceOf(
  config: Pick<Config, 'repository' | 'branch'>,
  file: string,
  kind: 'file' | 'directory',
): string | undefined {
  if (config.repository === '') return undefined;
  const view = kind === 'directory' ? 'tree' : 'blob';
  return `${config.repository}/${view}/${config.branch}/${file}`;
}
