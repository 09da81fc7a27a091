import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { placeOf } from '../../../src/base/diagnostic.ts';
import { readSource } from '../../../src/base/io/files.ts';
import type { Io } from '../../../src/base/io/streams.ts';
import { checkPair } from '../../../src/commands/check/check.ts';
import { conversionOptions, conversionSettings } from '../../../src/commands/options.ts';
import { convertConfig } from '../../../src/pipe/convert.ts';
import { ema } from '../../../src/rules/ema.ts';
import { constant, unchanged } from '../../../src/rules/quantity.ts';
import type { Rule } from '../../../src/rules/rule.ts';
import { cli } from '../../helpers/cli.ts';
import { fixtures } from '../../helpers/fixtures.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';

const REFERENCE = `per_device_train_batch_size: 8
learning_rate: 2.0e-05
adam_beta1: 0.9
adam_beta2: 0.95
weight_decay: 0.1
warmup_steps: 100
seed: 1
`;
const CANDIDATE = `per_device_train_batch_size: 64
learning_rate: 1.6e-04
adam_beta1: 0.430467
adam_beta2: 0.66342
weight_decay: 0.1
warmup_steps: 13
seed: 1
`;
const pair = (candidate: string, options = {}) =>
  checkPair({ file: 'a.yaml', text: REFERENCE }, { file: 'b.yaml', text: candidate }, options);
const codes = async (candidate: string, options = {}) =>
  (await pair(candidate, options)).findings.map((f) => `${f.pointer} ${f.code}`);

describe('tolerance', () => {
  it('a value within 1 % passes, one beyond does not', async () => {
    expect(await codes(CANDIDATE.replace('1.6e-04', '1.61e-04'))).toEqual([]);
    expect(await codes(CANDIDATE.replace('1.6e-04', '1.63e-04'))).toEqual(['/learning_rate not-by-rule']);
  });

  it('counts for 1-decay as for the decay', async () => {
    const [old, now] = ['adam_beta2: 0.9999', 'adam_beta2: 0.9991'];
    const reference = { file: 'a.yaml', text: REFERENCE.replace('adam_beta2: 0.95', old) };
    const text = CANDIDATE.replace('adam_beta2: 0.66342', now);
    const { findings } = await checkPair(reference, { file: 'b.yaml', text });
    // .9999^8 = .99920028: .9991 is 1e-4 from it, but forgets an eighth faster.
    expect(findings.map((f) => f.code)).toEqual(['not-by-rule']);
    const wide = await checkPair(reference, { file: 'b.yaml', text }, { tolerance: 0.2 });
    expect(wide.pass).toBe(true);
  });

  it('a count may be rounded either way', async () => {
    expect(await codes(CANDIDATE.replace('warmup_steps: 13', 'warmup_steps: 12'))).toEqual([]);
    expect(await codes(CANDIDATE.replace('warmup_steps: 13', 'warmup_steps: 11'))).toEqual([
      '/warmup_steps not-by-rule',
    ]);
  });
});

it('a value left out counts as the default', async () => {
  expect(await codes(CANDIDATE.replace('adam_beta1: 0.430467\n', ''))).toEqual(['/adam_beta1 not-converted']);
  const default9 = { file: 'a.yaml', text: REFERENCE.replace('adam_beta1: 0.9\n', '') };
  expect((await checkPair(default9, { file: 'b.yaml', text: CANDIDATE })).pass).toBe(true);
});

it('what differs for another reason is listed apart and does not fail', async () => {
  const checked = await pair(
    CANDIDATE.replace('weight_decay: 0.1', 'weight_decay: 0.2').replace('seed: 1', 'seed: 7'),
  );
  expect(checked.pass).toBe(true);
  expect(checked.findings.map((f) => [f.code, f.pointer])).toEqual([['changed-otherwise', '/weight_decay']]);
  expect(checked.others).toEqual([{ pointer: '/seed', from: 1, actual: 7 }]);
});

it('the rule decides what is expected', async () => {
  const sqrt = CANDIDATE.replace('1.6e-04', '5.65685e-05');
  expect(await codes(sqrt)).toEqual(['/learning_rate not-by-rule']);
  expect((await codes(sqrt, { rule: 'sqrt' })).filter((c) => c.startsWith('/learning_rate'))).toEqual([]);
});

