import { chownSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { FINDINGS } from '../../src/base/findings.ts';
import { listDialects } from '../../src/dialect/dialect.ts';
import { RULES } from '../../src/rules/index.ts';
import { matchesGlob } from '../../src/settings/glob.ts';
import { cli } from '../helpers/cli.ts';
import { temporaryFolder } from '../helpers/temporary.ts';

const CONFIG = 'per_device_train_batch_size: 8\nlearning_rate: 2.0e-05\nadam_beta2: 0.95\n';
const SETTINGS = `rule: keep-lr
world: 2
ignore: [changed-otherwise]
files:
  - glob: big/**/*.yaml
    world: 64
    rule: sqrt
    ignore: [string-float]
  - glob: "*.gen.yaml"
    dialect: generic
`;

let cwd: string;
const write = (file: string, text: string) => {
  mkdirSync(dirname(join(cwd, file)), { recursive: true });
  writeFileSync(join(cwd, file), text);
};
const run = (...args: string[]) => cli(args, { cwd });
const json = async (...args: string[]) => JSON.parse((await run(...args)).stdout);

beforeEach(() => {
  cwd = temporaryFolder();
  write('rebatch.config.yaml', SETTINGS);
  write('run.yaml', CONFIG);
  write('big/a/run.yaml', CONFIG);
});

describe('what applies', () => {
  it('the top level, the last glob that fits over it, the command line over both', async () => {
    const batchAndRule = async (...args: string[]) => {
      const { batch, rule } = await json(...args, '--to', '256', '--json', '-q');
      return [batch.from, rule];
    };
    expect(await batchAndRule('run.yaml')).toEqual([16, 'keep-lr']);
    expect(await batchAndRule('big/a/run.yaml')).toEqual([512, 'sqrt']);
    expect(await batchAndRule('big/a/run.yaml', '--world', '4', '--rule', 'ema')).toEqual([32, 'ema']);
  });

  it('is the same for convert, explain, schedule, verify and check', async () => {
    const world = { convert: 0, explain: 0 } as Record<string, number>;
    world.convert = (await json('big/a/run.yaml', '--to', '64', '--json', '-q')).batch.from;
    world.explain = (await json('explain', 'big/a/run.yaml', '--json')).batch.from;
    const schedule = await run('schedule', 'big/a/run.yaml', '--batches', '512@0,1024@1M', '--json');
    const verify = await run('verify', 'big/a/run.yaml', '--to', '1024', '--json');
    expect({ ...world, schedule: schedule.code, verify: verify.code }).toEqual({
      convert: 512,
      explain: 512,
      schedule: 0,
      verify: 0,
    });
    write('big/a/now.yaml', CONFIG.replace('8', '16'));
    const { batch, rule, suppressed } = await json(
      'check',
      '--against',
      'big/a/run.yaml',
      'big/a/now.yaml',
      '--json',
    );
    expect({ batch, rule, suppressed }).toEqual({
      batch: { from: 512, to: 1024 },
      rule: 'sqrt',
      suppressed: [],
    });
  });

  it('each side of a pair has its own devices', async () => {
    const { batch } = await json('check', '--against', 'big/a/run.yaml', 'run.yaml', '--json');
    expect(batch).toEqual({ from: 512, to: 16 });
  });

  it('findings are suppressed by the project', async () => {
    write('big/a/run.yaml', CONFIG.replace('2.0e-05', '2e-05'));
    expect((await run('check', 'big/a/run.yaml')).code).toBe(0);
    write('run.yaml', CONFIG.replace('2.0e-05', '2e-05'));
    expect((await run('check', 'run.yaml')).code).toBe(1);
  });

  it('a settings file nearer to the config hides one above; standard input takes that of the working folder', async () => {
    write('big/rebatch.config.yaml', 'world: 3\n');
    expect((await json('big/a/run.yaml', '--to', '48', '--json', '-q')).batch.from).toBe(24);
    const { stdout } = await cli(['-', '--to', '64', '--json', '-q'], { cwd, stdin: CONFIG });
    expect(JSON.parse(stdout).batch.from).toBe(16);
  });
});

it('--print-config shows what applies and where it comes from', async () => {
  const { code, stdout } = await run('check', '--print-config', 'big/a/run.yaml', '--tolerance', '0.1');
  expect(code).toBe(0);
  expect(stdout).toBe(`big/a/run.yaml
  rule          sqrt                            rebatch.config.yaml:7
  noise-scale   unknown                         default
  power         none                            default
  keep          nothing                         default
  tolerance     0.1                             --tolerance
  world         64                              rebatch.config.yaml:6
  dialect       recognised from the content     default
  optimizer     as the file says                default
  lr-scaled-by  as the dialect says             default
  ignore        changed-otherwise,string-float  rebatch.config.yaml:8
  severity      as docs/findings.md says        default
  names         none                            default
  schema        none                            default
`);
});

describe('what is wrong with the settings is said at its place', () => {
  it.each([
    ['world: many\n', 'rebatch.config.yaml:1:8: world must be integer'],
    ['wrold: 2\n', 'rebatch.config.yaml:1:8: wrold is no setting: did you mean world?'],
    ['colour: red\n', 'rebatch.config.yaml:1:9: colour is no setting; there are: rule, noise-scale, '],
    [
      'files:\n  - glob: a\n    rul: ema\n',
      'rebatch.config.yaml:3:10: files[0].rul is no setting: did you mean rule?',
    ],
    ['files:\n  - glob: configs\\64\\*.yaml\n', 'rebatch.config.yaml:2:11: files[0].glob has a \\: folders'],
    ['files:\n  - {world: 2}\n', "rebatch.config.yaml:2:5: files[0] must have required property 'glob'"],
    ['ignore: [nothing]\n', 'rebatch.config.yaml:1:10: ignore[0] must be one of not-converted, '],
    ['rule: magic\n', 'rebatch.config.yaml:1:7: rule must be one of ema, '],
    ['rule: [\n', 'rebatch.config.yaml:2:1: not valid YAML'],
  ])('%j', async (text, says) => {
    write('rebatch.config.yaml', text);
    const { code, stdout, stderr } = await run('check', 'run.yaml');
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr.startsWith(says) ? says : stderr).toBe(says);
  });

  it.each([
    ['rule: linaer\n', 'did you mean linear?'],
    ['dialect: deepsped\n', 'did you mean deepspeed?'],
    ['ignore: [string-flaot]\n', 'did you mean string-float?'],
  ])('%j gets a suggestion', async (text, says) => {
    write('rebatch.config.yaml', text);
    expect((await run('check', 'run.yaml')).stderr).toContain(says);
  });

  it('two files of settings in one folder: neither is passed over in silence', async () => {
    write('rebatch.config.json', '{"world": 2}');
    const { code, stderr } = await run('check', 'run.yaml');
    expect(code).toBe(2);
    expect(stderr).toContain('both rebatch.config.yaml and rebatch.config.json are in ');
  });

  it('a glob that no file fits is told where several files are checked', async () => {
    write(
      'rebatch.config.yaml',
      'files:\n  - glob: "bgi/**/*.yaml"\n    world: 4\n  - glob: big/**\n    world: 8\n',
    );
    expect((await run('check', 'run.yaml', 'big/a/run.yaml', '-q')).stderr).toBe(
      'rebatch.config.yaml:2: no file fits the glob "bgi/**/*.yaml"\n',
    );
    // What is judged now is not all that there is.
    write('other/a.yaml', CONFIG);
    expect((await run('check', 'run.yaml', 'other/a.yaml')).stderr).not.toContain('big/**"');
  });
});

