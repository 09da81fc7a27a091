import type { Output } from '../io/streams.ts';

/** A bar appears once this many milliseconds have passed, and moves no more often than every tenth of that. */
const PATIENCE = 1000;
const WIDTH = 30;

/** A progress bar with the time left; on anything but a terminal it stays silent. */
export function progressBar(output: Output, what: string): { show(done: number): void; clear(): void } {
  const start = Date.now();
  let last = start + PATIENCE * 0.9;
  let shown = false;
  const show = (done: number) => {
    const now = Date.now();
    if (!output.isTTY || now - last < PATIENCE / 10) return;
    last = now;
    shown = true;
    const filled = Math.round(WIDTH * done);
    const left = done > 0 ? Math.ceil(((now - start) / 1000) * (1 / done - 1)) : 0;
    output.write(
      `\r${what} [${'#'.repeat(filled)}${'.'.repeat(WIDTH - filled)}] ${Math.floor(100 * done)} %, ${left} s left \u001b[K`,
    );
  };
  const clear = () => {
    if (shown) output.write('\r\u001b[K');
    shown = false;
  };
  return { show, clear };
}
