// make book: makes the pages, and the script and the style that they share.
//
//     node tools/run.mjs pages/main.ts [--out DIR] [--runs DIR]
import path from 'node:path';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { makeBook } from './book.ts';

const started = performance.now();
const { values } = parseArgs({
  options: {
    out: { type: 'string', default: '../build/book' },
    runs: { type: 'string', default: 'runs' },
  },
});
const { out } = values;
const { pages, runs, problems } = makeBook({
  repository: '..',
  book: '.',
  runs: values.runs,
  out,
});
for (const problem of problems) console.error(`book: ${problem}`);
if (problems.length > 0) process.exit(1);

const shared = { bundle: true, minify: true, logLevel: 'warning' } as const;
await build({
  ...shared,
  entryPoints: ['pages/client/main.ts'],
  outfile: path.join(out, 'book.js'),
});
await build({
  ...shared,
  entryPoints: ['pages/book.css'],
  outfile: path.join(out, 'book.css'),
});
const seconds = ((performance.now() - started) / 1000).toFixed(1);
const start = path.resolve(out, 'index.html');
console.log(`book: ${pages} pages, ${runs} recordings, ${seconds} s: ${start}`);
