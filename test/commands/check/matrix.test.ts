import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cli } from '../../helpers/cli.ts';
import { repository } from '../../helpers/repository.ts';
import { parseXml } from '../../helpers/xml.ts';

const REFERENCE = 'per_device_train_batch_size: 8\nlearning_rate: 2.0e-05\nadam_beta2: 0.95\n';
const FOLLOWED =
  'per_device_train_batch_size: 64\nlearning_rate: 1.6e-04\nadam_beta1: 0.430467\nadam_beta2: 0.66342\n';

/** What the candidate is, what check answers about it beside its reference or its past, and by itself. */
const STATES = {
  'the same': { text: REFERENCE, pair: 0, alone: 0 },
  followed: { text: FOLLOWED, pair: 0, alone: 0 },
  'batch alone': { text: REFERENCE.replace('8', '64'), pair: 1, alone: 0 },
  'followed wrongly': { text: FOLLOWED.replace('1.6e-04', '9.0e-04'), pair: 1, alone: 0 },
  suppressed: {
    text: FOLLOWED.replace('1.6e-04', '9.0e-04 # rebatch-ignore not-by-rule'),
    pair: 0,
    alone: 0,
  },
  'a string for a number': {
    text: FOLLOWED.replace('1.6e-04', '1.6e-4').replace('1.6e-4', '2e-4'),
    pair: 1,
    alone: 1,
  },
  'against the schema': { text: FOLLOWED.replace('1.6e-04', 'fast'), pair: 1, alone: 1 },
  'no YAML': { text: 'a: ]\n', pair: 1, alone: 1 },
  'no config': { text: 'services: {}\n', pair: 1, alone: 0 },
  'not UTF-8': { text: Buffer.from([0x61, 0x3a, 0xff]), pair: 1, alone: 1 },
  missing: { text: undefined, pair: 2, alone: 2 },
} as const;

/** What `--fix` can write. */
const FIXABLE = ['batch alone', 'followed wrongly', 'a string for a number'];

/** Under --base a config that cannot be read is a finding, and one that is gone is fine. */
const BASE: Partial<Record<keyof typeof STATES, number>> = {
  'no config': 0,
  missing: 0,
};

/** Throws where a text is not the format it should be, and nothing else. */
const FORMATS: Readonly<Record<string, (stdout: string) => unknown>> = {
  text: (stdout) => expect(stdout).toMatch(/^(?:\S.*\n|$)/),
  json: (stdout) => expect(JSON.parse(stdout)).toMatchObject({ version: 1 }),
  sarif: (stdout) => expect(JSON.parse(stdout)).toMatchObject({ version: '2.1.0' }),
  junit: (stdout) => parseXml(stdout),
  github: (stdout) => expect(stdout).toMatch(/^(?:::(?:error|warning|notice) file=[^\n]*\n)*$/),
};

function prepared(text: string | Buffer | undefined) {
  const repo = repository();
  repo.write('reference.yaml', REFERENCE);
  repo.write('run.yaml', REFERENCE);
  repo.commit();
  if (text === undefined) repo.git('rm', '--quiet', 'run.yaml');
  else writeFileSync(join(repo.cwd, 'run.yaml'), text);
  return repo;
}

describe.each(Object.entries(STATES))('a candidate that is %s', (state, { text, pair, alone }) => {
  const modes = [
    ['beside its reference', ['--against', 'reference.yaml', 'run.yaml'], pair],
    ['against its past', ['--base', 'HEAD', 'run.yaml'], BASE[state as keyof typeof STATES] ?? pair],
    ['alone', ['run.yaml'], alone],
  ] as const;

  it.each(modes)(
    '%s: the exit code, and stdout is the result alone, in every format',
    async (_, args, expected) => {
      const { cwd } = prepared(text);
      for (const [format, read] of Object.entries(FORMATS)) {
        const { code, stdout, stderr } = await cli(['check', ...args, '--format', format], { cwd });
        expect([format, code]).toEqual([format, expected]);
        if (code === 2) {
          if (format === 'json') expect(JSON.parse(stdout).error.file).toBe('run.yaml');
          else expect(stdout).toBe('');
          expect(stderr).toMatch(/^run\.yaml/);
        } else {
          expect(stderr).toBe('');
          read(stdout);
        }
      }
    },
  );

  it('--fix leaves a file that then passes, or does not touch it', async () => {
    const repo = prepared(text);
    const fix = () => cli(['check', '--against', 'reference.yaml', 'run.yaml', '--fix'], { cwd: repo.cwd });
    if (text === undefined) {
      expect((await fix()).code).toBe(2);
      return expect(existsSync(join(repo.cwd, 'run.yaml'))).toBe(false);
    }
    const read = () => readFileSync(join(repo.cwd, 'run.yaml'));
    const before = read();
    const { code } = await fix();
    if (FIXABLE.includes(state)) {
      expect(code).toBe(0);
      expect((await cli(['check', '--against', 'reference.yaml', 'run.yaml'], { cwd: repo.cwd })).code).toBe(
        0,
      );
    } else expect(read().equals(before)).toBe(true);
  });
});

describe('usage', () => {
  it.each([
    [['check'], 'missing required argument'],
    [['check', '--base', 'HEAD', '--against', 'a', 'b'], "cannot be used with option '--base <rev>'"],
    [['check', '-', '-'], 'standard input can be read once'],
    [['check', '--base', 'HEAD', '-'], '--base cannot read standard input'],
    [['check', '-', '--fix'], 'standard input cannot be fixed in place'],
    [['check', '--against', 'a', '-', '--fix'], 'standard input cannot be fixed in place'],
    [['check', 'a', '--only', 'x'], 'there is no finding "x"'],
    [['check', 'a', '--json', '--format', 'sarif'], "cannot be used with option '--format <how>'"],
    [['check', 'a', '--format', 'xml'], 'Allowed choices are text, json, github, sarif, junit'],
    [['check', 'a', '--tolerance', '-1'], 'It must be a number of at least 0'],
    [['check', 'run.yaml', '--rule', 'magic'], 'unknown rule "magic"'],
  ])('%j exits 2 with a sentence', async (args, says) => {
    const { cwd } = prepared(REFERENCE);
    const { code, stdout, stderr } = await cli(args, { cwd });
    expect(code).toBe(2);
    if (args.includes('--json')) expect(JSON.parse(stdout).error.message).toContain(says);
    else expect(stdout).toBe('');
    expect(stderr).toContain(says);
  });

  it('standard input can be the candidate', async () => {
    const { cwd } = prepared(REFERENCE);
    const { code, stdout } = await cli(['check', '--against', 'reference.yaml', '-', '--json'], {
      cwd,
      stdin: FOLLOWED,
    });
    expect([code, JSON.parse(stdout).file]).toEqual([0, '<stdin>']);
  });
});
