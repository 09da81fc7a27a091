import type { Diagnostic, Severity } from '../../base/diagnostic.ts';
import { FINDINGS, type FindingCode, isFindingCode } from '../../base/findings.ts';
import type { Problem, ProblemCode } from '../../base/problem.ts';

/** A result of `check` about a file. */
export type Finding = Diagnostic<FindingCode>;

/** A finding with the severity of its code, or the one given. */
export function finding(
  code: FindingCode,
  message: string,
  where: Pick<Finding, 'offset' | 'pointer' | 'part'> & { readonly severity?: Severity } = {},
): Finding {
  return { code, severity: FINDINGS[code].severity, message, ...where };
}

/** Refusals that concern what was typed, or rebatch itself: they stop everything. */
const STOPS: readonly ProblemCode[] = ['usage', 'proof-failed', 'interrupted'];

/** Refusals of what may be no training config at all. */
const UNRELATED: readonly ProblemCode[] = ['empty', 'unknown-dialect', 'not-a-training-config'];

/** Refusals of a config that does not say its batch. */
const UNSAID: readonly ProblemCode[] = ['batch-unknown', 'world-unknown', 'auto', 'interpolation'];

/** A refusal turned into a finding, so that the check goes on; undefined if it must stop. */
export function findingOf({ code, message, offset }: Problem): Finding | undefined {
  if (STOPS.includes(code)) return undefined;
  const where = offset === undefined ? {} : { offset };
  if (isFindingCode(code)) return finding(code, message, where);
  const severity = UNRELATED.includes(code) ? 'notice' : UNSAID.includes(code) ? 'warning' : 'error';
  return finding('not-judged', message, { ...where, severity });
}

/** Whether a file was passed over as no training config. */
export function isUnrelated({ code, severity }: Finding): boolean {
  return code === 'not-judged' && severity === 'notice';
}
