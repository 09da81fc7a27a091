import { fraction, num } from '../base/numbers.ts';
import { Problem } from '../base/problem.ts';
import { ema } from './ema.ts';
import type { Factor, Ratio, Rule, RuleOptions, Settings } from './rule.ts';

/**
 * How much the root mean square of a batch gradient moves: E[g_B^2] = mu^2 + s^2/B, so by
 * sqrt((1+N/B')/(1+N/B)) with the gradient noise scale N = s^2/mu^2 in samples.
 * 1 where the signal dominates (N far below B), 1/sqrt(kappa) where the noise does.
 */
export function gradientLevelRatio({ from, to }: Ratio, noiseScale: number): number {
  return Math.sqrt((1 + noiseScale / to) / (1 + noiseScale / from));
}

/** True for optimizers whose step is divided by a level that moves with the batch. */
export function dividesByLevel({ optimizer }: Settings): boolean {
  return optimizer.normalises === 'second-moment' || optimizer.normalises === 'gradient-norm';
}

function noiseScaleOf({ noiseScale }: RuleOptions): number {
  if (noiseScale === undefined)
    throw new Problem(
      'usage',
      'the rule noise-aware needs the gradient noise scale in samples: --noise-scale N (rebatch noise measures it from two batch sizes)',
    );
  return noiseScale;
}

function learningRateFactor(settings: Settings, ratio: Ratio, options: RuleOptions): Factor {
  const plain = ema.learningRateFactor(settings, ratio, options);
  if (!dividesByLevel(settings)) return plain;
  const noise = noiseScaleOf(options);
  return {
    value: plain.value * gradientLevelRatio(ratio, noise),
    formula: `${plain.formula} * sqrt((1+${num(noise)}/${num(ratio.to)})/(1+${num(noise)}/${num(ratio.from)}))`,
    reason: `The step is divided by the gradient's root mean square, whose noise part shrinks with the batch; drift per sample is kept at noise scale ${num(noise)} (kappa ${fraction(ratio.kappa)})`,
  };
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
  learningRateFactor,
  epsilon(value, inside, settings, ratio, options) {
    if (!settings.optimizer.secondMoment) return ema.epsilon(value, inside, settings, ratio, options);
    const level = gradientLevelRatio(ratio, noiseScaleOf(options));
    const factor = inside ? level * level : level;
    return {
      value: value * factor,
      formula: `${num(value)}*${num(factor)}`,
      reason: `Epsilon is compared with the ${inside ? 'mean square' : 'root mean square'} of the gradient and moves with it`,
    };
  },
};
