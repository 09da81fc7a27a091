import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { cli } from '../../helpers/cli.ts';
import { type Repository, repository } from '../../helpers/repository.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';

const CONFIG = `# a run
output_dir: runs/a
per_device_train_batch_size: 8
learning_rate: 2.0e-05
adam_beta2: 0.95
warmup_steps: 100
seed: 1
`;
/** What `rebatch --to 64` makes of it. */
const CONVERTED = `# a run
output_dir: runs/a
per_device_train_batch_size: 64
learning_rate: 1.6e-04
adam_beta1: 0.430467
adam_beta2: 0.66342
warmup_steps: 13
seed: 1
`;
const BATCH_ALONE = CONFIG.replace('batch_size: 8', 'batch_size: 64');

let repo: Repository;
beforeEach(() => {
  repo = repository();
  repo.write('configs/run.yaml', CONFIG);
  repo.write('README', 'nothing\n');
  repo.commit('the run');
});
const check = (...args: string[]) => cli(['check', '--base', ...args], { cwd: repo.cwd, columns: 200 });

it('a batch changed alone is told at the lines that did not follow', async () => {
  repo.write('configs/run.yaml', BATCH_ALONE);
  const { code, stdout } = await check('HEAD', 'configs/run.yaml', '--json');
  expect(code).toBe(1);
  const { changes, batch, reference, findings } = JSON.parse(stdout);
  expect({ batch, reference }).toEqual({
    batch: { from: 8, to: 64, per: 'device' },
    reference: 'HEAD:configs/run.yaml',
  });
  const told = changes.map((c: Record<string, unknown>) => [c.pointer, c.line, c.expected, c.actual, c.pass]);
  expect(told).toEqual([
    ['/adam_beta1', 3, 0.430467, 0.9, false],
    ['/learning_rate', 4, 1.6e-4, 2e-5, false],
    ['/adam_beta2', 5, 0.66342, 0.95, false],
    ['/warmup_steps', 6, 13, 100, false],
  ]);
  expect(new Set(findings.map((f: { code: string }) => f.code))).toEqual(new Set(['not-converted']));
});

it('a converted config passes', async () => {
  repo.write('configs/run.yaml', CONVERTED);
  const { code, stdout } = await check('HEAD', 'configs/run.yaml', '-v');
  expect({ code, last: stdout.trimEnd().split('\n').at(-2) }).toEqual({
    code: 0,
    last: '4 values follow the batch',
  });
});

it('an edit that leaves the batch is not judged, whatever it changes', async () => {
  repo.write('configs/run.yaml', CONFIG.replace('2.0e-05', '5.0e-05').replace('seed: 1', 'seed: 2'));
  const { code, stdout } = await check('HEAD', 'configs/run.yaml', '-v');
  expect(code).toBe(0);
  expect(stdout).toContain('batch unchanged');
});

it('--fix writes exactly what convert would', async () => {
  repo.write('configs/run.yaml', BATCH_ALONE);
  expect((await check('HEAD', 'configs/run.yaml', '--fix')).code).toBe(0);
  expect(repo.read('configs/run.yaml')).toBe(CONVERTED);
});

it('a renamed file is compared with what it was', async () => {
  repo.git('mv', 'configs/run.yaml', 'moved.yaml');
  repo.write('moved.yaml', BATCH_ALONE);
  const { code, stdout } = await check('HEAD', 'moved.yaml', '--json');
  expect({ code, reference: JSON.parse(stdout).reference }).toEqual({
    code: 1,
    reference: 'HEAD:configs/run.yaml',
  });
});

it('new and deleted files are told and pass', async () => {
  repo.write('new.yaml', `${BATCH_ALONE}bf16: true\nlabels: [a, b, c]\n`);
  rmSync(join(repo.cwd, 'configs/run.yaml'));
  const { code, stdout } = await check('HEAD', 'new.yaml', 'configs/run.yaml', '--json');
  const codes = JSON.parse(stdout).map((r: { findings: { code: string }[] }) =>
    r.findings.map((f) => f.code),
  );
  expect({ code, codes }).toEqual({ code: 0, codes: [['new-file'], ['deleted-file']] });
});

it('a file that is nowhere is an error', async () => {
  const { code, stderr } = await check('HEAD', 'nowhere.yaml');
  expect({ code, stderr }).toEqual({
    code: 2,
    stderr: 'nowhere.yaml: there is no such file, here or at HEAD\n',
  });
});

