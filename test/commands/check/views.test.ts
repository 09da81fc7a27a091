import { readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { beforeEach, describe, expect, it } from 'vitest';
import { FINDINGS } from '../../../src/base/findings.ts';
import { cli } from '../../helpers/cli.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';
import { parseXml } from '../../helpers/xml.ts';

const REFERENCE =
  'per_device_train_batch_size: 8\nlearning_rate: 2.0e-05\nadam_beta2: 0.95\nwarmup_steps: 100\n';
const CANDIDATE = `per_device_train_batch_size: 64
learning_rate: 2.0e-05
adam_beta1: 0.43
adam_beta2: 0.95 # rebatch-ignore not-converted
warmup_steps: 50
`;

let cwd: string;
beforeEach(() => {
  cwd = temporaryFolder();
  writeFileSync(join(cwd, 'a.yaml'), REFERENCE);
  writeFileSync(join(cwd, 'b.yaml'), CANDIDATE);
});
const check = (args: string[], world = {}) =>
  cli(['check', '--against', 'a.yaml', 'b.yaml', ...args], { cwd, ...world });

describe('the table', () => {
  it('at 200 columns has a line for each value, with its place', async () => {
    const { code, stdout, stderr } = await check([], { columns: 200 });
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
    expect(stdout).toBe(
      `b.yaml  hf-trainer  batch 8 -> 64 per device  kappa 8  rule ema  against a.yaml
place        field          was      is       expected  rule          code
b.yaml:2:16  learning_rate  2.0e-05  2.0e-05  1.6e-04   8 * 0.00002   not-converted
b.yaml:5:15  warmup_steps   100      50       13        100/8 = 12.5  not-by-rule
2 errors (1 ignored); --fix writes what is expected
`,
    );
  });

  it('at 80 columns has the formula below, and no line is longer', async () => {
    const { stdout } = await check([], { columns: 80 });
    expect(stdout.split('\n').slice(1, 4)).toEqual([
      'place        field          was      is       expected',
      'b.yaml:2:16  learning_rate  2.0e-05  2.0e-05  1.6e-04',
      '    8 * 0.00002; lr per sample 0.0000025, kept [not-converted]',
    ]);
    expect(Math.max(...stdout.split('\n').map((l) => l.length))).toBeLessThanOrEqual(80);
  });

  it.each([
    ['a pipe', {}, {}, false],
    ['a terminal', { isTTY: true }, {}, true],
    ['a terminal with NO_COLOR', { isTTY: true }, { NO_COLOR: '1' }, false],
    ['a pipe with FORCE_COLOR', {}, { FORCE_COLOR: '1' }, true],
  ])('on %s: colour as asked', async (_, world, env, coloured) => {
    expect((await check([], { ...world, env })).stdout.includes('\u001b[')).toBe(coloured);
  });

  it('shows no control character out of a file', async () => {
    writeFileSync(join(cwd, 'a.yaml'), `${REFERENCE}run_name: "a"\n`);
    writeFileSync(join(cwd, 'b.yaml'), `${CANDIDATE}run_name: "\\e[31mred\\a"\n`);
    expect((await check([])).stdout).not.toMatch(/[\u0007\u001b]/);
  });
});

describe('--format sarif', () => {
  it('is valid by the schema of SARIF 2.1.0, with silenced findings as suppressed', async () => {
    const { code, stdout } = await check(['--format', 'sarif']);
    const log = JSON.parse(stdout);
    expect(code).toBe(1);
    expect(problemsOf(log)).toEqual([]);
    const results = log.runs[0].results.map((r: Record<string, never>) => [
      r.ruleId,
      r.level,
      r.suppressions,
    ]);
    expect(results).toEqual([
      ['not-converted', 'error', undefined],
      ['not-by-rule', 'error', undefined],
      ['not-converted', 'error', [{ kind: 'inSource' }]],
    ]);
    expect(log.runs[0].results[0].locations[0].physicalLocation).toEqual({
      artifactLocation: { uri: 'b.yaml' },
      region: { startLine: 2, startColumn: 16 },
    });
    expect(log.runs[0].tool.driver.rules.map((r: { id: string }) => r.id)).toEqual(Object.keys(FINDINGS));
  });

  it('the schema refuses what is no SARIF', () => {
    expect(problemsOf({ version: '2.1.0', runs: [{ results: [] }] })).not.toEqual([]);
  });

  it('writes names as URIs', async () => {
    writeFileSync(join(cwd, 'a b#.yaml'), CANDIDATE);
    const { stdout } = await cli(['check', '--against', 'a.yaml', 'a b#.yaml', '--format', 'sarif'], { cwd });
    const [result] = JSON.parse(stdout).runs[0].results;
    expect(result.locations[0].physicalLocation.artifactLocation.uri).toBe('a%20b%23.yaml');
  });
});

describe('--format junit', () => {
  it('is well-formed XML with a failed case for each error', async () => {
    const { code, stdout } = await check(['--format', 'junit']);
    const root = parseXml(stdout);
    expect([code, root.attributes.failures, root.attributes.tests]).toEqual([1, '2', '2']);
    const cases = root.children[0]!.children.filter((c) => c.name === 'testcase');
    expect(cases.map((c) => [c.attributes.name, c.attributes.line, c.children[0]!.name])).toEqual([
      ['not-converted /learning_rate', '2', 'failure'],
      ['not-by-rule /warmup_steps', '5', 'failure'],
    ]);
  });

  it('escapes whatever a file is called and holds', async () => {
    const name = 'a<b>&"c".yaml';
    writeFileSync(join(cwd, name), '"]]><&\\u0001\\n": {lr: 0.1, momentum: "2"}\nbatch_size: 8\n');
    const { stdout } = await cli(['check', name, '--format', 'junit'], { cwd });
    const suite = parseXml(stdout).children[0]!;
    expect(suite.attributes.name).toBe(name);
    expect(suite.children[0]!.children[0]!.text).toContain(']]><&');
  });

  it('has a passed case for a file without errors', async () => {
    const { code, stdout } = await cli(['check', 'a.yaml', '--format', 'junit'], { cwd });
    expect([code, parseXml(stdout).attributes]).toEqual([
      0,
      { name: 'rebatch check', tests: '1', failures: '0', errors: '0' },
    ]);
  });
});

describe('--format github', () => {
  it('prints the annotations also where the summary cannot be written', async () => {
    const env = { GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: join(cwd, 'missing/summary.md') };
    const { code, stdout } = await check([], { env });
    expect(code).toBe(2);
    expect(stdout).toContain('title=rebatch not-converted::');
  });

  it('is chosen by itself under GITHUB_ACTIONS and writes the summary', async () => {
    const summary = join(cwd, 'summary.md');
    writeFileSync(summary, 'before\n');
    const env = { GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: summary };
    const { code, stdout, stderr } = await check([], { env });
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
    expect(stdout).toBe(
      '::error file=b.yaml,line=2,col=16,title=rebatch not-converted::learning_rate is 2.0e-05 as before, and should be 1.6e-04 = 8 * 0.00002\n' +
        '::error file=b.yaml,line=5,col=15,title=rebatch not-by-rule::warmup_steps was 100 and is 50, but should be 13 = 100/8 = 12.5\n',
    );
    expect(readFileSync(summary, 'utf8')).toBe(`before
### rebatch: 1 of 1 configs do not pass

- \`b.yaml\`: batch 8 to 64 per device, kappa 8, rule \`ema\`

| | place | field | was | is | expected | |
|---|---|---|---|---|---|---|
| ❌ | \`b.yaml:2:16\` | learning_rate | 2.0e-05 | 2.0e-05 | 1.6e-04 | not-converted |
| ❌ | \`b.yaml:5:15\` | warmup_steps | 100 | 50 | 13 | not-by-rule |

`);
  });

  it('gives way to a format that is asked for', async () => {
    const { stdout } = await check(['--json'], { env: { GITHUB_ACTIONS: 'true' } });
    expect(JSON.parse(stdout)).toMatchObject({ version: 1, pass: false });
  });

  it('names files from the root of the checkout and lets no text start a command of its own', async () => {
    const name = 'odd,name:x%.yaml';
    writeFileSync(join(cwd, name), '"k\\n::error::x": {lr: 0.1, momentum: "2"}\nbatch_size: 8\n');
    const env = { GITHUB_WORKSPACE: tmpdir() };
    const { stdout } = await cli(['check', name, '--format', 'github'], { cwd, env });
    const folder = cwd.split('/').at(-1);
    expect(stdout).toMatch(
      new RegExp(
        `^::error file=${folder}/odd%2Cname%3Ax%25.yaml,line=1,col=\\d+,title=rebatch out-of-range::`,
      ),
    );
    expect(stdout.trimEnd().split('\n')).toHaveLength(1);
  });
});

/** What the schema of SARIF says is wrong; it is of draft 4, of which it uses what draft 7 has too. */
function problemsOf(log: unknown): unknown[] {
  const path = new URL('../../data/sarif-2.1.0-rtm.5.json', import.meta.url);
  const { $schema: _draft, id: _id, ...schema } = JSON.parse(readFileSync(path, 'utf8'));
  const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false, unicodeRegExp: false });
  const validate = ajv.compile(schema);
  validate(log);
  return validate.errors ?? [];
}
