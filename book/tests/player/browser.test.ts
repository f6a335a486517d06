// The player in a real browser, from file:, with no network.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { questionsOf } from '../../player/model/questions.ts';
import { lastState } from '../../player/model/state.ts';
import { RULES, useBrowser, visit } from '../browser.ts';
import { pageOf } from './pages.ts';
import { found, isPitfall, type Recorded, recorded } from './runs.ts';

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

/** So many steps go by the keyboard. All of them would take too long. */
const FAR = 12;

/** A step may take so long, in ms, at the 95th percentile. */
const MOST_MS = 50;

interface TestPlayer {
  index: number;
  first: number;
  last: number;
  parting?: number;
  go(index: number, glide?: boolean): void;
}

declare global {
  interface Window {
    axe: {
      run(
        where: Document,
        options: object,
      ): Promise<{
        violations: { id: string; nodes: { target: string[] }[] }[];
      }>;
    };
  }
}

useBrowser();

interface Look {
  width?: number;
  dark?: boolean;
  /** Things move, as they do unless the reader asks for calm. */
  moves?: boolean;
}

/** Opens a page as `look` says. */
async function withPage(
  url: string,
  look: Look,
  act: (page: Page) => Promise<void>,
): Promise<void> {
  await visit(
    url,
    {
      viewport: { width: look.width ?? 1280, height: 800 },
      colorScheme: look.dark ? 'dark' : 'light',
      reducedMotion: look.moves ? 'no-preference' : 'reduce',
    },
    act,
  );
}

const playerIn = (page: Page): Promise<TestPlayer> =>
  page.evaluate(() => {
    const { index, first, last, parting } = window.players[
      'run'
    ] as unknown as TestPlayer;
    return { index, first, last, parting } as TestPlayer;
  });

const go = (page: Page, index: number): Promise<void> =>
  page.evaluate(
    (to) => (window.players['run'] as unknown as TestPlayer).go(to),
    index,
  );

/** What a reader sees; without what depends on the way there. */
const seen = (page: Page): Promise<string> =>
  page.evaluate(() =>
    ['.sentence', '.where', '.stage', '.lines', '.position', '.report']
      .flatMap((name) => [...document.querySelectorAll(name)])
      .map((one) => one.textContent)
      .join('\n'),
  );

/** One step on with the keyboard; answers the question that is in the way. */
async function stepOn(page: Page): Promise<boolean> {
  const before = (await playerIn(page)).index;
  await page.keyboard.press('ArrowRight');
  if ((await playerIn(page)).index > before) return false;
  await page.keyboard.press('1');
  await page.keyboard.press('ArrowRight');
  assert.equal(
    (await playerIn(page)).index,
    before + 1,
    'the step after a question',
  );
  return true;
}

/** Steps that do not look the same on the way back. */
const differences = (page: Page): Promise<number[]> =>
  page.evaluate(() => {
    const player = window.players['run'] as unknown as TestPlayer;
    const look = (index: number): string => {
      player.go(index);
      return ['.sentence', '.stage', '.lines', '.report']
        .map((name) => document.querySelector(name)?.textContent)
        .join('\n');
    };
    const indexes = Array.from({ length: player.last + 1 }, (_, at) => at);
    const forward = indexes.map(look);
    return indexes.reverse().filter((at) => look(at) !== forward[at]);
  });

const alone = recorded.filter((one) => !isPitfall(one));

for (const one of alone)
  test(`${one.name}: keys only, to the end and back`, async () => {
    await withPage(pageOf('alone', [one]), {}, async (page) => {
      const { steps } = one.playback;
      await page.keyboard.press('Tab');
      await page.locator('.slider').focus();
      const start = await seen(page);
      let asked = 0;
      const forward: string[] = [];
      const far = Math.min(steps.length, FAR);
      for (let index = 0; index < far; index++) {
        if (await stepOn(page)) asked++;
        forward.push(await seen(page));
      }
      const expected = questionsOf(one.playback).filter(
        (question) => question.after < far - 1,
      );
      assert.equal(asked, expected.length, 'questions');
      for (let index = far - 2; index >= 0; index--) {
        await page.keyboard.press('ArrowLeft');
        assert.equal(await seen(page), forward[index], `back to step ${index}`);
      }
      await page.keyboard.press('Home');
      assert.equal(await seen(page), start);
      assert.deepEqual(await differences(page), []);
      await page.keyboard.press('End');
      assert.equal((await playerIn(page)).index, steps.length - 1);
      const texts = await page.locator('.lines li').allTextContents();
      const { lines, findings } = lastState(one.playback);
      assert.equal(texts.length, lines.length + findings.length);
      const first = (await playerIn(page)).index;
      await page.keyboard.press('PageUp');
      assert.ok((await playerIn(page)).index < first, 'PageUp');
      await page.keyboard.press('PageDown');
      await page.keyboard.press('Home');
      await page.keyboard.press(']');
      const hasRequest = one.run.requests.length > 0;
      assert.equal((await playerIn(page)).index > -1, hasRequest, ']');
    });
  });

