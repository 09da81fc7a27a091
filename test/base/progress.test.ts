import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { progressBar } from '../../src/base/progress.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

/** What a bar has written on a terminal after two seconds, half done. */
function shown(what: string, columns: number): string {
  const written: string[] = [];
  const bar = progressBar({ write: (text) => written.push(text), isTTY: true, columns }, what);
  vi.advanceTimersByTime(2000);
  bar.show(0.5);
  return written.join('');
}

describe('a progress bar', () => {
  const LONG = 'converting configs/experiments/large_pretraining_config.yaml';

  it.each([
    ['verifying', 80],
    [LONG, 80],
    [LONG, 60],
    [LONG, 45],
  ])('fits on a line, where it can be taken back: %s, %i columns', (what, columns) => {
    const line = shown(what, columns).replace('\r', '').replace('\u001b[K', '');
    expect(line.length).toBeLessThan(columns);
    expect(line).toContain(' 50 %');
  });

  it('shows the end of a long name', () => {
    expect(shown(LONG, 80)).toContain('…');
    expect(shown(LONG, 80)).toContain('config.yaml [');
  });
});
