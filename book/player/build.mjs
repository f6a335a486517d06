// Bundles the player: `node player/build.mjs [DIRECTORY]`, built/ by default.
// The same sources give the same bytes: a test compares them.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const MOST = 60 * 1024; // bytes of the script: it is in every page

/** Names that occur often, and that no page and no test uses: they get short. */
const SHORTENED =
  /^(actor|bufferStep|cameBack|cancelling|findings|flights|followers|frames|handles|isAllocated|isOpen|isSmall|mistakes|owner|questionAt|related|returnOf|sentinels|startOf|story|takeOf|trail|waitsFor|waitsIn|whole)$/;

const here = path.dirname(fileURLToPath(import.meta.url));
const out = path.resolve(process.argv[2] ?? path.join(here, '../built'));

const common = {
  absWorkingDir: path.dirname(here),
  bundle: true,
  minify: true,
  charset: 'utf8',
  legalComments: 'none',
  logLevel: 'warning',
};

await build({
  ...common,
  entryPoints: ['player/view/main.ts'],
  outfile: path.join(out, 'player.js'),
  format: 'iife',
  target: 'es2022',
  mangleProps: SHORTENED,
});
await build({
  ...common,
  entryPoints: ['player/player.css'],
  outfile: path.join(out, 'player.css'),
});

const { length } = await readFile(path.join(out, 'player.js'));
console.log(`player: ${(length / 1024).toFixed(1)} KB of script`);
if (length > MOST) {
  console.error(`player: the script may have ${MOST / 1024} KB`);
  process.exitCode = 1;
}