const some = (name: string): Recorded =>
  found(name) ?? found('step5-pending') ?? recorded[0]!;

test('the whole player can be reached with Tab', async () => {
  await withPage(pageOf('alone', [some('step5-pending')]), {}, async (page) => {
    const names = new Set<string>();
    for (let pressed = 0; pressed < 60; pressed++) {
      await page.keyboard.press('Tab');
      names.add(
        await page.evaluate(() => {
          const at = document.activeElement;
          return `${at?.tagName}.${at?.className}`;
        }),
      );
    }
    for (const name of [
      'DIV.scroller scrolls',
      'DIV.memory scrolls',
      'OL.lines scrolls',
      'BUTTON.big',
      'DIV.slider',
      'SUMMARY.',
      'INPUT.',
    ])
      assert.ok(names.has(name), `${name} of ${[...names].join(', ')}`);
  });
});

test('questions can be switched off', async () => {
  const one = some('step5-pending');
  await withPage(pageOf('alone', [one]), {}, async (page) => {
    await page.locator('.switch input').focus();
    await page.keyboard.press('Space');
    await page.locator('.slider').focus();
    for (let index = 0; index < 40; index++)
      await page.keyboard.press('ArrowRight');
    assert.equal((await playerIn(page)).index, 39);
    assert.equal(await page.locator('.quiz:visible').count(), 0);
  });
});

test('an answer is judged, and counted', async () => {
  const one = some('step5-pending');
  const [question] = questionsOf(one.playback);
  assert.ok(question);
  await withPage(pageOf('alone', [one]), {}, async (page) => {
    await go(page, question.after);
    await page.locator('.slider').focus();
    await page.keyboard.press(String(question.right + 1));
    assert.match(await page.locator('.because').innerText(), /^Yes\./);
    assert.equal(await page.locator('.score').innerText(), '1 of 1 right');
  });
});

test('space plays, and stops', async () => {
  await withPage(pageOf('alone', [some('step1-create')]), {}, async (page) => {
    await page.locator('.slider').focus();
    await page.locator('.switch input').uncheck();
    await page.locator('.slider').focus();
    await page.keyboard.press('Space');
    await page.waitForFunction(() => (window.players['run']?.index ?? -1) >= 0);
    await page.keyboard.press('Space');
    assert.equal(await page.locator('button[aria-label="play"]').count(), 1);
  });
});

test('the reader chooses one of several runs', async () => {
  const runs = [some('step5-pending'), some('step5-sync-eof')];
  await withPage(pageOf('alone', runs), {}, async (page) => {
    const names = await page.locator('.choice label').allTextContents();
    assert.deepEqual(
      names,
      runs.map((one) => one.name),
    );
    await page.locator('.choice input').first().focus();
    await page.keyboard.press('ArrowRight');
    const { last } = await playerIn(page);
    assert.equal(last, runs[1]!.playback.steps.length - 1);
  });
});

for (const wrong of recorded.filter(isPitfall))
  test(`${wrong.name}: beside the right program, to the end`, async () => {
    const right =
      alone.find(
        ({ run }) =>
          run.program === wrong.run.program && run.io === wrong.run.io,
      ) ?? some('step5-pending');
    const url = pageOf('beside', [right, wrong]);
    await withPage(url, {}, async (page) => {
      await page.locator('input.rows').focus();
      await page.keyboard.press('Home');
      const { last, parting } = await playerIn(page);
      if (parting !== undefined && parting >= 0) {
        await page.locator('button', { hasText: 'to where they part' }).click();
        assert.match(
          await page.locator('.banner').innerText(),
          /Here they part/,
        );
      }
      await page.keyboard.press('End');
      assert.equal((await playerIn(page)).index, last);
      await page.keyboard.press('ArrowLeft');
      assert.equal((await playerIn(page)).index, last - 1);
    });
  });

async function violations(page: Page): Promise<string[]> {
  const found = await page.evaluate(
    (rules) => window.axe.run(document, { preload: false, runOnly: rules }),
    RULES,
  );
  return found.violations.map(
    ({ id, nodes }) =>
      `${id}: ${nodes
        .slice(0, 3)
        .map((node) => node.target.join(' '))
        .join('; ')} (${nodes.length})`,
  );
}