it.each([
  ['rebatch.config.yaml', 'world: 7\n'],
  ['rebatch.config.yml', 'world: 7\n'],
  ['rebatch.config.json', '{ "world": 7 }'],
  ['.rebatchrc', 'world: 7\n'],
  ['.rebatchrc', '\ufeffworld: 1\r\nfiles:\r\n  - glob: "*.yaml"\r\n    world: 7\r\n'],
  ['.rebatchrc', '{ "world": 7 }'],
])('settings are read from %s: %j', async (name, text) => {
  write(`own/${name}`, text);
  write('own/run.yaml', CONFIG);
  expect((await json('own/run.yaml', '--to', '112', '--json', '-q')).batch.from).toBe(56);
});

it('all names in the schema are names that the program knows', () => {
  const { $defs } = JSON.parse(
    readFileSync(new URL('../../schemas/rebatch.config.schema.json', import.meta.url), 'utf8'),
  );
  expect($defs.rule.enum, 'npm run docs').toEqual(RULES.map(({ name }) => name));
  expect($defs.dialectName.enum, 'npm run docs').toEqual(listDialects().map(({ name }) => name));
  expect($defs.ignore.items.enum, 'npm run docs').toEqual(Object.keys(FINDINGS));
});

it.each([
  ['a/b.yaml', 'a/*.yaml', true],
  ['a/b/c.yaml', 'a/*.yaml', false],
  ['a/b/c.yaml', 'a/**/*.yaml', true],
  ['a/c.yaml', 'a/**/*.yaml', true],
  ['c.yaml', '**/*.yaml', true],
  ['deep/down/c.yaml', '*.yaml', true],
  ['deep/down/c.yml', '*.{yaml,yml}', true],
  ['a+(b).yaml', 'a+(b).yaml', true],
  ['axb.yaml', 'a.b.yaml', false],
  ['a/b.yaml', './a/?.yaml', true],
  ['a/b', 'a/**', true],
])('glob: %s, %s: %s', (path, glob, fits) => {
  expect(matchesGlob(path, glob)).toBe(fits);
});