it('another dialect is compared by what its fields do', async () => {
  const text = JSON.stringify(
    {
      train_batch_size: 64,
      optimizer: { type: 'AdamW', params: { lr: 1.6e-4, betas: [0.430467, 0.9], weight_decay: 0.1 } },
    },
    null,
    2,
  );
  const checked = await checkPair(
    { file: 'a.yaml', text: REFERENCE },
    { file: 'ds.json', text },
    { world: 1 },
  );
  expect(checked.dialect).toBe('deepspeed');
  expect(checked.findings.filter((f) => f.severity === 'error').map((f) => [f.pointer, f.code])).toEqual([
    ['/optimizer/params/betas/1', 'not-by-rule'],
  ]);
});

it('a comment silences its line, a comment alone the next, --ignore a kind', async () => {
  const wrong = CANDIDATE.replace('learning_rate: 1.6e-04', 'learning_rate: 3.0e-04');
  expect((await pair(wrong)).pass).toBe(false);
  const behind = await pair(wrong.replace('3.0e-04', '3.0e-04  # rebatch-ignore not-by-rule: tuned'));
  expect([behind.pass, behind.suppressed[0]?.by]).toEqual([true, 'comment']);
  const before = wrong.replace('learning_rate', '# rebatch-ignore not-by-rule\nlearning_rate');
  expect((await pair(before)).pass).toBe(true);
  expect((await pair(wrong, { ignore: ['not-by-rule'] })).pass).toBe(true);
  const other = await pair(wrong.replace('3.0e-04', '3.0e-04  # rebatch-ignore string-float'));
  expect(other.pass).toBe(false);
  const elsewhere = await pair(wrong.replace('size: 64', 'size: 64  # rebatch-ignore not-by-rule'));
  expect(elsewhere.pass).toBe(false);
});

it('a comment with a code that does not exist is told, at the code', async () => {
  const text = CANDIDATE.replace('seed: 1', 'seed: 1 # rebatch-ignore not-convertd');
  const { findings } = await pair(text);
  expect(findings.map((f) => [f.code, placeOf(text, f.offset!)])).toEqual([
    ['unknown-code', { line: 7, column: 26 }],
  ]);
});

it('the documents of one file are judged each by its own', async () => {
  const documents = (second: number) =>
    `a: 1\n---\nbatch_size: 8\nlr: 0.1\n---\nbatch_size: ${second}\nlr: 0.2\n`;
  const judged = await checkPair(
    { file: 'a.yaml', text: documents(4) },
    { file: 'b.yaml', text: documents(8) },
    { optimizer: 'sgd' },
  );
  expect(judged.findings.map((f) => [f.code, placeOf(documents(8), f.offset!).line])).toEqual([
    ['not-converted', 7],
  ]);
  expect(judged.batch).toMatchObject({ from: 4, to: 8 });
  const sources = [documents(4), documents(8)].map((text, i) => ({ file: `${i}.yaml`, text }));
  const { text } = await checkPair(sources[0]!, sources[1]!, { fix: true, optimizer: 'sgd' });
  expect(text).toBe(documents(8).replace('lr: 0.2', 'lr: 0.4'));
});

describe('--fix', () => {
  it('refuses an alias that means two things, at its place, and writes nothing', async () => {
    const text = 'batch_size: 8\nlr: &a 0.1\nmomentum: 0.9\nother: *a\n';
    const candidate = { file: 'b.yaml', text: text.replace('8', '16') };
    await expect(checkPair({ file: 'a.yaml', text }, candidate, { fix: true })).rejects.toMatchObject({
      code: 'alias-conflict',
      file: 'b.yaml',
      place: { line: 2 },
    });
  });

  it('leaves suppressed values alone', async () => {
    const text = REFERENCE.replace('size: 8', 'size: 64').replace(
      '2.0e-05',
      '3.0e-05 # rebatch-ignore not-by-rule',
    );
    const fixed = await pair(text, { fix: true });
    expect(fixed.text).toContain('learning_rate: 3.0e-05 # rebatch-ignore');
    expect(fixed.text).toContain('adam_beta2: 0.66342\n');
  });

  it('writes the candidate file and nothing else', async () => {
    const cwd = temporaryFolder();
    writeFileSync(join(cwd, 'a.yaml'), REFERENCE);
    writeFileSync(join(cwd, 'b.yaml'), REFERENCE.replace('size: 8', 'size: 64 # bigger'));
    const { code } = await cli(['check', '--against', 'a.yaml', 'b.yaml', '--fix'], { cwd });
    expect(code).toBe(0);
    expect(readFileSync(join(cwd, 'a.yaml'), 'utf8')).toBe(REFERENCE);
    expect(readFileSync(join(cwd, 'b.yaml'), 'utf8')).toBe(
      CANDIDATE.replace('size: 64', 'size: 64 # bigger'),
    );
  });
});

