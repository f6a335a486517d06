// Breaks the model in small ways, one at a time. The tests must notice each.
// `node tests/player/mutations.mjs` prints a table.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { book, bundle, run } from './run.mjs';

const TESTS = ['model', 'unusual', 'align'];

/** File, what it says, what it says instead. */
const MUTATIONS = [
  [
    'machine.ts',
    "owner: { who: isPosted ? 'port' : 'kernel' }",
    "owner: { who: 'port' }",
  ],
  [
    'machine.ts',
    "const where = flight.port == null ? 'done' : 'port';",
    "const where = 'port';",
  ],
  [
    'machine.ts',
    `      ...this.#state.flights.filter((one) => one !== flight),
      { ...flight, where, bytes, status },`,
    `      { ...flight, where, bytes, status },
      ...this.#state.flights.filter((one) => one !== flight),`,
  ],
  ['machine.ts', 'if (!event.completed) return;', 'return;'],
  ['machine.ts', 'this.#state.starts++;', 'this.#state.starts += 2;'],
  [
    'machine.ts',
    "if (who === 'kernel' || who === 'port')",
    "if (who === 'kernel')",
  ],
  [
    'machine.ts',
    'if (id !== handles.request || handles.ok || handles.used)',
    'if (id !== handles.request || handles.ok)',
  ],
  [
    'machine.ts',
    "this.#setOwner(id, { who: 'lost' });",
    "this.#setOwner(id, { who: 'freed' });",
  ],
  [
    'machine.ts',
    "{ who: 'thread', thread: home }",
    "{ who: 'thread', thread: index }",
  ],
  ['machine.ts', 'this.#isBeforeTheCall(flight)) return;', 'false) return;'],
  [
    'machine.ts',
    "who: event.thread === 0 ? 'thread' : 'callback',",
    "who: 'callback',",
  ],
  [
    'machine.ts',
    "if (this.#state.threads[event.thread]?.state === 'waits')",
    'if (false)',
  ],
  ['machine.ts', 'if (open?.isOpen)', 'if (open)'],
  ['machine.ts', 'if (isReused && old.port != null)', 'if (isReused)'],
  [
    'machine.ts',
    'const lines = [...this.#state.lines];',
    'const lines = this.#state.lines as Line[];',
  ],
  ['machine.ts', 'const hangs =', 'const hangs = true ||'],
  [
    'steps.ts',
    'if (isStray && index > (this.#lastUse.get(request) ?? -1)) return;',
    '',
  ],
  ['steps.ts', 'before === STATUS_PENDING || hasBytes(set)', 'hasBytes(set)'],
  ['steps.ts', "!textOf(last).endsWith('\\n')", 'true'],
  ['steps.ts', 'this.#early.push(call);', ''],
  ['run.ts', 'return stacks.map(', 'return stacks.slice(1).map('],
  ['align.ts', 'if (found == null) break;', 'if (found == null) continue;'],
];

/** Replaces text of one file while esbuild reads it. */
const mutate = ([file, from, to]) => ({
  name: 'mutate',
  setup(build) {
    build.onLoad({ filter: /player\/model\/\w+\.ts$/ }, async (args) => {
      if (path.basename(args.path) !== file) return undefined;
      const text = await readFile(args.path, 'utf8');
      return { contents: text.replace(from, () => to), loader: 'ts' };
    });
  },
});

async function survives(mutation, number) {
  const [file, from] = mutation;
  const text = await readFile(path.join(book, 'player/model', file), 'utf8');
  if (text.split(from).length !== 2) return 'not found, or found twice';
  const paths = await bundle(TESTS, `mutation-${number}`, [mutate(mutation)]);
  const options = { stdio: 'ignore', timeout: 240_000 };
  const status = run(paths, options);
  if (status === null) return 'TOO SLOW';
  return status === 0 ? 'NOT NOTICED' : undefined;
}

const wanted = process.argv.slice(2); // numbers of mutations; none: all
let tried = 0;
let wrong = 0;
if (run(await bundle(TESTS, 'mutation-0'), { stdio: 'ignore' }) !== 0) {
  console.error('mutations: the tests fail without a mutation');
  process.exit(1);
}
for (const [at, mutation] of MUTATIONS.entries()) {
  if (wanted.length > 0 && !wanted.includes(String(at + 1))) continue;
  tried++;
  const problem = await survives(mutation, at + 1);
  if (problem) wrong++;
  const [file, from] = mutation;
  const what = from.trim().split('\n')[0].trim().slice(0, 60);
  console.log(
    `${(problem ?? 'noticed').padEnd(12)} ${file.padEnd(11)} ${what}`,
  );
}
console.log(`${tried - wrong} of ${tried} mutations noticed`);
process.exitCode = wrong > 0 ? 1 : 0;
