import { type Diagnostic, placeOf, type Source } from '../base/diagnostic.ts';
import type { BatchChange } from '../recipe/batch.ts';
import { sidesOf } from './sides.ts';

/** What the JSON of every conversion begins with: the file, how it was read, and its batch. */
export function headJson(of: {
  readonly source: Source;
  readonly dialect: string;
  readonly rule: string;
  readonly batch: BatchChange;
}) {
  return {
    version: 1,
    file: of.source.file,
    dialect: of.dialect,
    rule: of.rule,
    kappa: of.batch.kappa,
    batch: sidesOf(of.batch),
  };
}

/** A warning as every JSON has it. */
export function warningJson({ code, message, offset }: Diagnostic, { text }: Source): object {
  return { code, message, ...(offset === undefined ? {} : { line: placeOf(text, offset).line }) };
}
