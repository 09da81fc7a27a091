import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { type Repository, repository } from './helpers/repository.ts';
import { temporaryFolder } from './helpers/temporary.ts';

// Every way to install, for real. The npm registry is the only network that it needs.

const ROOT = new URL('..', import.meta.url).pathname;
const CONFIG = 'per_device_train_batch_size: 8\nlearning_rate: 2.0e-05\nadam_beta2: 0.95\n';

/** A user's environment: nothing of the npm that runs the tests, and a cache of its own. */
const ENV: NodeJS.ProcessEnv = {
  ...Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !/^npm_(?!config_registry$)|^VITEST|^NODE_ENV$/i.test(name),
    ),
  ),
  npm_config_cache: temporaryFolder(),
};
const runs = (program: string, ...args: string[]) => {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  return { ok: status === 0, said: `${stdout}${stderr}` };
};

// Minutes of downloads: not in every run of the suite.
const asked = process.env.REBATCH_INSTALLS !== undefined;
if (!asked)
  process.stderr.write('SKIPPED installs: REBATCH_INSTALLS=1 npx vitest run test/install.test.ts\n');

const PRE_COMMIT = process.env.PRE_COMMIT ?? 'pre-commit';
const preCommit = asked && runs(PRE_COMMIT, '--version').ok;
if (asked && !preCommit)
  process.stderr.write(
    'SKIPPED pre-commit: python3 -m venv /tmp/pc && /tmp/pc/bin/pip install pre-commit && PRE_COMMIT=/tmp/pc/bin/pre-commit REBATCH_INSTALLS=1 npx vitest run test/install.test.ts\n',
  );

/** The working tree as a repository with one commit, without anything built or installed. */
function checkout(): Repository {
  const repo = repository();
  const list = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  const files = execFileSync('git', list, { cwd: ROOT, encoding: 'utf8', maxBuffer: 2 ** 26 }).split('\0');
  for (const file of files)
    if (file && existsSync(join(ROOT, file))) cpSync(join(ROOT, file), join(repo.cwd, file));
  repo.commit();
  return repo;
}

