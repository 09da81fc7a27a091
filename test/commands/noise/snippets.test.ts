import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cli } from '../../helpers/cli.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';

/** Python with the frameworks: a virtual environment, perhaps. */
const PYTHON = process.env.REBATCH_PYTHON ?? 'python3';
const PROGRAMS = new URL('../../../bench/snippets', import.meta.url).pathname;

const FRAMEWORKS = [
  { name: 'torch', needs: ['torch'], runs: ['4 1', '2 2', '1 2'], log: 'noise.jsonl' },
  {
    name: 'hf',
    needs: ['torch', 'transformers', 'accelerate'],
    runs: ['4 1', '2 2'],
    log: 'trainer_state.json',
  },
  { name: 'lightning', needs: ['lightning'], runs: ['4 1', '2 2'], log: 'metrics.csv' },
  { name: 'jax', needs: ['jax'], runs: ['4 1', '2 2'], log: 'noise.jsonl' },
] as const;

const python = (args: readonly string[], cwd?: string) =>
  spawnSync(PYTHON, args, {
    cwd,
    encoding: 'utf8',
    // Processes of one run find each other by a port that no other run has.
    env: {
      ...process.env,
      PYTHONDONTWRITEBYTECODE: '1',
      PORT: String(20_000 + Math.floor(Math.random() * 20_000)),
    },
  });

describe.each(FRAMEWORKS)('the lines of --snippet $name', ({ name, needs, runs, log }) => {
  it('are Python that says what comes next', async () => {
    const { code, stdout } = await cli(['noise', '--snippet', name]);
    expect(code).toBe(0);
    expect(stdout).toContain(`rebatch noise ${log}`);
    for (const column of ['grad_norm_micro', 'grad_norm_step', 'batch_micro', 'batch_step'])
      expect(stdout).toContain(`"${column}"`);
  });

  const there = python([
    '-c',
    needs.map((n) => `import importlib.util as u; assert u.find_spec("${n}")`).join('\n'),
  ]);
  const missing = there.status !== 0;
  if (missing)
    process.stderr.write(
      `SKIPPED snippet ${name}: needs ${needs.join(', ')} in python3, or in the Python that REBATCH_PYTHON names\n`,
    );

  it.skipIf(missing).each(runs)(
    'log the norms of a linear model whose noise scale is known, clipped: accumulation and devices %s',
    { timeout: 300_000 },
    async (run) => {
      const folder = temporaryFolder();
      const { stdout: lines } = await cli(['noise', '--snippet', name]);
      writeFileSync(join(folder, `snippet_${name}.py`), lines);
      const ran = python([join(PROGRAMS, `${name}_run.py`), folder, ...run.split(' ')], folder);
      expect(existsSync(join(folder, log)), ran.stderr).toBe(true);
      const { N, batches } = JSON.parse(ran.stdout.trim().split('\n').at(-1)!);
      const { stdout, stderr } = await cli(['noise', join(folder, log), '--json']);
      expect(stderr).toBe('');
      const estimate = JSON.parse(stdout);
      process.stderr.write(
        `${name} ${run}: N ${N.toFixed(1)}, found ${estimate.noiseScale.toFixed(1)}, 95 % ${estimate.interval.map((x: number) => x.toFixed(1)).join(' to ')}\n`,
      );
      expect(estimate.run.batches).toEqual(batches);
      expect(estimate.interval[0]).toBeLessThan(N);
      expect(estimate.interval[1]).toBeGreaterThan(N);
    },
  );
});
