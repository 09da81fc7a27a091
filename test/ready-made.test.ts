import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { cli } from './helpers/cli.ts';
import { type Repository, repository } from './helpers/repository.ts';
import { temporaryFolder } from './helpers/temporary.ts';

const ROOT = new URL('..', import.meta.url).pathname;
const BIN = `node ${join(ROOT, 'bin/rebatch.js')}`;
/** What a program finds in its environment wherever it runs. */
const { PATH, TMPDIR, NODE_DISABLE_COMPILE_CACHE } = process.env;
const SYSTEM = { PATH, TMPDIR, NODE_DISABLE_COMPILE_CACHE };
const CONFIG = 'per_device_train_batch_size: 8\nlearning_rate: 2.0e-05\nadam_beta2: 0.95\n';
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');

describe('action.yml', () => {
  const action = parse(read('action.yml'));
  const [step] = action.runs.steps;

  /** Runs the action's step as the runner does: inputs through its `env`, the rest of the world as given. */
  function runAction(cwd: string, inputs: Record<string, string>) {
    const env = Object.fromEntries(
      Object.entries(step.env as Record<string, string>).map(([name, expression]) => {
        if (expression === '${{ github.action_path }}') return [name, ROOT];
        const input = /^\$\{\{ inputs\.(\w+) \}\}$/.exec(expression)?.[1] ?? '';
        return [name, inputs[input] ?? action.inputs[input].default ?? ''];
      }),
    );
    const script = join(temporaryFolder(), 'step.sh');
    writeFileSync(script, step.run);
    const runner = { GITHUB_ACTIONS: 'true', GITHUB_WORKSPACE: cwd, GITHUB_STEP_SUMMARY: `${script}.md` };
    const bash = ['--noprofile', '--norc', '-eo', 'pipefail', script];
    const { status, stdout, stderr } = spawnSync('bash', bash, {
      cwd,
      encoding: 'utf8',
      env: { ...SYSTEM, HOME: cwd, ...runner, ...env },
    });
    const summary = existsSync(`${script}.md`) ? readFileSync(`${script}.md`, 'utf8') : '';
    return { status, stdout, stderr, summary };
  }

  function project(): Repository {
    const repo = repository();
    repo.write('configs/a b.yaml', CONFIG);
    repo.write('configs/deep/run.yaml', CONFIG);
    repo.commit();
    return repo;
  }

  it('annotates what did not follow, through globs and spaces', () => {
    const repo = project();
    repo.write('configs/a b.yaml', CONFIG.replace('8', '64'));
    const { status, stdout, summary, stderr } = runAction(repo.cwd, {
      files: 'configs/*.yaml\nconfigs/**/run.yaml\n',
      base: 'HEAD',
      args: '--world 2 --ignore changed-otherwise',
    });
    expect({ status, stderr }).toEqual({ status: 1, stderr: '' });
    expect(stdout).toContain(
      '::error file=configs/a b.yaml,line=2,col=16,title=rebatch not-converted::learning_rate',
    );
    expect(summary).toContain('### rebatch: 1 of 2 configs do not pass');
  });

  it('fetches the base commit that a shallow checkout lacks', () => {
    const repo = project();
    repo.git('config', 'uploadpack.allowAnySHA1InWant', 'true');
    const base = repo.git('rev-parse', 'HEAD');
    repo.write('configs/a b.yaml', CONFIG.replace('8', '64'));
    repo.commit();
    const clone = repository({ of: repo, options: ['--depth=1'] });
    const { status, stdout } = runAction(clone.cwd, { files: 'configs/*.yaml', base });
    expect(status).toBe(1);
    expect(stdout).toContain('title=rebatch not-converted');
  });

  it('runs nothing of the checkout, whatever its files are called', () => {
    const repo = project();
    const ran = join(temporaryFolder(), 'ran');
    const evil = `#!/bin/sh\n: > '${ran}'\n`;
    for (const name of ['git', 'node', 'npx', 'bin/rebatch.js', 'latest/bin/rebatch.js']) {
      repo.write(name, evil);
      chmodSync(join(repo.cwd, name), 0o755);
    }
    repo.write(
      'package.json',
      JSON.stringify({ name: 'rebatch', bin: 'bin/rebatch.js', scripts: { prepare: `: > '${ran}'` } }),
    );
    repo.write(
      'evil.yaml',
      JSON.stringify({ dialect: { name: 'evil', framework: 'evil', version: '1', library: 'torch' } }),
    );
    const names = ['-.yaml', '--schema=evil.yaml', '--help.yaml'];
    for (const name of names) repo.write(name, CONFIG);
    const base = repo.commit();
    for (const name of names) repo.write(name, CONFIG.replace('8', '64'));
    const cases: [Record<string, string>, number][] = [
      [{ base }, 1],
      [{ base: `--upload-pack=${ran}` }, 2],
      [{}, 0],
      [{ files: '-*.yaml', to: '16', args: '--world 1 -q' }, 0],
    ];
    for (const [inputs, expected] of cases) {
      const { status, stdout } = runAction(repo.cwd, { files: '*.yaml', ...inputs });
      expect({ ...inputs, status }).toEqual({ ...inputs, status: expected });
      if (inputs.base === base)
        for (const name of names) expect(stdout).toContain(`::error file=${name},line=2,`);
    }
    for (const name of names) expect(repo.read(name)).toContain('batch_size: 16');
    expect(existsSync(ran)).toBe(false);
  });

  it('judges by the settings of `config`, which a pull request does not change', () => {
    const repo = project();
    repo.write('configs/a b.yaml', CONFIG.replace('8', '64'));
    repo.write('rebatch.config.yaml', 'ignore: [not-converted]\n');
    repo.write('base/rebatch.config.yaml', 'world: 2\n');
    const inputs = { files: 'configs/*.yaml', base: 'HEAD' };
    expect(runAction(repo.cwd, inputs).status).toBe(0);
    expect(runAction(repo.cwd, { ...inputs, config: 'base/rebatch.config.yaml' }).status).toBe(1);
  });

  it('judges files by themselves without a base, and converts with `to`', () => {
    const repo = project();
    expect(runAction(repo.cwd, { files: 'configs/*.yaml' }).status).toBe(0);
    expect(
      runAction(repo.cwd, { files: 'configs/deep/run.yaml', to: '64', args: '-q --world 1' }).status,
    ).toBe(0);
    expect(repo.read('configs/deep/run.yaml')).toContain('learning_rate: 1.6e-04');
  });

  it('says so where no file matches', () => {
    const { status, stdout } = runAction(project().cwd, { files: 'nothing/*.yaml' });
    expect({ status, stdout }).toEqual({
      status: 2,
      stdout: '::error title=rebatch::no file matches nothing/*.yaml\n',
    });
  });
});