describe('whose settings apply', () => {
  /** A project below the folder of settings that is not the project's. */
  const project = (...folders: string[]) => {
    for (const folder of folders) mkdirSync(join(cwd, 'project', folder), { recursive: true });
    write('project/deep/run.yaml', CONFIG);
    return { cwd: join(cwd, 'project/deep') };
  };
  const batch = async (world: { cwd: string }, ...args: string[]) => {
    const { stdout, stderr } = await cli(['run.yaml', '--by', '2', '--json', ...args], world);
    return { world: JSON.parse(stdout).batch.from / 8, stderr: stderr.split('\n')[0] };
  };

  it('they end at the root of the repository', async () => {
    const { world, stderr } = await batch(project('.git'));
    expect({ world, told: stderr?.includes('settings') }).toEqual({ world: 1, told: false });
    write('project/rebatch.config.yaml', 'world: 3\n');
    expect((await batch(project('.git'))).world).toBe(3);
  });

  it('those of a folder above the working folder are named, once', async () => {
    const named = `settings: ${join('..', '..', 'rebatch.config.yaml')}`;
    expect(await batch(project())).toEqual({ world: 2, stderr: named });
    write('project/deep/other.yaml', CONFIG);
    const { stderr } = await cli(['check', '--alone', 'run.yaml', 'other.yaml'], project());
    expect(stderr.split(named)).toHaveLength(2);
    expect((await cli(['run.yaml', '--by', '2', '-q'], project())).stderr).toBe('');
    expect((await run('check', 'run.yaml')).stderr).toBe('');
  });

  const root = process.geteuid?.() === 0;
  if (!root) process.stderr.write('SKIPPED settings of another user: only root can give files away\n');
  it.skipIf(!root)('those of another user do not apply and are named', async () => {
    const world = project();
    const foreign = join(cwd, 'rebatch.config.yaml');
    const told = {
      world: 1,
      stderr: `${foreign} is another user's and does not apply; --config ${foreign} takes it`,
    };
    chownSync(foreign, 12345, 12345);
    expect(await batch(world)).toEqual(told);
    chownSync(foreign, 0, 0);
    chownSync(cwd, 12345, 12345);
    expect(await batch(world)).toEqual(told);
    write('both/.rebatchrc', 'world: 5\n');
    expect((await batch(world, '--config', foreign)).world).toBe(2);
  });

  it('--config is the one file that applies, with globs from the working folder', async () => {
    write('base/judge.yaml', 'files:\n  - {glob: "deep/*.yaml", world: 7}\n');
    write('deep/run.yaml', CONFIG);
    write('deep/rebatch.config.yaml', 'ignore: [not-converted]\nworld: 9\n');
    const { stdout } = await run('check', '--print-config', '--config', 'base/judge.yaml', 'deep/run.yaml');
    expect(stdout).toMatch(/world +7 +base\/judge\.yaml:2/);
    expect(stdout).toMatch(/ignore +nothing/);
    const { code, stderr } = await run('check', '--config', 'nowhere.yaml', 'run.yaml');
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: 'nowhere.yaml: cannot be read: there is no such file\n',
    });
  });
});

describe('in-house names', () => {
  const HOUSE = 'blk: 8\nfoo_decay_x: 0.99\nrate_a: 0.1\noptimizer: adamw\n';

  it('are read as what they mean, by the nearest layer; none means none', async () => {
    write('house/run.yaml', HOUSE);
    write(
      'house/rebatch.config.yaml',
      'names: {blk: micro, rate_a: learning-rate}\nfiles:\n  - glob: run.yaml\n    names: {foo_decay_x: beta2}\n',
    );
    const { changes } = await json('house/run.yaml', '--to', '16', '--world', '1', '--json', '-q');
    expect(
      changes.map(({ pointer, readBy }: { pointer: string; readBy: string }) => [pointer, readBy]),
    ).toEqual([
      ['/blk', 'name'],
      ['/foo_decay_x', 'name'],
      ['/rate_a', 'name'],
    ]);
  });

  it('of no known meaning are refused at their place', async () => {
    write('house/run.yaml', HOUSE);
    write('house/rebatch.config.yaml', 'names: {blk: micros}\n');
    const { code, stderr } = await run('house/run.yaml', '--to', '16');
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /^house\/rebatch\.config\.yaml:1:14: names\.blk must be one of batch, global, micro/,
    );
  });

  it('a custom dialect is named for a glob of files', async () => {
    write('house/run.yaml', 'blk: 8\nrate_a: 0.1\n');
    write(
      'house/own.schema.json',
      JSON.stringify({
        title: 'own',
        dialect: { name: 'own', framework: 'own', version: '1', library: 'torch' },
        properties: {
          blk: { $ref: 'roles.schema.json#/$defs/globalBatch' },
          rate_a: { $ref: 'roles.schema.json#/$defs/learningRate' },
        },
      }),
    );
    write(
      'house/rebatch.config.yaml',
      'files:\n  - {glob: "*.yaml", schema: own.schema.json, optimizer: adamw}\n',
    );
    const { dialect, batch } = await json('house/run.yaml', '--to', '16', '--json', '-q');
    expect([dialect, batch]).toEqual(['own', { from: 8, to: 16 }]);
  });
});
