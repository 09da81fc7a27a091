import { spawn } from 'node:child_process';
import { closeSync, ftruncateSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { cli } from './helpers/cli.ts';
import { temporaryFolder } from './helpers/temporary.ts';

const BIN = new URL('../bin/rebatch.js', import.meta.url).pathname;
/** Of the process itself: the clock of a busy machine says nothing. */
const MOST = { seconds: 2, megabytes: 512 };

/** A config in each format, in which something else can stand. */
const YAML = 'per_device_train_batch_size: 8\nlearning_rate: 1.0e-4\noutput_dir: x\n';
const json = (more: string) =>
  `{"per_device_train_batch_size": 8, "learning_rate": 1e-4, "output_dir": "x"${more}}`;
const TOML = 'per_device_train_batch_size = 8\nlearning_rate = 1e-4\noutput_dir = "x"\n';
const PYTHON = 'batch_size = 8\nlr = 0.1\noptimizer = "adamw"\n';
const SHELL = 'python train.py --output_dir x --per_device_train_batch_size 8 --learning_rate 1e-4';
const LOG = '{"step": 1, "grad_norm_micro": 1.5, "grad_norm_step": 1.2}\n';

let cwd: string;
let usage: string;
beforeAll(() => {
  cwd = temporaryFolder();
  usage = join(temporaryFolder(), 'usage.cjs');
  writeFileSync(
    usage,
    `process.on('exit', () => {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  require('node:fs').writeSync(3, JSON.stringify({ seconds: (userCPUTime + systemCPUTime) / 1e6, megabytes: maxRSS / 1024 }));
});`,
  );
});

interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Processor time, and the most memory that it held. */
  readonly seconds: number;
  readonly megabytes: number;
}

