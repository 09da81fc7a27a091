import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { createProgram } from '../../../src/cli.ts';
import { completedCommands } from '../../../src/commands/completion/completed.ts';
import { cli } from '../../helpers/cli.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';

// The shells themselves complete: each test types on a terminal, or asks the shell what it would offer.

const SHELLS = ['bash', 'zsh', 'fish'] as const;
const has = (program: string) => spawnSync(program, ['--version']).error === undefined;
for (const shell of SHELLS)
  if (!has(shell)) process.stderr.write(`SKIPPED completions in ${shell}: apt-get install ${shell}\n`);
/** util-linux's: BSD's takes other options. */
const terminal = spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout?.includes('util-linux');
if (!terminal) process.stderr.write('SKIPPED typed completions: apt-get install bsdutils\n');

let cwd: string;
beforeAll(async () => {
  cwd = temporaryFolder();
  for (const shell of [...SHELLS, 'powershell'])
    writeFileSync(join(cwd, `completion.${shell}`), (await cli(['completion', shell])).stdout);
  writeFileSync(join(cwd, 'run one.yaml'), '');
  mkdirSync(join(cwd, 'configs'));
});

/** Every command's options that take one of some words. */
async function withChoices() {
  const program = await createProgram(
    { stdout: { write() {} } } as never,
    () => undefined,
    () => true,
  );
  return completedCommands(program).flatMap(({ name, options }) =>
    options.flatMap(({ flags, value }) =>
      Array.isArray(value) ? [{ name, flag: flags.at(-1)!, value: [...value].sort() }] : [],
    ),
  );
}

const words = (text: string) => text.split('\n').filter((word) => word !== '');

/** What bash offers for each of these lines, which end in the word to complete. */
function bashOffers(lines: readonly (readonly string[])[]): string[][] {
  const probes = lines.map((line) => {
    const array = line.map((w) => `'${w}'`).join(' ');
    return `COMP_WORDS=(${array}); COMP_CWORD=${line.length - 1}; COMPREPLY=(); _rebatch; printf '%s\\n' "\${COMPREPLY[@]}"; echo ==`;
  });
  const said = execFileSync('bash', ['-c', `. ./completion.bash\n${probes.join('\n')}`], {
    cwd,
    encoding: 'utf8',
  });
  return said.split('==\n').slice(0, -1).map(words);
}

/** What fish offers for each of these lines, without the descriptions. */
function fishOffers(lines: readonly string[]): string[][] {
  const probes = lines.map((line) => `complete -C '${line}'; echo ==`);
  const said = execFileSync('fish', ['--no-config', '-c', `source completion.fish\n${probes.join('\n')}`], {
    cwd,
    encoding: 'utf8',
    env: { ...process.env, HOME: cwd, XDG_DATA_HOME: cwd },
  });
  return said
    .split('==\n')
    .slice(0, -1)
    .map((part) => words(part).map((line) => line.split('\t')[0]!));
}

/** Starts an interactive shell that shows the words it would run `rebatch` with. */
const START = {
  bash: {
    command: 'bash --norc --noprofile -i',
    setup: `bind 'set bell-style none'; . ./completion.bash; rebatch() { printf '<%s>' "$@"; echo; }\n`,
  },
  zsh: {
    command: 'zsh -f -i',
    setup:
      'autoload -Uz compinit; compinit -u -d ./zcompdump; source ./completion.zsh; rebatch() { printf "<%s>" "$@"; echo }\n',
  },
} as const;

/** Types keys in an interactive shell on a terminal; returns the words that `rebatch` was run with. */
function typed(shell: keyof typeof START, keys: string): string {
  const { command, setup } = START[shell];
  const { stdout } = spawnSync('script', ['-qfec', command, '/dev/null'], {
    cwd,
    encoding: 'utf8',
    input: `${setup}${keys}\nexit\n`,
    env: { PATH: process.env.PATH, TERM: 'dumb', HOME: cwd, LANG: 'C.UTF-8' },
    timeout: 20_000,
  });
  return /^\r?((?:<[^<>\r\n]*>)+)\r?$/m.exec(stdout)?.[1] ?? stdout;
}

