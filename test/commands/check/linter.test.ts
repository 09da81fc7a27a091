import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { cli } from '../../helpers/cli.ts';
import { repository } from '../../helpers/repository.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';
import { parseXml } from '../../helpers/xml.ts';

const GOOD = 'per_device_train_batch_size: 8\nlearning_rate: 2.0e-05\nadam_beta2: 0.95\nwarmup_steps: 100\n';
const BIGGER = GOOD.replace('size: 8', 'size: 64');
const STRING = GOOD.replace('2.0e-05', '2e-5');
const COMPOSE = 'services: {db: {image: postgres}}\n';
const LATIN1 = Buffer.from('learning_rate: caf\xe9\n', 'latin1');
/** beta2 below beta1: a warning. */
const SWAPPED = `${GOOD.replace('0.95', '0.8')}`;

let cwd: string;
beforeEach(() => {
  cwd = temporaryFolder();
});
function write(file: string, text: string | Buffer): void {
  mkdirSync(dirname(join(cwd, file)), { recursive: true });
  writeFileSync(join(cwd, file), text);
}
const check = (...args: string[]) => cli(['check', ...args], { cwd, columns: 80 });
const onTerminal = (...args: string[]) =>
  cli(['check', ...args], { cwd, columns: 80, isTTY: true, env: { NO_COLOR: '1' } });
const SILENT = { code: 0, stdout: '', stderr: '' };
type Report = { file: string; pass: boolean; findings: { code: string; severity: string }[] };
const reports = async (...args: string[]): Promise<Report[]> =>
  JSON.parse((await check(...args, '--json')).stdout);
const files = async (...args: string[]) => (await reports(...args)).map((r) => r.file);

describe('N files are N files', () => {
  it('two as three: each by itself', async () => {
    write('a.yaml', GOOD);
    write('b.yaml', STRING);
    write('c.yaml', GOOD);
    expect(await files('a.yaml', 'b.yaml')).toEqual(['a.yaml', 'b.yaml']);
    expect((await check('a.yaml', 'c.yaml')).code).toBe(0);
    expect((await check('a.yaml', 'b.yaml', 'c.yaml')).code).toBe(1);
  });

  it('who meant the pair is told how to compare: where the batches of two files differ', async () => {
    write('paper.yaml', GOOD);
    write('ours.yaml', BIGGER);
    const { code, stdout, stderr } = await check('paper.yaml', 'ours.yaml');
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    expect(stderr).toBe(
      'paper.yaml and ours.yaml have different batches and were checked each by itself; to compare them: rebatch check --against paper.yaml ours.yaml\n',
    );
    write('same.yaml', GOOD);
    write('third.yaml', GOOD);
    for (const args of [
      ['paper.yaml', 'same.yaml'],
      ['paper.yaml', 'ours.yaml', 'third.yaml'],
      ['paper.yaml', 'ours.yaml', '-q'],
      ['paper.yaml', 'ours.yaml', '--only', 'string-float'],
      ['.'],
    ])
      expect(await check(...args)).toEqual(SILENT);
  });

  it('--against compares each with the reference', async () => {
    write('paper.yaml', GOOD);
    write('a.yaml', BIGGER);
    write('b.yaml', GOOD);
    const { code, stdout } = await check('a.yaml', 'b.yaml', '--against', 'paper.yaml');
    expect(code).toBe(1);
    expect(stdout.match(/^\S+ {2}hf-trainer.*\n.*/gm)).toEqual([
      'a.yaml  hf-trainer  batch 8 -> 64 per device  kappa 8  rule ema\n  against paper.yaml',
    ]);
    expect(stdout.trimEnd().split('\n').at(-1)).toBe(
      '4 errors in 1 of 2 files; --fix writes what is expected',
    );
  });

  it('--alone is told what it is now', async () => {
    expect((await check('--alone', 'a.yaml')).stderr).toContain(
      "unknown option '--alone': files are checked",
    );
  });
});

