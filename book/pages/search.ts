// The search: what is in its index, and how a query finds it. The pages use the
// same code in the browser.

/** A heading: its id, its text, and the words below it. */
export type IndexedSection = [id: string, heading: string, words: string];
export type IndexedPage = [
  to: string,
  title: string,
  sections: IndexedSection[],
];

export interface Hit {
  href: string;
  title: string;
  heading: string;
  /** The words around the first word of the query: before, it, after. */
  excerpt: [string, string, string];
}

const AROUND = 60;

/** The best places first. Each word of the query must occur there. */
export function search(
  index: readonly IndexedPage[],
  query: string,
  limit = 20,
): Hit[] {
  const wanted = query.toLowerCase().split(/\s+/).filter(Boolean);
  if (wanted.length === 0) return [];
  const found: { score: number; hit: Hit }[] = [];
  for (const [to, title, sections] of index)
    for (const section of sections) {
      const score = scoreOf(wanted, title, section);
      if (score > 0)
        found.push({ score, hit: hitOf(wanted, to, title, section) });
    }
  found.sort((a, b) => b.score - a.score);
  return found.slice(0, limit).map((one) => one.hit);
}

/** A word in a heading counts most, and a whole heading more. 0: no hit. */
function scoreOf(
  wanted: readonly string[],
  title: string,
  [, heading, words]: IndexedSection,
): number {
  const inHeading = heading.toLowerCase();
  const inTitle = title.toLowerCase();
  const inWords = words.toLowerCase();
  let score = inHeading === wanted.join(' ') ? 100 : 0;
  for (const word of wanted) {
    const times = inWords.split(word).length - 1;
    const here =
      (inHeading.includes(word) ? 30 : 0) +
      (inTitle.includes(word) ? 10 : 0) +
      Math.min(times, 9);
    if (here === 0) return 0;
    score += here;
  }
  return score;
}

function hitOf(
  wanted: readonly string[],
  to: string,
  title: string,
  [id, heading, words]: IndexedSection,
): Hit {
  const low = words.toLowerCase();
  const places = wanted.map((word) => low.indexOf(word));
  const first = places.findIndex((at) => at >= 0);
  const start = Math.max(places[first] ?? 0, 0);
  const end = start + (wanted[first]?.length ?? 0);
  const from = Math.max(start - AROUND, 0);
  const until = Math.min(end + AROUND, words.length);
  return {
    href: `${to}#${id}`,
    title,
    heading,
    excerpt: [
      `${from > 0 ? '…' : ''}${words.slice(from, start)}`,
      words.slice(start, end),
      `${words.slice(end, until)}${until < words.length ? '…' : ''}`,
    ],
  };
}
