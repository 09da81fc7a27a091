import { placeOf, type Source } from '../../base/diagnostic.ts';
import type { Conversion } from '../../pipe/convert.ts';
import type { PlacedChange } from '../../pipe/editor.ts';
import { headJson, warningJson } from '../../pipe/json.ts';

/** The result of `convert --json`: version 1 of the format, stable. */
export function conversionJson(conversion: Conversion): object {
  const { source, changes, warnings } = conversion;
  return {
    ...headJson(conversion),
    changes: changes.map((change) => changeJson(change, source)),
    warnings: warnings.map((one) => warningJson(one, source)),
  };
}

function changeJson(change: PlacedChange, { text }: Source): object {
  const { pointer, part, offset, role, from, to, formula, reason, inserted, uses, scales } = change;
  const { role: name, ...details } = role;
  return {
    pointer,
    ...(part === undefined ? {} : { part }),
    ...placeOf(text, offset),
    role: name,
    ...('of' in details ? { of: details.of } : {}),
    from,
    to,
    formula,
    reason,
    inserted,
    uses,
    scales,
  };
}
