import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { convertConfig } from '../../src/pipe/convert.ts';

/** A setting of a command, in the flag's and the value's own words. */
type Setting = readonly [flag: string, value: string];

const digits = (x: number) => String(Number(x.toPrecision(6)));
const decay = fc.double({ min: 0.8, max: 0.9999, noNaN: true }).map(digits);
const rate = fc
  .tuple(fc.double({ min: 1e-6, max: 0.3, noNaN: true }), fc.boolean())
  .map(([x, scientific]) =>
    scientific ? x.toExponential(3).replace('+', '') : String(Number(x.toPrecision(4))),
  );
const noise: fc.Arbitrary<Setting> = fc.constantFrom<Setting[]>(
  ['--name', 'a b'],
  ['--dropout', '0.5'],
  ['--model', 'x/y-1.5'],
  ['--prompt', 'say "no" & go'],
  ['--fp16', ''],
  ['--note', "it's"],
  ['--cost', '$5'],
);
const settings: fc.Arbitrary<Setting[]> = fc
  .record({
    lr: rate,
    batch: fc.integer({ min: 1, max: 64 }).map((n) => String(n * 8)),
    betas: fc.tuple(decay, decay),
    before: fc.uniqueArray(noise, { maxLength: 3, selector: ([flag]) => flag }),
    hyphens: fc.boolean(),
    order: fc.nat({ max: 23 }),
  })
  .map(({ lr, batch, betas: [beta1, beta2], before, hyphens, order }) => {
    const own: Setting[] = [
      ['--lr', lr],
      [hyphens ? '--batch-size' : '--batch_size', batch],
      ['--beta1', beta1],
      ['--beta2', beta2],
    ];
    const turned = [...own.slice(order % 4), ...own.slice(0, order % 4)];
    const [first, ...others] = turned as [Setting, ...Setting[]];
    return [first, ...before, ...others, ['--optimizer', 'adamw']];
  });

const LAUNCHERS = [
  'python train.py',
  'torchrun --nproc_per_node 1 train.py',
  'CUDA_VISIBLE_DEVICES=0 python -u train.py',
  'accelerate launch --num_processes=1 \\\n    train.py',
  'srun -n 1 python train.py',
  'deepspeed --num_gpus 1 train.py',
] as const;
const AROUND = [
  '# --lr 0.5 --batch-size 4',
  'echo "--lr 9"',
  'mkdir -p /tmp && export X=1',
  "cat <<'END' >/dev/null\n--lr 7 # $LR\nEND",
  'usage() { echo "usage: --lr LR"; }',
  'if [ -d /nowhere ]; then echo "it is there"; fi',
  'for i in 1 2; do : $i; done',
] as const;

/** A script that starts a program with these settings, some of them by way of variables. */
const script: fc.Arbitrary<string> = fc
  .record({
    settings,
    choices: fc.array(fc.nat({ max: 99 }), { minLength: 16, maxLength: 32 }),
    around: fc.array(fc.constantFrom(...AROUND), { maxLength: 4 }),
    launcher: fc.constantFrom(...LAUNCHERS),
    end: fc.constantFrom('', '\n', ' 2>&1 | cat\n', ' # --lr 3\n'),
  })
  .map(({ settings: all, choices, around, launcher, end }) => {
    let at = 0;
    const next = (below: number) => choices[at++ % choices.length]! % below;
    const lines: string[] = [...around];
    const words: string[] = [];
    const array: string[] = [];
    const text: string[] = [];
    for (const [i, [flag, value]] of all.entries()) {
      const plain = /^[\w./-]*$/.test(value);
      const where = next(6);
      if (where === 0) array.push(argument(flag, value, next));
      else if (where === 1 && plain) text.push(value === '' ? flag : `${flag}${' ='[next(2)]}${value}`);
      else if (where === 2 && value !== '') {
        lines.push(`${['', 'export '][next(2)]}V${i}=${quoted(value, next)}${['', ' # why'][next(2)]}`);
        words.push(`${flag}${[' ', '='][next(2)]}${plain ? [`$V${i}`, `"\${V${i}}"`][next(2)] : `"$V${i}"`}`);
      } else if (where === 3 && plain && value !== '') {
        lines.push(`V${i}=\${V${i}:-${value}}`);
        words.push(`${flag} "$V${i}"`);
      } else words.push(argument(flag, value, next));
    }
    if (array.length) {
      const first = array.slice(0, 1 + next(array.length));
      const more = array.slice(first.length);
      lines.push(`ARGS=(\n${first.map((word) => `  ${word}${['', '  # --lr 1'][next(2)]}`).join('\n')}\n)`);
      if (more.length) lines.push(`ARGS+=(${more.join(' ')})`);
      words.splice(next(words.length + 1), 0, '"${ARGS[@]}"');
    }
    if (text.length) {
      lines.push(`OPTIONS="${text.join([' ', ' \\\n  '][next(2)])}"`);
      words.splice(next(words.length + 1), 0, ['$OPTIONS', '${OPTIONS}'][next(2)]!);
    }
    const command = [launcher, ...words].map((word, i) => (i ? [' ', ' \\\n  '][next(2)] : '') + word);
    return `${['#!/bin/bash', 'set -e', '#!/usr/bin/env bash\nset -euo pipefail'][next(3)]}\n${lines.join('\n')}\n${command.join('')}${end}`;
  });

