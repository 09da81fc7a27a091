import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, watch, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { cli } from '../../helpers/cli.ts';
import { CLI } from '../../helpers/machine.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';

const KILLS = Number(process.env.REBATCH_KILLS ?? 24);
if (KILLS < 500) console.log('SHORT: 500 kills: REBATCH_KILLS=500 npx vitest run test/base/io/kills.test.ts');
const posix = process.platform !== 'win32';
if (!posix) console.log('SKIPPED: signals (Windows has none)');

/** Files of several pages, so that a write that is cut short can be seen. */
const NAMES = Array.from('abcdefghij', (letter) => `${letter}.yaml`);
const CONFIG = `per_device_train_batch_size: 8\nlearning_rate: 2.0e-05\nadam_beta1: 0.9\nadam_beta2: 0.999\n`;
const OLD = `${CONFIG}${'# a comment of some length\n'.repeat(400)}`;
const to = (batch: number) => ['--to', `${batch}`, '--world', '1', '--write', '-q'];

/** Runs one command line after the other in one process, again and again: every moment is a likely one. */
async function running(lines: readonly (readonly string[])[], cwd: string): Promise<ChildProcess> {
  const script = `
    const { run } = require(process.argv[1]);
    const lines = JSON.parse(process.argv[2]);
    process.stdout.write('ready');
    const turn = () => new Promise(setImmediate);
    (async () => {
      for (let i = 0; ; i++, await turn(), await turn()) if (await run(lines[i % lines.length])) process.exit(3);
    })();`;
  const child = spawn(process.execPath, ['-e', script, CLI, JSON.stringify(lines)], { cwd });
  await once(child.stdout, 'data');
  return child;
}

/** Waits for a random moment: of the time in which new files are made, or take their places, or any. */
async function moment(cwd: string): Promise<void> {
  const kind = Math.random();
  if (kind < 0.2) return wait(Math.random() * 400);
  const awaited = kind < 0.6 ? /tmp$/ : /yaml$/;
  await new Promise<void>((begun) => {
    const watcher = watch(cwd, (_, name) => {
      if (!awaited.test(name ?? '')) return;
      watcher.close();
      begun();
    });
  });
  const until = performance.now() + Math.random() * (kind < 0.6 ? 10 : 2);
  while (performance.now() < until);
}

/** A folder of files that are converted to and fro while the process is ended again and again. */
async function endAgainAndAgain(times: number, signal: 'SIGKILL' | 'SIGTERM' | 'SIGINT') {
  const cwd = temporaryFolder();
  for (const name of NAMES) writeFileSync(join(cwd, name), OLD);
  const texts = () => NAMES.map((name) => readFileSync(join(cwd, name), 'utf8'));
  await cli([...NAMES, ...to(64)], { cwd });
  const NEW = texts()[0];
  const seen = { mixed: 0, apart: 0, withTemporary: 0, notMended: 0 };
  for (let i = 0; i < times; i++) {
    const child = await running(
      [to(8), to(64)].map((options) => [...NAMES, ...options]),
      cwd,
    );
    const exit = once(child, 'exit');
    await moment(cwd);
    child.kill(signal);
    await exit;
    const now = texts();
    if (now.some((text) => text !== OLD && text !== NEW)) seen.mixed++;
    if (new Set(now).size > 1) seen.apart++;
    if (readdirSync(cwd).length > NAMES.length) seen.withTemporary++;
    const { code } = await cli([...NAMES, ...to(64)], { cwd });
    const mended =
      code === 0 && readdirSync(cwd).length === NAMES.length && texts().every((text) => text === NEW);
    if (!mended) seen.notMended++;
  }
  console.log(`${times} times ${signal}: ${JSON.stringify(seen)}`);
  return seen;
}

describe.skipIf(!posix)('ended while ten files are rewritten', () => {
  it(`${KILLS} times by kill -9: each file is old or new, and the next run mends the rest`, async () => {
    expect(await endAgainAndAgain(KILLS, 'SIGKILL')).toMatchObject({ mixed: 0, notMended: 0 });
  }, 3_600_000);

  it.each(['SIGTERM', 'SIGINT'] as const)(
    'by %s: all files are old, or all are new, and nothing is left',
    async (signal) => {
      const seen = await endAgainAndAgain(Math.ceil(KILLS / 12), signal);
      expect(seen).toEqual({ mixed: 0, apart: 0, withTemporary: 0, notMended: 0 });
    },
    3_600_000,
  );
});