describe('a clean run is silent', () => {
  beforeEach(() => {
    write('good.yaml', GOOD);
    write('compose.yaml', COMPOSE);
  });

  it('in a pipe nothing, on a terminal one line', async () => {
    write('b.yaml', GOOD);
    expect(await check('good.yaml', 'b.yaml')).toEqual(SILENT);
    expect((await onTerminal('good.yaml', 'b.yaml')).stdout).toBe('2 files, no problems\n');
    expect((await onTerminal('good.yaml')).stdout).toBe('1 file, no problems\n');
    expect(await onTerminal('good.yaml', '-q')).toEqual(SILENT);
  });

  it('notices are counted; -v shows them and what was judged', async () => {
    const TIMM = 'model: resnet50\nbatch_size: 64\nlr: 5e-4\nopt: adamw\n';
    write('timm.yaml', TIMM);
    expect(await check('timm.yaml')).toEqual(SILENT);
    expect((await onTerminal('timm.yaml')).stdout).toMatch(
      /^1 file, no problems; \d notices? \(-v shows (?:it|them)\)\n$/,
    );
    const { stdout } = await check('timm.yaml', '-v');
    expect(stdout).toMatch(/^timm\.yaml {2}\S+\ntimm\.yaml:3:5: notice: /);
    expect(stdout.trimEnd().split('\n').at(-1)).toBe('1 file, no problems; 1 notice');
  });

  it('files that are no training config: one line with their number, in a pipe too; silent with -q', async () => {
    write('package.json', '{"name": "x"}\n');
    write('empty.yaml', '');
    const { code, stdout, stderr } = await check('compose.yaml', 'empty.yaml', 'good.yaml', 'package.json');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toBe('3 files not judged, being no training config: compose.yaml, and 2 more\n');
    expect(await check('compose.yaml', 'good.yaml', '-q')).toEqual(SILENT);
    for (let i = 0; i < 40; i++) write(`more/${i}.yaml`, COMPOSE);
    const lines = (await check('more')).stdout.split('\n');
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatch(/^40 files not judged.* and \d\d more$/);
    expect(lines[0]!.length).toBeLessThanOrEqual(80);
  });

  it('of one file the reason is given', async () => {
    expect((await check('compose.yaml')).stdout).toContain('not a recognised training config');
    expect((await check('compose.yaml')).code).toBe(0);
  });

  it('--require-judged fails on them', async () => {
    const { code, stdout } = await check('compose.yaml', 'good.yaml', '--require-judged');
    expect(code).toBe(1);
    expect(stdout).toContain('compose.yaml:1:1: error: not a recognised training config');
    expect((await check('good.yaml', '--require-judged')).code).toBe(0);
  });

  it('a config that cannot be compared is told, and fails where it must be judged', async () => {
    const repo = repository();
    cwd = repo.cwd;
    const AUTO = '{"train_batch_size": 64, "optimizer": {"type": "AdamW", "params": {"lr": 0.001}}}';
    write('ds.json', AUTO);
    repo.commit();
    write('ds.json', AUTO.replace('64', '"auto"'));
    const { code, stdout } = await check('--base', 'HEAD', 'ds.json');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ds\.json:1:\d+: warning: /);
    expect((await check('--base', 'HEAD', 'ds.json', '--require-judged')).code).toBe(1);
  });

  it('-q tells errors alone', async () => {
    write('both.yaml', SWAPPED.replace('2.0e-05', '2e-5'));
    const { code, stdout } = await check('both.yaml', '-q');
    expect(code).toBe(1);
    expect(stdout).toMatch(/^both\.yaml:2:16: error: .*\[string-float\]\n$/s);
    expect((await check('both.yaml')).stdout).toMatch(/warning: [\s\S]*\n1 error, 1 warning; --fix/);
  });
});

