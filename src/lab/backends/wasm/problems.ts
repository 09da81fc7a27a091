import { problemOf } from '../../layer.ts';
import type { NoiseKey } from '../../noise.ts';
import { GROUP, type Kernel } from './kernel.ts';

/** A layer's curvatures, its weights at the start, and its minimum, in float32. */
export interface Problem {
  readonly curvature: Float32Array;
  readonly start: Float32Array;
  readonly target: Float32Array;
}

/** Most coordinates of a layer that the kernel draws: its memory is small until it is asked for more. */
const MOST = 2 ** 12;

/** Draws the problem of a layer of some width. */
export type DrawProblem = (width: number, key: NoiseKey) => Problem;

/**
 * Draws by a kernel, to float32: the reference, which draws where there is none, takes a second for a million
 * coordinates, longer than a GPU trains them.
 */
export function problemsBy(kernel: Kernel | undefined): DrawProblem {
  return (width, key) => {
    if (!kernel || width > MOST) {
      const { curvature, start, target } = problemOf(width, key);
      const [float, ...others] = [curvature, start, target].map((values) => Float32Array.from(values));
      return { curvature: float!, start: others[0]!, target: others[1]! };
    }
    const { memory, draw, base } = kernel;
    const normals = (index: number) => {
      draw(base(), Math.ceil(width / GROUP) * GROUP, 0, key.seed, key.stream, index);
      return new Float32Array(memory.buffer, base(), width).slice();
    };
    return { curvature: normals(0).map(Math.exp), start: normals(1), target: normals(2) };
  };
}
