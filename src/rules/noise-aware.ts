import { fraction, num } from '../base/numbers.ts';
import { Problem } from '../base/problem.ts';
import { dividesByLevel, ema } from './ema.ts';
import { constant, over, plus, type Quantity, squareRoot, times } from './quantity.ts';
import type { Advice, OptimizerSettings, Ratio, Rule, RuleOptions, Scaled } from './rule.ts';

/**
 * How much the mean square of a batch gradient moves: E[g_B^2] = mu^2 + s^2/B, so by (1+N/B')/(1+N/B) with the
 * gradient noise scale N = s^2/mu^2 in samples. 1 where the signal dominates (N far below B), 1/kappa where the noise
 * does.
 */
export function meanSquareRatio({ from, to }: Ratio, noiseScale: number): Quantity {
  const at = (batch: number) => plus(constant(1), over(constant(noiseScale), constant(batch)));
  return over(at(to), at(from));
}

function noiseScaleOf({ noiseScale }: RuleOptions): number {
  if (noiseScale === undefined)
    throw new Problem(
      'usage',
      'the rule noise-aware needs the gradient noise scale in samples: --noise-scale N (rebatch noise measures it from two batch sizes)',
    );
  return noiseScale;
}

function learningRateFactor(settings: OptimizerSettings, ratio: Ratio, options: RuleOptions): Scaled {
  const plain = ema.learningRateFactor(settings, ratio, options);
  if (!dividesByLevel(settings)) return plain;
  const noise = noiseScaleOf(options);
  return {
    ...times(plain, squareRoot(meanSquareRatio(ratio, noise)), ' '),
    reason: `The step is divided by the gradient's root mean square, whose noise part shrinks with the batch; drift per sample is kept at noise scale ${num(noise)} (kappa ${fraction(ratio.kappa)})`,
  };
}

function advice(settings: OptimizerSettings, ratio: Ratio, { noiseScale }: RuleOptions): Advice[] {
  if (!dividesByLevel(settings) || noiseScale === undefined || ratio.to <= noiseScale) return [];
  const level = Math.sqrt(meanSquareRatio(ratio, noiseScale).value);
  return [
    {
      code: 'above-noise-scale',
      message: `the target batch ${ratio.to} is above the gradient noise scale ${num(noiseScale)}: the path is kept on average, but no learning rate keeps its noise as well (the gradient’s level moves by ${num(level)})`,
    },
  ];
}

/**
 * `ema`, with learning rate and epsilon of optimizers that divide by the gradient's level corrected by the gradient
 * noise scale: the drift per sample is kept at any noise. Derived from E[g_B^2] (McCandlish et al., arXiv 1812.06162,
 * define the noise scale); N -> 0 is `ema`, N -> infinity the square-root rule (Malladi et al., arXiv 2205.10287).
 */
export const noiseAware: Rule = {
  ...ema,
  name: 'noise-aware',
  title: 'keep memory and drift per sample at a known gradient noise scale',
  source:
    'Viehmann 2019 with the level of E[g^2] at batch B; noise scale: McCandlish et al., arXiv 1812.06162',
  holds:
    'Wherever the noise scale is known. One learning rate serves all layers, whose noise scales differ and grow in training, so it is a compromise.',
  leaves: 'Nothing that ema changes; for LAMB, Lion, Muon and SGD it is ema.',
  uses: ['noiseScale', 'literal'],
  learningRateFactor,
  epsilon(old, inside, settings, ratio, options) {
    if (!settings.optimizer.secondMoment) return ema.epsilon(old, inside, settings, ratio, options);
    const level = meanSquareRatio(ratio, noiseScaleOf(options));
    return {
      ...times(old, constant((inside ? level : squareRoot(level)).value)),
      reason: `Epsilon is compared with the ${inside ? 'mean square' : 'root mean square'} of the gradient and moves with it`,
    };
  },
  advice,
};
