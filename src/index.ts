/** The library: the same pipe as the command line on texts, with what is wrong with an input as a value. */

import type { Source } from './base/diagnostic.ts';
import { Problem } from './base/problem.ts';
import { type Checked, type CheckOptions, checkPair, lint as lintSource } from './commands/check/check.ts';
import { type Explanation, explainConfig } from './commands/explain/explain.ts';
import { compareConfigs, compareWithConversion } from './commands/verify/comparisons.ts';
import type { Verification, VerifyOptions } from './commands/verify/verification.ts';
import { type Conversion, convertConfig } from './pipe/convert.ts';
import type { ConvertOptions } from './pipe/plan.ts';

export { type Diagnostic, type Place, placeOf, type Severity, type Source } from './base/diagnostic.ts';
export { FINDINGS, type FindingCode } from './base/findings.ts';
export { Problem, type ProblemCode } from './base/problem.ts';
export type { Checked, CheckedField, CheckOptions, OtherDifference } from './commands/check/check.ts';
export type { Finding } from './commands/check/finding.ts';
export type { Suppressed } from './commands/check/suppress.ts';
export type { ExplainedField, Explanation } from './commands/explain/explain.ts';
export type { AverageOutcome, Verification } from './commands/verify/verification.ts';
export { type Dialect, listDialects } from './dialect/dialect.ts';
export { ROLES } from './dialect/roles.ts';
export { OPTIMIZERS } from './optimizers/table.ts';
export type { Conversion } from './pipe/convert.ts';
export type { PlacedChange } from './pipe/editor.ts';
export type { ConvertOptions } from './pipe/plan.ts';
export { ema } from './rules/ema.ts';
export { RULES } from './rules/index.ts';
export type { Change } from './rules/plan.ts';
export * as quantity from './rules/quantity.ts';
export type { Advice, OptimizerSettings, Ratio, Rule, RuleOptions, Scaled } from './rules/rule.ts';
export type { TimeScale } from './rules/time-scale.ts';

/** A result, or what is wrong with the input: a code, a sentence, and its place where it has one. */
export type Outcome<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problem: Problem };

async function outcome<T>(run: () => Promise<T>): Promise<Outcome<T>> {
  try {
    return { ok: true, value: await run() };
  } catch (problem) {
    if (problem instanceof Problem) return { ok: false, problem };
    throw problem;
  }
}

/** Rewrites a config for another batch size; only the values that must move change, and that is proven. */
export function convert(source: Source, options: ConvertOptions): Promise<Outcome<Conversion>> {
  return outcome(() => convertConfig(source, options));
}

/** Explains every field that is understood; without a target batch, at twice the batch. */
export function explain(source: Source, options: ConvertOptions = {}): Promise<Outcome<Explanation>> {
  return outcome(() => explainConfig(source, options));
}

/** Judges a candidate by a reference: is it what the rule makes of the reference at the candidate's batch size? */
export function check(
  reference: Source,
  candidate: Source,
  options: CheckOptions = {},
): Promise<Outcome<Checked>> {
  return outcome(() => checkPair(reference, candidate, options));
}

/** Judges a file by itself. That it cannot be read is a finding, not a problem. */
export function lint(source: Source, options: CheckOptions = {}): Promise<Outcome<Checked>> {
  return outcome(() => lintSource(source, options));
}

/**
 * Runs old and new settings on the same synthetic gradients, in float64 on this machine: a config against its
 * conversion, or against `now`. One verification for each document of the file.
 */
export function verify(
  old: Source,
  options: ConvertOptions & Omit<VerifyOptions, 'backend'> & { readonly now?: Source },
): Promise<Outcome<Verification[]>> {
  return outcome(async () => {
    const { cpu } = await import('./lab/backends/cpu.ts');
    const { verifyComparison } = await import('./commands/verify/verification.ts');
    const { now } = options;
    const comparisons = now
      ? await compareConfigs(old, now, options)
      : await compareWithConversion(old, options);
    const verifications: Verification[] = [];
    for (const comparison of comparisons)
      verifications.push(await verifyComparison(comparison, { ...options, backend: cpu }, {}));
    return verifications;
  });
}
