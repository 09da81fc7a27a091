import { child } from '../../src/document/pointer.ts';
import { convertConfig } from '../../src/pipe/convert.ts';
import { numberIn } from './compare.ts';
import { type Draw, pick, some } from './draw.ts';
import type { ShellJudge } from './judges.ts';
import { type Ending, expectations, refusal } from './laws.ts';
import { shuffled, type Training } from './model.ts';
import { plainly } from './yaml.ts';

/** A setting of a command, in the flag's and the value's own words. */
type Setting = readonly [flag: string, value: string];

const NOISE: readonly Setting[] = [
  ['--name', 'a b'],
  ['--dropout', '0.5'],
  ['--model', 'x/y-1.5'],
  ['--prompt', 'say "no" & go'],
  ['--fp16', ''],
  ['--note', "it's"],
  ['--cost', '$5'],
  ['--tag', 'é日本'],
  ['--glob', '*.pt'],
  ['--tilde', '~x'],
  ['--hash', 'a#b'],
  ['--back', 'a\\b'],
  ['--json', '{"k": [1, 2]}'],
  ['--semi', 'a;b|c'],
  ['--empty', ' '],
];
const LAUNCHERS = [
  'python train.py',
  'torchrun --nproc_per_node 1 train.py',
  'CUDA_VISIBLE_DEVICES=0 python -u train.py',
  'accelerate launch --num_processes=1 \\\n    train.py',
  'srun -n 1 python train.py',
  'deepspeed --num_gpus 1 train.py',
  'exec python train.py',
  'time python train.py',
  'env python -m harbour.train',
];
const AROUND = [
  '# --lr 0.5 --batch_size 4',
  'echo "--lr 9" >/dev/null',
  'export X=1; Y=2',
  "cat <<'END' >/dev/null\n--lr 7 # $LR\nEND",
  'cat <<END >/dev/null\n--lr $((1 + 1)) "\nEND',
  'cat <<-END >/dev/null\n\t--lr 7\n\tEND',
  'usage() { echo "usage: --lr LR"; }',
  'if [ -d /nowhere ]; then echo "it is there"; fi',
  'for i in 1 2; do : $i; done',
  'case "$0" in *.x) exit 3 ;; esac',
  ': "${Z:=4}"',
  'N=$((2 * 3))',
  'D="$(printf %s now)"',
  'declare -a LIST=(1 2 "3 4")',
  '[[ -n "$HOME" ]] && : yes',
  'trap : EXIT',
  'readonly R="--lr 8"',
  'true || false',
  ': <<< "--lr 3"',
  '{ :; }',
  '(cd / && :)',
  'unset NOBODY',
  "W=$'a\\tb'",
  '',
  '   ',
];
const TAILS = [
  '',
  '\n',
  ' >/dev/null 2>&1 || true\n',
  ' # --lr 3\n',
  ' &\nwait\n',
  '; echo done >/dev/null\n',
  ' && :\n',
];

/** The settings of a training as flags; noise as other flags. */
function settingsOf({ tree }: Training, draw: Draw): Setting[] {
  const own = tree.entries.flatMap(([key, value]): Setting[] => {
    const flag = `--${key}`;
    if (value.kind === 'word') return [[flag, value.word]];
    return value.kind === 'number' ? [[flag, numberText(value.value, draw)]] : [];
  });
  const [first, ...others] = shuffled(draw, [...own, ...some(draw, NOISE, 4)]) as [Setting, ...Setting[]];
  // A flag without a value takes the word that follows.
  const all = [first, ...others];
  return [...all.filter(([, value]) => value !== ''), ...all.filter(([, value]) => value === '')];
}

function numberText(value: number, draw: Draw): string {
  if (Number.isInteger(value)) return String(value);
  const [mantissa = '', power = ''] = value.toExponential().split('e');
  return pick(draw, [
    plainly(value),
    `${mantissa}e${power}`,
    `${mantissa}E${power}`,
    plainly(value).replace(/^0\./, '.'),
    `${plainly(value)}0`,
  ]);
}

