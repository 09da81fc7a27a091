import { printable } from '../base/diagnostic.ts';
import { fraction, num } from '../base/numbers.ts';
import { writeNumber } from '../document/number.ts';
import { readable } from '../document/pointer.ts';
import type { Field } from '../recipe/recipe.ts';
import { assess } from './assess.ts';
import type { PlanTask } from './assessment.ts';
import { dividesByLevel, ema } from './ema.ts';
import { isKept } from './keep.ts';
import { optimizerSettings, peakOf } from './optimizer-settings.ts';
import type { Rule } from './rule.ts';
import { sqrt } from './sqrt.ts';

/** A value that one rule gives. */
export interface Choice {
  readonly rule: string;
  /** What to type for it. */
  readonly option: string;
  /** The new learning rate, and how it would be written. */
  readonly value: number;
  readonly text: string;
  /** When it is right. */
  readonly holds: string;
}

/**
 * What nobody has decided: an optimizer that divides by the gradient's level takes one learning rate where the signal
 * dominates and another where the noise does, and which it is depends on the gradient noise scale.
 */
export interface Decision {
  readonly optimizer: string;
  readonly field: Field;
  /** The first is the one that is used. */
  readonly choices: readonly [Choice, ...Choice[]];
  /** The powers of kappa that runs of real networks followed, and the learning rates that they give, low to high. */
  readonly observed: {
    readonly powers: readonly [number, number];
    readonly values: readonly [number, number];
  };
}

/**
 * Powers p of kappa^p*lr with which AdamW followed the old path best on two small networks (bench/networks; 4 seeds,
 * kappa 1/8, 1/32, 8): going down, going up.
 */
const FOLLOWED = { down: [0.52, 0.63], up: [0.69, 0.76] } as const;

/** The rules to decide between: [the rule, when it is right]. */
const RULES: readonly (readonly [Rule, string])[] = [
  [ema, 'right where the batch is well above N'],
  [sqrt, 'right where it is well below N'],
];

/** The decision that a conversion leaves open; undefined where the options, or the optimizers, have decided. */
export function decisionOn(task: PlanTask): Decision | undefined {
  const { recipe, batch, options } = task;
  const { kappa } = batch;
  const group = recipe.groups.find((one) => dividesByLevel(optimizerSettings(one)) && peakOf(one));
  const field = group && peakOf(group);
  const decided = options.noiseScale !== undefined || options.power !== undefined;
  if (!group || !field || field.value === 0 || kappa === 1 || decided || isKept(field, options))
    return undefined;
  const valueBy = (rule: Rule) =>
    assess({ ...task, rule }).find((a) => a.field === field)?.value ?? field.value;
  const choices = RULES.map(([rule, holds]): Choice => {
    const value = valueBy(rule);
    return { rule: rule.name, option: `--rule ${rule.name}`, value, text: written(value, field), holds };
  });
  const powers = kappa < 1 ? FOLLOWED.down : FOLLOWED.up;
  const values = powers.map((power) => choices[0]!.value * kappa ** (power - 1)).sort((a, b) => a - b);
  return {
    optimizer: optimizerSettings(group).optimizer.title,
    field,
    choices: choices as [Choice, ...Choice[]],
    observed: { powers, values: values as [number, number] },
  };
}

function written(value: number, { site }: Field): string {
  return site.kind === 'text' ? writeNumber(value, site.source, site.format) : num(value);
}

/** A decision as a message: what each rule gives and when it is right, what was seen, one a line. */
export function decisionText({ optimizer, field, choices, observed }: Decision, kappa: number): string {
  const name = printable(readable(field.pointer));
  const [low, high] = observed.powers;
  const [from, to] = observed.values.map((value) => written(Number(value.toPrecision(2)), field));
  return [
    `${optimizer}: the right ${name} at kappa ${fraction(kappa)} depends on the gradient noise scale N, which nobody has said`,
    ...choices.map(
      ({ option, text, holds }, i) => `${option}: ${text}${i === 0 ? ' (used here)' : ''}, ${holds}`,
    ),
    `--noise-scale N: in between; rebatch noise measures N in one run`,
    `--power P: kappa^P times the old rate; AdamW followed the old run best at P ${low} to ${high} on two small real networks: ${from} to ${to}`,
  ].join('\n');
}
