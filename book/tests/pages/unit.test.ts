// The parts that make the pages.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { makeBook, type Result } from '../../pages/book.ts';
import type { Config } from '../../pages/config.ts';
import { applyPatch } from '../../pages/diff.ts';
import { resolve } from '../../pages/links.ts';
import { render, type Wishes } from '../../pages/markdown.ts';
import { outputOf, readPitfall, split } from '../../pages/pitfalls.ts';
import { type IndexedPage, search } from '../../pages/search.ts';
import { headingId, jsonForScript } from '../../pages/text.ts';
import type { Run, RunEvent } from '../../player/model/run.ts';

// ---- Text ----

test('a heading has the id that GitHub gives it', () => {
  const used = new Map<string, number>();
  const ids = [
    'What does `make pitfall` do?',
    '1. Only the low half of the offset is set',
    'FileStream here and in .NET',
    'compare: one job, five ways',
    'Run it',
    'Run it',
  ].map((text) => headingId(text.replaceAll('`', ''), used));
  assert.deepEqual(ids, [
    'what-does-make-pitfall-do',
    '1-only-the-low-half-of-the-offset-is-set',
    'filestream-here-and-in-net',
    'compare-one-job-five-ways',
    'run-it',
    'run-it-1',
  ]);
});

test('JSON in a page cannot end its element', () => {
  const value = { text: '</script><!--' };
  assert.doesNotMatch(jsonForScript(value), /</);
  assert.deepEqual(JSON.parse(jsonForScript(value)), value);
});

// ---- Links ----

describe('a link', () => {
  const places = {
    pageOf: (file: string) =>
      ({ 'README.md': 'index.html', 'lab/README.md': 'lab.html' })[file],
    exists: (file: string) =>
      ({ 'lab/a.c': 'file', lab: 'directory', 'docs/a.svg': 'file' })[file] as
        | 'file'
        | 'directory'
        | undefined,
  };
  const to = (href: string, repository = '') =>
    resolve({ repository, branch: 'main' }, places, 'lab/x.md', href);

  test('leads to a page, a directory with a page, a heading', () => {
    assert.deepEqual(to('../README.md#run'), {
      kind: 'page',
      to: 'index.html',
      anchor: 'run',
    });
    assert.deepEqual(to('.'), { kind: 'page', to: 'lab.html', anchor: '' });
    assert.deepEqual(to('README.md'), {
      kind: 'page',
      to: 'lab.html',
      anchor: '',
    });
  });

  test('leads to a source only if the repository has an address', () => {
    assert.deepEqual(to('a.c'), {
      kind: 'source',
      file: 'lab/a.c',
      href: undefined,
    });
    assert.deepEqual(to('a.c', 'https://host/me/it'), {
      kind: 'source',
      file: 'lab/a.c',
      href: 'https://host/me/it/blob/main/lab/a.c',
    });
  });

  test('leads to a copy of a picture', () => {
    assert.deepEqual(to('../docs/a.svg'), {
      kind: 'copy',
      file: 'docs/a.svg',
      href: 'files/docs/a.svg',
    });
  });

  test('is missing, or leads out of the book', () => {
    assert.equal(to('b.c').kind, 'missing');
    assert.equal(to('https://example.org/').kind, 'outside');
  });
});

// ---- Markdown ----

const wishes = (more: Partial<Wishes> = {}): Wishes => ({
  resolve: (href) => ({ kind: 'source', file: href, href: undefined }),
  after: () => undefined,
  ...more,
});

describe('a page', () => {
  test('has a player after its heading', () => {
    const { html } = render('# A\n\n## Run it\n\ntext', {
      ...wishes(),
      after: (id) => (id === 'run-it' ? '<b>player</b>' : undefined),
    });
    assert.match(html, /<h2 id="run-it">.*<\/h2>\s*<b>player<\/b><p>text/);
  });

  test('shows a source without an address as code', () => {
    const { html } = render('[a b](a.c) and [`c`](c.c)', wishes());
    assert.match(html, /<code title="a\.c">a b<\/code> and <code>c<\/code>/);
    assert.doesNotMatch(html, /<a /);
  });

  test('has ids on the items of a numbered list', () => {
    const { html, ids } = render('15. a\n16. b', wishes({ numbered: 'rule' }));
    assert.match(html, /<li id="rule-15">/);
    assert.ok(ids.has('rule-16'));
  });

  test('has a list in place of a table, and keeps what follows', () => {
    const source = '# A\n\n## All\n\n| a |\n| - |\n| 1 |\n\nafter';
    const table = { after: 'all', html: '<i>list</i>' };
    const { html } = render(source, wishes({ table }));
    assert.match(html, /<i>list<\/i><p>after/);
    assert.doesNotMatch(html, /<t[dhr]/);
  });

  test('knows the words below each heading, except differences', () => {
    const source =
      '# A\n\none `two`\n\n## B\n\n```text\nthree\n```\n\n```diff\n-four\n```';
    const words = render(source, wishes()).sections.map((one) => one.words);
    assert.deepEqual(words, ['one two ', 'three\n ']);
  });

  test('highlights C, differences, and the comments of commands', () => {
    const { html } = render(
      '```c\nint a;\n```\n\n```diff\n-a\n```\n\n    make x  # why',
      wishes(),
    );
    for (const look of ['keyword', 'deleted-sign', 'comment'])
      assert.match(html, new RegExp(`token ${look}`));
  });
});