/** A script that starts a program with these settings, some of them by way of variables, arrays, and texts. */
export function shellText(training: Training, draw: Draw): string {
  const lines: string[] = some(draw, AROUND, 4);
  const words: string[] = [];
  const array: string[] = [];
  const text: string[] = [];
  for (const [i, [flag, value]] of settingsOf(training, draw).entries()) {
    const plain = /^[\w./-]+$/.test(value);
    const where = draw(7);
    if (value === '') words.push(flag);
    else if (where === 0) array.push(argument(flag, value, draw));
    else if (where === 1 && plain) text.push(`${flag}${' ='[draw(2)]}${value}`);
    else if (where === 2) {
      lines.push(
        `${pick(draw, ['', 'export ', 'readonly ', 'declare '])}V${i}=${quoted(value, draw)}${pick(draw, ['', ' # why'])}`,
      );
      words.push(
        `${flag}${pick(draw, [' ', '='])}${pick(draw, [`"$V${i}"`, `"\${V${i}}"`, ...(plain ? [`$V${i}`] : [])])}`,
      );
    } else if (where === 3 && plain) {
      lines.push(`V${i}=\${V${i}${pick(draw, [':-', '-', ':='])}${value}}`);
      words.push(`${flag} "$V${i}"`);
    } else words.push(argument(flag, value, draw));
  }
  if (array.length) {
    const first = array.slice(0, 1 + draw(array.length));
    const more = array.slice(first.length);
    lines.push(`ARGS=(\n${first.map((word) => `  ${word}${pick(draw, ['', '  # --lr 1'])}`).join('\n')}\n)`);
    if (more.length) lines.push(`ARGS+=(${more.join(' ')})`);
    words.splice(draw(words.length + 1), 0, '"${ARGS[@]}"');
  }
  if (text.length) {
    lines.push(
      `OPTIONS=${pick(draw, [`"${text.join(pick(draw, [' ', ' \\\n  ', '\n  ']))}"`, `'${text.join(' ')}'`])}`,
    );
    words.splice(draw(words.length + 1), 0, pick(draw, ['$OPTIONS', '${OPTIONS}']));
  }
  // A flag alone stays last, so that no word becomes its value.
  const ordered = [
    ...words.filter((word) => word !== '--fp16'),
    ...words.filter((word) => word === '--fp16'),
  ];
  const command = [pick(draw, LAUNCHERS).replace(/^exec /, ''), ...ordered].map(
    (word, i) => (i ? pick(draw, [' ', ' ', '  ', ' \\\n  ', ' \\\n\t']) : '') + word,
  );
  const head = pick(draw, [
    '#!/bin/bash',
    'set -e',
    '#!/usr/bin/env bash\nset -euo pipefail',
    '#!/bin/bash\n#SBATCH --nodes=1\n#SBATCH --time=1:00:00',
  ]);
  return `${head}\n${lines.join('\n')}\n${command.join('')}${pick(draw, TAILS)}`;
}

function argument(flag: string, value: string, draw: Draw): string {
  const written = quoted(value, draw);
  return pick(draw, [
    `${flag} ${written}`,
    `${flag}=${written}`,
    `${flag}  ${written}`,
    `"${flag}" ${written}`,
    `${flag} \\\n    ${written}`,
  ]);
}

/** A word as people may write it. */
function quoted(word: string, draw: Draw): string {
  const double = `"${word.replace(/["$`\\]/g, '\\$&')}"`;
  const single = `'${word.replaceAll("'", `'\\''`)}'`;
  const bare = word.replace(/[^\w./\-é日本]/g, '\\$&');
  const halves = /^[\w.]{3,}$/.test(word) ? `${word.slice(0, 1)}"${word.slice(1)}"` : double;
  return pick(draw, [bare, bare, double, single, /^[\d.e+-]+$/i.test(word) ? bare : halves]);
}

/** What a program was given: its settings by their flags, and all other words in order. */
function told(words: readonly string[], flags: ReadonlySet<string>) {
  const values = new Map<string, string>();
  const others: string[] = [];
  for (let at = 0; at < words.length; at++) {
    const [flag = '', ...rest] = words[at]!.split('=');
    if (!flags.has(flag)) others.push(words[at]!);
    else if (rest.length) values.set(flag, rest.join('='));
    else values.set(flag, words[++at] ?? '');
  }
  return { values, others };
}

/** Converts a script and back, and compares what bash hands to the program. */
export async function convertedScript(
  text: string,
  { tree, unsaid, by }: Training,
  judge: ShellJudge,
): Promise<Ending> {
  const before = await judge.run(text);
  if (!before) return { kind: 'not-read-by-judge', why: 'bash fails' };
  const options = { digits: 12, world: 1 };
  try {
    const there = (await convertConfig({ file: 'x.sh', text }, { ...options, by })).text;
    const wrong = unlike(before, await judge.run(there), expectations(tree, unsaid, by));
    if (wrong) return { kind: 'broken', law: 'result', what: `${wrong}\n${there}` };
    const back = (await convertConfig({ file: 'x.sh', text: there }, { ...options, by: 1 / by })).text;
    const home = unlike(before, await judge.run(back), expectations(tree, unsaid, 1));
    return home
      ? { kind: 'broken', law: 'round trip', what: `${home}\n${there}\n${back}` }
      : { kind: 'held' };
  } catch (error) {
    return refusal(error);
  }
}

function unlike(
  before: readonly string[],
  now: readonly string[] | undefined,
  { sure, possible }: ReturnType<typeof expectations>,
): string | undefined {
  if (!now) return 'bash fails on the result';
  const flags = new Set([...sure.keys(), ...possible.keys()].map((pointer) => `--${pointer.slice(1)}`));
  const [old, own] = [told(before, flags), told(now, flags)];
  if (JSON.stringify(old.others) !== JSON.stringify(own.others))
    return `other words: ${JSON.stringify(old.others)}, now ${JSON.stringify(own.others)}`;
  for (const [flag, value] of own.values) {
    const pointer = child('', flag.slice(2));
    const wanted = sure.get(pointer) ?? possible.get(pointer)!;
    const read = numberIn(value, true);
    if (read === undefined || Math.abs(read - wanted) > 1e-9 * wanted)
      return `${flag} should be ${wanted}, and bash gives ${value}`;
  }
  const lost = [...sure.keys()].find((pointer) => !own.values.has(`--${pointer.slice(1)}`));
  return lost && `${lost} is gone`;
}