it.each(['a\nb.yaml', 'cr.yaml\r'])(
  'with a line break in its name a file has a past too: %j',
  async (name) => {
    repo.write(name, CONFIG);
    repo.commit();
    repo.write(name, BATCH_ALONE);
    repo.write('new\nname.yaml', BATCH_ALONE);
    repo.write('configs/run.yaml', CONVERTED);
    const { code, stdout } = await check('HEAD', name, 'new\nname.yaml', 'configs/run.yaml', '--json');
    const told = JSON.parse(stdout).map((r: { pass: boolean; reference?: string }) => [r.pass, r.reference]);
    expect({ code, told }).toEqual({
      code: 1,
      told: [
        [false, `HEAD:${name}`],
        [true, undefined],
        [true, 'HEAD:configs/run.yaml'],
      ],
    });
  },
);

it('a file outside every repository has no past', async () => {
  const elsewhere = join(temporaryFolder(), 'x.yaml');
  writeFileSync(elsewhere, BATCH_ALONE);
  repo.write('configs/run.yaml', BATCH_ALONE);
  const { code, stdout } = await check('HEAD', elsewhere, 'configs/run.yaml', '--json');
  const codes = JSON.parse(stdout).map((r: { findings: { code: string }[] }) => r.findings[0]?.code);
  expect({ code, codes }).toEqual({ code: 1, codes: ['new-file', 'not-converted'] });
});

it('a file larger than git gives at once is whole', async () => {
  const large = `${CONFIG}tokens: [${'12345, '.repeat(30_000)}0]\n`;
  repo.write('configs/run.yaml', large);
  repo.commit();
  repo.write('configs/run.yaml', large.replace('batch_size: 8', 'batch_size: 64'));
  const { code, stdout } = await check('HEAD', 'configs/run.yaml', '--json');
  const { findings, others } = JSON.parse(stdout);
  expect({ code, others }).toEqual({ code: 1, others: [] });
  expect(findings).toHaveLength(4);
});

describe('where one of several files is nowhere', () => {
  beforeEach(() => repo.write('configs/run.yaml', BATCH_ALONE));

  it.each(['text', 'json', 'sarif', 'junit', 'github'])('no report is printed as %s', async (format) => {
    const { code, stdout } = await check('HEAD', 'configs/run.yaml', 'nowhere.yaml', '--format', format);
    expect(code).toBe(2);
    if (format === 'json') expect(JSON.parse(stdout).error.file).toBe('nowhere.yaml');
    else expect(stdout).toBe('');
  });

  it('--fix writes nothing, and says nothing of what it would', async () => {
    const { code, stdout } = await check('HEAD', 'configs/run.yaml', 'nowhere.yaml', '--fix');
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(repo.read('configs/run.yaml')).toBe(BATCH_ALONE);
  });
});

it('a merge commit is compared with the side that is named', async () => {
  repo.git('switch', '--quiet', '--create', 'bigger');
  repo.write('configs/run.yaml', BATCH_ALONE);
  repo.commit('bigger batch');
  repo.git('switch', '--quiet', 'main');
  repo.write('README', 'something\n');
  repo.commit('elsewhere');
  repo.git('merge', '--quiet', '--no-edit', 'bigger');
  expect((await check('HEAD^1', 'configs/run.yaml')).code).toBe(1);
  expect((await check('HEAD^2', 'configs/run.yaml')).code).toBe(0);
});

describe('a shallow clone', () => {
  it.each([
    ['origin/main~1', 'git fetch --deepen=1'],
    ['origin/other', 'git fetch --depth=1 origin other:refs/remotes/origin/other'],
    ['v1', 'git fetch --depth=1 origin v1:v1'],
  ])('without %s says to run %s, which works', async (revision, command) => {
    const first = repo.git('rev-parse', 'HEAD');
    repo.git('branch', 'other');
    repo.git('tag', 'v1');
    repo.write('configs/run.yaml', BATCH_ALONE);
    repo.commit('bigger batch');
    const clone = repository({ of: repo, options: ['--depth=1', '--single-branch', '--no-tags'] });
    const run = () => cli(['check', '--base', revision, 'configs/run.yaml'], { cwd: clone.cwd });
    const { code, stderr, stdout } = await run();
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(
      `this clone is shallow and does not hold ${revision}. Fetch it first: ${command} `,
    );
    clone.git(...command.split(' ').slice(1));
    expect(clone.git('rev-parse', `${revision}^{commit}`)).toBe(first);
    expect((await run()).code).toBe(1);
  });
});

it('a revision that a full clone does not have is refused', async () => {
  const { code, stderr } = await check('nothing', 'configs/run.yaml');
  expect({ code, stderr }).toMatchObject({ code: 2 });
  expect(stderr).toContain('git knows no commit nothing');
});

