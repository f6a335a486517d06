// Runs a program in TypeScript: node tools/run.mjs FILE.ts [ARGUMENTS]
//
// The JavaScript lies in node_modules, where it finds the packages that it imports.
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { bundle } from './bundle.mjs';

const [, , file, ...rest] = process.argv;
const outfile = path.resolve(
  'node_modules/.cache/run',
  file.replace(/\.ts$/, '.mjs'),
);
await bundle({ entryPoints: [file], outfile });
process.argv.splice(1, process.argv.length, outfile, ...rest);
process.setSourceMapsEnabled(true);
await import(pathToFileURL(outfile).href);
