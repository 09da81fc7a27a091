/** The settings of the form: one table from which the fields, the link and the command line are made. */

import * as typed from '../src/base/typed.ts';
import { LR_SCALINGS } from '../src/recipe/build.ts';
import { RULES, rulesUsing } from '../src/rules/index.ts';
import { pooledNoiseScale, typedNoiseScale } from '../src/rules/noise-phases.ts';
import type { Options } from './messages.ts';

/** One setting. Its flag on the command line is its name in the link. */
export interface Setting {
  readonly key: keyof Options;
  readonly flag: string;
  readonly label: string;
  readonly hint?: string;
  /** The choices of a list: [value, text]; the first, which is empty, is none. */
  readonly choices?: readonly (readonly [value: string, text: string])[];
  /** Several, parted by commas or blanks; the flag is given once for each. */
  readonly list?: true;
  /** A box to tick. */
  readonly box?: true;
  /** Reads what was typed. @throws RangeError whose message says what it must be */
  readonly read: (text: string) => unknown;
  /** Among the options that are folded. */
  readonly more?: true;
}

const word = (text: string) => text.trim();
/** A noise scale, or one for all of a run in which it grows. */
const pooled = (text: string) => {
  const scale = typedNoiseScale(text);
  return typeof scale === 'number' ? scale : pooledNoiseScale(scale);
};
const listed = (text: string) => text.split(/[\s,]+/).filter(Boolean);
const whole = (text: string) => typed.wholeNumber(text.trim());

export const SETTINGS: readonly Setting[] = [
  {
    key: 'to',
    flag: 'to',
    label: 'Global batch size',
    hint: '64, or same',
    read: (text) => typed.target(text.trim()),
  },
  { key: 'by', flag: 'by', label: 'or new over old', hint: '1/4, or 2', read: typed.ratio },
  {
    key: 'world',
    flag: 'world',
    label: 'Devices, old',
    hint: 'where the file does not say',
    read: whole,
  },
  {
    key: 'worldTo',
    flag: 'world-to',
    label: 'Devices, new',
    hint: 'where it changes',
    read: whole,
  },
  {
    key: 'rule',
    flag: 'rule',
    label: 'Rule',
    choices: [
      ['', 'default: ema; noise-aware with N'],
      ...RULES.map(({ name, title }) => [name, `${name}: ${title}`] as const),
    ],
    read: word,
  },
  {
    key: 'noiseScale',
    flag: 'noise-scale',
    label: 'Noise scale N',
    hint: 'samples, where known',
    read: pooled,
  },
  {
    key: 'keep',
    flag: 'keep',
    label: 'Fields that stay',
    hint: 'such as adam_beta1, weight_decay',
    read: listed,
    list: true,
    more: true,
  },
  {
    key: 'power',
    flag: 'power',
    label: 'Power of kappa',
    hint: '0.7, for the rule power',
    read: typed.notNegative,
    more: true,
  },
  { key: 'from', flag: 'from', label: 'Old global batch size', read: whole, more: true },
  { key: 'micro', flag: 'micro', label: 'New batch per device and pass', read: whole, more: true },
  { key: 'accumulation', flag: 'accumulation', label: 'New accumulation', read: whole, more: true },
  {
    key: 'optimizer',
    flag: 'optimizer',
    label: 'Optimizer',
    hint: 'where the file names none',
    read: word,
    more: true,
  },
  {
    key: 'batchAt',
    flag: 'batch-at',
    label: 'Field that holds the batch',
    hint: 'such as /data/bs',
    read: word,
    more: true,
  },
  {
    key: 'batchIs',
    flag: 'batch-is',
    label: 'An ambiguous batch counts',
    choices: [
      ['', 'what the file says'],
      ['device', 'one device'],
      ['total', 'the whole step'],
    ],
    read: word,
    more: true,
  },
  {
    key: 'at',
    flag: 'at',
    label: 'Experiment in the file',
    hint: 'such as /small',
    read: word,
    more: true,
  },
  {
    key: 'dialect',
    flag: 'dialect',
    label: 'Read as dialect',
    hint: 'such as hf-trainer',
    read: word,
    more: true,
  },
  {
    key: 'lrScaledBy',
    flag: 'lr-scaled-by',
    label: 'The trainer scales its rate by',
    choices: [['', 'what is known of it'], ...LR_SCALINGS.map((name) => [name, name] as const)],
    read: word,
    more: true,
  },
  {
    key: 'steps',
    flag: 'steps',
    label: 'Lengths in steps',
    choices: [
      ['', 'scale'],
      ['keep', 'keep'],
    ],
    read: word,
    more: true,
  },
  { key: 'floorBeta2', flag: 'floor-beta2', label: 'Never a beta2 below', read: typed.decay, more: true },
  { key: 'digits', flag: 'digits', label: 'Digits to write', hint: '6', read: typed.digits, more: true },
  {
    key: 'cadence',
    flag: 'cadence',
    label: 'Also scale how often it logs and saves',
    box: true,
    read: () => true,
    more: true,
  },
  {
    key: 'partial',
    flag: 'partial',
    label: 'Go on without the learning rate',
    box: true,
    read: () => true,
    more: true,
  },
];

/** What stands in the fields, by flag; an empty field is absent, and a ticked box is an empty text. */
export type Typed = ReadonlyMap<string, string>;

/** What was typed as options, and what is wrong with the fields that are not. */
export function readSettings(fields: Typed): {
  readonly options: Options;
  readonly wrong: ReadonlyMap<string, string>;
} {
  const wrong = new Map<string, string>();
  const options: Record<string, unknown> = {};
  for (const { key, flag, read } of SETTINGS) {
    const text = fields.get(flag);
    if (text === undefined) continue;
    try {
      options[key] = read(text);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      wrong.set(flag, error.message);
    }
  }
  const rule = fields.get('rule');
  if (fields.has('power') && rule !== undefined && !rulesUsing('power').includes(rule))
    wrong.set('power', `It belongs to --rule ${rulesUsing('power').join(' or ')}.`);
  if (fields.has('to') && fields.has('by')) wrong.set('by', 'Give one of the two.');
  return { options: options as Options, wrong };
}

/** Whether the options set a new batch. */
export function namesTarget(fields: Typed): boolean {
  return ['to', 'by', 'micro', 'accumulation', 'world-to'].some((flag) => fields.has(flag));
}

/** The same on the command line. */
export function commandLine(file: string, fields: Typed): string {
  const flags = SETTINGS.flatMap(({ flag, box, list }) => {
    const value = fields.get(flag);
    if (value === undefined) return [];
    if (box) return [`--${flag}`];
    return (list ? listed(value) : [value]).map((one) => `--${flag} ${quoted(one)}`);
  });
  return ['rebatch', quoted(file), ...flags].join(' ');
}

/** As a shell takes it for one word. */
function quoted(text: string): string {
  return /^[\w./:@%+=-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
