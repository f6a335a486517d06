// Runs the tests of the player: `node tests/player/run.mjs [NAME]...`, such as
// `model`. They are TypeScript; esbuild makes JavaScript of them first.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundle as bundleAll } from '../../tools/bundle.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
export const book = path.resolve(here, '../..');

/** Below node_modules, so that the tests find their packages. */
const cache = path.join(book, 'node_modules/.cache/player-tests');

export const allTests = () =>
  readdirSync(here)
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => name.replace('.test.ts', ''));

/** Bundles the tests into a directory of their own, and returns their paths. */
export async function bundle(names, directory = 'all', plugins = []) {
  const outdir = path.join(cache, directory);
  rmSync(outdir, { recursive: true, force: true });
  mkdirSync(outdir, { recursive: true });
  await bundleAll({
    absWorkingDir: book,
    entryPoints: names.map((name) => `tests/player/${name}.test.ts`),
    outdir,
    outExtension: { '.js': '.mjs' },
    plugins,
  });
  return names.map((name) => path.join(outdir, `${name}.test.mjs`));
}

/** Returns the exit status of the tests; null if they took too long. */
export function run(paths, options = {}) {
  const { status } = spawnSync(
    process.execPath,
    ['--enable-source-maps', '--test', ...paths],
    { cwd: book, stdio: 'inherit', ...options },
  );
  return status;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const names = process.argv.slice(2);
  process.exitCode =
    run(await bundle(names.length > 0 ? names : allTests())) ?? 1;
}
