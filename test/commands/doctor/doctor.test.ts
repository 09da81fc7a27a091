import { resolve } from 'node:path';
import { Chalk } from 'chalk';
import { describe, expect, it } from 'vitest';
import type { BackendReport } from '../../../src/commands/doctor/examine.ts';
import { doctorText } from '../../../src/commands/doctor/view.ts';
import { cli } from '../../helpers/cli.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';

const CONFIG = resolve('fixtures/ai-toolkit/steps-are-micro-steps/input.yaml');

/** A folder without packages. Where the program's own folder has them, they are found there. */
const empty = temporaryFolder();

describe('doctor', () => {
  it('reports every backend, and a next step for each that does not load', { timeout: 120_000 }, async () => {
    const { code, stdout } = await cli(['doctor', '--json'], { cwd: empty });
    const { version, backends, auto } = JSON.parse(stdout);
    expect(version).toBe(1);
    expect(backends.map(({ name }: { name: string }) => name)).toEqual([
      'tensorflow',
      'webgpu',
      'wasm',
      'cpu',
    ]);
    for (const backend of backends) {
      if (backend.state === 'absent') expect(backend.next).toMatch(/install|LD_LIBRARY_PATH|system|Node/);
      else {
        expect(backend.selfTest.worst).toBeLessThan(backend.selfTest.against === 'reference' ? 1e-6 : 5);
        expect(backend.selfTest.drawsPerSecond).toBeGreaterThan(1e5);
        expect(backend.selfTest.updatesPerSecond).toBeGreaterThan(1e5);
      }
    }
    expect(backends.at(-1)).toMatchObject({ name: 'cpu', state: 'works', selfTest: { worst: 0 } });
    expect(auto).toMatchObject({ small: 'wasm', upTo: expect.any(Number) });
    const fast = backends.filter(({ accelerated }: { accelerated?: boolean }) => accelerated);
    if (fast.length === 0) expect(auto).toMatchObject({ averages: 'wasm', training: 'wasm' });
    expect(code).toBe(0);
  });

  it('says the same in words, within 80 columns', { timeout: 120_000 }, async () => {
    const { stdout } = await cli(['doctor'], { cwd: empty, columns: 80 });
    expect(stdout).toMatch(/^cpu: works$/m);
    expect(stdout).toMatch(/^auto: takes wasm /m);
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });
});

it.each([
  [99_700_000, '100 million draws'],
  [1_234_000_000, '1,200 million draws'],
  [8_760_000, '8.8 million draws'],
  [321_000, '0.32 million draws'],
])('%i draws a second are told as %s', (drawsPerSecond, told) => {
  const about = { package: 'built in', version: '1', device: 'CPU', memory: 'some', accelerated: false };
  const report: BackendReport = {
    name: 'cpu',
    state: 'works',
    ...about,
    selfTest: { agrees: true, against: 'reference', worst: 0, drawsPerSecond, updatesPerSecond: 1e6 },
  };
  const auto = { upTo: 2e9, small: 'cpu', averages: 'cpu', training: 'cpu' };
  const text = doctorText({ backends: [report], auto }, new Chalk({ level: 0 }), 100);
  expect(text).toContain(`${told} a second`);
});

describe('--backend', () => {
  const verify = (backend: string) =>
    cli(['verify', CONFIG, '--to', '16', '--world', '1', '--json', '--backend', backend], { cwd: empty });

  it('that does not load is exit 2, with what to install', { timeout: 120_000 }, async () => {
    const { backends } = JSON.parse((await cli(['doctor', '--json'], { cwd: empty })).stdout);
    const absent = backends.filter(({ state }: { state: string }) => state === 'absent');
    if (absent.length === 0) process.stderr.write('SKIPPED absent backends: every one is here\n');
    for (const { name, why, next } of absent) {
      const { code, stdout, stderr } = await verify(name);
      expect(code).toBe(2);
      expect(JSON.parse(stdout).error.code).toBe('usage');
      expect(stderr).toContain(`--backend ${name}: ${why}; ${next}`);
    }
  });

  it('auto takes wasm for work that a GPU would not pay for, and names nothing it passed over', {
    timeout: 120_000,
  }, async () => {
    const { code, stdout, stderr } = await verify('auto');
    expect(code).toBe(0);
    expect(JSON.parse(stdout).backend.name).toBe('wasm');
    expect(stderr).toBe('');
  });
});
