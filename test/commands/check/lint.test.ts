import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { placeOf } from '../../../src/base/diagnostic.ts';
import { FINDINGS } from '../../../src/base/findings.ts';
import { Problem } from '../../../src/base/problem.ts';
import { lint } from '../../../src/commands/check/check.ts';
import { convertConfig } from '../../../src/pipe/convert.ts';
import { cli } from '../../helpers/cli.ts';
import { fixtures, rejects } from '../../helpers/fixtures.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';

const judge = (text: string, file = 'run.yaml', options = {}) => lint({ text, file }, options);
const told = async (text: string, file = 'run.yaml') =>
  (await judge(text, file)).findings.map((f) => [
    f.code,
    f.severity,
    f.offset === undefined ? undefined : placeOf(text, f.offset).line,
  ]);

/** A file for each kind of finding, and where it is told. */
const CASES: readonly (readonly [code: string, line: number, text: string, file?: string])[] = [
  ['string-float', 2, 'per_device_train_batch_size: 8\nlearning_rate: 2e-5\n'],
  [
    'short-second-moment',
    4,
    'per_device_train_batch_size: 8\nlearning_rate: 2.0e-5\nadam_beta1: 0.95\nadam_beta2: 0.9\n',
  ],
  [
    'bf16-decay',
    4,
    'batch_size: 8\nprecision: bf16-true\noptimizer: {name: adamw, lr: 0.001,\n  betas: [0.9, 0.999]}\n',
  ],
  [
    'batch-inconsistent',
    2,
    '{\n"train_batch_size": 64, "train_micro_batch_size_per_gpu": 5,\n"optimizer": {"type": "AdamW", "params": {"lr": 0.001}}}',
    'ds.json',
  ],
  ['schema', 2, 'per_device_train_batch_size: 8\nlearning_rate: fast\n'],
  ['misspelt', 2, 'per_device_train_batch_size: 8\nadam_bet2: 0.95\nlearning_rate: 1.0e-4\n'],
  ['out-of-range', 3, 'batch_size: 8\nlr: 0.1\nmomentum: "1.5"\n'],
  ['syntax', 2, 'learning_rate: 0.1\nbatch: ]\n'],
  ['duplicate-key', 3, 'batch_size: 8\nlr: 0.1\nlr: 0.2\n'],
  ['unknown-optimizer', 3, 'batch_size: 8\nlr: 0.1\noptimizer: frobnicate\n'],
  ['not-judged', 1, 'services: {}\n'],
  ['unknown-code', 2, 'batch_size: 8\nlr: 0.1 # rebatch-ignore nothing-such\n'],
];

it.each(CASES.map(([code, line, text, file]) => ({ code, line, text, file })))(
  '$code is told at line $line',
  async ({ code, line, text, file }) => {
    const own = FINDINGS[code as keyof typeof FINDINGS].severity;
    const milder = { 'unknown-optimizer': 'warning', 'not-judged': 'notice' }[code];
    const severity = milder ?? own;
    expect(await told(text, file)).toContainEqual([code, severity, line]);
  },
);

it('everything that the schema has against a file is told', async () => {
  const text = 'batch_size: 8\nwarmup_steps: -3\nlr: 0\nbetas: [0.9, 1.0]\n';
  expect(await told(text)).toEqual([2, 3, 4].map((line) => ['schema', 'error', line]));
});

it('a trainer that scales its learning rate by itself is told', async () => {
  const timm = fixtures().find((f) => f.dialect === 'timm' && f.name === 'self-scaling-lr')!;
  const codes = (await told(readFileSync(timm.input, 'utf8'), timm.input)).map(([code]) => code);
  expect(codes).toContain('trainer-rescales');
});

describe('what is no finding', () => {
  it('a number in JSON, in quotes or with a tag', async () => {
    const json = '{"per_device_train_batch_size": 8, "learning_rate": 2e-5}';
    expect(await told(json, 'run.json')).toEqual([]);
    expect(await told('per_device_train_batch_size: 8\nlearning_rate: !!float 2e-5\n')).toEqual([]);
  });

  it('an average that bfloat16 would lose, under mixed precision', async () => {
    const text =
      'batch_size: 8\nprecision: bf16-mixed\noptimizer: {name: adamw, lr: 0.001, betas: [0.9, 0.999]}\n';
    expect(await told(text)).toEqual([]);
  });

  it('a missing batch size, or beta2 below beta1 where beta1 is no average (Lion)', async () => {
    expect(await told('optimizer: {name: lion, lr: 1.0e-4, betas: [0.95, 0.9]}\n')).toEqual([]);
  });
});

