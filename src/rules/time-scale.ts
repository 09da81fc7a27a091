import { count, short } from '../base/numbers.ts';

/** What a value means in samples: what stays the same when the batch changes. */
export interface TimeScale {
  /** `effective-lr-per-sample` is lr/(1-mu) per sample, the total step that one gradient causes. */
  readonly what: 'half-life' | 'lr-per-sample' | 'effective-lr-per-sample' | 'length';
  readonly from: number;
  readonly to: number;
}

/** A time scale in words, and whether the value as written keeps it. */
export function describeScale({ what, from, to }: TimeScale): string {
  const same = Math.abs(to / from - 1) < 1e-3;
  if (what === 'half-life') return `half-life ${count(from)} samples${same ? ', kept' : ` -> ${count(to)}`}`;
  if (what === 'length')
    return same ? `${count(from)} samples, kept` : `${count(from)} -> ${count(to)} samples`;
  const words = what === 'lr-per-sample' ? 'lr per sample' : 'lr/(1-mu) per sample';
  return same ? `${words} ${short(from)}, kept` : `${words} ${short(from)} -> ${short(to)}`;
}