/** Runs the real command. */
function rebatch(args: readonly string[]): Promise<Run> {
  const child = spawn(process.execPath, ['--require', usage, BIN, ...args], {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  const told = [1, 2, 3].map((at) => {
    let text = '';
    child.stdio[at]!.on('data', (chunk) => {
      text += chunk;
    });
    return () => text;
  });
  return new Promise((done) =>
    child.on('close', (code) => {
      const [stdout = '', stderr = '', used = ''] = told.map((text) => text());
      done({
        code,
        stdout,
        stderr,
        ...(JSON.parse(used || '{"seconds": 1e9, "megabytes": 1e9}') as Pick<Run, 'seconds'>),
      } as Run);
    }),
  );
}

/** Asks for a conversion of a file, or for the noise of a log, and says what came of it. */
async function attacked(file: string, content: string | Buffer): Promise<Run> {
  writeFileSync(join(cwd, file), content);
  const before = readdirSync(cwd);
  const noise = ['noise', file, '--batch', '8', '--batch', '64'];
  const run = await rebatch(/^log\./.test(file) ? noise : [file, '--by', '2', '--write', '-q']);
  expect(run.seconds).toBeLessThan(MOST.seconds);
  expect(run.megabytes).toBeLessThan(MOST.megabytes);
  expect(readdirSync(cwd)).toEqual(before);
  if (run.code !== 0) expect(readFileSync(join(cwd, file)).equals(Buffer.from(content))).toBe(true);
  return run;
}

const DEEP = 100_000;
const within = (open: string, inner: string, close: string) => open.repeat(DEEP) + inner + close.repeat(DEEP);
/** A name for two of the name before, sixty times. */
const doubling = (line: (name: string, before: string) => string) =>
  Array.from({ length: 60 }, (_, i) => line(`a${i + 1}`, `a${i}`)).join('\n');

/** Name, file, text, and where it is refused and why. */
const TOO_MUCH: readonly (readonly [string, string, string, RegExp])[] = [
  ['brackets', 'a.yaml', `${YAML}a: ${within('[', '', ']')}\n`, /^a\.yaml:4:\d+: has more than 200 mappings/],
  ['blocks', 'b.yaml', `${YAML}a:\n${'- '.repeat(DEEP)}1\n`, /^b\.yaml:5:\d+: has more than 200/],
  ['keys', 'c.yaml', `${YAML}a:\n  ${'? '.repeat(DEEP)}1\n`, /^c\.yaml:5:\d+: has more than 200/],
  ['objects', 'a.json', within('{"a":', '1', '}'), /^a\.json:1:\d+: has more than 200/],
  ['objects with comments', 'a.jsonc', within('// c\n{"a":', '1', '}'), /^a\.jsonc:\d+:5: has more than 200/],
  ['objects that do not end', 'b.json', '{"a":'.repeat(DEEP), /^b\.json:1:\d+: has more than 200/],
  ['lists', 'a.toml', `${TOML}a = ${within('[', '', ']')}\n`, /^a\.toml:4:\d+: has more than 200/],
  ['tables', 'b.toml', `${TOML}a = ${within('{a=', '1', '}')}\n`, /^b\.toml:4:\d+: has more than 200/],
  ['a dotted key', 'c.toml', `${TOML}${'a.'.repeat(DEEP)}a = 1\n`, /^c\.toml:4:1: has more than 200/],
  ['a header', 'd.toml', `${TOML}[${'a.'.repeat(DEEP)}a]\n`, /^d\.toml:4:2: has more than 200/],
  ['dictionaries', 'a.py', `${PYTHON}a = ${within('{"a":', '1', '}')}\n`, /^a\.py:4:1005: has more than 200/],
  ['calls', 'b.py', `${PYTHON}a = ${'dict(a='.repeat(DEEP / 2)}\n`, /^b\.py:4:1409: has more than 200/],
  ['nots', 'c.py', `${PYTHON}a = ${'not '.repeat(40_000)}1\n`, /^c\.py:4:5: has more than 200/],
  ['minuses', 'd.py', `${PYTHON}a = ${'-'.repeat(DEEP)}1\n`, /^d\.py:4:\d+: not valid Python/],
  ['commands', 'a.sh', `a=${within('$(', '', ')')}\n${SHELL}\n`, /^a\.sh:1:\d+: not valid shell: .* depth/],
  [
    'conditions',
    'b.sh',
    `${'if true; then\n'.repeat(16_000)}${SHELL}\n`,
    /^b\.sh:\d+:1: not valid shell: .* depth/,
  ],
  ['a dotted setting', 'c.sh', `${SHELL} ${'a.'.repeat(DEEP)}a=1\n`, /^c\.sh:1:85: has more than 200/],
  ['a log', 'log.a.jsonl', `${LOG}{"step":${within('[', '', ']')}}\n`, /^log\.a\.jsonl/],

  [
    'names in blocks',
    'd.yaml',
    `${YAML}a0: &a0 1\n${doubling((a, b) => `${a}: &${a} {x: *${b}, y: *${b}}`)}\n`,
    /^d\.yaml:\d+:\d+: has more than 100,000 values behind its aliases/,
  ],
  [
    'names in a script',
    'd.sh',
    `a0=x\n${doubling((a, b) => `${a}="$${b}$${b}"`)}\n${SHELL} --x $a60\n`,
    /^d\.sh:\d+:\d+: has more than 100,000 characters behind its variables/,
  ],
  [
    'names in a program',
    'e.py',
    `${PYTHON}a0 = dict(x=1)\n${doubling((a, b) => `${a} = dict(x=${b}, y=${b})`)}\n`,
    /^e\.py:\d+:\d+: has more than 100,000 values behind its names/,
  ],

  [
    'names',
    'f.py',
    Array.from({ length: 20_000 }, (_, i) => `k${i}=1\n`).join(''),
    /^f\.py:10002:1: has more than 10,000 names/,
  ],
  ['rubbish', 'g.py', `${PYTHON}${') '.repeat(40_000)}\n`, /^g\.py:4:1: not valid Python/],
  ['escaped quotes', 'h.py', `${PYTHON}a = "${'\\"'.repeat(200_000)}\n`, /^h\.py:4:\d+: not valid Python/],
  ['values', 'e.toml', `${TOML}a = [${'1,'.repeat(DEEP)}]\n`, /^e\.toml:4:\d+: has more than 50,000 words/],
  ['arguments', 'e.sh', `${SHELL}${' x'.repeat(DEEP)}\n`, /^e\.sh:1:\d+: has more than 50,000 words/],
  [
    'characters',
    'f.toml',
    `${TOML}a = "${'x'.repeat(600_000)}"\n`,
    /^f\.toml: has more than 500,000 characters/,
  ],
  [
    'keys that stand twice',
    'c.json',
    `{${'"a":1,'.repeat(DEEP)}"a":1}`,
    /^c\.json:1:\d+: has more than 1,000 keys/,
  ],
];

describe.concurrent('what asks for too much is refused, in 2 s and 512 MB, and nothing is written', () => {
  it.each(TOO_MUCH)('%s: %s', async (_, file, text, says) => {
    const { code, stderr } = await attacked(file, text);
    expect(stderr.split('\n')[0]).toMatch(says);
    expect(code).toBe(2);
  });

  it.each(['big.yaml', 'big.json', 'big.toml', 'big.py', 'big.sh', 'log.big.csv'])(
    '200 MB: %s',
    async (file) => {
      // The file has a length and no blocks: nothing is read beyond the budget.
      const place = openSync(join(cwd, file), 'w');
      ftruncateSync(place, 200 * 1024 * 1024);
      closeSync(place);
      const { code, stderr, seconds, megabytes } = await rebatch([
        ...(file.startsWith('log') ? ['noise'] : ['--by', '2']),
        file,
      ]);
      expect(stderr).toMatch(/has more than (?:16|64) MB: more than a config has/);
      expect({ code, quick: seconds < MOST.seconds, small: megabytes < MOST.megabytes }).toEqual({
        code: 2,
        quick: true,
        small: true,
      });
    },
  );
});
