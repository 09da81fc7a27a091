import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { cli } from '../helpers/cli.ts';
import { fixtures, rejects } from '../helpers/fixtures.ts';
import { temporaryFolder } from '../helpers/temporary.ts';

const ROOT = new URL('../..', import.meta.url).pathname;
const SCHEMAS = join(ROOT, 'docs/json');

/** The schemas as published allow fields that come later; here what they do not speak of is an error. */
function strict(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(strict);
  if (typeof schema !== 'object' || schema === null) return schema;
  const inner = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, strict(value)]));
  return 'properties' in inner && !('additionalProperties' in inner)
    ? { ...inner, additionalProperties: false }
    : inner;
}

const ajv = new Ajv2020({ allErrors: true, allowUnionTypes: true });
for (const name of readdirSync(SCHEMAS))
  ajv.addSchema(strict(JSON.parse(readFileSync(join(SCHEMAS, name), 'utf8'))) as object);

function faults(command: string, stdout: string): unknown {
  const validate = ajv.getSchema(`${command}.schema.json`) as ValidateFunction;
  const data = JSON.parse(stdout);
  for (const one of Array.isArray(data) ? data : [data]) if (!validate(one)) return validate.errors;
  return null;
}

/** Runs a command with --json; a refusal is held against its own schema. @returns what is wrong, and whether it was refused */
async function run(command: string, args: readonly string[]) {
  const { code, stdout } = await cli([command, ...args, '--json']);
  return { refused: code === 2, faults: faults(code === 2 ? 'error' : command, stdout) };
}

const ALL = fixtures();

/** Options that say what the batch becomes: a ramp names its own. */
function withoutTarget(args: readonly string[]): string[] {
  return args.filter((a, i) => !/^--(?:to|by)$/.test(a) && !/^--(?:to|by)$/.test(args[i - 1] ?? ''));
}

describe('what --json prints is as docs/json describes it, for every fixture', () => {
  it.each(['convert', 'explain'])('%s', async (command) => {
    for (const { input, plan } of ALL)
      expect([input, await run(command, [input, ...plan.args])]).toEqual([
        input,
        { refused: false, faults: null },
      ]);
  });

  it('check, alone and of two files', async () => {
    let judged = 0;
    for (const { input, expected } of ALL) {
      for (const args of [[input], ['--against', input, expected]]) {
        const outcome = await run('check', args);
        expect([args, outcome.faults]).toEqual([args, null]);
        if (!outcome.refused) judged++;
      }
    }
    expect(judged).toBeGreaterThan(ALL.length);
  });

  it('schedule', async () => {
    let planned = 0;
    for (const { input, plan } of ALL) {
      const ramp = ['--batches', '1024@0,512@100k'];
      const outcome = await run('schedule', [input, ...withoutTarget(plan.args), ...ramp]);
      expect([input, outcome.faults]).toEqual([input, null]);
      if (!outcome.refused) planned++;
    }
    expect(planned).toBeGreaterThan(ALL.length / 4);
  });

  it('verify, for a fixture of every dialect', async () => {
    const one = new Map(ALL.map((fixture) => [fixture.dialect, fixture]));
    for (const { input, plan } of one.values()) {
      const outcome = await run('verify', [input, ...plan.args, '--backend', 'wasm']);
      expect([input, outcome]).toEqual([input, { refused: false, faults: null }]);
    }
  });

  it('verify --train', async () => {
    const { input, plan } = ALL.find(({ dialect }) => dialect === 'nanogpt')!;
    expect(await run('verify', [input, ...plan.args, '--backend', 'wasm', '--train'])).toEqual({
      refused: false,
      faults: null,
    });
  });
});

describe('what --json prints is as docs/json describes it', () => {
  it('noise, of two runs and of one', async () => {
    const log = join(temporaryFolder(), 'noise.jsonl');
    const row = (i: number) => {
      const spread = 1 + 0.1 * Math.sin(i * 2.4);
      const norms = { grad_norm_micro: Math.sqrt(11 * spread), grad_norm_step: Math.sqrt(2.25 * spread) };
      return JSON.stringify({ step: i + 1, ...norms, batch_micro: 8, batch_step: 64 });
    };
    writeFileSync(log, Array.from({ length: 60 }, (_, i) => row(i)).join('\n'));
    for (const args of [['--norm', '32:3', '--norm', '512:1'], [log]])
      expect(await run('noise', args)).toEqual({ refused: false, faults: null });
  });

  it.each(['ema', 'none', 'trap'])('follow: %s', async (rule) => {
    const logs = ['old', rule].map((name) => `test/data/logs/digits-sgd-${name}.jsonl`);
    const args = [...logs, '--batch', '64', '--batch', '8'];
    expect(await run('follow', args)).toEqual({ refused: false, faults: null });
  });

  it('doctor', async () => {
    expect(await run('doctor', [])).toEqual({ refused: false, faults: null });
  });
});

describe('a refusal with --json', () => {
  it('of every file that must be refused names its place, and stderr names it too', async () => {
    for (const { file, at, args } of rejects()) {
      const { code, stdout, stderr } = await cli([file, '--to', '64', ...args, '--json']);
      expect([file, code, faults('error', stdout)]).toEqual([file, 2, null]);
      const { error } = JSON.parse(stdout);
      expect(`${error.line}:${error.column}`).toBe(at);
      expect(stderr).toContain(error.message.split('\n')[0]);
    }
  });

  it('of a wrong option is one of usage', async () => {
    const { code, stdout } = await cli(['run.yaml', '--to', '6k', '--json']);
    expect([code, JSON.parse(stdout).error.code]).toEqual([2, 'usage']);
    expect(JSON.parse(stdout).error.message).toMatch(/^option '--to <n>'/);
  });

  it('prints nothing on stdout where JSON was not asked for', async () => {
    expect((await cli(['missing.yaml', '--to', '6'])).stdout).toBe('');
  });
});

it('one file is an object, several are a list', async () => {
  const files = ALL.filter(({ dialect }) => dialect === 'nanogpt').map(({ input }) => input);
  const parsed = async (some: readonly string[]) =>
    JSON.parse((await cli([...some, '--by', '1/2', '--json', '-q'])).stdout);
  expect(Array.isArray(await parsed(files.slice(0, 1)))).toBe(false);
  expect(await parsed(files)).toHaveLength(files.length);
});

it('docs/json.md names every schema', () => {
  const page = readFileSync(join(ROOT, 'docs/json.md'), 'utf8');
  for (const name of readdirSync(SCHEMAS)) expect(page).toContain(`json/${name}`);
});