const converted = fixtures().filter(
  ({ plan }) => !plan.args.some((a) => ['--schema', '--no-insert', '--micro', '--accumulation'].includes(a)),
);

const BATCH_KEY =
  /batch|samples_per|cumulative|sentences|accumulation|max_tokens|devices|num_processes|gpus|num_workers|first_bs/i;

describe.each(converted.map((f) => [`${f.dialect}/${f.name}`, f] as const))('%s', (_, fixture) => {
  const { input, expected, plan } = fixture;
  const [to, from] = ['--to', '--from'].map((flag) => {
    const at = plan.args.indexOf(flag);
    return at === -1 ? undefined : plan.args[at + 1];
  });

  it('its conversion passes, and every change that the plan lists was compared', async () => {
    const ofBatch = ['--to', '--by'];
    const args = plan.args.filter(
      (arg, i, all) => !ofBatch.includes(arg) && !ofBatch.includes(all[i - 1] ?? ''),
    );
    const candidate = from === undefined || to === undefined ? [] : ['--to', to];
    const { code, stdout } = await cli([
      'check',
      '--against',
      input,
      expected,
      ...args,
      ...candidate,
      '--json',
    ]);
    expect({ code, stdout }).toMatchObject({ code: 0 });
    const compared = JSON.parse(stdout).changes.map((c: { pointer: string }) => c.pointer);
    const missed = plan.changes.filter(
      ({ pointer }) => !compared.some((p: string) => p === pointer || p.startsWith(`${pointer}/`)),
    );
    expect(missed.filter(({ pointer }) => !BATCH_KEY.test(pointer))).toEqual([]);
  });
});

/** A rule under which only the batch moves: what somebody does who forgets the rest. */
const forgetful: Rule = {
  ...ema,
  name: 'forgetful',
  learningRateFactor: () => ({ ...constant(1), reason: '' }),
  decay: (old) => ({ ...unchanged(old), reason: '' }),
  weightDecay: (old) => ({ ...unchanged(old), reason: '' }),
  count: (old) => ({ ...unchanged(old), reason: '' }),
};

it('every fixture with only its batch moved fails, and --fix makes of it what convert makes of the reference', async () => {
  let restored = 0;
  for (const { input, expected, plan } of converted) {
    const flags = conversionOptions(new Command()).parse(plan.args, { from: 'user' }).opts();
    const { rule, noiseScale, ...options } = await conversionSettings(flags, await io(), input);
    const source = await readSource(input, await io());
    const moved = await convertConfig(source, { ...options, rule: forgetful });
    if (moved.changes.some((c) => c.role.role !== 'batch') || moved.batch.kappa === 1) continue;
    const given = { ...options, ...(rule ? { rule } : {}), ...(noiseScale ? { noiseScale } : {}) };
    const { to, by: _ratio, ...whereTheFileSays } = given;
    const checkOptions = { ...(given.from === undefined ? whereTheFileSays : given), fix: true };
    const candidate = { ...source, text: moved.text };
    const changes = plan.changes.filter(({ pointer }) => !BATCH_KEY.test(pointer)).length;
    const judged = await checkPair(source, candidate, { ...checkOptions, fix: false });
    expect([input, judged.pass]).toEqual([input, changes === 0]);
    const fixed = await checkPair(source, candidate, checkOptions);
    // What both insert stands in the order in which it was written.
    const lines = (written = '') => written.split('\n').sort();
    expect([input, lines(fixed.text)]).toEqual([input, lines(readFileSync(expected, 'utf8'))]);
    restored++;
  }
  expect(restored).toBeGreaterThan(60);
}, 60_000);

async function io(): Promise<Io> {
  const stream = { write: () => true };
  return { stdin: (async function* () {})(), stdout: stream, stderr: stream, env: {}, cwd: process.cwd() };
}