describe.skipIf(!asked)('from the repository', { timeout: 900_000 }, () => {
  let source: Repository;
  beforeAll(() => {
    source = checkout();
  });

  it.skipIf(!preCommit)('pre-commit installs the hooks and runs them', () => {
    const repo = repository();
    repo.write('run.yaml', CONFIG);
    repo.write(
      '.pre-commit-config.yaml',
      `repos:
  - repo: file://${source.cwd}
    rev: ${source.git('rev-parse', 'HEAD')}
    hooks: [{ id: rebatch-check }, { id: rebatch-format-floats }]
`,
    );
    repo.commit();
    const env = { ...ENV, PRE_COMMIT_HOME: temporaryFolder() };
    const hooks = (...args: string[]) =>
      spawnSync(PRE_COMMIT, ['run', ...args], { cwd: repo.cwd, env, encoding: 'utf8' });
    const clean = hooks('--all-files');
    expect({ status: clean.status, stdout: clean.stdout }).toMatchObject({ status: 0 });
    repo.write('run.yaml', CONFIG.replace('8', '64'));
    repo.git('add', '--all');
    const changed = hooks();
    expect(changed.status).toBe(1);
    expect(changed.stdout).toContain('not-converted');
    repo.write('run.yaml', CONFIG.replace('2.0e-05', '2e-05'));
    repo.git('add', '--all');
    expect(hooks('rebatch-format-floats').status).toBe(1);
    expect(repo.read('run.yaml')).toBe(CONFIG);
  });

  // What pre-commit does as well, and it takes a minute.
  it.skipIf(preCommit)('npm install --global git+file://... makes a command', () => {
    const prefix = temporaryFolder();
    const install = ['install', '--global', '--prefix', prefix, `git+file://${source.cwd}`];
    const { status, stderr } = spawnSync('npm', install, { env: ENV, encoding: 'utf8' });
    expect({ status, stderr }).toMatchObject({ status: 0 });
    expect(runs(join(prefix, 'bin/rebatch'), 'schema')).toMatchObject({ ok: true });
  });

  it('two clones in different folders pack to the same bytes', () => {
    const digests = [source, checkout()].map(({ cwd }) => {
      const npm = (...args: string[]) =>
        execFileSync('npm', args, { cwd, env: ENV, stdio: 'pipe', encoding: 'utf8' });
      npm('ci', '--ignore-scripts', '--no-audit', '--no-fund');
      npm('run', 'build');
      return JSON.parse(npm('pack', '--ignore-scripts', '--json'))[0].integrity;
    });
    expect(digests[0]).toBe(digests[1]);
  });

  it.each([
    ['npm', 'npm install --no-audit --no-fund'],
    ['npm without scripts', 'npm install --ignore-scripts --no-audit --no-fund'],
    ['pnpm', 'npx --yes pnpm@10 add'],
    ['yarn', 'npx --yes yarn@1 add --no-lockfile'],
  ])('%s installs the tarball, and its command converts', (_, install) => {
    const packed = temporaryFolder();
    const cwd = temporaryFolder();
    execFileSync('npm', ['pack', '--ignore-scripts', '--pack-destination', packed], {
      cwd: ROOT,
      env: ENV,
      stdio: 'pipe',
    });
    writeFileSync(join(cwd, 'package.json'), '{"name": "empty", "version": "1.0.0", "private": true}');
    const [program = '', ...args] = install.split(' ');
    const done = spawnSync(program, [...args, join(packed, readdirSync(packed)[0]!)], {
      cwd,
      env: ENV,
      encoding: 'utf8',
    });
    expect({ status: done.status, stderr: done.status ? done.stderr : '' }).toEqual({
      status: 0,
      stderr: '',
    });
    writeFileSync(join(cwd, 'run.yaml'), CONFIG);
    const run = spawnSync(join(cwd, 'node_modules/.bin/rebatch'), ['run.yaml', '--by', '2', '-q'], {
      cwd,
      encoding: 'utf8',
    });
    expect(run.stdout).toContain('learning_rate: 4.0e-05');
  });

  it('the action builds its own checkout and checks with it', () => {
    const [step] = parse(source.read('action.yml')).runs.steps;
    const repo = repository();
    repo.write('run.yaml', CONFIG);
    repo.commit();
    repo.write('run.yaml', CONFIG.replace('8', '64'));
    writeFileSync(join(source.cwd, 'step.sh'), step.run);
    const inputs = { ACTION: source.cwd, FILES: 'run.yaml', BASE: 'HEAD', TO: '', ARGS: '', CONFIG: '' };
    const env = Object.fromEntries(Object.entries(inputs).map(([name, value]) => [`REBATCH_${name}`, value]));
    expect(Object.keys(env).sort()).toEqual(Object.keys(step.env).sort());
    const { status, stdout } = spawnSync('bash', ['-eo', 'pipefail', join(source.cwd, 'step.sh')], {
      cwd: repo.cwd,
      env: { ...ENV, ...env, GITHUB_ACTIONS: 'true' },
      encoding: 'utf8',
    });
    expect(stdout).toContain('::error file=run.yaml,line=2,');
    expect(status).toBe(1);
  });
});

it('man rebatch shows the page after npm install --global of the tarball', () => {
  const packed = temporaryFolder();
  const prefix = temporaryFolder();
  const npm = (...args: string[]) => execFileSync('npm', args, { cwd: ROOT, env: ENV, stdio: 'pipe' });
  npm('pack', '--ignore-scripts', '--pack-destination', packed);
  npm('install', '--global', '--offline', '--prefix', prefix, join(packed, readdirSync(packed)[0]!));
  const page = join(prefix, 'share/man/man1/rebatch.1');
  expect(existsSync(page)).toBe(true);
  if (!runs('man', '--version').ok) return process.stderr.write('SKIPPED man: apt-get install man-db\n');
  const shown = spawnSync('man', ['rebatch'], {
    env: { ...ENV, PATH: `${join(prefix, 'bin')}:${ENV.PATH}`, MANPAGER: 'cat', MANWIDTH: '80' },
    encoding: 'utf8',
  });
  expect(shown.stdout).toMatch(/^REBATCH\(1\)/);
}, 120_000);
