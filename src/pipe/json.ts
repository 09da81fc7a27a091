import { type Diagnostic, placeOf, type Source } from '../base/diagnostic.ts';
import type { BatchChange } from '../recipe/batch.ts';

/** The fields that every JSON about a conversion begins with. */
export function headJson(of: {
  readonly source: Source;
  readonly dialect: string;
  readonly rule: string;
  readonly batch: BatchChange;
}) {
  const { kappa, from, to } = of.batch;
  return {
    version: 1,
    file: of.source.file,
    dialect: of.dialect,
    rule: of.rule,
    kappa,
    batch: { from: from.global, to: to.global },
  };
}

/** A warning in JSON, the same in every command. */
export function warningJson({ code, message, offset }: Diagnostic, { text }: Source): object {
  return { code, message, ...(offset === undefined ? {} : { line: placeOf(text, offset).line }) };
}
