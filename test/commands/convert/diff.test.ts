import { expect, it } from 'vitest';
import { cli } from '../../helpers/cli.ts';

const CONFIG = 'batch_size: 8\noptimizer: sgd\nlr: 0.1\n';
const diff = (args: string[], world = {}) =>
  cli(['-', '--by', '2', '--batch-is', 'total', '--diff', '-q', ...args], { stdin: CONFIG, ...world });

it('a diff has colours on a terminal or when asked, and is the same text', async () => {
  const plain = (await diff([])).stdout;
  expect(plain).toContain('\n-lr: 0.1\n+lr: 0.2');
  for (const coloured of [
    await diff(['--color']),
    await diff([], { isTTY: true }),
    await diff([], { env: { FORCE_COLOR: '1' } }),
  ]) {
    const { stdout } = coloured;
    for (const line of [
      '\u001b[31m-lr: 0.1',
      '\u001b[32m+lr: 0.2',
      '\u001b[36m@@',
      '\u001b[1m---',
      '\u001b[1m+++',
    ])
      expect(stdout).toContain(line);
    expect(stdout.replace(/\u001b\[\d+m/g, '')).toBe(plain);
  }
  for (const world of [
    { isTTY: true, env: { NO_COLOR: '1' } },
    { env: { FORCE_COLOR: '0' } },
    { isTTY: true, env: { TERM: 'dumb' } },
  ])
    expect((await diff([], world)).stdout).toBe(plain);
});