describe('folders, globs and .rebatchignore', () => {
  beforeEach(() => {
    for (const file of ['configs/b.yaml', 'configs/a.yml', 'configs/deep/c.json', 'configs/d.toml'])
      write(
        file,
        file.endsWith('json')
          ? '{"per_device_train_batch_size": 8, "learning_rate": 1e-4}'
          : file.endsWith('toml')
            ? 'batch_size = 8\nlr = 0.1\n'
            : GOOD,
      );
    for (const file of [
      'configs/README.md',
      'configs/plot.py',
      'configs/node_modules/x/f.yaml',
      '.git/g.yaml',
    ])
      write(file, STRING);
  });

  it('a folder stands for the configs in it and below, by name', async () => {
    expect(await files('configs/')).toEqual([
      'configs/a.yml',
      'configs/b.yaml',
      'configs/d.toml',
      'configs/deep/c.json',
    ]);
    expect(await files('.')).toEqual(await files('configs'));
  });

  it('a glob that no shell has expanded is expanded; a file of that name comes first', async () => {
    expect(await files('configs/**/*.{yaml,json}')).toEqual(['configs/b.yaml', 'configs/deep/c.json']);
    write('odd[1].yaml', GOOD);
    write('odd1.yaml', GOOD);
    expect(JSON.parse((await check('odd[1].yaml', '--json')).stdout).file).toBe('odd[1].yaml');
    expect(await files('configs/*.py')).toEqual(['configs/plot.py']);
  });

  it('what is named twice is judged once', async () => {
    expect(await files('configs/b.yaml', 'configs', 'configs/*.yaml')).toEqual([
      'configs/b.yaml',
      'configs/a.yml',
      'configs/d.toml',
      'configs/deep/c.json',
    ]);
  });

  it('a folder or a glob with nothing in it is an error of usage', async () => {
    mkdirSync(join(cwd, 'empty'));
    expect(await check('empty')).toMatchObject({
      code: 2,
      stderr: 'empty: no config is in this folder or below (.yaml, .yml, .json, .jsonc, .toml)\n',
    });
    expect(await check('')).toMatchObject({ code: 2, stdout: '' });
    expect(await check('*.nothing')).toMatchObject({
      code: 2,
      stderr: '*.nothing: no file fits this glob\n',
    });
  });

  it('links to folders are not followed, so none goes round in circles; links to nothing and pipes are no files', async () => {
    symlinkSync('.', join(cwd, 'configs/round'));
    symlinkSync('b.yaml', join(cwd, 'configs/link.yaml'));
    symlinkSync('nowhere', join(cwd, 'configs/dangling.yaml'));
    symlinkSync('itself.yaml', join(cwd, 'configs/itself.yaml'));
    execFileSync('mkfifo', [join(cwd, 'configs/pipe.yaml')]);
    expect(await files('configs')).toEqual([
      'configs/a.yml',
      'configs/b.yaml',
      'configs/d.toml',
      'configs/deep/c.json',
      'configs/link.yaml',
    ]);
  });

  it('.rebatchignore, as .gitignore, holds for folders, globs and files that are named', async () => {
    write('.rebatchignore', '# ours\n/configs/deep/\n*.toml\nb.*\n!b.yaml\n');
    expect(await files('configs')).toEqual(['configs/a.yml', 'configs/b.yaml']);
    write('configs/deep/bad.yaml', STRING);
    expect(await check('configs/deep/bad.yaml')).toEqual(SILENT);
    expect(await check('configs/deep')).toEqual(SILENT);
    expect((await onTerminal('configs/deep/bad.yaml', 'configs/a.yml')).stdout).toBe(
      '1 file, no problems; 1 left out by .rebatchignore\n',
    );
    expect(JSON.parse((await check('configs/deep/bad.yaml', '--json')).stdout)).toEqual([]);
  });

  it('the nearest .rebatchignore counts, from any working folder', async () => {
    write('.rebatchignore', '*.yml\n');
    write('configs/.rebatchignore', '/b.yaml\n');
    expect(await files('configs', '.')).toEqual(['configs/a.yml', 'configs/d.toml', 'configs/deep/c.json']);
    const { stdout } = await cli(['check', '..', '--json'], { cwd: join(cwd, 'configs/deep') });
    expect(JSON.parse(stdout).map((r: Report) => r.file)).toEqual([
      '../a.yml',
      '../d.toml',
      '../deep/c.json',
    ]);
  });

  it('--base and --against take folders too', async () => {
    const repo = repository();
    cwd = repo.cwd;
    write('configs/a.yaml', GOOD);
    write('configs/b.yaml', GOOD);
    repo.commit();
    write('configs/b.yaml', BIGGER);
    expect((await reports('--base', 'HEAD', 'configs')).map((r) => [r.file, r.pass])).toEqual([
      ['configs/a.yaml', true],
      ['configs/b.yaml', false],
    ]);
    expect((await reports('--against', 'configs/a.yaml', 'configs')).map((r) => r.pass)).toEqual([
      true,
      false,
    ]);
  });
});

