import { type Diagnostic, warning } from '../../base/diagnostic.ts';
import { num } from '../../base/numbers.ts';
import { readable } from '../../document/pointer.ts';
import { type Group, isRole } from '../../recipe/recipe.ts';
import { stableCurvature } from '../../rules/optimizer-advice.ts';
import { optimizerSettings } from '../../rules/optimizer-settings.ts';

/**
 * A curvature that the loss of nearly every network has somewhere: a softmax layer alone has up to 1/2 on inputs of
 * length 1 (Boehning, Multinomial logistic regression algorithm, 1992).
 */
const USUAL_CURVATURE = 1 / 2;

/** A learning rate in two configs, as numbers and as the files write it. */
interface Rates {
  readonly pointer: string;
  readonly values: readonly [old: number, now: number];
  readonly written: readonly [old: string, now: string];
}

/**
 * Says that a learning rate of plain SGD is above what any but a very small curvature allows. Nothing is said of one
 * that the trainer multiplies by itself, since what it comes to is not in the file.
 */
export function beyondStability(
  { pointer, values, written }: Rates,
  old: Group,
  now: Group,
): Diagnostic | undefined {
  const before = largestCurvature(values[0], old);
  const after = largestCurvature(values[1], now);
  if (after === undefined || after >= USUAL_CURVATURE) return undefined;
  const too = before !== undefined && before < USUAL_CURVATURE ? `, and ${written[0]} was` : '';
  return warning(
    'beyond-stability',
    `${readable(pointer)} ${written[1]} is beyond stability${too}: ${now.binding.optimizer.title} diverges in every direction in which the curvature of the loss is above ${num(after)}, and nearly every network has some (a softmax layer alone up to ${num(USUAL_CURVATURE)}). Only clipped gradients, or a linear layer on small features, bear it`,
  );
}

/** The largest curvature at which an optimizer that takes gradients as they are is stable; undefined for others. */
function largestCurvature(lr: number, group: Group): number | undefined {
  const { optimizer, gradientDecay: mu = 0, dampening: tau = 0, nesterov } = optimizerSettings(group);
  const scaled = group.fields.some((f) => isRole(f, 'learning-rate') && f.role.trainer !== undefined);
  if (optimizer.normalises !== 'never' || scaled || !(mu < 1 && tau < 1)) return undefined;
  const newest = lr * (optimizer.buffer === 'sum' ? 1 - tau : 1 - mu);
  return stableCurvature(newest, mu, nesterov);
}
