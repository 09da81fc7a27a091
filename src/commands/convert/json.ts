import type { Conversion } from '../../pipe/convert.ts';
import type { PlacedChange } from '../../pipe/editor.ts';
import { headJson, warningJson } from '../../pipe/json.ts';

/** The result of `convert --json`: version 1 of the format, stable. */
export function conversionJson(conversion: Conversion): object {
  const { changes, warnings } = conversion;
  return {
    ...headJson(conversion),
    changes: changes.map(changeJson),
    warnings: warnings.map(warningJson),
  };
}

function changeJson({
  pointer,
  part,
  place,
  role,
  from,
  to,
  formula,
  reason,
  inserted,
  uses,
  scales,
}: PlacedChange): object {
  const { role: name, ...details } = role;
  return {
    pointer,
    ...(part === undefined ? {} : { part }),
    line: place.line,
    column: place.column,
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
