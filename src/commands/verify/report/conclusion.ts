import type { NoTraining, Training } from '../train-configs.ts';
import type { Verification } from '../verification.ts';
import { offPath } from './training-text.ts';

/** What a verification comes to, for the end of a report. */
export interface Conclusion {
  readonly pass: boolean;
  /** In a word. */
  readonly word: 'verified' | 'NOT verified' | 'nothing to verify';
  /** What it is that was found, as the rest of that line; empty where the report has said it already. */
  readonly what: string;
  /** What was not: sentences. */
  readonly limits: readonly string[];
}

/** Says what was verified, and no more: averages were run, learning rates were compared with what a rule asks for. */
export function conclusionOf(
  { pass, averages, learningRates, rule }: Verification,
  trainings: readonly (Training | NoTraining)[] = [],
): Conclusion {
  const limits = trainings.flatMap((training) => ('why' in training ? [] : (offPath(training) ?? [])));
  if (!pass) return { pass, word: 'NOT verified', what: '', limits };
  const rates = learningRates.some(({ asAsked }) => !asAsked)
    ? `learning rates are not what ${rule} asks for`
    : `learning rates are what ${rule} asks for`;
  const compared = learningRates.length ? [rates] : [];
  if (averages.length === 0)
    return {
      pass,
      word: 'nothing to verify',
      what: ['the file names no averages', ...compared].join('; '),
      limits,
    };
  const coarse = averages.some(({ verdict }) => verdict === 'coarse');
  const kept = coarse ? 'averages are as close as any decay can be' : 'averages keep their memory';
  return { pass, word: 'verified', what: [kept, ...compared].join(', '), limits };
}
