import type { Conversion } from '../convert.ts';
import type { PlacedChange } from '../editor.ts';

/** The result of `convert --json`: version 1 of the format, stable. */
export function conversionJson(conversion: Conversion): object {
  const { file, dialect, rule, batch, changes, warnings } = conversion;
  return {
    version: 1,
    file,
    dialect,
    rule,
    kappa: batch.kappa,
    batch: { from: batch.from.global, to: batch.to.global },
    changes: changes.map(changeJson),
    warnings: warnings.map(({ code, message, line }) => ({
      code,
      message,
      ...(line === undefined ? {} : { line }),
    })),
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
