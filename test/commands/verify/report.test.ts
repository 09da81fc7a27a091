import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { findChromium, openPage } from '../../helpers/chromium.ts';
import { cli } from '../../helpers/cli.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';

const CONFIG = 'fixtures/ai-toolkit/steps-are-micro-steps/input.yaml';

let folder: string;
let json: string;
let html: string;

beforeAll(async () => {
  folder = temporaryFolder();
  const report = join(folder, 'report.html');
  const run = await cli([
    'verify',
    CONFIG,
    '--to',
    '16',
    '--world',
    '1',
    '--backend',
    'cpu',
    '--json',
    '--report',
    report,
  ]);
  expect(run.stderr).toBe('');
  expect(run.code).toBe(0);
  json = run.stdout;
  html = await readFile(report, 'utf8');
});

/** Every number of a value, however deep. */
function numbersIn(value: unknown): number[] {
  if (typeof value === 'number') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(numbersIn) : [];
}

describe('the page of --report', () => {
  it('carries the JSON that is printed', () => {
    const text = /<script type="application\/json" id="result">([\s\S]*?)<\/script>/.exec(html)![1]!;
    expect(JSON.parse(text)).toEqual(JSON.parse(json));
  });

  it('shows every figure of an average in its tables', () => {
    const shown = new Set([...html.matchAll(/<data value="([^"]*)"/g)].map(([, value]) => Number(value)));
    const { averages, learningRates } = JSON.parse(json);
    expect(averages.length).toBeGreaterThan(1);
    for (const number of numbersIn(averages)) expect(shown).toContain(number);
    for (const { values } of learningRates) for (const number of values) expect(shown).toContain(number);
  });

  it('says what the terminal says beside its figures', async () => {
    const { stdout } = await cli(['verify', CONFIG, '--to', '16', '--world', '1', '--backend', 'cpu'], {
      columns: 100,
    });
    const terminal = stdout.replace(/\s+/g, ' ');
    const notes = [...html.matchAll(/<li class="note">(.*?)<\/li>/g)].map(([, note = '']) => note);
    for (const note of notes) expect(terminal).toContain(`! ${note}`);
    const { summary, warnings } = JSON.parse(json);
    const [, verdict, found, open] =
      /<p class="verdict (\w+)"><strong>(.*?)<\/p>\n<p class="open">(.*?)\.<\/p>/s.exec(
        html.replaceAll('<wbr>', ''),
      )!;
    expect(verdict).toBe('pass');
    expect(`${found!.replace('</strong>', '')} ${open}`.toLowerCase()).toBe(summary.toLowerCase());
    expect(html.match(/<li class="warning">/g)).toHaveLength(warnings.length);
    expect(terminal.split(' ! ').length - 1).toBe(notes.length + warnings.length);
    for (const { message } of warnings) expect(terminal).toContain(message.replace(/\s+/g, ' '));
  });

  it('shows values as the file writes them, and what kappa is', () => {
    expect(html).toContain('<data value="0.0001">1e-4</data>');
    expect(html).toContain('<data value="0.0002">2.0e-4</data>');
    expect(html).toContain('so kappa, the new batch over the old, is 2.');
    expect(html.slice(0, html.indexOf('<script'))).not.toContain('+-');
  });

  it('asks for nothing from elsewhere', () => {
    const outside = /(?:src|href)\s*=\s*["'](?!data:|#)|@import|url\(\s*["']?http/i;
    expect(html.replace(/<script>[\s\S]*<\/script>/, '')).not.toMatch(outside);
  });

  it('is no place for markup from a config', async () => {
    const file = join(folder, '<img src=x onerror=alert(1)>.yaml');
    await writeFile(file, await readFile(CONFIG));
    const report = join(folder, 'markup.html');
    await cli(['verify', file, '--to', '16', '--world', '1', '--backend', 'cpu', '--report', report]);
    expect(await readFile(report, 'utf8')).not.toContain('<img');
  });
});

const chromium = findChromium();
if (!chromium) process.stderr.write('SKIPPED report in a browser: apt-get install chromium\n');

describe.skipIf(!chromium)('the page in a browser', () => {
  it.each([
    [1280, false],
    [1280, true],
    [390, false],
  ])(
    '%i wide, dark %s: draws, fits, reports no error, loads nothing',
    { timeout: 60_000 },
    async (width, dark) => {
      const page = await openPage(chromium!, pathToFileURL(join(folder, 'report.html')).href, width, dark);
      try {
        const averages = JSON.parse(json).averages.length;
        expect(
          await page.evaluate('document.querySelectorAll("figure svg[role=img][aria-label]").length'),
        ).toBe(3 * averages);
        expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
        const shown = await page.evaluate('document.querySelector("details pre").textContent');
        expect(JSON.parse(String(shown))).toEqual(JSON.parse(json));
        const methods = page.events.map(({ method }) => method);
        expect(methods).not.toContain('Runtime.exceptionThrown');
        expect(methods).not.toContain('Runtime.consoleAPICalled');
        expect(methods).not.toContain('Log.entryAdded');
        const requests = page.events.filter(({ method }) => method === 'Network.requestWillBeSent');
        const addresses = requests.map(({ params }) => (params as { request: { url: string } }).request.url);
        expect(addresses.filter((url) => !url.startsWith('data:'))).toHaveLength(1);
        if (process.env.SCREENSHOTS)
          await screenshot(page, `${process.env.SCREENSHOTS}/${width}-${dark}.png`);
      } finally {
        await page.close();
      }
    },
  );
});

describe.skipIf(!chromium)('the plots of --train in a browser', () => {
  it.each([1280, 390])('%i wide: every rule can be read', { timeout: 60_000 }, async (width) => {
    const file = join(folder, 'sgd.json');
    await writeFile(file, JSON.stringify({ batch_size: 128, optimizer: 'sgd', lr: 0.1, momentum: 0.9 }));
    const report = join(folder, 'train.html');
    await cli([
      'verify',
      file,
      '--to',
      '64',
      '--world',
      '1',
      '--backend',
      'wasm',
      '--train',
      '--report',
      report,
    ]);
    const page = await openPage(chromium!, pathToFileURL(report).href, width, false);
    try {
      const labels = await page.evaluate(
        `[...document.querySelectorAll('[data-figure^=rules] svg')].flatMap((svg) => {
          const { left } = svg.getBoundingClientRect();
          return [...svg.querySelectorAll('[aria-label="y-axis tick label"] text')].map((text) => (
            [text.textContent, text.getBoundingClientRect().left >= left]));
        })`,
      );
      expect(labels).toContainEqual(['kappa*lr, mu^kappa', true]);
      expect(labels).toContainEqual(['ema (in use)', true]);
      expect((labels as [string, boolean][]).filter(([, fits]) => !fits)).toEqual([]);
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
    } finally {
      await page.close();
    }
  });
});

async function screenshot(page: Awaited<ReturnType<typeof openPage>>, file: string): Promise<void> {
  const { data } = await page.send('Page.captureScreenshot', { captureBeyondViewport: true });
  await writeFile(file, Buffer.from(String(data), 'base64'));
}
