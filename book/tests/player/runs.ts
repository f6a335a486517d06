// The recorded runs, and small ones made by hand.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { play } from '../../player/model/machine.ts';
import type { Run, RunEvent } from '../../player/model/run.ts';
import type { Playback } from '../../player/model/state.ts';

export const repository = path.resolve('..');

/** PLAYER_RUNS names other recordings. */
const directory = path.resolve(process.env['PLAYER_RUNS'] ?? 'runs');

export interface Recorded {
  name: string;
  run: Run;
  playback: Playback;
}

/** The paths of the recordings. */
export const files: readonly string[] = existsSync(directory)
  ? readdirSync(directory)
      .filter((name) => name.endsWith('.json'))
      .sort()
      .map((name) => path.join(directory, name))
  : [];

export const recorded: readonly Recorded[] = files.map((file) => {
  const run = JSON.parse(readFileSync(file, 'utf8')) as Run;
  const playback = play(run);
  return { name: path.basename(file, '.json'), run: playback.run, playback };
});

export const isPitfall = ({ name }: Recorded): boolean =>
  name.startsWith('pitfall-');

export const found = (name: string): Recorded | undefined =>
  recorded.find((one) => one.name === name);

/** The sources of a run that are in the repository, by SHA-256. */
export function sourcesOf(run: Run): Record<string, string> {
  const sources: Record<string, string> = {};
  for (const { path: file, sha256 } of run.files) {
    const at = path.resolve(repository, file);
    if (existsSync(at)) sources[sha256] = readFileSync(at, 'utf8');
  }
  return sources;
}

type Draft<Event> = Event extends RunEvent
  ? Omit<Event, 't' | 'thread'> & { t?: number; thread?: number }
  : never;

/** A run made by hand. Each event is 10 microseconds after the one before. */
export function made(
  events: readonly Draft<RunEvent>[],
  more: Partial<Run> = {},
): Run {
  return {
    format: 1,
    program: 'made',
    command: 'make play',
    io: 'wine',
    system: 'Wine 8.0',
    ended: 'exit',
    status: 0,
    threads: ['main', 'worker 1', 'worker 2'],
    files: [{ path: 'main.c', sha256: '0'.repeat(64) }],
    functions: ['worker', 'on_read', 'check', 'wmain', 'say'],
    places: [
      [0, 10, 0],
      [0, 20, 1],
      [0, 30, 2],
      [0, 40, 3],
      [0, 50, 4],
    ],
    stacks: [[0], [1, 0], [2, 0], [3], [4, 3]],
    pointers: { '0x140001000': 'on_read' },
    requests: [
      {
        id: 1,
        struct: 'struct request',
        fields: [
          { name: 'overlapped.Internal' },
          { name: 'overlapped.InternalHigh' },
          { name: 'overlapped.Offset' },
          { name: 'overlapped.OffsetHigh' },
          { name: 'overlapped.hEvent' },
          { name: 'callback', type: 'io_completion_callback *' },
          {
            name: 'state',
            type: 'enum request_state',
            values: { 0: 'IDLE', 1: 'IN_FLIGHT' },
          },
        ],
      },
    ],
    summary: { starts: 0, requests: 0, came_back: 0, lost: 0, records: 0 },
    events: events.map(
      (event, index) => ({ t: 10 * index, thread: 0, ...event }) as RunEvent,
    ),
    ...more,
  };
}

/** The names of the stacks in `made`. */
export const IN_WORKER = 0;
export const IN_CALLBACK = 1;
export const IN_CHECK = 2;
export const IN_MAIN = 3;
export const IN_SAY = 4;