it('a revision that looks like an option is a revision', async () => {
  const { code, stderr } = await check('--output=x', 'configs/run.yaml');
  expect(code).toBe(2);
  expect(stderr).toContain('git knows no commit --output=x');
});

it('works from a subfolder, upwards, with absolute paths and through symbolic links', async () => {
  repo.write('configs/run.yaml', BATCH_ALONE);
  mkdirSync(join(repo.cwd, 'tools/deep'), { recursive: true });
  symlinkSync('../../configs/run.yaml', join(repo.cwd, 'tools/deep/link.yaml'));
  const from = async (folder: string, file: string) =>
    (await cli(['check', '--base', 'HEAD', file], { cwd: join(repo.cwd, folder) })).code;
  expect(await from('configs', 'run.yaml')).toBe(1);
  expect(await from('tools/deep', '../../configs/run.yaml')).toBe(1);
  expect(await from('tools', join(repo.cwd, 'configs/run.yaml'))).toBe(1);
  expect(await from('tools/deep', 'link.yaml')).toBe(1);
});

it.each(['the folder above', 'a folder that is a link', 'both'])('works by way of %s', async (way) => {
  repo.write('configs/run.yaml', BATCH_ALONE);
  symlinkSync('configs', join(repo.cwd, 'linked'));
  const above = `../${basename(repo.cwd)}`;
  const file = {
    'the folder above': `${above}/configs/run.yaml`,
    'a folder that is a link': 'linked/run.yaml',
    both: `${above}/linked/run.yaml`,
  }[way]!;
  expect((await check('HEAD', file)).code).toBe(1);
});

it('outside a repository says so', async () => {
  const { code, stderr } = await cli(['check', '--base', 'HEAD', 'x.yaml'], { cwd: '/' });
  expect(code).toBe(2);
  expect(stderr).toMatch(
    /^rebatch: --base needs a git repository, and \S+ is in none: fatal: not a git repository/,
  );
});

it('a file of another repository is compared with its past there', async () => {
  const other = repository();
  other.write('deep/theirs.yaml', CONFIG);
  const id = other.commit();
  other.write('deep/theirs.yaml', BATCH_ALONE);
  repo.write('configs/run.yaml', BATCH_ALONE);
  const nowhere = temporaryFolder();
  const theirs = join(other.cwd, 'deep/theirs.yaml');
  for (const cwd of [nowhere, join(repo.cwd, 'configs')]) {
    const { code, stdout } = await cli(['check', '--base', id, theirs, '--json'], { cwd });
    expect([code, JSON.parse(stdout).reference]).toEqual([1, `${id}:deep/theirs.yaml`]);
  }
  const both = [theirs, 'configs/run.yaml', relative(repo.cwd, theirs)];
  const { stdout } = await check('main', ...both, '--json');
  expect(JSON.parse(stdout).map((r: { reference: string }) => r.reference)).toEqual([
    'main:deep/theirs.yaml',
    'main:configs/run.yaml',
    'main:deep/theirs.yaml',
  ]);
  other.git('branch', '-m', 'trunk');
  const { code, stderr } = await check('main', theirs);
  expect({ code, told: stderr.includes(`git knows no commit main in ${other.cwd}.`) }).toEqual({
    code: 2,
    told: true,
  });
});

it('a file that is no config, and one that was none, do not stop the others', async () => {
  repo.write('compose.yaml', 'services: {db: {image: postgres}}\n');
  repo.write('broken.yaml', 'learning_rate: [\n');
  repo.commit();
  repo.write('compose.yaml', 'services: {db: {image: mysql}}\n');
  repo.write('broken.yaml', CONFIG);
  repo.write('configs/run.yaml', BATCH_ALONE);
  const { code, stdout } = await check('HEAD', 'compose.yaml', 'broken.yaml', 'configs/run.yaml', '--json');
  const reports = JSON.parse(stdout) as { pass: boolean; findings: { code: string }[] }[];
  expect(code).toBe(1);
  expect(reports.map((r) => [r.pass, r.findings[0]?.code])).toEqual([
    [true, 'not-judged'],
    [true, 'reference-unreadable'],
    [false, 'not-converted'],
  ]);
});

it('a config that was broken since is an error at its place', async () => {
  repo.write('configs/run.yaml', `${CONFIG}learning_rate: 0.1\n`);
  const { code, stdout } = await check('HEAD', 'configs/run.yaml');
  expect(code).toBe(1);
  expect(stdout).toContain(
    'configs/run.yaml:8:1: error: duplicate key: learning_rate stands twice, in lines 4 and 8',
  );
});
