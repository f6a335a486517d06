// Applies a patch of one file, as `patch -F0` does: each hunk exactly, but perhaps
// some lines above or below the place that it names.

/** The file that a patch changes, relative to the directory of its stage. */
export function patchedFile(patch: string): string {
  return /^\+\+\+ (\S+)/m.exec(patch)?.[1] ?? '';
}

/** The text with the patch in it. Undefined if the patch does not fit. */
export function applyPatch(text: string, patch: string): string | undefined {
  const old = text.split('\n');
  const made: string[] = [];
  let at = 0;
  let moved = 0;
  for (const { start, lines } of hunksOf(patch)) {
    const before = lines.filter(isOld).map(rest);
    const place = find(old, before, at, start + moved);
    if (place === undefined) return undefined;
    moved = place - start;
    made.push(...old.slice(at, place), ...lines.filter(isNew).map(rest));
    at = place + before.length;
  }
  return [...made, ...old.slice(at)].join('\n');
}

const isOld = (line: string): boolean => !line.startsWith('+');
const isNew = (line: string): boolean => !line.startsWith('-');
const rest = (line: string): string => line.slice(1);

/** Where the lines are, from `first` on: the place that is nearest to `near`. */
function find(
  text: readonly string[],
  lines: readonly string[],
  first: number,
  near: number,
): number | undefined {
  let best: number | undefined;
  for (let at = first; at + lines.length <= text.length; at++) {
    if (!lines.every((line, index) => text[at + index] === line)) continue;
    if (best === undefined || Math.abs(at - near) < Math.abs(best - near))
      best = at;
  }
  return best;
}

interface Hunk {
  /** The index of its first line in the old text. */
  start: number;
  lines: string[];
}

function hunksOf(patch: string): Hunk[] {
  const hunks: Hunk[] = [];
  for (const line of patch.replace(/\n$/, '').split('\n')) {
    const head = /^@@ -(\d+)/.exec(line);
    if (head) hunks.push({ start: Number(head[1]) - 1, lines: [] });
    else if (/^[-+ ]/.test(line)) hunks.at(-1)?.lines.push(line);
    else if (line === '') hunks.at(-1)?.lines.push(' ');
  }
  return hunks;
}