describe('.pre-commit-hooks.yaml', () => {
  const hooks: { id: string; entry: string; files: string }[] = parse(read('.pre-commit-hooks.yaml'));
  const entry = (id: string) =>
    hooks
      .find((h) => h.id === id)!
      .entry.split(' ')
      .slice(1);

  it('rebatch-check fails on a staged batch change alone', async () => {
    const repo = repository();
    repo.write('run.yaml', CONFIG);
    repo.commit();
    repo.write('run.yaml', CONFIG.replace('8', '64'));
    repo.git('add', '--all');
    expect((await cli([...entry('rebatch-check'), 'run.yaml'], { cwd: repo.cwd })).code).toBe(1);
  });

  it('rebatch-format-floats rewrites floats and minds nothing else', async () => {
    const repo = repository();
    repo.write('run.yaml', CONFIG.replace('2.0e-05', '2e-05'));
    repo.write('swapped.yaml', `${CONFIG}adam_beta1: 0.99\n`);
    repo.write('other.yaml', 'services: {}\n');
    const files = ['run.yaml', 'swapped.yaml', 'other.yaml'];
    const { code } = await cli([...entry('rebatch-format-floats'), ...files], { cwd: repo.cwd });
    expect([code, repo.read('run.yaml')]).toEqual([0, CONFIG]);
  });

  it('a file that looks like an option is a file', async () => {
    const repo = repository();
    repo.write('--schema=evil.yaml', CONFIG);
    repo.write('run.yaml', CONFIG);
    repo.commit();
    repo.write('--schema=evil.yaml', CONFIG.replace('8', '64'));
    const { code, stdout } = await cli([...entry('rebatch-check'), '--schema=evil.yaml', 'run.yaml'], {
      cwd: repo.cwd,
    });
    expect({ code, told: stdout.includes('--schema=evil.yaml:2:') }).toEqual({ code: 1, told: true });
  });

  it('look at files that can be configs', () => {
    for (const { files } of hooks) expect('configs/run.yaml').toMatch(new RegExp(files));
    expect('train.py').not.toMatch(new RegExp(hooks[0]!.files));
  });
});

