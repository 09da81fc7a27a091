import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from './helpers/temporary.ts';

const ROOT = new URL('..', import.meta.url).pathname;
const CONFIG = 'per_device_train_batch_size: 8\nlearning_rate: 2.0e-05\nadam_beta2: 0.95\n';

const EXAMPLE_OUTPUT = `/per_device_train_batch_size: 8 -> 64  (64 = micro 64 x accumulation 1 x devices 1)
/learning_rate: 0.00002 -> 0.00016  (8 * 0.00002)
/adam_beta1: 0.9 -> 0.430467  (0.9^8)
/adam_beta2: 0.95 -> 0.66342  (0.95^8)
/warmup_steps: 100 -> 13  (100/8 = 12.5)
false 4 not-converted 1
true
learning_rate: PyYAML reads 2e-5 as a string, and Hugging Face Trainer passes it on as it is
/adam_beta2: decay of the second moment, half-life 108.1 samples
/adam_beta1: decay of the gradient average, half-life 52.6 samples
true gradient pass, second-moment pass
schema 3 adam_beta2 must be < 1 (Hugging Face Trainer)
`;

/** A program that uses the types as its user would. */
const TYPED = `import { check, type Checked, convert, explain, type Finding, FINDINGS, lint, type Outcome, placeOf, verify } from 'rebatch';
const config = { file: 'run.yaml', text: '' };
const converted = await convert(config, { to: 64, rule: 'ema' });
const text: string = converted.ok ? converted.value.text : converted.problem.message;
const checked: Outcome<Checked> = await check(config, { file: 'b', text }, { tolerance: 0.02, fix: true });
const first = checked.ok ? checked.value.findings[0]?.offset : undefined;
const line: number | undefined = checked.ok ? placeOf(checked.value.source.text, first ?? 0).line : checked.problem.place?.line;
const alone = await lint(config);
const errors: readonly Finding[] = alone.ok ? alone.value.findings : [];
const explained = await explain(config, {});
const half: number | undefined = explained.ok ? explained.value.fields[0]?.memory?.halfLifeSteps : undefined;
const verified = await verify(config, { to: 64, seed: 1, now: config });
const pass: boolean = verified.ok && verified.value.every((v) => v.pass);
export const used = [line, errors, half, pass, FINDINGS.schema.title];
// @ts-expect-error a batch is a number
await convert(config, { to: '64' });
`;

const project = temporaryFolder();

beforeAll(() => {
  const packed = temporaryFolder();
  writeFileSync(join(project, 'package.json'), '{"name": "empty", "private": true, "type": "module"}');
  const env = { ...process.env, npm_config_cache: temporaryFolder() };
  const npm = (cwd: string, ...args: string[]) => execFileSync('npm', args, { cwd, env });
  npm(ROOT, 'pack', '--ignore-scripts', '--silent', '--pack-destination', packed);
  const [tarball = ''] = readdirSync(packed);
  // Offline: it needs no other package.
  npm(project, 'install', '--offline', '--no-audit', '--no-fund', '--silent', join(packed, tarball));
}, 60_000);

const rebatch = (...args: string[]) =>
  spawnSync(join(project, 'node_modules/.bin/rebatch'), args, { cwd: project, encoding: 'utf8' });

describe('the packed tarball in an empty project', () => {
  it('has a command that converts, checks and explains', () => {
    writeFileSync(join(project, 'run.yaml'), CONFIG);
    const converted = rebatch('run.yaml', '--to', '64', '--world', '1', '-q');
    expect(converted).toMatchObject({ status: 0, stderr: '' });
    writeFileSync(join(project, 'now.yaml'), converted.stdout);
    expect(rebatch('check', '--against', 'run.yaml', 'now.yaml').status).toBe(0);
    writeFileSync(join(project, 'now.yaml'), CONFIG.replace('8', '64'));
    expect(rebatch('check', '--against', 'run.yaml', 'now.yaml').status).toBe(1);
    expect(rebatch('explain', 'run.yaml').status).toBe(0);
    writeFileSync(join(project, 'rebatch.config.yaml'), 'world: 4\n');
    expect(JSON.parse(rebatch('run.yaml', '--to', '64', '--json', '-q').stdout).batch.from).toBe(32);
  });

  it('takes a reader that has seen enough as no error', () => {
    const text = `${CONFIG}tokens:\n${'  - 1\n'.repeat(20_000)}`;
    writeFileSync(join(project, 'long.yaml'), text);
    const script = 'set -o pipefail; node_modules/.bin/rebatch long.yaml --to 64 -q | true';
    const { status, stderr } = spawnSync('bash', ['-c', script], { cwd: project, encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });

  it('has a library whose example prints what it should', () => {
    cpSync(join(ROOT, 'examples/library.mjs'), join(project, 'library.mjs'));
    const run = spawnSync(process.execPath, ['library.mjs'], { cwd: project, encoding: 'utf8' });
    expect({ stdout: run.stdout, stderr: run.stderr }).toEqual({ stdout: EXAMPLE_OUTPUT, stderr: '' });
  });

  it('has types that a strict program compiles against', () => {
    writeFileSync(join(project, 'typed.ts'), TYPED);
    const options = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2022'];
    const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
    const run = spawnSync(process.execPath, [tsc, ...options, 'typed.ts'], {
      cwd: project,
      encoding: 'utf8',
    });
    expect({ status: run.status, stdout: run.stdout }).toEqual({ status: 0, stdout: '' });
  }, 60_000);

  it('does nothing when imported, and lets the process end', () => {
    const program = `
      const world = () => JSON.stringify([
        Object.getOwnPropertyNames(globalThis), process.eventNames(), process.exitCode,
      ]);
      const before = world();
      await import('rebatch');
      console.log(world() === before);`;
    const args = ['--input-type=module', '--eval', program];
    const run = spawnSync(process.execPath, args, { cwd: project, encoding: 'utf8' });
    expect({ stdout: run.stdout, stderr: run.stderr }).toEqual({ stdout: 'true\n', stderr: '' });
  });

  it('brings its man page and its schemas', () => {
    const files = join(project, 'node_modules/rebatch');
    expect(readFileSync(join(files, 'man/rebatch.1'), 'utf8')).toContain('.TH REBATCH 1');
    expect(readdirSync(join(files, 'schemas'))).toContain('rebatch.config.schema.json');
  });
});
