import { num } from '../base/numbers.ts';
import type { Batch } from '../recipe/recipe.ts';

/** Two batches as they are reported: `per` where nobody says how many devices there are, and both count one. */
export interface Sides {
  readonly from: number;
  readonly to: number;
  readonly per?: 'device';
}

type Sized = Pick<Batch, 'global' | 'perDevice'>;

/** What is reported of two batches. */
export function sidesOf({ from, to }: { readonly from: Sized; readonly to: Sized }): Sides {
  return { from: from.global, to: to.global, ...(from.perDevice ? { per: 'device' as const } : {}) };
}

/** `batch 256 -> 64`, or `batch 8 -> 2 per device`. */
export function sidesText({ from, to, per }: Sides): string {
  return `batch ${num(from)} -> ${num(to)}${countedPer({ per })}`;
}

/** What stands behind batch sizes that count one device. */
export function countedPer({ per }: { readonly per: Sides['per'] | undefined }): string {
  return per === undefined ? '' : ' per device';
}
