import { Problem } from '../base/problem.ts';
import { ema } from './ema.ts';
import { keepLr } from './keep-lr.ts';
import { linear } from './linear.ts';
import { noiseAware } from './noise-aware.ts';
import { power } from './power.ts';
import type { Rule, RuleOptions } from './rule.ts';
import { sqrt } from './sqrt.ts';

/** All rules; the first is the default. */
export const RULES: readonly Rule[] = [ema, noiseAware, linear, sqrt, keepLr, power];

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

/** The rule by default: the first, or the one that the noise scale or the power given is for. */
export function defaultRule(options: RuleOptions): Rule {
  const given = (['power', 'noiseScale'] as const).find((option) => options[option] !== undefined);
  return (given && RULES.find((r) => r.uses?.includes(given))) ?? RULES[0]!;
}

/** The rules that have what they need: `power` needs a power. */
export function rulesFor(options: RuleOptions): Rule[] {
  return RULES.filter((r) => options.power !== undefined || !r.uses?.includes('power'));
}

/** The names of the rules that use an option. */
export function rulesUsing(option: NonNullable<Rule['uses']>[number]): string[] {
  return RULES.filter((r) => r.uses?.includes(option)).map((r) => r.name);
}
