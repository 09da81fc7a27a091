import type { Measured } from '../backend.ts';
import type { Operations, Tensor } from './operations.ts';

/**
 * Sums over coordinates of the products of any two rows of figures, the first of which is 1: what the ratio of two
 * combinations of rows needs, and all that is read from a device. Square, row after row.
 */
export type Moments = Float64Array;

/** Of [rows, coordinates], with a row of ones put in front. Products are summed about the means, to keep their digits. */
export async function momentsOf(operations: Operations, x: Tensor): Promise<Moments> {
  const { mean, sub, matMul, read, tidy } = operations;
  const [rows, coordinates] = x.shape as [number, number];
  const tensors = tidy(() => {
    const means = mean(x, [1]);
    const off = sub(x, means);
    return [means, matMul(off, off, true)] as const;
  });
  const [means, products] = await Promise.all(tensors.map(read));
  for (const tensor of tensors) tensor.dispose();
  const size = rows + 1;
  const all = [1, ...means!];
  return Float64Array.from({ length: size * size }, (_, at) => {
    const [i, j] = [Math.floor(at / size), at % size];
    const about = i > 0 && j > 0 ? products![(i - 1) * rows + j - 1]! : 0;
    return about + coordinates * all[i]! * all[j]!;
  });
}

/** Those of more coordinates. */
export function addMoments(a: Moments | undefined, b: Moments): Moments {
  return a ? a.map((x, i) => x + b[i]!) : b;
}

/** Ratio of the sums of two combinations of rows, with the standard error of a ratio estimator. */
export function ratioOfRows(moments: Moments, top: ArrayLike<number>, bottom: ArrayLike<number>): Measured {
  const size = top.length;
  const [coordinates, total] = [moments[0]!, sumOf(moments, bottom)];
  const value = sumOf(moments, top) / total;
  let squares = 0;
  for (let i = 0; i < size; i++)
    for (let j = 0; j < size; j++)
      squares += (top[i]! - value * bottom[i]!) * (top[j]! - value * bottom[j]!) * moments[i * size + j]!;
  return {
    value,
    standardError: Math.sqrt((Math.max(0, squares) * coordinates) / (coordinates - 1)) / total,
  };
}

function sumOf(moments: Moments, weights: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < weights.length; i++) sum += weights[i]! * moments[i]!;
  return sum;
}