describe('examples/', () => {
  it('github-actions.yml gives the action inputs that it has', () => {
    const inputs = Object.keys(parse(read('action.yml')).inputs);
    const steps: { uses: string; with: object }[] = parse(read('examples/github-actions.yml')).jobs.rebatch
      .steps;
    const own = steps.find(({ uses }) => uses.startsWith('rebatch/'))!;
    expect(inputs).toEqual(expect.arrayContaining(Object.keys(own.with)));
  });

  it('gitlab-ci.yml runs: its script writes the report that it names', () => {
    const job = parse(read('examples/gitlab-ci.yml')).rebatch;
    const upstream = repository();
    upstream.git('config', 'uploadpack.allowAnySHA1InWant', 'true');
    upstream.write('configs/run.yaml', CONFIG);
    const base = upstream.commit();
    upstream.write('configs/run.yaml', CONFIG.replace('8', '64'));
    upstream.commit();
    const { cwd } = repository({ of: upstream, options: ['--depth=1'] });
    const script = job.script.join('\n');
    const env = { ...SYSTEM, ...job.variables, REBATCH: BIN, CI_MERGE_REQUEST_DIFF_BASE_SHA: base };
    expect(spawnSync('bash', ['-e', '-c', script], { cwd, env }).status).toBe(1);
    expect(readFileSync(join(cwd, job.artifacts.reports.junit), 'utf8')).toContain('failures="3"');
  });

  it('Makefile: make check', () => {
    const repo = repository();
    repo.write('configs/run.yaml', CONFIG);
    repo.write('Makefile', read('examples/Makefile'));
    repo.commit();
    const make = () => spawnSync('make', ['check', 'BASE=HEAD', `REBATCH=${BIN}`], { cwd: repo.cwd }).status;
    expect(make()).toBe(0);
    repo.write('configs/run.yaml', CONFIG.replace('8', '64'));
    expect(make()).toBe(2); // make's own code for a recipe that failed
  });

  it('fewer-gpus.sh converts by WORLD_SIZE and hands the result on', () => {
    const cwd = temporaryFolder();
    writeFileSync(join(cwd, 'run.yaml'), CONFIG);
    const env = { ...SYSTEM, WORLD_SIZE: '8', REBATCH: BIN };
    const out = execFileSync(join(ROOT, 'examples/fewer-gpus.sh'), ['run.yaml', '64', 'cat'], {
      cwd,
      env,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    expect(out).toContain('learning_rate: 2.5e-06\n');
    expect(readFileSync(join(cwd, 'run.8-gpus.yaml'), 'utf8')).toBe(out);
  });
});

it('man/rebatch.1 has every command and its examples', () => {
  const page = read('man/rebatch.1');
  expect(page).toContain('.SS check\n');
  const examples = page.slice(page.indexOf('.SH EXAMPLES\n')).split('\n.TP\n').slice(1);
  expect(examples.length).toBeGreaterThanOrEqual(3);
  for (const example of examples.slice(0, 3)) expect(example).toMatch(/^\\fBrebatch .*\\fR\n\S/);
});
