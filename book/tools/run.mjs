// Runs a program in TypeScript: node tools/run.mjs FILE.ts [ARGUMENTS]
//
// Node.js 20 cannot run TypeScript itself, so esbuild makes JavaScript of it. The
// result lies in node_modules, where it finds the packages that it imports.
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const [, , file, ...rest] = process.argv;
const outfile = path.resolve(
  'node_modules/.cache/run',
  file.replace(/\.ts$/, '.mjs'),
);
await build({
  entryPoints: [file],
  outfile,
  bundle: true,
  format: 'esm',
  platform: 'node',
  packages: 'external',
  sourcemap: 'inline',
  logLevel: 'warning',
});
process.argv.splice(1, process.argv.length, outfile, ...rest);
process.setSourceMapsEnabled(true);
await import(pathToFileURL(outfile).href);
