/** The library: the same pipe as the command line, without the world around it. */

export { FINDINGS, type Finding, type FindingCode, type Severity } from './check/finding.ts';
export type { Silenced } from './check/silence.ts';
export type { Checked, CheckedField, CheckOptions, OtherDifference } from './check.ts';
export type { Conversion, ConvertOptions } from './convert.ts';
export { type Dialect, listDialects } from './dialect/dialect.ts';
export type { PlacedChange } from './editor.ts';
export type { Explained, Explanation } from './explain.ts';
export { check, checkAlone, convert, explain, type Outcome, verify } from './library.ts';
export { OPTIMIZERS } from './optimizers/table.ts';
export { type Place, Problem, type ProblemCode } from './problem.ts';
export type { TimeScale } from './rules/assess.ts';
export { ema } from './rules/ema.ts';
export { RULES } from './rules/index.ts';
export type { Change } from './rules/plan.ts';
export type { Factor, Ratio, Rule, RuleOptions, Scaled, Settings } from './rules/rule.ts';
export type { Source } from './verify/configs.ts';
export type { Verification, VerifiedAverage } from './verify/verify.ts';
