import { type NoiseKey, threefry2x32 } from '../../noise.ts';
import type { Operations, Tensor } from './operations.ts';

/** Coordinates that see a stream of draws, from the first one on. */
export interface Columns {
  readonly key: NoiseKey;
  readonly from: number;
  readonly count: number;
}

/** Unit normals, [rows, the columns' coordinates]: rows are draws one after the other from `index` on. */
export type Source = (index: number, rows: number, columns: readonly Columns[]) => Tensor;

/**
 * Draws where the tensors live. Every chunk has a key of its own, so a request gives the same draws on every device
 * that works in the same chunks; they are not those of src/lab/noise.ts.
 */
export const drawnBy =
  ({ normals }: Pick<Operations, 'normals'>): Source =>
  (index, rows, columns) => {
    const { key, from } = columns[0]!;
    const width = columns.reduce((sum, { count }) => sum + count, 0);
    return normals([rows, width], threefry2x32(key.seed, key.stream, from, index));
  };

/** Where tensors live, what draws, and how many numbers a tensor may have. */
export interface Device {
  readonly operations: Operations;
  readonly source: Source;
  readonly chunk: number;
}

/** Blocks of more steps than this make matrices too large: other backends run them. */
export const MOST_BLOCK_STEPS = 1024;
