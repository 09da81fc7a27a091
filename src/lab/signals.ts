/**
 * What the gradients do beside their noise. Time is counted in old batches from the start, heights in standard
 * deviations of an old batch's mean; the constant that the gradients fluctuate around is left out, because a
 * bias-corrected average passes it unchanged whatever its decay.
 */
export type Signal =
  | { readonly kind: 'constant' }
  /** The mean moves steadily. */
  | { readonly kind: 'drift'; readonly perBatch: number }
  | { readonly kind: 'sinusoid'; readonly height: number; readonly period: number }
  /** The mean moves at once, as after a drop of the learning rate. `at` falls on an aligned count. */
  | { readonly kind: 'jump'; readonly height: number; readonly at: number };

/** The names that `--gradients` knows. */
export const SIGNAL_NAMES = ['constant', 'drift', 'sinusoid', 'jump', 'heavy-tails'] as const;
export type SignalName = (typeof SIGNAL_NAMES)[number];

/**
 * A signal by its name, at its customary size.
 * @param length the run in old batches; a jump comes at `middle`
 */
export function signalNamed(name: SignalName, middle: number): Signal {
  switch (name) {
    case 'drift':
      return { kind: 'drift', perBatch: 0.01 };
    case 'sinusoid':
      return { kind: 'sinusoid', height: 1, period: 64 };
    case 'jump':
      return { kind: 'jump', height: 3, at: middle };
    case 'constant':
    case 'heavy-tails':
      return { kind: 'constant' };
  }
}

/** The signal's mean over the stretch of time [from, to), in old batches. */
export function signalMean(signal: Signal, from: number, to: number): number {
  switch (signal.kind) {
    case 'constant':
      return 0;
    case 'drift':
      return (signal.perBatch * (from + to)) / 2;
    case 'sinusoid': {
      const omega = (2 * Math.PI) / signal.period;
      return (signal.height * (Math.cos(omega * from) - Math.cos(omega * to))) / (omega * (to - from));
    }
    case 'jump':
      return from >= signal.at - 1e-9 ? signal.height : 0;
  }
}

/**
 * What an average makes of the signal alone, after some updates from zero: closed forms.
 * @param batch its batch in old batches (1 for the old average, kappa for the new)
 */
export function signalResponse(signal: Signal, batch: number, decay: number, updates: number): number {
  const forgotten = decay ** updates;
  switch (signal.kind) {
    case 'constant':
      return 0;
    case 'drift': {
      const meanUpdate = updates - (1 - forgotten) / (1 - decay) + (1 - forgotten) / 2;
      return signal.perBatch * batch * meanUpdate;
    }
    case 'sinusoid':
      return signal.height * sinusoidResponse((2 * Math.PI * batch) / signal.period, decay, updates);
    case 'jump': {
      const since = updates - signal.at / batch;
      return since > 0 ? signal.height * -Math.expm1(since * Math.log(decay)) : 0;
    }
  }
}

/**
 * Imaginary part of (1-b) * h * (z^n - b^n) / (z - b) with z = exp(i*phase) and h = (z-1)/(i*phase), the mean of the
 * wave over one update.
 */
function sinusoidResponse(phase: number, decay: number, updates: number): number {
  const [re, im] = [Math.cos(phase), Math.sin(phase)];
  const mean = { re: im / phase, im: (1 - re) / phase };
  const top = { re: Math.cos(phase * updates) - decay ** updates, im: Math.sin(phase * updates) };
  const bottom = (re - decay) ** 2 + im * im;
  // top / (z - b) = top * conj(z - b) / |z - b|^2
  const ratio = {
    re: (top.re * (re - decay) + top.im * im) / bottom,
    im: (top.im * (re - decay) - top.re * im) / bottom,
  };
  return (1 - decay) * (mean.re * ratio.im + mean.im * ratio.re);
}
