// A page for each pitfall, made from the header of its patch and from its run.
import type { Run } from '../player/model/run.ts';

export interface Pitfall {
  name: string;
  stage: string;
  does: string;
  see: string;
  rule: string;
  madeBy: string;
  /** What to type after `make run`. */
  run: string;
  reported: string;
  diff: string;
}

const WORDS = [
  'Does',
  'You will see',
  'Rule',
  'Made by',
  'Run',
  'Reported',
] as const;

/** `file` is STAGE/NAME.patch. Undefined if a word of the header is missing. */
export function readPitfall(file: string, text: string): Pitfall | undefined {
  const at = text.search(/^--- /m);
  const fields = new Map<string, string>();
  const header = text.slice(0, at).replaceAll('\n  ', ' ');
  for (const [, word, value] of header.matchAll(/^([A-Z][a-z ]*): (.*)$/gm))
    fields.set(word!, value!);
  if (at < 0 || WORDS.some((word) => !fields.has(word))) return undefined;
  const [does, see, rule, madeBy, run, reported] = WORDS.map(
    (word) => fields.get(word)!,
  ) as [string, string, string, string, string, string];
  const [stage, base] = file.split('/') as [string, string];
  const name = base.replace(/\.patch$/, '');
  const diff = text.slice(at);
  return { name, stage, does, see, rule, madeBy, run, reported, diff };
}

export const pageOfPitfall = (name: string): string => `pitfall-${name}.html`;

/** The first sentence, and the rest. */
export function split(text: string): [string, string] {
  const end = /[.!?](?=\s+[A-Z("])/.exec(text);
  if (!end) return [text, ''];
  const at = end.index + 1;
  return [text.slice(0, at), text.slice(at).trim()];
}

/** The list of all pitfalls: what you see, and not yet why. */
export function listOfPitfalls(pitfalls: readonly Pitfall[]): string {
  const stages = new Map<string, Pitfall[]>();
  for (const pitfall of pitfalls)
    stages.set(pitfall.stage, [...(stages.get(pitfall.stage) ?? []), pitfall]);
  return [...stages]
    .map(([stage, of]) => `**${stage}**\n\n${of.map(item).join('')}`)
    .join('\n');
}

const item = (one: Pitfall): string =>
  `- [\`${one.name}\`](${one.stage}/${one.name}.patch): ${split(one.see)[0]}\n`;

/** The page, in Markdown. Its links start at lab/pitfalls. */
export function pitfallPage(pitfall: Pitfall, run: Run | undefined): string {
  const [symptom, why] = split(pitfall.see);
  const stage = `[${pitfall.stage}](../../${pitfall.stage}/README.md)`;
  return `# Pitfall: ${pitfall.name}

**${symptom}**

This program is ${stage} with one mistake in it.

${run ? printed(run) : ''}## Which mistake can it be?

Guess first. Then look.

<details><summary>Show the mistake</summary>

${pitfall.does}

${why === '' ? '' : pitfall.see}

${fence('diff', pitfall.diff)}

</details>

## Show me

## What finds it?

${reportOf(pitfall, run)}

## Which rule does it break?

${ruleLink(pitfall.rule)}

## Who made this mistake?

${withSources(pitfall.madeBy)}

## Try it

    make pitfall NAME=${pitfall.name}     # the output, and the report
    make play NAME=${pitfall.name}        # record it yourself, and step through it

To change the broken program, edit its copy in \`build/pitfalls/${pitfall.name}\`.

[All pitfalls](README.md#all-pitfalls)
`;
}

const printed = (run: Run): string => `## What does it print?

${fence('text', outputOf(run))}

This run was recorded under the [checker](../checker/README.md). Without the checker, the program can end in another way: \`make pitfall\` shows both.

`;

/** In front of the player, after the heading "Show me". */
export const SHOW_ME =
  '<p>The right program and the one with the mistake, beside each other, up to the step where they part:</p>\n';

const fence = (language: string, text: string): string =>
  `\`\`\`${language}\n${text.replace(/\n$/, '')}\n\`\`\``;

function ruleLink(rule: string): string {
  const number = /^\d+/.exec(rule)?.[0] ?? '';
  return `Rule [${rule}](../../final/RULES.md#rule-${number})`;
}

/** References become links: owner/name#12, and the article of 2008. */
function withSources(text: string): string {
  return sentenceCase(text)
    .replace(
      /\b([\w.-]+\/[\w.-]+)#(\d+)/g,
      '[$1#$2](https://github.com/$1/issues/$2)',
    )
    .replace(
      /(?<=[Tt]he article )"ThreadPool\.BindHandle"/,
      '["ThreadPool.BindHandle"](../../docs/article.md)',
    );
}

/** "many." at the start of a line begins a sentence there. Names stay. */
const sentenceCase = (text: string): string =>
  text.replace(/^(?:the|many|users|a) ?\b/, (word) =>
    word.replace(/^./, (letter) => letter.toUpperCase()),
  );

function reportOf(pitfall: Pitfall, run: Run | undefined): string {
  const [, test] = /^test (.*)$/.exec(pitfall.reported) ?? [];
  if (test !== undefined)
    return `The test \`${test}\` fails with this program.`;
  const found = new Set(
    run?.events.flatMap((one) => (one.kind === 'finding' ? [one.text] : [])),
  );
  const report = pitfall.reported.replace(/^checker: /, '');
  if (found.size === 0)
    return `In this run, the [checker](../checker/README.md) reported nothing. In \`make test\` it reports: ${report}.`;
  const reports = [...found].map((text) => `checker: ${text.trimEnd()}`);
  return `The [checker](../checker/README.md) reports:\n\n${fence('text', reports.join('\n'))}`;
}

// ---- What the program printed ----

/** The exit status of a program about which the checker reported a mistake. */
const MISTAKE = 66;

const SHOWN = { first: 12, last: 4 };

/** The lines in the order in which they were completed, and how it ended. */
export function outputOf(run: Run): string {
  const lines = linesOf(run);
  const hidden = lines.length - SHOWN.first - SHOWN.last;
  const shown =
    hidden > 0
      ? [...lines.slice(0, SHOWN.first), '...', ...lines.slice(-SHOWN.last)]
      : lines;
  return [...shown, ending(run)].join('\n');
}

function linesOf(run: Run): string[] {
  const started = new Map<string, string>();
  const lines: string[] = [];
  for (const event of run.events) {
    if (event.kind !== 'print') continue;
    const text = (started.get(event.stream) ?? '') + event.text;
    const parts = text.replaceAll('\r', '').split('\n');
    started.set(event.stream, parts.pop()!);
    lines.push(...parts);
  }
  return [...lines, ...[...started.values()].filter((rest) => rest !== '')];
}

function ending(run: Run): string {
  if (run.cut !== undefined) return `(the recording stops here: ${run.cut})`;
  if (run.ended === 'killed') return '(it did not end: the recorder killed it)';
  if (run.ended === 'crash') return '(it crashed)';
  if (run.status === MISTAKE)
    return '(exit status 66: the checker found a mistake)';
  return `(exit status ${run.status})`;
}
