import type { Output } from './io/streams.ts';

/** A bar appears after this many milliseconds, and moves at most once in a tenth of that. */
const PATIENCE = 1000;
const WIDTH = 30;
/** Columns for the text beside the bar, roughly. */
const BESIDE = 24;

/** A progress bar with the time left; writes to a terminal only. */
export function progressBar(output: Output, what: string): { show(done: number): void; clear(): void } {
  const start = Date.now();
  let last = start + PATIENCE * 0.9;
  let shown = false;
  const show = (done: number) => {
    const now = Date.now();
    if (!output.isTTY || now - last < PATIENCE / 10) return;
    last = now;
    shown = true;
    // A line that wraps cannot be erased again.
    const columns = (output.columns ?? 80) - 1;
    const width = Math.max(0, Math.min(WIDTH, columns - BESIDE));
    const filled = Math.round(width * done);
    const left = done > 0 ? Math.ceil(((now - start) / 1000) * (1 / done - 1)) : 0;
    const bar = ` [${'#'.repeat(filled)}${'.'.repeat(width - filled)}] ${Math.floor(100 * done)} %, ${left} s left`;
    const room = Math.max(0, columns - bar.length);
    const name = what.length > room ? `…${what.slice(what.length - room + 1)}` : what;
    output.write(`\r${room > 0 ? name : ''}${bar}\u001b[K`);
  };
  const clear = () => {
    if (shown) output.write('\r\u001b[K');
    shown = false;
  };
  return { show, clear };
}
