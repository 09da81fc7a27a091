import { Problem } from '../base/problem.ts';
import { ema } from './ema.ts';
import { keepLr } from './keep-lr.ts';
import { linear } from './linear.ts';
import { noiseAware } from './noise-aware.ts';
import type { Rule, RuleOptions } from './rule.ts';
import { sqrt } from './sqrt.ts';

/** All rules; the first is the default. */
export const RULES: readonly Rule[] = [ema, noiseAware, linear, sqrt, keepLr];

/** @throws Problem with code `usage` and the names to choose from */
export function findRule(name: string): Rule {
  const rule = RULES.find((r) => r.name === name);
  if (!rule)
    throw new Problem(
      'usage',
      `unknown rule "${name}"; choose one of: ${RULES.map((r) => r.name).join(', ')}`,
    );
  return rule;
}

/** The rule by default: the first, or where a noise scale is given the first that uses it. */
export function defaultRule({ noiseScale }: RuleOptions): Rule {
  const uses = noiseScale === undefined ? undefined : RULES.find((r) => r.uses?.includes('noiseScale'));
  return uses ?? RULES[0]!;
}

/** The names of the rules that use an option. */
export function rulesUsing(option: NonNullable<Rule['uses']>[number]): string[] {
  return RULES.filter((r) => r.uses?.includes(option)).map((r) => r.name);
}
