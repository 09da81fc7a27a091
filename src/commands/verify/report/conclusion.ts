import { fraction, num, short } from '../../../base/numbers.ts';
import { fieldName, readable } from '../../../document/pointer.ts';
import { countedPer } from '../../../pipe/sides.ts';
import type { NoTraining, Training } from '../train-configs.ts';
import type { Verification } from '../verification.ts';
import { notTrained, offPath } from './training-text.ts';

/** What a verification comes to, for the end of a report. */
export interface Conclusion {
  readonly verdict: Verification['verdict'];
  /** The verdict in a word. */
  readonly word: string;
  /** What was proven, or what was found instead. */
  readonly found: string;
  /** What was not proven, and what a training showed of it: a sentence; empty where nothing is open. */
  readonly open: string;
}

/** A verdict as people read it. */
const WORDS = {
  pass: 'verified',
  coarse: 'coarse',
  fail: 'NOT verified',
  nothing: 'nothing to verify',
} as const satisfies Record<Verification['verdict'], string>;

/** Says what was proven, and no more: averages were run, learning rates were compared with what a rule asks for. */
export function conclusionOf(
  verification: Verification,
  trainings: readonly (Training | NoTraining)[] = [],
): Conclusion {
  const { verdict } = verification;
  return {
    verdict,
    word: WORDS[verdict],
    found: FOUND[verdict](verification),
    open: verdict === 'fail' ? shown(trainings).trimStart() : openOf(verification, trainings),
  };
}

/** A conclusion as one line: the last of a report. */
export function conclusionLine({ word, found, open }: Conclusion): string {
  return `${word}: ${[found, open].filter(Boolean).join('. ')}`;
}

const FOUND: Readonly<Record<Verification['verdict'], (of: Verification) => string>> = {
  pass: ({ learningRates }) =>
    learningRates.some(({ decides }) => decides)
      ? 'the averages keep their memory, and so does the step per gradient'
      : 'the averages keep their memory',
  coarse: ({ averages, batch }) => {
    const off = averages
      .filter(({ verdict }) => verdict === 'coarse')
      .map((average) => `${fieldName(average)} is off by ${short(average.size, 3)} of its size`);
    return `${off.join(', ')}, and no decay brings it closer: at kappa ${fraction(batch.to / batch.from)} one new batch is too large a part of what it remembers`;
  },
  fail: (verification) => [...reasons(verification)].join('; '),
  nothing: ({ batch }) =>
    batch.from === batch.to
      ? `the batch stays ${num(batch.from)}${countedPer({ per: batch.per })} (kappa 1), and so do the averages`
      : 'the config names no averages',
};

function* reasons({ averages, learningRates, unpaired, strict }: Verification): Generator<string> {
  const named = (those: Verification['averages']) => those.map(fieldName).join(', ');
  const wrong = averages.filter(({ verdict }) => verdict === 'fail');
  const coarse = averages.filter(({ verdict }) => verdict === 'coarse');
  const unlike = averages.filter(({ agrees }) => !agrees);
  const rates = learningRates.filter(({ asAsked, decides }) => decides && !asAsked);
  if (wrong.length) yield `${named(wrong)} ${wrong.length > 1 ? 'do' : 'does'} not follow the old average`;
  if (rates.length)
    yield `${rates.map(({ pointer }) => readable(pointer)).join(', ')} does not fit its momentum`;
  if (strict && coarse.length) yield `${named(coarse)} coarse, which --strict forbids`;
  if (unlike.length) yield `${named(unlike)} measured otherwise than predicted`;
  if (unpaired.length) yield 'the configs have not the same settings';
}

function openOf(verification: Verification, trainings: readonly (Training | NoTraining)[]): string {
  const { learningRates, rule, batch } = verification;
  if (learningRates.length === 0)
    return batch.from === batch.to ? '' : 'Not proven: the learning rate, which the configs do not both have';
  const names = learningRates.map(({ pointer, written }) => `${readable(pointer)} ${written[1]}`).join(', ');
  if (batch.from === batch.to) return `Not proven: ${names}, changed at the same batch`;
  const asked = learningRates.every(({ asAsked }) => asAsked);
  const what = learningRates.every(({ decides }) => decides)
    ? `that the loss keeps its path, for which ${names} must be small against the curvature`
    : `${names}. It is ${asked ? '' : 'not '}what ${rule} asks for; whether it keeps the loss on its path depends on the gradient noise scale`;
  return `Not proven: ${what}${shown(trainings) || ' (--train shows how far)'}`;
}

/** What trainings showed; empty where there were none. */
function shown(trainings: readonly (Training | NoTraining)[]): string {
  return trainings.map((one) => `. ${'why' in one ? notTrained(one) : offPath(one)}`).join('');
}
