import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { script } from '../src/base/report/generated/page.js';
import { cli } from './helpers/cli.ts';
import { temporaryFolder } from './helpers/temporary.ts';

const BIN = new URL('../bin/rebatch.js', import.meta.url).pathname;
/** Of the process itself: the clock of a busy machine says nothing. */
const MOST = { seconds: 2, megabytes: 512 };

/** A config in each format, in which something else can stand. */
const YAML = 'per_device_train_batch_size: 8\nlearning_rate: 1.0e-4\noutput_dir: x\n';
const TOML = 'per_device_train_batch_size = 8\nlearning_rate = 1e-4\noutput_dir = "x"\n';
const PYTHON = 'batch_size = 8\nlr = 0.1\noptimizer = "adamw"\n';
const SHELL = 'python train.py --output_dir x --per_device_train_batch_size 8 --learning_rate 1e-4';
const LOG = '{"step": 1, "grad_norm_micro": 1.5, "grad_norm_step": 1.2}\n';

let usage: string;
beforeAll(() => {
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
function rebatch(args: readonly string[], cwd: string): Promise<Run> {
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

/** Asks for a conversion of a file in a folder of its own, or for the noise of a log: nothing may be written. */
async function refused(file: string, content: string | Buffer): Promise<string> {
  const folder = temporaryFolder();
  const path = join(folder, file);
  writeFileSync(path, content);
  const noise = ['noise', file, '--batch', '8', '--batch', '64'];
  const run = await rebatch(/^log\./.test(file) ? noise : [file, '--by', '2', '--write', '-q'], folder);
  expect(readdirSync(folder)).toEqual([file]);
  expect(readFileSync(path).equals(Buffer.from(content))).toBe(true);
  within(run);
  return run.stderr.split('\n')[0]!;
}

function within({ code, seconds, megabytes }: Run): void {
  const quick = seconds < MOST.seconds || seconds;
  const small = megabytes < MOST.megabytes || megabytes;
  expect({ code, quick, small }).toEqual({ code: 2, quick: true, small: true });
}

const DEEP = 100_000;
const nested = (open: string, inner: string, close: string) => open.repeat(DEEP) + inner + close.repeat(DEEP);
/** A name for two of the name before, sixty times. */
const doubling = (line: (name: string, before: string) => string) =>
  Array.from({ length: 60 }, (_, i) => line(`a${i + 1}`, `a${i}`)).join('\n');

/** Name, file, text, and where it is refused and why. */
const TOO_MUCH: readonly (readonly [string, string, string, RegExp])[] = [
  ['brackets', 'a.yaml', `${YAML}a: ${nested('[', '', ']')}\n`, /^a\.yaml:4:\d+: has more than 200 mappings/],
  ['blocks', 'b.yaml', `${YAML}a:\n${'- '.repeat(DEEP)}1\n`, /^b\.yaml:5:\d+: has more than 200/],
  ['keys', 'c.yaml', `${YAML}a:\n  ${'? '.repeat(DEEP)}1\n`, /^c\.yaml:5:\d+: has more than 200/],
  ['objects', 'a.json', nested('{"a":', '1', '}'), /^a\.json:1:\d+: has more than 200/],
  ['objects with comments', 'a.jsonc', nested('// c\n{"a":', '1', '}'), /^a\.jsonc:\d+:1: has more than 200/],
  ['objects that do not end', 'b.json', '{"a":'.repeat(DEEP), /^b\.json:1:\d+: has more than 200/],
  ['lists', 'a.toml', `${TOML}a = ${nested('[', '', ']')}\n`, /^a\.toml:4:\d+: has more than 200/],
  ['tables', 'b.toml', `${TOML}a = ${nested('{a=', '1', '}')}\n`, /^b\.toml:4:\d+: has more than 200/],
  ['a dotted key', 'c.toml', `${TOML}${'a.'.repeat(DEEP)}a = 1\n`, /^c\.toml:4:1: has more than 200/],
  ['a header', 'd.toml', `${TOML}[${'a.'.repeat(DEEP)}a]\n`, /^d\.toml:4:2: has more than 200/],
  ['dictionaries', 'a.py', `${PYTHON}a = ${'{1:'.repeat(DEEP)}\n`, /^a\.py:4:605: has more than 200/],
  ['calls', 'b.py', `${PYTHON}a = ${'dict(a='.repeat(DEEP / 2)}\n`, /^b\.py:4:1409: has more than 200/],
  ['nots', 'c.py', `${PYTHON}a = ${'not '.repeat(40_000)}1\n`, /^c\.py:4:5: has more than 200/],
  ['minuses', 'd.py', `${PYTHON}a = ${'-'.repeat(DEEP)}1\n`, /^d\.py:4:\d+: not valid Python/],
  ['commands', 'a.sh', `a=${nested('$(', '', ')')}\n${SHELL}\n`, /^a\.sh:1:\d+: not valid shell: .* depth/],
  [
    'conditions',
    'b.sh',
    `${'if true; then\n'.repeat(16_000)}${SHELL}\n`,
    /^b\.sh:\d+:1: not valid shell: .* depth/,
  ],
  ['a dotted setting', 'c.sh', `${SHELL} ${'a.'.repeat(DEEP)}a=1\n`, /^c\.sh:1:85: has more than 200/],
  ['a log', 'log.a.jsonl', `{"step":${nested('[', '', ']')}}\n`, /^log\.a\.jsonl/],

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
    /^f\.py:5002:1: has more than 5,000 names/,
  ],
  ['rubbish', 'g.py', `${PYTHON}${') '.repeat(40_000)}\n`, /^g\.py:4:1: not valid Python/],
  ['quotes', 'h.py', `${PYTHON}a = """${'\\"""'.repeat(100_000)}\n`, /^h\.py:5:1: not valid Python/],
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
  it.each(TOO_MUCH)('%s: %s', async (_, file, text, says) => expect(await refused(file, text)).toMatch(says));

  it.each(['a.yaml', 'a.json', 'a.toml', 'a.py', 'a.sh', 'log.csv'])('200 MB: %s', async (file) => {
    const folder = temporaryFolder();
    // The file has a length and no blocks: nothing is read beyond the budget.
    writeFileSync(join(folder, file), '');
    truncateSync(join(folder, file), 200 * 1024 * 1024);
    const run = await rebatch(file.startsWith('log') ? ['noise', file] : [file, '--by', '2'], folder);
    expect(run.stderr).toMatch(/has more than (?:16|64) MB: more than a config has/);
    within(run);
  });
});

/** A config of each format with something in place of its learning rate, and beside it. */
const FORMATS: Readonly<Record<string, (rate: string, beside?: string) => string>> = {
  'x.yaml': (rate, beside = '') => `${YAML.replace('1.0e-4', () => rate)}${beside}`,
  'x.json': (rate, beside = '') =>
    `{"per_device_train_batch_size": 8, "learning_rate": ${rate}, "output_dir": "x"${beside}}`,
  'x.jsonc': (rate, beside = '') =>
    `{"per_device_train_batch_size": 8, // c\n "learning_rate": ${rate}, "output_dir": "x"${beside},}`,
  'x.toml': (rate, beside = '') => `${TOML.replace('1e-4', () => rate)}${beside}`,
  'x.py': (rate, beside = '') => `${PYTHON.replace('0.1', () => rate)}${beside}`,
  'x.sh': (rate, beside = '') => `${SHELL.replace('1e-4', () => rate)} ${beside}\n`,
};
const FILES = Object.keys(FORMATS);
const PLAIN = Object.fromEntries(Object.entries(FORMATS).map(([file, text]) => [file, text('1.0e-4')]));
PLAIN['log.jsonl'] = LOG;

describe('what is no text is refused in every format', () => {
  const utf16 = (text: string) => Buffer.from(text, 'utf16le');
  it.each(Object.entries(PLAIN))('%s', async (file, text) => {
    const says = async (content: string | Buffer) => {
      const cwd = temporaryFolder();
      writeFileSync(join(cwd, file), content);
      const { code, stderr, stdout } = await cli(
        [...(file.startsWith('log') ? ['noise', file] : [file, '--by', '2'])],
        { cwd },
      );
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      return stderr.split('\n')[0];
    };
    const noText = `${file}: is not UTF-8 text; save it as UTF-8 first`;
    expect(await says(Buffer.concat([Buffer.from(text), Buffer.from([0xc3, 0x28])]))).toBe(noText);
    expect(await says(Buffer.concat([Buffer.from([0xff, 0xfe]), utf16(text)]))).toBe(noText);
    expect(await says(Buffer.concat([Buffer.from([0xfe, 0xff]), utf16(text).swap16()]))).toBe(noText);
    // A surrogate alone, as some write it.
    expect(await says(Buffer.concat([Buffer.from(text), Buffer.from([0xed, 0xa0, 0x80])]))).toBe(noText);
    // In a log the line is named that is none.
    const nul = /:\d+:\d+: .*NUL|: line \d+ of the log is not JSON/;
    expect(await says(utf16(text))).toMatch(nul);
    expect(await says(`${text.trimEnd()}\0`)).toMatch(nul);
  });
});

describe('odd numbers in place of a learning rate', () => {
  /** What is no number of the format, or none that a learning rate can be. */
  const NONE = [
    '1e999',
    '-1e999',
    '0x',
    '-0',
    '-1',
    'nan',
    'inf',
    '.inf',
    '-.inf',
    '.nan',
    'Infinity',
    '1e',
    '1.2.3',
    '--1',
    '0x1p3',
    '１',
    '٣',
    '1e-999',
    '1,5',
    '5e-324_',
  ];
  it.each(FILES)('%s: none is converted in silence', async (file) => {
    const cwd = temporaryFolder();
    for (const rate of NONE) {
      const text = FORMATS[file]!(rate);
      writeFileSync(join(cwd, file), text);
      const { code, stdout, stderr } = await cli([file, '--by', '2', '-q'], { cwd });
      expect({ rate, code, stdout, stderr }).toMatchObject({ rate, code: 2, stdout: '' });
      expect(stderr).toMatch(new RegExp(`^${file}:\\d+:\\d+: `));
    }
  });
  it.each([
    ['x.yaml', '1_000.0', '2000.0'],
    ['x.yaml', '+.5', '1.0'],
    ['x.toml', '1_000.0', '2000.0'],
    ['x.py', '1_000.0', '2000.0'],
    ['x.py', '1.', '2.'],
    ['x.json', '1E-3', '2E-3'],
  ])('%s: %s is doubled', async (file, rate, doubled) => {
    const cwd = temporaryFolder();
    writeFileSync(join(cwd, file), FORMATS[file]!(rate));
    const { stdout } = await cli([file, '--by', '2', '-q', '--no-insert'], { cwd });
    expect(stdout).toContain(doubled);
  });
});

describe('names of what every object has are names', () => {
  const BESIDE: Readonly<Record<string, string>> = {
    'x.yaml': '__proto__: {a: 1}\nconstructor: {prototype: {b: 2}}\nc: __proto__\nhasOwnProperty: 1\n',
    'x.json':
      ', "__proto__": {"a": 1}, "constructor": {"prototype": {"b": 2}}, "c": "__proto__", "hasOwnProperty": 1',
    'x.jsonc':
      ', "__proto__": {"a": 1}, "constructor": {"prototype": {"b": 2}}, "c": "__proto__", "hasOwnProperty": 1',
    'x.toml': 'c = "__proto__"\nhasOwnProperty = 1\n[__proto__]\na = 1\n[constructor.prototype]\nb = 2\n',
    'x.py':
      '__proto__ = dict(a=1)\nconstructor = {"prototype": {"b": 2}}\nc = "__proto__"\nhasOwnProperty = 1\n',
    'x.sh': '--__proto__ 1 --constructor.prototype.b 2 --c __proto__ --hasOwnProperty 1',
  };
  it.each(FILES)('%s', async (file) => {
    const cwd = temporaryFolder();
    const converted = async (text: string) => {
      writeFileSync(join(cwd, file), text);
      return cli([file, '--by', '2', '-q', '--no-insert'], { cwd });
    };
    const rate = file === 'x.py' ? '0.1' : '1.0e-4';
    const plain = await converted(FORMATS[file]!(rate));
    const beside = BESIDE[file]!;
    const { code, stdout } = await converted(FORMATS[file]!(rate, beside));
    expect(code).toBe(0);
    expect(stdout.replace(beside, '')).toBe(plain.stdout);
    expect(({} as { a?: number }).a).toBeUndefined();
  });
});

/** As src/base/diagnostic.ts: what nobody sees, or what moves what one sees. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u;
const EVIL = '\u202e\u2066\u200b<img src=x onerror=alert(1)>';
/** In quotes, as JSON, YAML, TOML and Python write it. */
const QUOTED = `"k${EVIL.replaceAll('=', '')}\\u001b[31m\\u0007\\n::stop-commands::x"`;

describe('nothing of a file or its name moves what one sees', () => {
  const NAME = `e\u001b[31m\u0007${EVIL.replace('/', '')}\n::error::x`;
  const BESIDE: Readonly<Record<string, string>> = {
    yaml: `${QUOTED}: 0.5\nlr_${EVIL.slice(0, 3)}: 0.5\nbatch_size_x: ${QUOTED}\nwarmup_steps: ${QUOTED}\n`,
    json: `, ${QUOTED}: 0.5, "warmup_steps": ${QUOTED}`,
    jsonc: `, ${QUOTED}: 0.5, "warmup_steps": ${QUOTED}`,
    toml: `${QUOTED} = 0.5\nwarmup_steps = ${QUOTED}\n`,
    py: `d = {${QUOTED}: 0.5, "beta2": ${QUOTED}}\nbeta1 = ${QUOTED}\n`,
    sh: `--k 'x\u202e\u001b[31m\n::stop-commands::x' --warmup_steps 'x\u202e\u001b[31m'`,
  };
  const VIEWS = [
    '--by 2 --no-color',
    '--by 2 --diff --no-color',
    '--by 2 --json',
    'explain',
    'explain --json',
    'schedule --world 1 --batches 8@0,16@1000',
    'verify --by 2 --samples 2000 --report out.html',
    ...['text', 'json', 'github', 'sarif', 'junit'].map((format) => `check -v --format ${format}`),
  ];
  it.each(FILES.flatMap((file) => VIEWS.map((view) => [file, view] as const)))(
    '%s: %s',
    async (file, view) => {
      const cwd = temporaryFolder();
      const ending = file.slice(2);
      for (const beside of ['', BESIDE[ending]!]) {
        const name = `${NAME}.${ending}`;
        writeFileSync(join(cwd, name), FORMATS[file]!(ending === 'py' ? '0.1' : '1.0e-4', beside));
        const words = view.split(' ');
        const args = /^--/.test(view) ? [name, ...words] : [words[0]!, name, ...words.slice(1)];
        const { stdout, stderr, code } = await cli(args, {
          cwd,
          isTTY: true,
          columns: 100,
          env: { NO_COLOR: '1' },
        });
        expect(code).toBeLessThan(3);
        expect(stderr).not.toContain('internal error');
        // The page's own program draws with such characters.
        const html = existsSync(join(cwd, 'out.html'))
          ? readFileSync(join(cwd, 'out.html'), 'utf8').replace(script, '')
          : '';
        for (const line of `${stdout}\n${stderr}\n${html}`.replaceAll('\r\u001b[K', '').split('\n')) {
          expect(UNSEEN.exec(line)?.[0]).toBeUndefined();
          expect(line).not.toMatch(/^\s*::(?:stop-commands|error::)/);
        }
        expect(html).not.toContain('<img src=x');
      }
    },
  );
});

describe('a schema of a user', () => {
  const schema = (
    lr: string,
    more = '',
  ) => `{"title": "x", "dialect": {"name": "x", "framework": "x", "version": "1", "library": "torch"},
    "type": "object", "properties": {"batch_size": {"$ref": "roles.schema.json#/$defs/globalBatch"}, "lr": ${lr}${more}}}`;
  it('that refers to another machine is refused, and nobody is asked', async () => {
    let asked = 0;
    const server = createServer((_request, response) => {
      asked++;
      response.end('{}');
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/x.json`;
    const cwd = temporaryFolder();
    writeFileSync(join(cwd, 'run.yaml'), 'batch_size: 8\nlr: 0.1\n');
    for (const ref of [url, `${url}#/$defs/x`, 'file:///etc/passwd', '../x.json', '//127.0.0.1/x']) {
      writeFileSync(join(cwd, 's.json'), schema(`{"$ref": "${ref}"}`));
      const { code, stdout, stderr } = await cli(['run.yaml', '--schema', 's.json', '--by', '2'], { cwd });
      expect({ ref, code, stdout }).toEqual({ ref, code: 2, stdout: '' });
      expect(stderr).toMatch(/^s\.json:.*(?:can't resolve reference|leads nowhere)/);
    }
    server.close();
    expect(asked).toBe(0);
  });

  it('whose pattern tries every way to divide a text is stopped', async () => {
    for (const pattern of ['^(a+)+$', '^(([a-z])+.)+[A-Z]([a-z])+$']) {
      const folder = temporaryFolder();
      writeFileSync(join(folder, 'run.yaml'), `batch_size: 8\nlr: 0.1\nname: ${'a'.repeat(60)}!\n`);
      writeFileSync(
        join(folder, 's.json'),
        schema('{"type": "number"}', `, "name": {"pattern": ${JSON.stringify(pattern)}}`),
      );
      const run = await rebatch(['run.yaml', '--schema', 's.json', '--by', '2'], folder);
      expect(run.stderr).toContain('the schema takes too long');
      within(run);
    }
  });
});
