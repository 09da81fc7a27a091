import type { BatchChange } from '../recipe/batch.ts';
import type { Field, Recipe } from '../recipe/recipe.ts';
import type { Quantity } from './quantity.ts';
import type { OptimizerSettings, Ratio, Rule, RuleOptions } from './rule.ts';
import type { TimeScale } from './time-scale.ts';

/** What the user chooses about the plan. */
export interface PlanOptions extends RuleOptions {
  /** Significant digits to write; 6 by default. */
  readonly digits?: number;
  /** `keep` leaves warm-up and schedule lengths in steps as they are. */
  readonly steps?: 'keep' | 'scale';
  /** Also scale how often the run logs, saves and evaluates. */
  readonly cadence?: boolean;
  /** False: never write a field that the file leaves to the trainer's default. */
  readonly insert?: boolean;
  /** Names of fields that stay as they are; the learning rate follows from what is kept. */
  readonly keep?: readonly string[];
  /** Convert what is in the file, although its learning rate is not. */
  readonly partial?: boolean;
}

/** What a plan is made from. */
export interface PlanTask {
  readonly recipe: Recipe;
  readonly batch: BatchChange;
  readonly rule: Rule;
  readonly options: PlanOptions;
}

/** A field under a rule: what it becomes and why, also where it stays. */
export interface Assessment {
  readonly field: Field;
  /** The optimizer's settings, for fields of one. */
  readonly settings?: OptimizerSettings;
  /** The value as it will be written; for counts before rounding see `exact`. */
  readonly value: number;
  /** For a decay: 1 - value without cancellation. */
  readonly complement?: number;
  readonly formula: string;
  readonly reason: string;
  /** A count before it was rounded and clamped. */
  readonly exact?: number;
  readonly scale?: TimeScale;
}

/** A field that becomes what a quantity says. */
export function becomes(field: Field, { value, formula }: Quantity, reason: string): Assessment {
  return { field, value, formula, reason };
}

/** A field that stays as it is. */
export function stays(field: Field, reason: string): Assessment {
  return { field, value: field.value, formula: 'unchanged', reason };
}

/** The change of the global batch, as rules see it. */
export function globalRatio({ from, to, kappa }: BatchChange): Ratio {
  return { from: from.global, to: to.global, kappa };
}
