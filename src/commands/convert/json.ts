import { placeOf, type Source } from '../../base/diagnostic.ts';
import { isWithin } from '../../document/pointer.ts';
import type { Conversion } from '../../pipe/convert.ts';
import type { PlacedChange } from '../../pipe/editor.ts';
import { accountsJson, headJson, warningJson } from '../../pipe/json.ts';
import type { Account } from '../../vocabulary/account.ts';

/** The result of `convert --json`: version 1 of the format, stable. */
export function conversionJson(conversion: Conversion): object {
  const { source, changes, warnings, plans } = conversion;
  const account = accountsJson(plans.map(({ config }) => config.account));
  return {
    ...headJson(conversion),
    changes: changes.map((change) => changeJson(change, account, source)),
    account,
    ...decisionJson(plans),
    warnings: warnings.map((one) => warningJson(one, source)),
  };
}

/** The first decision that is open: the learning rate by each rule, and what real runs followed. */
function decisionJson(plans: Conversion['plans']): object {
  const decision = plans.find((plan) => plan.decision)?.decision;
  if (!decision) return {};
  const { optimizer, field, choices, observed } = decision;
  return { decision: { optimizer, pointer: field.pointer, choices, observed } };
}

function changeJson(change: PlacedChange, { byName }: Account, { text }: Source): object {
  const { pointer, part, offset, role, from, to, formula, reason, inserted, uses, scales, overrides } =
    change;
  const { role: name, ...details } = role;
  return {
    pointer,
    ...(part === undefined ? {} : { part }),
    ...placeOf(text, offset),
    role: name,
    readBy: byName.some((at) => isWithin(at, pointer) || isWithin(pointer, at)) ? 'name' : 'dialect',
    ...('of' in details ? { of: details.of } : {}),
    from,
    to,
    formula,
    reason,
    inserted,
    ...(overrides === undefined ? {} : { overrides }),
    uses,
    scales,
  };
}
