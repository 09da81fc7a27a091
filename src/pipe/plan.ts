import { type Diagnostic, warning } from '../base/diagnostic.ts';
import { num } from '../base/numbers.ts';
import { about, Problem } from '../base/problem.ts';
import { keyOf, readable } from '../document/pointer.ts';
import { type BatchChange, moveBatch } from '../recipe/batch.ts';
import { adviceOn } from '../rules/advice.ts';
import { assess } from '../rules/assess.ts';
import type { Assessment, PlanOptions } from '../rules/assessment.ts';
import { defaultRule, findRule } from '../rules/index.ts';
import { type Change, changesOf } from '../rules/plan.ts';
import type { Rule } from '../rules/rule.ts';
import type { Config, ReadOptions } from './read.ts';

/** Everything that decides a conversion beside the text. */
export interface ConvertOptions extends ReadOptions, PlanOptions {
  /** A rule's name, or a custom rule; `ema` by default, `noise-aware` where a noise scale is given. */
  readonly rule?: string | Rule;
}

/** The rule asked for. @throws Problem with code `usage` */
export function ruleOf({ rule, ...options }: Pick<ConvertOptions, 'rule' | 'noiseScale'>): Rule {
  if (typeof rule === 'object') return rule;
  return rule === undefined ? defaultRule(options) : findRule(rule);
}

/** Whether the options say which batch to go to. */
export function namesTarget({ to, micro, accumulation, worldTo }: ConvertOptions): boolean {
  return [to, micro, accumulation, worldTo].some((n) => n !== undefined);
}

/** What a rule makes of one config at another batch. */
export interface Plan {
  readonly config: Config;
  readonly rule: Rule;
  readonly batch: BatchChange;
  readonly assessments: readonly Assessment[];
  /** Of reading and of the rule. */
  readonly warnings: readonly Diagnostic[];
}

/** @throws Problem: batch-unreachable, and what the rule refuses */
export async function planFor(config: Config, options: ConvertOptions): Promise<Plan> {
  return about(config.source, async () => {
    const { recipe } = config;
    const rule = ruleOf(options);
    const batch = moveBatch(recipe.batch, options);
    const task = { recipe, batch, rule, options };
    const assessments = assess(task);
    return {
      config,
      rule,
      batch,
      assessments,
      warnings: [...config.warnings, ...adviceOn(task, assessments)],
    };
  });
}

/**
 * The changes to write; with `insert: false`, and in a file that may be another trainer's, insertions become warnings.
 * @throws Problem: cannot-insert where that would leave the old batch in the file, and the next run would scale again
 */
export function changesToWrite({ assessments, config }: Plan, { insert }: ConvertOptions) {
  const all = changesOf(assessments);
  const may = insert !== false && config.certain;
  const left = may ? [] : all.filter(({ inserted }) => inserted);
  const why = config.certain
    ? '--no-insert'
    : `this file may be another trainer’s, which rejects keys that it does not know; if it is ${config.dialect.framework}’s, say --dialect ${config.dialect.name}`;
  const batch = left.find(({ role }) => role.role === 'batch');
  if (batch)
    throw new Problem(
      'cannot-insert',
      `${readable(batch.pointer)} is left to the trainer’s default ${batch.from} and would have to become ${batch.to}, and it is not written (${why}): the file would still mean the old batch, and the next conversion would scale its values again. Write ${keyOf(batch.pointer)}: ${batch.from} into the file first`,
    ).in(config.source);
  return {
    changes: all.filter((change) => !left.includes(change)),
    warnings: left.map((change) => notInserted(change, why)),
  };
}

function notInserted({ pointer, from, to }: Change, why: string): Diagnostic {
  const list = (v: number | readonly number[]) =>
    typeof v === 'number' ? num(v) : `[${v.map(num).join(', ')}]`;
  return warning(
    'not-inserted',
    `${readable(pointer)} is left to the trainer’s default ${list(from)}, but should become ${list(to)} (${why})`,
  );
}