/** One page of each kind, and the longest. */
const kinds: [string, () => string][] = [
  ['step 1', () => pageOf('alone', [some('step1-create')])],
  ['step 5', () => pageOf('alone', [some('step5-pending')])],
  ['final', () => pageOf('alone', [some('final')])],
  [
    'a pitfall',
    () =>
      pageOf('beside', [
        some('step5-pending'),
        recorded.find(isPitfall) ?? recorded[0]!,
      ]),
  ],
];

/** The start, the middle, the end, and each question. */
async function places(page: Page): Promise<number[]> {
  const { first, last } = await playerIn(page);
  return [first, Math.floor((first + last) / 2), last];
}

for (const [kind, url] of kinds)
  for (const dark of [false, true])
    for (const width of [1280, 375])
      test(`${kind}, ${dark ? 'dark' : 'light'}, ${width} px: nothing that axe knows`, async () => {
        await withPage(url(), { dark, width }, async (page) => {
          await page.evaluate(readFileSync(AXE, 'utf8'));
          for (const at of await places(page)) {
            await go(page, at);
            assert.deepEqual(await violations(page), [], `at ${at}`);
            const wide = await page.evaluate(
              () => document.documentElement.scrollWidth,
            );
            assert.ok(wide <= width, `at ${at}: ${wide} px`);
          }
        });
      });

for (const dark of [false, true])
  test(`a question and a report, ${dark ? 'dark' : 'light'}: nothing that axe knows`, async () => {
    const one = some('step5-pending');
    const [question] = questionsOf(one.playback);
    const reported = recorded.find(
      ({ playback }) => lastState(playback).findings.length > 0,
    );
    await withPage(pageOf('alone', [one]), { dark }, async (page) => {
      await page.evaluate(readFileSync(AXE, 'utf8'));
      await go(page, question!.after);
      assert.deepEqual(await violations(page), []);
      await page.keyboard.press('1');
      assert.deepEqual(await violations(page), []);
      await page.locator('.as-text summary').click();
      await page.locator('.keys summary').click();
      assert.deepEqual(await violations(page), []);
    });
    if (!reported) return;
    await withPage(pageOf('alone', [reported]), { dark }, async (page) => {
      await page.evaluate(readFileSync(AXE, 'utf8'));
      await go(page, lastState(reported.playback).findings[0]!.step);
      assert.equal(await page.locator('.report:visible').count(), 1);
      assert.deepEqual(await violations(page), []);
    });
  });

test('data-theme wins over the system', async () => {
  await withPage(
    pageOf('alone', [some('step1-create')]),
    { dark: true },
    async (page) => {
      const colour = (): Promise<string> =>
        page.locator('.player').evaluate((one) => getComputedStyle(one).color);
      const dark = await colour();
      await page.evaluate(() => {
        document.documentElement.dataset['theme'] = 'light';
      });
      assert.notEqual(await colour(), dark);
    },
  );
});

test('on paper, a sentence is there instead of the player', async () => {
  await withPage(pageOf('alone', [some('step1-create')]), {}, async (page) => {
    await page.emulateMedia({ media: 'print' });
    assert.equal(await page.locator('.player section:visible').count(), 0);
    assert.match(await page.locator('.on-paper').innerText(), /recorded run/);
  });
});

/** The processor time of each step, in ms: other programs run here, too. */
async function timesOf(page: Page): Promise<number[]> {
  const client = await page.context().newCDPSession(page);
  await client.send('Performance.enable', { timeDomain: 'threadTicks' });
  const spent = async (): Promise<number> => {
    const { metrics } = await client.send('Performance.getMetrics');
    return metrics
      .filter(({ name }) => /(Script|Layout|Style)Duration$/.test(name))
      .reduce((sum, { value }) => sum + 1000 * value, 0);
  };
  const { first, last } = await playerIn(page);
  const times: number[] = [];
  for (let index = first; index <= last; index++) {
    const before = await spent();
    await page.evaluate((to) => {
      (window.players['run'] as unknown as TestPlayer).go(to, true);
      document.body.getBoundingClientRect(); // with the layout
    }, index);
    times.push((await spent()) - before);
  }
  return times.sort((a, b) => a - b);
}

test(`a step takes less than ${MOST_MS} ms`, async (context) => {
  const longest = alone.toSorted(
    (a, b) => b.playback.steps.length - a.playback.steps.length,
  )[0]!;
  for (const one of new Set([longest, some('step5-pending')]))
    await withPage(pageOf('alone', [one]), { moves: true }, async (page) => {
      const times = await timesOf(page);
      const at = (part: number): number =>
        times[Math.min(times.length - 1, Math.floor(times.length * part))]!;
      context.diagnostic(
        `${one.name}: ${times.length} steps, median ${at(0.5).toFixed(1)} ms, 95th percentile ${at(0.95).toFixed(1)} ms`,
      );
      assert.ok(at(0.95) < MOST_MS, `${one.name}: ${at(0.95)} ms`);
    });
});