const TYPED: readonly (readonly [string, string])[] = [
  ['rebatch chec\t', '<check>'],
  ['rebatch ru\t--rule=noi\t', '<run one.yaml><--rule=noise-aware>'],
  ['rebatch run --rule noi\t', '<run><--rule><noise-aware>'],
  ['rebatch check --format=sa\t', '<check><--format=sarif>'],
  ['rebatch check --format ta\t', '<check><--format><ta>'],
  ['rebatch schema hf-\t', '<schema><hf-trainer>'],
  ['rebatch -o ru\t', '<-o><run one.yaml>'],
];
/** Where the two have their own habits: zsh puts a `=` after an option that takes one, and takes a folder's slash away. */
const OWN = {
  bash: [
    ['rebatch --ste\tke\t', '<--steps><keep>'],
    ['rebatch --schema conf\t', '<--schema><configs/>'],
  ],
  zsh: [
    ['rebatch --ste\tke\t', '<--steps=keep>'],
    ['rebatch --schema conf\t', '<--schema><configs>'],
    ['rebatch --color check --fi\t', '<--color><check><--fix>'],
  ],
} as const;

describe.skipIf(!has('bash'))('bash', () => {
  it('offers each option the values of its own command, after a space and after =', async () => {
    const options = await withChoices();
    const lines = options.flatMap(({ name, flag }) => [
      ['rebatch', name, flag, ''],
      ['rebatch', name, flag, '='],
    ]);
    const expected = options.flatMap(({ value }) => [value, value]);
    expect(bashOffers(lines).map((offer) => offer.sort())).toEqual(expected);
  });

  it('offers files with spaces, and no files where a number belongs', () => {
    const offers = bashOffers([
      ['rebatch', 'run'],
      ['rebatch', 'check', ''],
      ['rebatch', 'run.yaml', '--to', ''],
      ['rebatch', 'schema', 'run'],
      ['rebatch', '--rule=noi'],
    ]);
    expect(offers[0]).toEqual(['run one.yaml']);
    expect(offers[1]).toEqual(expect.arrayContaining(['run one.yaml', '--fix']));
    expect(offers.slice(2)).toEqual([[], [], ['--rule=noise-aware']]);
  });

  it.skipIf(!terminal).each([...TYPED, ...OWN.bash])('completes %j', (keys, expected) => {
    expect(typed('bash', keys)).toBe(expected);
  });
});

describe.skipIf(!has('zsh') || !terminal)('zsh', () => {
  it.each([...TYPED, ...OWN.zsh])('completes %j', (keys, expected) => {
    expect(typed('zsh', keys)).toBe(expected);
  });
});

describe.skipIf(!has('fish'))('fish', () => {
  it('offers each option the values of its own command, after a space and after =', async () => {
    const options = await withChoices();
    const lines = options.flatMap(({ name, flag }) => [
      `rebatch ${name} ${flag} `,
      `rebatch ${name} ${flag}=`,
    ]);
    const expected = options.flatMap(({ flag, value }) => [value, value.map((v) => `${flag}=${v}`)]);
    expect(fishOffers(lines).map((offer) => offer.sort())).toEqual(expected);
  });

  it('offers files, and none where a number or a name belongs', () => {
    const [files, number, out, names] = fishOffers([
      'rebatch check ru',
      'rebatch run.yaml --to ',
      'rebatch -o ru',
      'rebatch schema hf-',
    ]);
    expect(files).toEqual(['run one.yaml']);
    expect(number).toEqual([]);
    expect(out).toEqual(['run one.yaml']);
    expect(names).toEqual(['hf-trainer']);
  });
});

it('powershell’s script knows the values of each command', async () => {
  const text = (await cli(['completion', 'powershell'])).stdout;
  expect(text).toContain("'check --format' = @('text', ");
  expect(text).not.toContain("'verify --format'");
});
