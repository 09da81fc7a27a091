import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { plotText } from '../../src/report/plot.ts';
import { progressBar } from '../../src/report/progress.ts';

describe('the progress bar', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  function watch(isTTY: boolean) {
    let text = '';
    return { bar: progressBar({ isTTY, write: (t) => (text += t) }, 'verifying'), text: () => text };
  }

  it('waits a second, then says how far and how long', () => {
    const { bar, text } = watch(true);
    vi.advanceTimersByTime(900);
    bar.show(0.2);
    expect(text()).toBe('');
    vi.advanceTimersByTime(1100);
    bar.show(0.5);
    expect(text()).toContain('50 %, 2 s left');
    bar.clear();
    expect(text().endsWith('\r\u001b[K')).toBe(true);
  });

  it('stays silent where there is no terminal, and leaves nothing to clear', () => {
    const { bar, text } = watch(false);
    vi.advanceTimersByTime(5000);
    bar.show(0.5);
    bar.clear();
    expect(text()).toBe('');
  });
});

describe('the plot', () => {
  const [old, now] = [
    [1, 0, -1, 0.5],
    [1, 0.5, -1, 0],
  ];
  const lines = plotText({ title: 'T', old, now, columns: 80 }).split('\n');

  it('marks old, new and both at their heights', () => {
    expect(lines[1]).toBe('       1 *');
    expect(lines[3]).toBe('          x o');
    expect(lines[5]).toBe('       0 -o-x');
    expect(lines[9]).toBe('      -1   *');
  });

  it('draws the difference on its own scale', () => {
    expect(lines[11]).toBe('     0.5    .');
    expect(lines[13]).toBe('       0 .-.-');
    expect(lines[15]).toBe('    -0.5  .');
  });

  it('is no wider than asked for, and survives curves of nothing', () => {
    const flat = Array.from({ length: 200 }, () => 0);
    const text = plotText({ title: 'T', old: flat, now: flat, columns: 60 });
    expect(Math.max(...text.split('\n').map((l) => l.length))).toBeLessThanOrEqual(60);
  });
});