describe('severity in the settings', () => {
  const settings = (text: string) => write('rebatch.config.yaml', text);
  beforeEach(() => write('run.yaml', STRING));

  it.each([
    ['warning', 0, /^run\.yaml:2:16: warning: /],
    ['error', 1, /^run\.yaml:2:16: error: /],
    ['notice', 0, /^$/],
    ['off', 0, /^$/],
    ['"off"', 0, /^$/],
  ])('string-float: %s', async (severity, code, says) => {
    settings(`severity: {string-float: ${severity}}\n`);
    const outcome = await check('run.yaml');
    expect(outcome).toMatchObject({ code, stderr: '' });
    expect(outcome.stdout).toMatch(says);
  });

  it('raises what is milder, for files of a glob', async () => {
    settings('files: [{glob: strict.yaml, severity: {short-second-moment: error, not-judged: error}}]\n');
    write('strict.yaml', SWAPPED);
    expect((await check('strict.yaml')).code).toBe(1);
    write('run.yaml', SWAPPED);
    expect((await check('run.yaml')).code).toBe(0);
    write('strict.yaml', COMPOSE);
    expect((await check('strict.yaml')).code).toBe(1);
  });

  it('is in every format, and in --print-config', async () => {
    settings('severity: {string-float: warning}\n');
    expect(JSON.parse((await check('run.yaml', '--json')).stdout)).toMatchObject({
      pass: true,
      findings: [{ severity: 'warning' }],
    });
    expect((await check('run.yaml', '--format', 'github')).stdout).toMatch(/^::warning file=run\.yaml/);
    expect((await check('run.yaml', '--print-config')).stdout).toMatch(
      /severity +\{"string-float":"warning"\} +rebatch\.config\.yaml:1/,
    );
  });

  it('a warning is fixed as an error is; what is off is left', async () => {
    settings('severity: {string-float: warning}\n');
    await check('run.yaml', '--fix');
    expect(readFileSync(join(cwd, 'run.yaml'), 'utf8')).toBe(GOOD.replace('2.0e-05', '2.0e-5'));
    write('run.yaml', STRING);
    settings('severity: {string-float: off}\n');
    await check('run.yaml', '--fix');
    expect(readFileSync(join(cwd, 'run.yaml'), 'utf8')).toBe(STRING);
  });

  it.each([
    [
      'severity: {string-flaot: off}\n',
      'rebatch.config.yaml:1:26: severity.string-flaot is no finding: did you mean string-float?',
    ],
    [
      'severity: {string-float: fatal}\n',
      'rebatch.config.yaml:1:26: severity.string-float must be one of error, warning, notice, off',
    ],
  ])('%j is refused', async (text, says) => {
    settings(text);
    const { code, stderr } = await check('run.yaml');
    expect({ code, says: stderr.slice(0, says.length) }).toEqual({ code: 2, says });
  });
});

describe('a file that cannot be read is a finding, and all others are judged', () => {
  beforeEach(() => {
    write('a.yaml', STRING);
    write('latin1.yaml', LATIN1);
    write('syntax.yaml', 'a: ]\n');
    write('z.yaml', STRING);
  });
  const ALL = ['a.yaml', 'latin1.yaml', 'syntax.yaml', 'z.yaml'];

  it.each([
    ['by itself', []],
    ['against a reference', ['--against', 'a.yaml']],
  ])('%s', async (_, args) => {
    const told = await reports(...args, ...ALL);
    expect(told.map((r) => r.file)).toEqual(ALL);
    expect(told.slice(1, 3).map((r) => [r.pass, r.findings[0]!.code])).toEqual([
      [false, 'not-utf8'],
      [false, 'syntax'],
    ]);
    expect((await check(...args, ...ALL)).code).toBe(1);
  });

  it('against its past', async () => {
    const repo = repository();
    cwd = repo.cwd;
    for (const file of ALL) write(file, GOOD);
    repo.commit();
    write('latin1.yaml', LATIN1);
    write('syntax.yaml', 'a: ]\n');
    write('z.yaml', BIGGER);
    const told = await reports('--base', 'HEAD', ...ALL);
    expect(told.map((r) => r.findings[0]?.code)).toEqual([undefined, 'not-utf8', 'syntax', 'not-converted']);
  });

  it.each(['json', 'sarif', 'junit', 'github', 'text'])('as %s the report is whole', async (format) => {
    const { code, stdout } = await check(...ALL, '--format', format);
    expect(code).toBe(1);
    if (format === 'junit') parseXml(stdout);
    expect(stdout.indexOf('z.yaml')).toBeGreaterThan(stdout.indexOf('a.yaml'));
  });

  it('one that holds several experiments', async () => {
    write('two.yaml', 'small: {batch_size: 8, lr: 0.1}\nlarge: {batch_size: 64, lr: 0.2}\n');
    const codes = (await reports('two.yaml', 'a.yaml')).map((r) => r.findings[0]?.code);
    expect(codes).toEqual(['not-judged', 'string-float']);
  });

  it('one that is not there is a typo: told before anything is judged, with all others like it', async () => {
    expect(await check('nowhere.yaml', 'a.yaml')).toEqual({
      code: 2,
      stdout: '',
      stderr: 'nowhere.yaml: there is no such file\n',
    });
  });

  it('a reference or settings that cannot be read are usage', async () => {
    for (const reference of ['latin1.yaml', 'syntax.yaml', 'nowhere.yaml'])
      expect((await check('--against', reference, 'a.yaml')).code).toBe(2);
    mkdirSync(join(cwd, '.rebatchrc'));
    expect(await check('a.yaml')).toEqual({
      code: 2,
      stdout: '',
      stderr: '.rebatchrc: cannot be read: it is a folder\n',
    });
  });

  it.each(['flag', 'settings'])('an optimizer that does not exist is usage (%s)', async (where) => {
    write('run.yaml', GOOD);
    if (where === 'settings') write('rebatch.config.yaml', 'optimizer: admaw\n');
    const { code, stdout, stderr } = await check(
      'run.yaml',
      ...(where === 'flag' ? ['--optimizer', 'admaw'] : []),
    );
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('unknown optimizer "admaw": did you mean adamw?');
  });

  it('a dialect that does not exist is usage, not a file that cannot be judged', async () => {
    expect(await check('a.yaml', '--dialect', 'nope')).toMatchObject({ code: 2, stdout: '' });
  });

  it('--against must judge what it is given', async () => {
    write('compose.yaml', COMPOSE);
    expect((await check('--against', 'a.yaml', 'compose.yaml')).code).toBe(1);
  });

  it('--fix leaves errors that it cannot write, and fails for them', async () => {
    const DS =
      '{"train_batch_size": 64, "train_micro_batch_size_per_gpu": 64, "optimizer": {"type": "AdamW", "params": {"lr": 0.001, "betas": [0.9, 0.95]}}}';
    write('ref.json', DS);
    write('now.json', DS.replace('"train_batch_size": 64', '"train_batch_size": 128'));
    const { code } = await check('--against', 'ref.json', 'now.json', 'syntax.yaml', '--fix');
    expect(code).toBe(1);
  });
});

