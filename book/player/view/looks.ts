// How threads and owners look: names of classes, letters.
import type { ThreadIndex } from '../model/run.ts';
import type { Owner } from '../model/state.ts';

export const threadLook = (thread: ThreadIndex): string =>
  thread < 0 ? 'kernel' : thread === 0 ? 'main' : 'worker';

export const threadLetter = (thread: ThreadIndex): string =>
  thread === 0 ? 'M' : String(thread);

export function ownerLook(owner: Owner): string {
  switch (owner.who) {
    case 'thread':
      return threadLook(owner.thread);
    case 'callback':
      return 'worker';
    case 'lost':
      return 'bad';
    case 'none':
    case 'freed':
      return 'gone';
    default:
      return owner.who;
  }
}