// ---- Patches ----

describe('a patch', () => {
  const text = 'a\nb\nc\nd\ne\n';
  const patch = '--- f\n+++ f\n@@ -2,3 +2,3 @@\n b\n-c\n+C\n d\n';

  test('is applied', () => {
    assert.equal(applyPatch(text, patch), 'a\nb\nC\nd\ne\n');
  });

  test('is applied some lines below the place that it names', () => {
    assert.equal(applyPatch(`x\ny\n${text}`, patch), 'x\ny\na\nb\nC\nd\ne\n');
  });

  test('is applied at the nearest of three places', () => {
    const between = 'x\n'.repeat(7);
    const with3 = (second: string) =>
      `b\nc\nd\n${between}b\n${second}\nd\n${between}b\nc\nd\n`;
    const near = patch.replaceAll('2,3', '9,3');
    assert.equal(applyPatch(with3('c'), near), with3('C'));
  });

  test('does not fit another text', () => {
    assert.equal(applyPatch('a\nb\nX\nd\n', patch), undefined);
  });
});

const PATCH = `Does: Adds one. Another
  sentence.
You will see: "done", at 4 GiB. Then (see below) a crash.
Rule: 15. Something
Made by: us (a/b#1).
Run: IO=wine
Reported: checker: a mistake

--- main.c
+++ main.c
@@ -1,1 +1,1 @@
-one
+two
`;

test('the header of a patch is read', () => {
  const pitfall = readPitfall('step1-x/name.patch', PATCH)!;
  assert.equal(pitfall.does, 'Adds one. Another sentence.');
  assert.equal(pitfall.stage, 'step1-x');
  assert.equal(pitfall.name, 'name');
  assert.ok(pitfall.diff.startsWith('--- main.c'));
  assert.equal(readPitfall('a/b.patch', PATCH.replace('Rule', 'X')), undefined);
});

test('the first sentence is the riddle', () => {
  assert.deepEqual(split('"done", at 4 GiB. Then (see) a crash.'), [
    '"done", at 4 GiB.',
    'Then (see) a crash.',
  ]);
  assert.deepEqual(split('Nothing'), ['Nothing', '']);
});

describe('the output of a run', () => {
  const printed = (...texts: string[]): Run =>
    ({
      ended: 'exit',
      status: 0,
      events: texts.map((text): RunEvent => {
        const [stream, rest] = text.split('|') as [string, string];
        return { t: 0, thread: 0, kind: 'print', stream, text: rest };
      }),
    }) as Run;

  test('has the lines of each stream, also if they come in parts', () => {
    const run = printed('stdout|a', 'stderr|x\n', 'stdout|b\nc\r\nd');
    assert.equal(outputOf(run), 'x\nab\nc\nd\n(exit status 0)');
  });

  test('is shortened in the middle', () => {
    const lines = Array.from({ length: 17 }, (_, at) => `stdout|${at}\n`);
    const shown = outputOf(printed(...lines)).split('\n');
    assert.deepEqual(shown.slice(11, 15), ['11', '...', '13', '14']);
    assert.equal(shown.length, 18);
  });
});

// ---- Search ----

describe('a search', () => {
  const index: IndexedPage[] = [
    ['a.html', 'Ports', [['top', 'Ports', 'a queue of packets']]],
    [
      'b.html',
      'Other',
      [
        ['x', 'Queues', 'The QUEUE has a packet. queue queue'],
        ['queue', 'queue', 'short'],
      ],
    ],
  ];
  const places = (query: string) => search(index, query).map((hit) => hit.href);

  test('finds a heading first', () => {
    assert.deepEqual(places('queue'), [
      'b.html#queue',
      'b.html#x',
      'a.html#top',
    ]);
  });

  test('needs all words, and takes any case', () => {
    assert.deepEqual(places('Packet queue'), ['b.html#x', 'a.html#top']);
    assert.deepEqual(places('packet nothing'), []);
    assert.deepEqual(places('  '), []);
  });

  test('shows the words around the hit', () => {
    const [hit] = search(index, 'packet');
    assert.deepEqual(hit?.excerpt, ['a queue of ', 'packet', 's']);
  });
});

