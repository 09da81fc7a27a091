import type { AverageCase } from './backends/backend.ts';
import { type Signal, signalResponse } from './signals.ts';
import { type AveragePair, align, spreadOf } from './theory.ts';

/**
 * The relative rms difference that a run must show: noise and signal together, over the snapshots it takes.
 * @param snapshots aligned blocks since the start; Infinity is the steady state, for a constant signal only
 */
export function predictRelativeRms(pair: AveragePair, signal: Signal, snapshots: readonly number[]): number {
  const { batch, decay, gain = 1 } = pair;
  const { old, now } = align(batch);
  const spread = spreadOf(pair);
  let [difference, own] = [0, 0];
  for (const blocks of snapshots) {
    const noise = spread(blocks);
    const bias =
      signal.kind === 'constant'
        ? 0
        : signalResponse(signal, 1, decay[0], blocks * old) -
          gain * signalResponse(signal, batch[1] / batch[0], decay[1], blocks * now);
    difference += noise.difference + bias * bias;
    own += noise.old;
  }
  return Math.sqrt(difference / own);
}

/** A case as a pair under its new, and under its unconverted settings. */
export function pairsOf(
  batch: AveragePair['batch'],
  { decay, gain, unconvertedGain }: Pick<AverageCase, 'decay' | 'gain' | 'unconvertedGain'>,
): { readonly converted: AveragePair; readonly unconverted: AveragePair } {
  return {
    converted: { batch, decay, gain },
    unconverted: { batch, decay: [decay[0], decay[0]], gain: unconvertedGain },
  };
}