it('in a repository without a commit every file is new, and that is said', async () => {
  cwd = repository().cwd;
  write('run.yaml', BIGGER);
  const { code, stdout, stderr } = await check('--base', 'HEAD', 'run.yaml', '--json');
  expect({ code, stderr }).toEqual({
    code: 0,
    stderr: 'there is no commit yet: every file is new, with nothing to compare\n',
  });
  expect(JSON.parse(stdout).findings[0].code).toBe('new-file');
  expect(await check('--base', 'HEAD', 'run.yaml', '-q')).toEqual(SILENT);
  expect((await check('--base', 'main', 'run.yaml')).code).toBe(2);
});

describe('in-house configs', () => {
  const HOUSE = 'bs: 8\npaso: 1e-4\nb1: 0.95\nb2: 0.9\noptim: adamw\n';
  it('have findings through `names`', async () => {
    write('run.yaml', HOUSE);
    write(
      'rebatch.config.yaml',
      'names: {bs: micro, paso: learning-rate, b1: beta1, b2: beta2, optim: optimizer}\nseverity: {string-float: error}\n',
    );
    const { code, stdout } = await check('run.yaml', '--json');
    expect(code).toBe(1);
    expect(JSON.parse(stdout).findings.map((f: { code: string }) => f.code)).toEqual([
      'string-float',
      'short-second-moment',
    ]);
  });

  it('have findings through `schema`, also under --base', async () => {
    const repo = repository();
    cwd = repo.cwd;
    write(
      'house.schema.json',
      JSON.stringify({
        $schema: 'https://json-schema.org/draft/2020-12/schema',
        title: 'house',
        dialect: { framework: 'ours', version: '1', library: 'torch', floats: 'as PyYAML reads them' },
        type: 'object',
        properties: {
          bs: { $ref: 'roles.schema.json#/$defs/globalBatch' },
          paso: { $ref: 'roles.schema.json#/$defs/learningRate' },
          optim: { $ref: 'roles.schema.json#/$defs/optimizer' },
        },
        scope: 'optimizer',
      }),
    );
    write('rebatch.config.yaml', 'files: [{glob: run.yaml, schema: house.schema.json}]\n');
    write('run.yaml', HOUSE);
    repo.commit();
    expect((await check('run.yaml')).stdout).toMatch(
      /^run\.yaml:2:7: error: paso: PyYAML reads 1e-4 as a string, and ours passes/,
    );
    write('run.yaml', HOUSE.replace('bs: 8', 'bs: 64'));
    expect((await check('--base', 'HEAD', 'run.yaml')).stdout).toMatch(/paso .* not-converted\n/);
  });
});