it.each([
  ['megatron', /"?lr"?: ?[-.e\d]+/, 'lr: 6e-4', ['notice']],
  ['composer', /\blr: [-.e\d]+/, 'lr: 6e-4', []],
  ['detectron2', /BASE_LR: [-.e\d]+/, 'BASE_LR: 1e-3', []],
  ['ai-toolkit', /\blr: [-.e\d]+/, 'lr: 1e-4', []],
  ['ultralytics', /lr0: [-.e\d]+/, 'lr0: 1e-2', ['error']],
  ['openpcdet', /\bLR: [-.e\d]+/, 'LR: 3e-3', ['error']],
])(
  'a string-float in %s fails where it is known to reach the optimizer, and only there',
  async (name, lr, by, told) => {
    const { input } = fixtures().find((f) => f.dialect === name && /yaml$/.test(f.input))!;
    const { pass, findings, dialect } = await judge(readFileSync(input, 'utf8').replace(lr, by));
    const floats = findings.filter((f) => f.code === 'string-float').map((f) => f.severity);
    expect([pass, dialect, floats]).toEqual([!told.includes('error'), name, told]);
  },
);

describe('silencing', () => {
  const text = 'per_device_train_batch_size: 8\nlearning_rate: 2e-5';

  it('in a comment of YAML, and of JSON with comments', async () => {
    expect((await judge(`${text} # rebatch-ignore string-float\n`)).pass).toBe(true);
    const json = `{
  // rebatch-ignore short-second-moment
  "per_device_train_batch_size": 8, "learning_rate": 1.0e-5, "adam_beta1": 0.95, "adam_beta2": 0.9
}`;
    const { findings, suppressed } = await judge(json, 'run.json');
    expect([findings, suppressed.map((s) => [s.code, s.by])]).toEqual([
      [],
      [['short-second-moment', 'comment']],
    ]);
  });

  it('--ignore and --only take codes that exist', async () => {
    const cwd = folder(`${text}\n`);
    expect((await cli(['check', 'run.yaml'], { cwd })).code).toBe(1);
    expect((await cli(['check', 'run.yaml', '--ignore', 'string-float'], { cwd })).code).toBe(0);
    expect((await cli(['check', 'run.yaml', '--only', 'schema,syntax'], { cwd })).code).toBe(0);
    const { code, stderr } = await cli(['check', 'run.yaml', '--ignore', 'strings'], { cwd });
    expect(code).toBe(2);
    expect(stderr).toContain('there is no finding "strings"; there are: not-converted, ');
  });
});

describe('--fix', () => {
  it('writes floats that PyYAML reads, once for all aliases, and no other byte', async () => {
    const cwd = folder(
      '# 1e-4\r\nper_device_train_batch_size: 8\r\nlearning_rate: &x 2e-5   # why\r\nweight_decay: *x\r\nadam_epsilon: 1E-8\r\nrun_name: 1e-4\r\n',
    );
    const { code } = await cli(['check', '--fix', 'run.yaml'], { cwd });
    expect(code).toBe(0);
    expect(readFileSync(join(cwd, 'run.yaml'), 'utf8')).toBe(
      '# 1e-4\r\nper_device_train_batch_size: 8\r\nlearning_rate: &x 2.0e-5   # why\r\nweight_decay: *x\r\nadam_epsilon: 1.0E-8\r\nrun_name: 1e-4\r\n',
    );
  });

  it('fixes what it can and still fails for the rest', async () => {
    const cwd = folder('per_device_train_batch_size: 8\nlearning_rate: 2e-5\n');
    writeFileSync(join(cwd, 'bad.yaml'), 'batch_size: 8\nlr: 0.1\nlr: 0.2\n');
    expect((await cli(['check', '--fix', 'bad.yaml', 'run.yaml'], { cwd })).code).toBe(1);
    expect(readFileSync(join(cwd, 'run.yaml'), 'utf8')).toContain('2.0e-5');
  });
});

/** Refusals to convert that say nothing against the file. */
const ABOUT_CONVERTING =
  /^(?:batch-un|world-un|auto|interpolation|alias-conflict|cannot-insert|half-converted|not-readable-again|rule-not|noise)/;

it.each(rejects().map((r) => [r.file.replace(/.*fixtures\//, ''), r.file] as const))(
  '%s: what convert refuses is found at the same place, unless it is about converting',
  async (_, file) => {
    const text = readFileSync(file, 'utf8');
    const problem = await convertConfig({ text, file }, { to: 64 }).catch((error: unknown) => error);
    const { findings } = await judge(text, file);
    if (!(problem instanceof Problem) || ABOUT_CONVERTING.test(problem.code))
      return expect(findings.filter((f) => f.severity === 'error')).toEqual([]);
    expect(findings.map((f) => [f.message, f.offset])).toContainEqual([problem.message, problem.offset]);
  },
);

it.each(fixtures().map((f) => [`${f.dialect}/${f.name}`, f] as const))(
  '%s, converted, has no error that its input has not',
  async (_, f) => {
    const optimizer = f.plan.args[f.plan.args.indexOf('--optimizer') + 1]!;
    const options = f.plan.args.includes('--optimizer') ? { optimizer } : {};
    const errors = async (file: string) =>
      (await judge(readFileSync(file, 'utf8'), file, options)).findings
        .filter((x) => x.severity === 'error')
        .map((x) => `${x.code} ${x.pointer}`);
    const before = await errors(f.input);
    expect((await errors(f.expected)).filter((e) => !before.includes(e))).toEqual([]);
  },
);

function folder(text: string): string {
  const cwd = temporaryFolder();
  writeFileSync(join(cwd, 'run.yaml'), text);
  return cwd;
}
