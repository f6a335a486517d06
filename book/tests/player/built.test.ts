// built/ is what the sources make, to the byte.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';

test('built/ is fresh: npm run player makes it', () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'player-'));
  try {
    const made = spawnSync(process.execPath, ['player/build.mjs', directory], {
      encoding: 'utf8',
    });
    assert.equal(made.status, 0, made.stderr);
    for (const name of ['player.js', 'player.css'])
      assert.ok(
        readFileSync(path.join('built', name)).equals(
          readFileSync(path.join(directory, name)),
        ),
        name,
      );
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test('the script asks for nothing outside the page', () => {
  const script = readFileSync('built/player.js', 'utf8');
  assert.doesNotMatch(script, /\bfetch\(|XMLHttpRequest|import\(|sendBeacon/);
  const style = readFileSync('built/player.css', 'utf8');
  assert.doesNotMatch(style, /url\(|@import/);
});
