/** The library's functions: the command line's pipe on texts, with what is wrong with an input as a value. */
import { type Checked, type CheckOptions, checkPair, checkAlone as judgeAlone } from './check.ts';
import { type Conversion, type ConvertOptions, convertText } from './convert.ts';
import { type Explained, explainText } from './explain.ts';
import { Problem } from './problem.ts';
import { compareConfigs, compareWithConversion, type Source } from './verify/configs.ts';
import type { Verification, VerifyOptions } from './verify/verify.ts';

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
  return outcome(() => convertText(source.text, source.file, options));
}

/** Explains every field that is understood; without a target batch, at twice the batch. */
export function explain(source: Source, options: ConvertOptions = {}): Promise<Outcome<Explained>> {
  return outcome(() => explainText(source.text, source.file, options));
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
export function checkAlone(source: Source, options: CheckOptions = {}): Promise<Outcome<Checked>> {
  return outcome(() => judgeAlone(source, options));
}

/**
 * Runs old and new settings on the same synthetic gradients, in float64 on this machine: a config against its
 * conversion, or against `now`, however that was made. One verification for each document of the file.
 */
export function verify(
  old: Source,
  options: ConvertOptions & Omit<VerifyOptions, 'backend'> & { readonly now?: Source },
): Promise<Outcome<Verification[]>> {
  return outcome(async () => {
    const { cpu } = await import('./verify/backends/cpu.ts');
    const { verify: run } = await import('./verify/verify.ts');
    const { now } = options;
    const comparisons = now
      ? await compareConfigs(old, now, options)
      : await compareWithConversion(old, options);
    const verifications: Verification[] = [];
    for (const comparison of comparisons)
      verifications.push(await run(comparison, { ...options, backend: cpu }, {}));
    return verifications;
  });
}
