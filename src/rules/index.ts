import { Problem } from '../base/problem.ts';
import { ema } from './ema.ts';
import { keepLr } from './keep-lr.ts';
import { linear } from './linear.ts';
import { noiseAware } from './noise-aware.ts';
import type { Rule } from './rule.ts';
import { sqrt } from './sqrt.ts';

/** The rules by name; the first is the default. */
export const RULES: readonly Rule[] = [ema, noiseAware, linear, sqrt, keepLr];

/** @throws Problem with code `usage` and the names there are */
export function findRule(name: string): Rule {
  const rule = RULES.find((r) => r.name === name);
  if (!rule)
    throw new Problem(
      'usage',
      `no rule is called "${name}"; there are: ${RULES.map((r) => r.name).join(', ')}`,
    );
  return rule;
}
