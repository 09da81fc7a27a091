import { execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  lstatSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { cli } from './helpers/cli.ts';
import { temporaryFolder } from './helpers/temporary.ts';

const CONFIG = `# a run
per_device_train_batch_size: 8
learning_rate: 2.0e-05  # tuned
adam_beta1: 0.9
adam_beta2: 0.95
warmup_steps: 100
`;

let cwd: string;
beforeEach(() => {
  cwd = temporaryFolder();
  writeFileSync(join(cwd, 'run.yaml'), CONFIG);
});
const read = (name: string) => readFileSync(join(cwd, name), 'utf8');

describe('stdout is the result alone', () => {
  it('the converted text; the table goes to stderr', async () => {
    const { code, stdout, stderr } = await cli(['run.yaml', '--to', '64', '--world', '1'], { cwd });
    expect(code).toBe(0);
    expect(stdout).toBe(
      '# a run\nper_device_train_batch_size: 64\nlearning_rate: 1.6e-04  # tuned\nadam_beta1: 0.430467\nadam_beta2: 0.66342\nwarmup_steps: 13\n',
    );
    expect(stderr).toContain('run.yaml  hf-trainer  batch 8 -> 64  kappa 8  rule ema');
    expect(stderr).toContain('half-life 52.63 samples, kept');
  });

  it('nothing on stderr with --quiet', async () => {
    expect((await cli(['run.yaml', '--to', '64', '--world', '1', '-q'], { cwd })).stderr).toBe('');
  });

  describe('a config that takes long', () => {
    const long = `${CONFIG}tokens:\n${'  - 1\n'.repeat(100_000)}`;
    beforeEach(() => {
      writeFileSync(join(cwd, 'long.yaml'), long);
      let now = 0;
      vi.spyOn(Date, 'now').mockImplementation(() => (now += 1000));
    });
    afterEach(() => vi.restoreAllMocks());
    const convert = (...args: string[]) =>
      cli(['long.yaml', '--to', '64', '--world', '1', ...args], { cwd, isTTY: true });

    it('shows on a terminal how far it has come, and clears the line', async () => {
      const { stdout, stderr } = await convert('--no-color', '--stdout');
      const [bars = '', table] = stderr.split(/\r\u001b\[K(?=long\.yaml)/);
      const shown = [...bars.matchAll(/\rconverting long\.yaml \[[#.]{30}\] (\d+) %/g)].map((m) =>
        Number(m[1]),
      );
      expect(shown.length).toBeGreaterThan(5);
      expect(shown).toEqual([...shown].sort((a, b) => a - b));
      expect(shown).toContain(50);
      expect(table).toMatch(/^long\.yaml {2}hf-trainer/);
      expect(stdout).toBe(
        long.replace(CONFIG, (await cli(['run.yaml', '--to', '64', '--world', '1', '-q'], { cwd })).stdout),
      );
    });

    it('clears the line before an error too', async () => {
      writeFileSync(join(cwd, 'long.yaml'), `${long}  - [\n`);
      expect((await convert('--no-color')).stderr).toMatch(
        /%, \d+ s left\u001b\[K\r\u001b\[Klong\.yaml:\d+:1: not valid YAML/,
      );
    });

    it('shows nothing with --quiet', async () => expect((await convert('-q')).stderr).toBe(''));

    it('shows nothing where stderr is no terminal', async () =>
      expect((await cli(['long.yaml', '--to', '64', '--world', '1'], { cwd })).stderr).not.toContain('\r'));
  });

  it('a diff that git applies with --diff', async () => {
    const { stdout } = await cli(['run.yaml', '--to', '64', '--world', '1', '--diff', '-q'], { cwd });
    expect(stdout).toMatch(/^--- a\/run\.yaml\n\+\+\+ b\/run\.yaml\n@@ -1,6 \+1,6 @@\n/);
    expect(stdout).toContain('-learning_rate: 2.0e-05  # tuned\n');
  });

  it('JSON of version 1 with --json', async () => {
    const { stdout } = await cli(['run.yaml', '--to', '64', '--world', '1', '--json', '-q'], { cwd });
    const report = JSON.parse(stdout);
    expect(report).toMatchObject({
      version: 1,
      file: 'run.yaml',
      dialect: 'hf-trainer',
      rule: 'ema',
      kappa: 8,
      batch: { from: 8, to: 64 },
    });
    expect(report.changes[1]).toMatchObject({
      pointer: '/learning_rate',
      line: 3,
      column: 16,
      role: 'learning-rate',
      from: 2e-5,
      to: 1.6e-4,
      formula: '8 * 0.00002',
      inserted: false,
      uses: [],
    });
  });

  it('a list of reports for several files', async () => {
    writeFileSync(join(cwd, 'two.yaml'), CONFIG);
    const { stdout } = await cli(['run.yaml', 'two.yaml', '--to', '64', '--world', '1', '--json', '-q'], {
      cwd,
    });
    expect(JSON.parse(stdout).map((r: { file: string }) => r.file)).toEqual(['run.yaml', 'two.yaml']);
  });

  it('documents of one file with different batches each say theirs', async () => {
    writeFileSync(join(cwd, 'two.yaml'), `${CONFIG}---\n${CONFIG.replace(': 8', ': 16')}`);
    const { stderr } = await cli(['two.yaml', '--to', '64', '--world', '1'], { cwd });
    expect(stderr.replace(/\s+/g, ' ')).toContain(
      'line 9: this document goes from batch 16 to 64 (kappa 4), the first one from 8 [another-batch]',
    );
  });

  it('a terminal gets the plan, and the text where it is asked for', async () => {
    const onTerminal = (...args: string[]) =>
      cli(['run.yaml', '--to', '64', '--world', '1', ...args], { cwd, isTTY: true });
    const { stdout, stderr } = await onTerminal();
    expect(stdout).toBe('');
    expect(stderr).toMatch(/\d values? changes?; nothing written\. --write changes run\.yaml/);
    const plain = await cli(['run.yaml', '--to', '64', '--world', '1'], { cwd });
    expect((await onTerminal('--stdout')).stdout).toBe(plain.stdout);
    expect((await onTerminal('-q')).stdout).toBe(plain.stdout);
    expect((await onTerminal('--write')).stderr).toMatch(/^run\.yaml written$/m);
    expect((await onTerminal('--write')).stderr).not.toContain('nothing written');
  });

  it('standard input is -', async () => {
    const { stdout, code } = await cli(['-', '--to', '16', '--world', '1', '-q'], { cwd, stdin: CONFIG });
    expect({ code, line: stdout.split('\n')[1] }).toEqual({
      code: 0,
      line: 'per_device_train_batch_size: 16',
    });
  });
});

describe('--write', () => {
  it('rewrites in place, keeps the mode, follows a symbolic link, leaves no temporary file', async () => {
    chmodSync(join(cwd, 'run.yaml'), 0o640);
    symlinkSync('run.yaml', join(cwd, 'link.yaml'));
    const { code, stdout } = await cli(['link.yaml', '--to', '16', '--world', '1', '-w', '-q'], { cwd });
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    expect(lstatSync(join(cwd, 'link.yaml')).isSymbolicLink()).toBe(true);
    expect(statSync(join(cwd, 'run.yaml')).mode & 0o777).toBe(0o640);
    expect(read('run.yaml')).toContain('learning_rate: 4.0e-05  # tuned');
    expect(readdirSync(cwd).sort()).toEqual(['link.yaml', 'run.yaml']);
  });

  it('leaves an unchanged file untouched', async () => {
    utimesSync(join(cwd, 'run.yaml'), 1, 1);
    await cli(['run.yaml', '--to', '8', '--world', '1', '-w', '-q'], { cwd });
    expect(statSync(join(cwd, 'run.yaml')).mtimeMs).toBe(1000);
  });

  it('writes none of several files if one is refused', async () => {
    writeFileSync(join(cwd, 'bad.yaml'), 'per_device_train_batch_size: 8\nlearning_rate: -1\n');
    const { code, stderr } = await cli(['run.yaml', 'bad.yaml', '--to', '16', '--world', '1', '-w', '-q'], {
      cwd,
    });
    expect(code).toBe(2);
    expect(stderr).toMatch(/^bad\.yaml:2:16: learning_rate must be > 0/);
    expect(read('run.yaml')).toBe(CONFIG);
  });

  it('-o writes another file', async () => {
    await cli(['run.yaml', '--to', '16', '--world', '1', '-o', 'out.yaml', '-q'], { cwd });
    expect(read('out.yaml')).toContain('4.0e-05');
    expect(read('run.yaml')).toBe(CONFIG);
  });

  it('-o - is standard output', async () => {
    const { stdout } = await cli(['run.yaml', '--to', '16', '--world', '1', '-o', '-', '-q'], { cwd });
    expect(stdout).toContain('4.0e-05');
    expect(readdirSync(cwd)).toEqual(['run.yaml']);
  });

  it('-o through a link to nothing yet creates what it leads to', async () => {
    symlinkSync('out.yaml', join(cwd, 'link.yaml'));
    await cli(['run.yaml', '--to', '16', '--world', '1', '-o', 'link.yaml', '-q'], { cwd });
    expect(lstatSync(join(cwd, 'link.yaml')).isSymbolicLink()).toBe(true);
    expect(read('out.yaml')).toContain('4.0e-05');
  });

  if (process.platform === 'win32') console.log('SKIPPED: -o into a pipe (there are none on Windows)');
  it.skipIf(process.platform === 'win32')('-o into a pipe writes to it and leaves it one', async () => {
    const pipe = join(cwd, 'pipe');
    execFileSync('mkfifo', [pipe]);
    const reader = spawn('cat', [pipe]);
    let through = '';
    reader.stdout.on('data', (chunk) => {
      through += chunk;
    });
    const closed = new Promise((resolve) => reader.on('close', resolve));
    await cli(['run.yaml', '--to', '16', '--world', '1', '-o', 'pipe', '-q'], { cwd });
    expect(lstatSync(pipe).isFIFO()).toBe(true);
    await closed;
    expect(through).toContain('4.0e-05');
  });
});

describe('refusals: exit 2, the place, the line, what to do; nothing on stdout', () => {
  const cases: [story: string, text: string | Buffer, args: string[], message: RegExp][] = [
    [
      'an unknown config',
      'servers:\n  - a\n',
      [],
      /^x\.yaml:1:1: not a recognised training config \(top-level keys: servers\)/,
    ],
    ['no batch size', 'optimizer:\n  lr: 0.1\n', [], /^x\.yaml: no batch size found .* --from N/],
    [
      'a batch size of "auto"',
      'per_device_train_batch_size: auto\nlearning_rate: 1.0e-4\n',
      [],
      /^x\.yaml:1:30: per_device_train_batch_size is "auto".*--from/,
    ],
    [
      'an interpolated batch size',
      'batch_size: ${data.bs}\nlr: 0.1\n',
      [],
      /^x\.yaml:1:13: batch_size is \$\{data\.bs\}/,
    ],
    [
      'a decay of 1',
      'batch_size: 8\nlr: 0.1\nbetas: [0.9, 1.0]\n',
      [],
      /^x\.yaml:3:14: betas\[1\] must be < 1/,
    ],
    [
      'a decay in a string',
      'batch_size: 8\nlr: 0.1\nbetas: (0.9, 1.5)\n',
      [],
      /^x\.yaml:3:14: betas 1 is 1\.5: a decay must lie in \[0, 1\)/,
    ],
    ['a learning rate of 0', 'batch_size: 8\nlr: 0\n', [], /^x\.yaml:2:5: lr must be > 0/],
    [
      'several values out of range: all of them, in the order of the file',
      'batch_size: 8\nwarmup_steps: -3\nlr: 0\nbetas: [0.9, 1.0]\n',
      [],
      /^x\.yaml:2:15: warmup_steps .*\n.*\n.*\nx\.yaml:3:5: lr must be > 0.*\n.*\n.*\nx\.yaml:4:14: betas\[1\] must be < 1/,
    ],
    [
      'a target that divides by nothing',
      'per_device_train_batch_size: 8\ngradient_accumulation_steps: 3\nlearning_rate: 1.0e-4\n',
      ['--to', '7', '--world', '1'],
      /^x\.yaml:1:30: --to 7 fits neither.*Choices for micro batch x accumulation: 1 x 7, 7 x 1/,
    ],
    [
      'an optimizer no table knows',
      'per_device_train_batch_size: 8\noptim: magic\n',
      [],
      /^x\.yaml:2:8: unknown optimizer "magic".*--optimizer NAME/,
    ],
    [
      'a conflict with --from',
      'train_batch_size: 8\nzero_optimization: {}\noptimizer: {type: Adam, params: {lr: 0.1}}\n',
      ['--from', '9'],
      /^x\.yaml:1:19: train_batch_size is 8, but --from says 9/,
    ],
    [
      'batch arithmetic that does not add up',
      'train_batch_size: 9\ntrain_micro_batch_size_per_gpu: 2\n',
      [],
      /^x\.yaml:1:19: train_batch_size is 9, which is not a whole multiple of 2/,
    ],
    [
      'an alias used for two things',
      'batch_size: &x 8\nval: *x\nlr: 0.1\n',
      ['--optimizer', 'sgd'],
      /^x\.yaml:1:16: batch_size must change, but val uses the same text/,
    ],
    [
      'an anchor whose own use must stay',
      'save_steps: &n 800\nwarmup_steps: *n\nper_device_train_batch_size: 8\nlearning_rate: 1.0e-4\n',
      [],
      /^x\.yaml:1:16: warmup_steps must change, but save_steps uses the same text/,
    ],
    [
      'a decay that would be 1',
      'batch_size: 1000000000000\nlr: 0.1\nema_decay: 0.99999\n',
      ['--to', '1', '--world', '1'],
      /^x\.yaml: ema_decay would become 1-1\.00001e-17, which rounds to 1 in float64/,
    ],
    [
      'interpolations that stand for each other',
      'a: ${b}\nb: ${c}\nc: ${a}\nbatch_size: ${b}\nlr: 0.1\nbetas: ${c}\n',
      [],
      /^x\.yaml:1:4: a is \$\{b\}, which is not known from this file/,
    ],
    [
      'settings in one string over several lines',
      'per_device_train_batch_size: 8\noptim: rmsprop\noptim_args: alpha=0.9,\n  momentum=0.5\n',
      [],
      /^x\.yaml:3:13: optim_args is written over several lines or with escapes.*write it on one line/,
    ],
    [
      'an accumulation that the trainer chooses by itself',
      'task: detect\nmodel: yolo11n.pt\nepochs: 10\nbatch: 16\nnbs: 64\nlr0: 0.01\noptimizer: SGD\n',
      ['--accumulation', '2'],
      /^x\.yaml:4:8: this trainer accumulates by itself up to a nominal batch of 64: choose batch with --to N/,
    ],
    [
      'a batch of such a trainer that its devices cannot share',
      'task: detect\nmodel: yolo11n.pt\nepochs: 10\nbatch: 16\nnbs: 64\nlr0: 0.01\noptimizer: SGD\n',
      ['--to', '30', '--world', '4'],
      /^x\.yaml:4:8: --to 30 cannot be shared evenly by 4 devices/,
    ],
    [
      'a default where the file has an empty value that others share',
      'x: &n null\nper_device_train_batch_size: 8\nlearning_rate: 1.0e-4\nadam_beta1: *n\n',
      [],
      /^x\.yaml:1:7: adam_beta1 should be 0\.430467, but its empty value is shared through an alias/,
    ],
    ['bytes that are not UTF-8', Buffer.from([0x61, 0xff, 0xfe]), [], /^x\.yaml: is not UTF-8/],
    ['an empty file', '', [], /^x\.yaml:1:1: the file is empty/],
    ['a duplicate key', 'lr: 0.1\nlr: 0.2\n', [], /^x\.yaml:2:1: duplicate key/],
    [
      'a wrong type',
      'per_device_train_batch_size: 8\nlearning_rate: [1]\n',
      [],
      /^x\.yaml:2:16: learning_rate must be number or string or null/,
    ],
    [
      'a dialect that does not exist',
      CONFIG,
      ['--dialect', 'nope'],
      /unknown dialect "nope"; rebatch schema lists them all/,
    ],
    [
      'a dialect by half its name',
      CONFIG,
      ['--dialect', 'hf'],
      /unknown dialect "hf": did you mean hf-trainer\? rebatch schema lists them all/,
    ],
    [
      'a dialect by its framework',
      CONFIG,
      ['--dialect', 'Hugging_Face'],
      /unknown dialect "Hugging_Face": did you mean .*hf-trainer/,
    ],
  ];
  it.each(cases)('%s', async (_, text, args, message) => {
    writeFileSync(join(cwd, 'x.yaml'), text);
    const { code, stdout, stderr } = await cli(
      ['x.yaml', ...(args.includes('--to') ? [] : ['--to', '64', '--world', '1']), ...args, '-q'],
      { cwd },
    );
    expect(stderr).toMatch(message);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  });

  it('a suffix with two meanings is not guessed at', async () => {
    const { code, stderr } = await cli(['run.yaml', '--to', '32k'], { cwd });
    expect(code).toBe(2);
    expect(stderr).toContain('"32k" is ambiguous (32000 or 32768); write the number out.');
  });

  it('shows the line with a caret', async () => {
    writeFileSync(join(cwd, 'x.yaml'), 'batch_size: 8\nlr: 0\n');
    const { stderr } = await cli(['x.yaml', '--to', '64', '--world', '1'], { cwd });
    expect(stderr).toContain('\n  2 | lr: 0\n          ^');
  });

  it.each([['0'], ['-8'], ['2.5'], ['many']])('--to %s is no batch size', async (to) => {
    const { code, stderr } = await cli(['run.yaml', `--to=${to}`], { cwd });
    expect({ code, told: stderr.includes('whole number of at least 1') }).toEqual({ code: 2, told: true });
  });

  it.each([
    [['run.yaml']],
    [[]],
    [['run.yaml', '--to', '8', '--world', '1', '--nonsense']],
    [['run.yaml', 'run.yaml', '--to', '8', '--world', '1']],
    [['run.yaml', '--to', '8', '--world', '1', '-w', '--diff']],
    [['-', '--to', '8', '--world', '1', '-w']],
    [['run.yaml', '--to', '8', '--world', '1', '--rule', 'magic']],
    [['missing.yaml', '--to', '8', '--world', '1']],
    [['.', '--to', '8', '--world', '1']],
  ])('usage: %j', async (args) => {
    const { code, stdout } = await cli(args, { cwd });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  });

  it('nothing at all prints the help, where an error goes', async () => {
    const { code, stdout, stderr } = await cli([], { cwd });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('Usage: rebatch');
    expect(stderr).toContain('rebatch run.yaml --to 64');
    for (const line of stderr.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
    for (const command of ['convert', 'check', 'verify', 'doctor']) expect(stderr).toContain(`  ${command} `);
  });

  it.each([
    [['--to', '64', '--world', '1'], 'rebatch convert --help'],
    [['convert', '--to', '64', '--world', '1'], 'rebatch convert --help'],
    [['explain'], 'rebatch explain --help'],
    [['check', '--base', 'HEAD'], 'rebatch check --help'],
  ])('%j says that no config was named, and what stands for standard input', async (args, help) => {
    const { code, stdout, stderr } = await cli(args, { cwd, stdin: CONFIG });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toBe(
      `error: missing required argument 'config'; to read standard input, give - in its place\n(${help} shows the options)\n`,
    );
  });

  it.each([
    [['convrt', 'run.yaml', '--to', '64', '--world', '1'], 'convrt', 'convert'],
    [['--no-color', 'convrt', 'run.yaml', '--to', '64', '--world', '1'], 'convrt', 'convert'],
    [['chekc', 'run.yaml'], 'chekc', 'check'],
    [['explan', 'run.yaml', '--to', '64', '--world', '1'], 'explan', 'explain'],
    [['schedul', 'run.yaml', '--batches', '64@0'], 'schedul', 'schedule'],
    [['verfy'], 'verfy', 'verify'],
  ])('%j: there is no such command, but a similar one', async (args, word, meant) => {
    expect(await cli(args, { cwd })).toEqual({
      code: 2,
      stdout: '',
      stderr: `rebatch: unknown command "${word}"; did you mean ${meant}?\n`,
    });
  });

  it('what looks like a command, but is a file, is a config', async () => {
    writeFileSync(join(cwd, 'chekc'), CONFIG);
    expect(await cli(['chekc', '--to', '64', '--world', '1', '-q'], { cwd })).toMatchObject({
      code: 0,
      stderr: '',
    });
  });

  it.each(['configs', 'nothing', 'convert.yaml', 'x/convrt'])(
    'a missing "%s" is a missing file',
    async (name) => {
      const { stderr } = await cli([name, '--to', '64', '--world', '1'], { cwd });
      expect(stderr).toBe(`${name}: cannot be read: there is no such file\n`);
    },
  );

  it('control characters from a file do not reach the terminal', async () => {
    writeFileSync(join(cwd, 'x.yaml'), 'batch_size: 8\nlr: "\\e[31m\u001b[31mred"\n');
    const { stderr } = await cli(['x.yaml', '--to', '64', '--world', '1'], { cwd });
    expect(stderr).not.toContain('\u001b');
  });
});

it('every entry of a list of learning rates is one, and follows', async () => {
  writeFileSync(join(cwd, 'x.yaml'), 'batch_size: 8\noptimizer: adamw\nlr: [0.1, 0.01]\n');
  const { code, stdout } = await cli(['x.yaml', '--to', '16'], { cwd });
  expect({ code, stdout }).toEqual({
    code: 0,
    stdout: 'batch_size: 16\noptimizer: adamw\nlr: [0.2, 0.02]\n',
  });
});

describe('anchors and interpolations', () => {
  it('an anchor is edited once when all its uses agree, and they are named', async () => {
    writeFileSync(
      join(cwd, 'x.yaml'),
      'base: &b {lr: 0.1}\nbatch_size: 8\ngen: {name: adam, <<: *b}\ndisc: {name: adam, <<: *b}\n',
    );
    const { stdout } = await cli(['x.yaml', '--to', '16', '--world', '1', '--json', '-q'], { cwd });
    const change = JSON.parse(stdout).changes.find((c: { role: string }) => c.role === 'learning-rate');
    expect(change).toMatchObject({ pointer: '/base/lr', to: 0.2, uses: ['/gen/lr', '/disc/lr'] });
  });

  it('an anchor that is there for its use alone is edited, and said to be', async () => {
    const text = 'base_lr: &n 0.1\nbatch_size: 8\noptimizer: {name: adam, lr: *n}\n';
    writeFileSync(join(cwd, 'x.yaml'), text.replace('base_lr', '.rate'));
    const { stdout, stderr } = await cli(['x.yaml', '--to', '16', '--world', '1'], { cwd });
    expect(stdout).toContain('.rate: &n 0.2\n');
    expect(stderr.replace(/\s+/g, ' ')).toContain(
      '.rate holds the anchor of optimizer.lr and changes with it: check that nothing else depends on it [anchor-moves]',
    );
  });

  it('an anchor at a key of another meaning is refused', async () => {
    writeFileSync(join(cwd, 'x.yaml'), 'seed: &n 8\nbatch_size: *n\noptimizer: {name: adam, lr: 0.1}\n');
    const { code, stdout, stderr } = await cli(['x.yaml', '--to', '16'], { cwd });
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(
      'batch_size must become 16, and seed, which holds its anchor, would change with it',
    );
  });

  it('a mapping merged where it is written is edited there', async () => {
    writeFileSync(
      join(cwd, 'x.yaml'),
      'x: &x {lr: 0.3, betas: [0.9, 0.99]}\nbatch_size: 8\noptimizer:\n  name: adam\n  <<: [{lr: 0.1}, *x]\n',
    );
    const { stdout, stderr } = await cli(['x.yaml', '--to', '16', '--world', '1', '-q'], { cwd });
    expect(stderr).toBe('');
    expect(stdout).toBe(
      'x: &x {lr: 0.6, betas: [0.81, 0.9801]}\nbatch_size: 16\noptimizer:\n  name: adam\n  <<: [{lr: 0.2}, *x]\n',
    );
  });

  it('an interpolation of a list leads to its entries, and one that leads nowhere is named', async () => {
    const config = (betas: string) =>
      `d: {b: [0.9, 0.99]}\nbatch_size: 8\noptimizer: {name: adam, lr: 0.1, betas: "\${${betas}}"}\n`;
    writeFileSync(join(cwd, 'list.yaml'), config('d.b'));
    writeFileSync(join(cwd, 'nowhere.yaml'), config('d.c'));
    const list = await cli(['list.yaml', '--to', '16', '--world', '1', '-q'], { cwd });
    expect(list.stdout).toContain('d: {b: [0.81, 0.9801]}\n');
    const nowhere = await cli(['nowhere.yaml', '--to', '16', '--world', '1'], { cwd });
    expect(nowhere.stderr.replace(/\s+/g, ' ')).toContain(
      'optimizer.betas ("${d.c}") is computed from other values',
    );
  });

  it('a default is inserted behind a merge key where nothing else stands', async () => {
    writeFileSync(
      join(cwd, 'x.yaml'),
      'base: &b\n  lr: 0.1\ntrain_micro_batch_size_per_gpu: 8\nzero_optimization: {}\noptimizer:\n  type: Lion\n  params:\n    <<: *b\nseed: 1\n',
    );
    const { stdout, stderr } = await cli(['x.yaml', '--to', '16', '--world', '1', '-q'], { cwd });
    expect(stderr).toBe('');
    expect(stdout).toContain('    <<: *b\n    betas: [0.85832, 0.998001]\nseed: 1\n');
  });

  it('the source of an interpolation is rewritten, never the interpolation', async () => {
    writeFileSync(
      join(cwd, 'x.yaml'),
      'scratch:\n  base: 0.1\nbatch_size: 8\noptimizer:\n  name: adam\n  lr: ${scratch.base}\n',
    );
    const { stdout } = await cli(['x.yaml', '--to', '16', '--world', '1', '-q'], { cwd });
    expect(stdout).toBe(
      'scratch:\n  base: 0.2\nbatch_size: 16\noptimizer:\n  name: adam\n  lr: ${scratch.base}\n',
    );
  });
});

describe('a number is edited where it stands, however it is written', () => {
  it.each([
    [
      'in a block scalar',
      'batch_size: |  # 8\n  8\nlr: >-\n\n  1e-4\n',
      'batch_size: |  # 8\n  16\nlr: >-\n\n  2.0e-4\n',
    ],
    [
      'tagged',
      'batch_size: !!int "8"\nlr: !!float "1e-4"\n',
      'batch_size: !!int "16"\nlr: !!float "2.0e-4"\n',
    ],
    [
      'tagged as a string',
      'batch_size: !!str 8\nlr: !!str 1e-4\n',
      'batch_size: !!str 16\nlr: !!str 2.0e-4\n',
    ],
  ])('%s', async (_, text, expected) => {
    writeFileSync(join(cwd, 'x.yaml'), text);
    const { stdout, stderr } = await cli(
      ['x.yaml', '--to', '16', '--world', '1', '-q', '--optimizer', 'sgd'],
      { cwd },
    );
    expect({ stdout, stderr }).toEqual({ stdout: expected, stderr: '' });
  });

  it('a default goes where the file has an empty value, before a comment', async () => {
    writeFileSync(
      join(cwd, 'x.yaml'),
      'per_device_train_batch_size: 8\nlearning_rate: 1.0e-4\nadam_beta1:  # one\nadam_beta2:   # two\n',
    );
    const { stdout, stderr } = await cli(['x.yaml', '--to', '16', '--world', '1', '-q'], { cwd });
    expect({ stdout, stderr }).toEqual({
      stdout:
        'per_device_train_batch_size: 16\nlearning_rate: 2.0e-4\nadam_beta1:  0.81 # one\nadam_beta2:   0.998001 # two\n',
      stderr: '',
    });
  });
});

it('betas of "auto" are warned of like any other value of "auto"', async () => {
  writeFileSync(
    join(cwd, 'x.yaml'),
    'train_batch_size: 8\nzero_optimization: {}\noptimizer: {type: Adam, params: {lr: 0.1, betas: auto}}\n',
  );
  const { stderr } = await cli(['x.yaml', '--to', '16', '--world', '1'], { cwd });
  expect(stderr.replace(/\s+/g, ' ')).toContain(
    'optimizer.params.betas (auto) is filled in from the trainer',
  );
});

describe('counts', () => {
  it('of a scheduler that every device advances are shown in samples', async () => {
    writeFileSync(
      join(cwd, 'x.json'),
      '{"train_batch_size": 4, "num_processes": 2, "learning_rate": "1e-4", "optimizer_args": "", "lr_warmup_steps": 100, "save_model_as": "x"}',
    );
    const { stdout, stderr } = await cli(['x.json', '--to', '16', '--json', '-q'], { cwd });
    expect(stderr).toBe('');
    const warmup = JSON.parse(stdout).changes.find(
      (c: { pointer: string }) => c.pointer === '/lr_warmup_steps',
    );
    expect(warmup).toMatchObject({ to: 50, scales: [{ what: 'length', from: 400, to: 400 }] });
  });

  it('are never rounded below their minimum: clamped, with a warning', async () => {
    writeFileSync(join(cwd, 'x.yaml'), 'batch_size: 8\nlr: 0.1\nwarmup_steps: 2\n');
    const { stdout, stderr } = await cli(['x.yaml', '--to', '64', '--world', '1', '--optimizer', 'sgd'], {
      cwd,
    });
    expect(stdout).toContain('warmup_steps: 1\n');
    expect(stderr).toContain('count-clamped');
  });

  it('--steps keep leaves them and says so; --cadence takes the others along', async () => {
    writeFileSync(join(cwd, 'x.yaml'), `${CONFIG}save_steps: 500\n`);
    const kept = await cli(['x.yaml', '--to', '16', '--world', '1', '--steps', 'keep'], { cwd });
    expect(kept.stdout).toContain('warmup_steps: 100\nsave_steps: 500\n');
    expect(kept.stderr).toContain('steps-kept');
    const all = await cli(['x.yaml', '--to', '16', '--world', '1', '--cadence', '-q'], { cwd });
    expect(all.stdout).toContain('warmup_steps: 50\nsave_steps: 250\n');
  });
});

describe('--no-insert', () => {
  it('warns instead of writing what the file leaves to defaults', async () => {
    writeFileSync(join(cwd, 'x.yaml'), 'per_device_train_batch_size: 8\nlearning_rate: 1.0e-4\n');
    const { stdout, stderr } = await cli(['x.yaml', '--to', '16', '--world', '1', '--no-insert'], { cwd });
    expect(stdout.split('\n')).toHaveLength(3);
    expect(stderr.replace(/\s+/g, ' ')).toContain(
      'adam_beta1 is left to the trainer’s default 0.9, but should become 0.81',
    );
  });
});

describe('--schema', () => {
  it('reads a file by a dialect of one’s own', async () => {
    const schema = /```json\n([\s\S]*?)```/.exec(readFileSync('docs/write-a-dialect.md', 'utf8'))![1]!;
    writeFileSync(join(cwd, 'acme.schema.json'), schema);
    writeFileSync(
      join(cwd, 'x.yaml'),
      'acme_version: 1\nbatch: 32\ngpus: 4\nopt:\n  name: lion\n  lr: 1.0e-4\nwarmup: 10\n',
    );
    const { stdout, code } = await cli(['x.yaml', '--to', '64', '-q', '--schema', 'acme.schema.json'], {
      cwd,
    });
    expect(code).toBe(0);
    expect(stdout).toBe(
      'acme_version: 1\nbatch: 16\ngpus: 4\nopt:\n  name: lion\n  lr: 5.0e-5\n  betas: [0.930281, 0.99498744]\nwarmup: 20\n',
    );
  });

  it('refuses one that is no schema', async () => {
    writeFileSync(join(cwd, 'bad.json'), '{"properties": {"lr": {"$ref": "roles.schema.json#/$defs/nope"}}}');
    const { code, stderr } = await cli(['run.yaml', '--to', '64', '--world', '1', '--schema', 'bad.json'], {
      cwd,
    });
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: expect.stringContaining(
        'bad.json:1:32: properties.lr.$ref leads nowhere: roles.schema.json has no definition nope',
      ),
    });
  });
});

describe('colour', () => {
  const coloured = async (args: string[], world: object) =>
    (await cli(['run.yaml', '--to', '64', '--world', '1', ...args], { cwd, ...world })).stderr.includes(
      '\u001b[',
    );
  it.each([
    [[], {}, false],
    [[], { isTTY: true }, true],
    [[], { isTTY: true, env: { NO_COLOR: '1' } }, false],
    [[], { env: { FORCE_COLOR: '1' } }, true],
    [['--color'], { env: { NO_COLOR: '1' } }, true],
    [['--no-color'], { isTTY: true, env: { FORCE_COLOR: '1' } }, false],
  ])('%j %j', async (args, world, expected) => expect(await coloured(args, world)).toBe(expected));
});

describe('words of other tools', () => {
  it.each([
    [['run.yaml', '--gpus', '4'], '--world N are the devices before, --world-to N those after'],
    [['run.yaml', '--batch-size', '4'], '--to N is the new global batch size'],
    [['run.yaml', '--to', '4', '--dry-run'], 'nothing is written without --write'],
    [['run.yaml', '--to', '4', '-i'], '--write rewrites the file in place'],
    [['run.yaml', '--to', '4M'], 'ambiguous (4000000 or 4194304)'],
    [['run.yaml', '--to', '64k'], 'ambiguous (64000 or 65536)'],
    [['run.yaml', '--to', '1_024'], 'Write it without separators: 1024'],
    [['nothere.yaml'], 'nothere.yaml: cannot be read: there is no such file'],
  ])('%j is told what to type', async (args, message) => {
    const { code, stderr } = await cli(args, { cwd });
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(message) });
  });

  it('-v alone is the version; --help has the options of what everybody uses', async () => {
    expect((await cli(['-v'])).stdout).toBe((await cli(['--version'])).stdout);
    const { stdout } = await cli(['--help']);
    for (const word of [
      'Batch:',
      '--to <n>',
      'Rule:',
      'Reading:',
      'What is written:',
      'Output:',
      'Commands:',
    ])
      expect(stdout).toContain(word);
  });
});