type Next = (below: number) => number;

function argument(flag: string, value: string, next: Next): string {
  if (value === '') return flag;
  const written = quoted(value, next);
  return [`${flag} ${written}`, `${flag}=${written}`, `${flag}  ${written}`][next(3)]!;
}

/** A word as people may write it. */
function quoted(word: string, next: Next): string {
  const double = `"${word.replace(/["$`\\]/g, '\\$&')}"`;
  const single = `'${word.replaceAll("'", `'\\''`)}'`;
  const bare = word.replace(/[^\w./-]/g, '\\$&');
  return [bare, double, single][next(3)]!;
}

/** What bash hands to what the script starts: the arguments with which each stub is called. */
function argumentsOf(text: string): string[] {
  const stubs = ['python', 'torchrun', 'accelerate', 'srun', 'deepspeed']
    .map((name) => `${name}() { printf 'ARG<%s>\\n' "$@"; }`)
    .join('\n');
  const { stdout, stderr, status } = spawnSync('bash', ['-c', `${stubs}\n${text}`], { encoding: 'utf8' });
  expect(status, `${stderr}\n${text}`).toBe(0);
  return [...stdout.matchAll(/^ARG<(.*)>$/gm)].map(([, word]) => word!);
}

/** The number of a setting in what a program was given. */
function numberOf(words: readonly string[], flag: string): number {
  const at = words.findIndex((word) => word === flag || word.startsWith(`${flag}=`));
  return Number(words[at]!.includes('=') ? words[at]!.slice(flag.length + 1) : words[at + 1]);
}

/** What a program was given, without the values of these flags. */
function without(words: readonly string[], flags: readonly string[]): string[] {
  return words
    .filter((_, i) => !flags.includes(words[i - 1] ?? ''))
    .map((word) => flags.find((flag) => word.startsWith(`${flag}=`)) ?? word);
}

const FLAGS = ['--lr', '--batch-size', '--batch_size', '--beta1', '--beta2'];
const bash = spawnSync('bash', ['--version']).status === 0;
if (!bash) console.log('SKIPPED: what bash makes of a script, since there is no bash here');

describe.skipIf(!bash)('a shell script of any look', () => {
  it('starts its program with the new numbers and nothing else changed, as bash itself reads it', async () => {
    await fc.assert(
      fc.asyncProperty(script, fc.constantFrom(1 / 8, 1 / 4, 1 / 2, 2, 4), async (text, by) => {
        const { text: now } = await convertConfig({ file: 'x.sh', text }, { by, digits: 12, world: 1 });
        const [before, after] = [argumentsOf(text), argumentsOf(now)];
        expect(without(after, FLAGS)).toEqual(without(before, FLAGS));
        const batch = before.some((word) => word.startsWith('--batch-size'))
          ? '--batch-size'
          : '--batch_size';
        const ratio = (flag: string) => numberOf(after, flag) / numberOf(before, flag);
        expect(ratio(batch), text).toBe(by);
        expect(ratio('--lr')).toBeCloseTo(by, 8);
        for (const flag of ['--beta1', '--beta2'])
          expect(numberOf(after, flag)).toBeCloseTo(numberOf(before, flag) ** by, 9);
        expect(now.split('\n')).toHaveLength(text.split('\n').length);
      }),
      { numRuns: 150 },
    );
  });

  it('there and back restores every value', async () => {
    await fc.assert(
      fc.asyncProperty(script, async (text) => {
        const options = { digits: 12, world: 1 };
        const there = await convertConfig({ file: 'x.sh', text }, { by: 4, ...options });
        const back = await convertConfig({ file: 'x.sh', text: there.text }, { by: 1 / 4, ...options });
        const [before, after] = [argumentsOf(text), argumentsOf(back.text)];
        expect(without(after, FLAGS)).toEqual(without(before, FLAGS));
        for (const flag of FLAGS.filter((name) => before.some((word) => word.split('=')[0] === name)))
          expect(numberOf(after, flag) / numberOf(before, flag)).toBeCloseTo(1, 8);
      }),
      { numRuns: 100 },
    );
  });
});
