import type { Diagnostic, Severity } from '../../base/diagnostic.ts';
import { FINDINGS, type FindingCode, isFindingCode } from '../../base/findings.ts';
import type { Problem, ProblemCode } from '../../base/problem.ts';

/** A result of `check` about a file. */
export type Finding = Diagnostic<FindingCode>;

/** A finding with the severity of its code, or a milder one. */
export function finding(
  code: FindingCode,
  message: string,
  where: Pick<Finding, 'offset' | 'pointer' | 'part'> & { readonly severity?: Severity } = {},
): Finding {
  return { code, severity: FINDINGS[code].severity, message, ...where };
}

/** Refusals that are not the file's fault. */
const NOT_JUDGED: readonly ProblemCode[] = [
  'empty',
  'unknown-dialect',
  'not-a-training-config',
  'batch-unknown',
  'world-unknown',
  'auto',
  'interpolation',
];

/** A refusal turned into a finding, so that the check goes on; undefined if it must stop. */
export function findingOf({ code, message, offset }: Problem): Finding | undefined {
  const where = offset === undefined ? {} : { offset };
  if (NOT_JUDGED.includes(code)) return finding('not-judged', message, where);
  return isFindingCode(code) ? finding(code, message, where) : undefined;
}
