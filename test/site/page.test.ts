import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fragmentWith } from '../../site/link.ts';
import { findChromium, openPage, type Page } from '../helpers/chromium.ts';
import { faint } from '../helpers/contrast.js';
import { serve } from '../helpers/server.ts';
import { temporaryFolder } from '../helpers/temporary.ts';

const ROOT = new URL('../..', import.meta.url).pathname;
const FIXTURE = join(ROOT, 'fixtures/hf-trainer/adamw-64-gpus');
const CONFIG = readFileSync(join(FIXTURE, 'input.yaml'), 'utf8');

const chromium = findChromium();
if (!chromium) process.stderr.write('SKIPPED the web page in a browser: apt-get install chromium\n');

describe.skipIf(!chromium)('the web page', { timeout: 60_000 }, () => {
  let server: Awaited<ReturnType<typeof serve>>;
  let page: Page;

  beforeAll(async () => {
    const folder = temporaryFolder();
    execFileSync(process.execPath, [join(ROOT, 'scripts/site.mjs'), folder]);
    server = await serve(folder);
  }, 120_000);

  afterAll(() => server?.close());

  async function visit(run: () => Promise<void>, { fragment = '', width = 1280, dark = false } = {}) {
    page = await openPage(chromium!, server.url + fragment, width, dark);
    try {
      await run();
      expectQuiet();
    } finally {
      await page.close();
    }
  }

  /** Nothing on the console, and no request but for the page's own files: page, worker and frame. */
  function expectQuiet() {
    const methods = page.events.map(({ method }) => method);
    for (const method of ['Runtime.exceptionThrown', 'Runtime.consoleAPICalled', 'Log.entryAdded'])
      expect(methods).not.toContain(method);
    const asked = page.events.filter(({ method }) => method === 'Network.requestWillBeSent');
    const urls = asked.map(({ params }) => (params as { request: { url: string } }).request.url);
    expect(urls.length).toBeGreaterThan(3);
    expect(urls.filter((url) => !url.startsWith(server.url) && !/^(data|about|blob):/.test(url))).toEqual([]);
  }

  /** Waits until an expression is true in the page. */
  async function until(expression: string, seconds = 20) {
    for (let i = 0; i < 10 * seconds; i++) {
      if (await page.evaluate(expression)) return;
      await new Promise((later) => setTimeout(later, 100));
    }
    throw new Error(
      `never true: ${expression}; the page says: ${await page.evaluate('document.body.innerText')}`,
    );
  }

  const saysOf = (text: string) =>
    until(`document.querySelector('#status').textContent.includes(${JSON.stringify(text)})`);
  const type = (text: string) => page.send('Input.insertText', { text });
  const focus = (id: string) => page.evaluate(`document.getElementById('${id}').focus()`);
  const press = async (key: string, code = 0) => {
    const event = { key, code: key, windowsVirtualKeyCode: code, ...(key === 'Enter' ? { text: '\r' } : {}) };
    await page.send('Input.dispatchKeyEvent', { type: 'keyDown', ...event });
    await page.send('Input.dispatchKeyEvent', { type: 'keyUp', ...event });
  };
  /** What can be read of the page with a button of this name pressed by the keyboard. */
  const pressButton = async (name: string) => {
    await page.evaluate(
      `[...document.querySelectorAll('button')].find((b) => (b.ariaLabel ?? b.textContent) === '${name}').focus()`,
    );
    await press('Enter', 13);
  };
  /** The converted text, as the diff shows it. */
  const shownDiff = () =>
    page.evaluate(`[...document.querySelectorAll('.diff tr.added')].map((row) => row.cells[3].textContent)`);

  it('converts what is typed, as it is typed', () =>
    visit(async () => {
      await focus('config');
      await type(CONFIG);
      await saysOf('Say which batch size to convert to.');
      await focus('to');
      await type('64');
      await saysOf('Refused');
      await focus('world');
      await type('64');
      await saysOf('values change: batch 512 -> 64, kappa 1/8, rule ema');
      const expected = readFileSync(join(FIXTURE, 'expected.yaml'), 'utf8').split('\n');
      const added = expected.filter((line) => !CONFIG.split('\n').includes(line));
      expect(await shownDiff()).toEqual(added);
      expect(await page.evaluate('location.hash')).toBe('#to=64&world=64');
      const rows = await page.evaluate(
        `[...document.querySelectorAll('.changes tbody tr')].map((r) => r.cells[1].textContent)`,
      );
      expect(rows).toContain('learning_rate');
    }));

  it('takes a dropped file, and the files beside it that it builds on', () =>
    visit(async () => {
      const folder = temporaryFolder();
      const files = [join(folder, 'run.yaml'), join(folder, 'base.yaml')];
      writeFileSync(files[0]!, 'defaults: [base, _self_]\noptim: {name: adamw, lr: 0.001}\n');
      writeFileSync(files[1]!, 'batch_size: 256\noptim: {betas: [0.9, 0.99]}\n');
      const { x, y } = (await page.evaluate(
        `(({ x, y }) => ({ x: x + 50, y: y + 50 }))(document.querySelector('#drop').getBoundingClientRect())`,
      )) as { x: number; y: number };
      const data = { items: [], files, dragOperationsMask: 1 };
      for (const step of ['dragEnter', 'dragOver', 'drop'])
        await page.send('Input.dispatchDragEvent', { type: step, x, y, data });
      await until(`document.querySelector('#config').value.startsWith('defaults')`);
      expect(await page.evaluate(`[...document.querySelector('#file').options].map((o) => o.value)`)).toEqual(
        ['run.yaml', 'base.yaml'],
      );
      await focus('to');
      await type('64');
      await saysOf('batch 256 -> 64');
    }));

  it('shows where an error is, and goes there', () =>
    visit(
      async () => {
        await focus('config');
        await type('batch_size: 8\nlr: 0.1\nmomentum: 1.5\n');
        await focus('to');
        await type('4');
        await until(`document.querySelector('.messages')`);
        expect(await page.evaluate(`document.querySelector('#gutter .error').textContent`)).toBe('3');
        await pressButton('line 3, column 11');
        const selected = `(({ value, selectionStart, selectionEnd }) => value.slice(selectionStart, selectionEnd))(document.activeElement)`;
        expect(await page.evaluate(selected)).toBe('1.5');
      },
      { fragment: '#rule=ema' },
    ));

  it('leads from a flag in a message to its field', () =>
    visit(
      async () => {
        await focus('config');
        await type(CONFIG);
        await until(`document.querySelector('.messages')`);
        await pressButton('--world');
        expect(await page.evaluate('document.activeElement.id')).toBe('world');
      },
      { fragment: '#to=64' },
    ));

  it('has both rules side by side, and takes one at a press', () =>
    visit(
      async () => {
        await focus('config');
        await type(CONFIG);
        await until(`document.querySelector('.decision.open')`);
        const row = `[...document.querySelectorAll('.decision tbody tr')].map((r) => [...r.cells].map((c) => c.textContent))`;
        expect(await page.evaluate(row)).toContainEqual([
          'learning_rate',
          '2.0e-05',
          '2.5e-06',
          '7.07107e-06',
        ]);
        await pressButton('Use sqrt');
        await saysOf('rule sqrt');
        expect(await page.evaluate('location.hash')).toBe('#to=64&world=64&rule=sqrt');
      },
      { fragment: '#to=64&world=64' },
    ));

  it('shows a config as text, whatever is in it', () =>
    visit(
      async () => {
        await focus('config');
        await type(
          `batch_size: 8\nlr: 0.1\noptimizer: sgd\n"<img src=x onerror=alert(1)>": {momentum: 0.9}\nname: <b>x</b>\n`,
        );
        await until(`document.querySelector('.diff')`);
        expect(await page.evaluate(`document.querySelectorAll('img, #answer b').length`)).toBe(0);
      },
      { fragment: '#to=4' },
    ));

  it('verifies, and shows the report with its plots', () =>
    visit(async () => {
      await pressButton('a Python config');
      await until(`!document.querySelector('#verify').hidden`);
      await pressButton('Verify');
      await until(`document.querySelector('#verify [role=status]').textContent === 'Verified.'`, 50);
      await page.evaluate(`document.querySelector('iframe').scrollIntoView()`);
      await until(`parseFloat(document.querySelector('iframe').style.height) > 1000`);
      const plots = 'document.querySelectorAll("figure svg[role=img][aria-label]").length';
      for (let i = 0; i < 100 && (await page.evaluateIn('iframe', plots)) === 0; i++)
        await new Promise((later) => setTimeout(later, 100));
      expect(await page.evaluateIn('iframe', plots)).toBe(6);
      expect(await page.evaluateIn('iframe', 'document.querySelector(".verdict").className')).toBe(
        'verdict pass',
      );
    }));

  it('carries the config in a link only when asked, and reads it from there', async () => {
    let link = '';
    await visit(
      async () => {
        await focus('config');
        await type(CONFIG);
        await saysOf('values change');
        await pressButton('Copy link');
        const value = `document.querySelector('.outputs input').value`;
        expect(await page.evaluate(value)).toBe(`${server.url}#to=64&world=64`);
        await pressButton('Copy link with config');
        await until(`${value}.includes('config=')`);
        link = String(await page.evaluate(value));
      },
      { fragment: '#to=64&world=64' },
    );
    await visit(
      async () => {
        await saysOf('values change: batch 512 -> 64');
        expect(await page.evaluate(`document.querySelector('#config').value`)).toBe(CONFIG);
        expect(await page.evaluate('location.hash')).toBe('#to=64&world=64');
      },
      { fragment: link.slice(server.url.length) },
    );
  });

  it('can be walked through by the keyboard, and every control has a name', async () => {
    const fields = new Map([
      ['to', '64'],
      ['world', '64'],
    ]);
    const fragment = `#${await fragmentWith(fields, { file: 'run.yaml', text: CONFIG })}`;
    await visit(
      async () => {
        await until(`document.querySelector('.changes')`);
        const walked: string[] = [];
        for (let i = 0; i < 12; i++) {
          await press('Tab', 9);
          walked.push(
            String(await page.evaluate(`document.activeElement.id || document.activeElement.textContent`)),
          );
        }
        expect(walked.slice(0, 4)).toEqual(['To the result', 'open', 'format', 'config']);
        expect(walked.slice(-4)).toEqual(['to', 'by', 'world', 'world-to']);
        expect(await nameless()).toEqual([]);
      },
      { fragment },
    );
  });

  /** Controls that a screen reader could only call by their kind. */
  async function nameless() {
    const { nodes } = (await page.send('Accessibility.getFullAXTree')) as {
      nodes: { role?: { value: string }; name?: { value: string }; ignored: boolean }[];
    };
    const named = ['button', 'textbox', 'combobox', 'checkbox', 'link', 'table', 'region', 'Iframe'];
    return nodes.filter(
      ({ role, name, ignored }) => !ignored && named.includes(role?.value ?? '') && !name?.value,
    );
  }

  it.each([
    [1280, false],
    [1280, true],
    [390, false],
    [390, true],
  ])('%i wide, dark %s: fits, and its text can be read', (width, dark) =>
    visit(
      async () => {
        await focus('config');
        await type(CONFIG);
        await until(`document.querySelector('.diff')`);
        expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
        expect(await page.evaluate(`(${faint})()`)).toEqual([]);
        if (process.env.SCREENSHOTS)
          await screenshot(page, `${process.env.SCREENSHOTS}/site-${width}-${dark}.png`);
      },
      { fragment: '#to=64&world=64', width, dark },
    ),
  );
});

async function screenshot(page: Page, file: string): Promise<void> {
  const { data } = await page.send('Page.captureScreenshot', { captureBeyondViewport: true });
  writeFileSync(file, Buffer.from(String(data), 'base64'));
}
