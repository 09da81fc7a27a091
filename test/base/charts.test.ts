import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { findChromium, openPage } from '../helpers/chromium.ts';
import { cli } from '../helpers/cli.ts';
import { temporaryFolder } from '../helpers/temporary.ts';

const chromium = findChromium();
if (!chromium) process.stderr.write('SKIPPED charts in a browser: apt-get install chromium\n');

const LOGS = 'test/data/logs';

describe.skipIf(!chromium)('a page with charts in a browser', () => {
  it.each([1280, 390])('%i wide: draws, fits, reports no error', { timeout: 60_000 }, async (width) => {
    const report = join(temporaryFolder(), 'follow.html');
    const logs = ['old', 'ema'].map((name) => join(LOGS, `digits-adam-${name}.jsonl`));
    await cli(['follow', ...logs, '--batch', '256', '--batch', '32', '--report', report]);
    const page = await openPage(chromium!, pathToFileURL(report).href, width, false);
    try {
      const drawn = 'document.querySelectorAll("figure svg[role=img][aria-label] path").length';
      // The losses of both runs; their ratio, and its band.
      expect(await page.evaluate(drawn)).toBeGreaterThanOrEqual(4);
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
      const methods = page.events.map(({ method }) => method);
      expect(methods).not.toContain('Runtime.exceptionThrown');
      expect(methods).not.toContain('Log.entryAdded');
    } finally {
      await page.close();
    }
  });
});