// ---- The whole book ----

describe('make book', () => {
  let top = '';
  beforeEach(() => {
    top = mkdtempSync(path.join(tmpdir(), 'book-'));
    put('README.md', '# Top\n\n## Run it\n\n[lab](lab/README.md#what)\n');
    put('lab/README.md', '# Lab\n\n## What?\n\n[up](../README.md)\n');
    put('main.c', 'int x;\n');
    put('book/runs.json', '{}');
    put('book/built/player.js', '');
    put('book/built/player.css', '');
    put('book/runs/one.json', JSON.stringify(run('int x;\n')));
  });
  afterEach(() => rmSync(top, { recursive: true }));

  const put = (file: string, text: string) => {
    const full = path.join(top, file);
    mkdirSync(path.dirname(full), { recursive: true });
    writeFileSync(full, text);
  };
  const run = (text: string) => ({
    format: 1,
    files: [
      {
        path: 'main.c',
        sha256: createHash('sha256').update(text).digest('hex'),
      },
    ],
    events: [],
  });
  const made = (after = 'run-it', name = 'one'): Result => {
    const config: Config = {
      title: 'Top',
      repository: '',
      branch: 'main',
      parts: [
        {
          title: 'All',
          pages: [
            {
              from: 'README.md',
              to: 'index.html',
              players: [{ after, runs: { [name]: 'a run' } }],
            },
            { from: 'lab/README.md', to: 'lab.html' },
          ],
        },
      ],
    };
    put('book/book.json', JSON.stringify(config));
    return makeBook({
      repository: top,
      book: path.join(top, 'book'),
      runs: path.join(top, 'book/runs'),
      out: path.join(top, 'out'),
    });
  };

  test('makes the pages', () => {
    assert.deepEqual(made(), { pages: 2, runs: 1, problems: [] });
    const html = readFileSync(path.join(top, 'out/index.html'), 'utf8');
    assert.match(html, /<a href="lab\.html#what">lab<\/a>/);
    assert.match(html, /class="player" id="player-index-1"/);
    assert.match(html, /rel="next" href="lab\.html"/);
    assert.ok(html.includes(JSON.stringify('int x;\n')));
  });

  test('reports an unknown heading once, and writes nothing', () => {
    assert.deepEqual(made('nothing').problems, [
      'README.md: no heading has the id nothing',
    ]);
    assert.ok(!existsSync(path.join(top, 'out')));
  });

  test('reports an unknown run once', () => {
    assert.deepEqual(made('run-it', 'two').problems, ['README.md: no run two']);
  });

  test('reports a recording of another source', () => {
    put('main.c', 'int y;\n');
    assert.deepEqual(made().problems, [
      'runs/one.json: it was recorded from another main.c: type make book-record',
    ]);
  });

  test('reports links to files and headings that are not there', () => {
    put('lab/README.md', '# Lab\n\n## Where?\n\n[up](../no.md)\n');
    assert.deepEqual(made().problems, [
      'lab/README.md: there is no no.md',
      'README.md: lab.html has no heading with the id what',
    ]);
  });
});

test('each README of the repository is a page, or is left out on purpose', () => {
  const config = JSON.parse(readFileSync('book.json', 'utf8')) as Config;
  const pages = new Set(
    config.parts.flatMap((part) => part.pages.map((page) => page.from)),
  );
  const skipped = /(?:^|\/)(?:node_modules|build|mine|\.[^/]*)\//;
  const readmes = ['README.md', ...['.', 'lab', 'final'].flatMap(readmesIn)];
  for (const file of readmes)
    if (!skipped.test(file)) assert.ok(pages.has(file), file);
});

/** The README of each directory in a directory of the repository. */
function readmesIn(directory: string): string[] {
  return readdirSync(path.join('..', directory))
    .map((name) => path.posix.join(directory, name, 'README.md'))
    .filter((file) => existsSync(path.join('..', file)));
}

test('a recording has at most 100 KB, and all have at most 4 MB', () => {
  const sizes = readdirSync('runs').map(
    (name) => [name, statSync(path.join('runs', name)).size] as const,
  );
  for (const [name, size] of sizes) assert.ok(size <= 100_000, name);
  const all = sizes.reduce((sum, [, size]) => sum + size, 0);
  assert.ok(all <= 4_000_000, `${all} bytes`);
  assert.ok(sizes.length > 30, `only ${sizes.length} recordings`);
});
