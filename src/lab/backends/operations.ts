import { type Alignment, align, type Step } from '../theory.ts';
import type { AverageCase, AveragesRequest, AveragesResult, Control } from './backend.ts';
import { trajectoriesOf } from './cpu.ts';
import { type Gradients, gradientsOf } from './gradients.ts';
import { type CaseSnapshot, type CaseSums, rmsRatios, startSums, takeSnapshot } from './statistics.ts';

/** An array on a device. */
export interface Tensor {
  readonly shape: readonly number[];
  data(): Promise<ArrayLike<number>>;
  dispose(): void;
}

/** The part of TensorFlow.js used here, as @tensorflow/tfjs-core 4 has it. */
export interface TensorFlowJs {
  setBackend(name: string): Promise<boolean>;
  getBackend(): string;
  tensor(values: Float32Array, shape: readonly number[]): Tensor;
  slice(x: Tensor, begin: readonly number[], size: readonly number[]): Tensor;
  reshape(x: Tensor, shape: readonly number[]): Tensor;
  matMul(a: Tensor, b: Tensor): Tensor;
  tidy(make: () => Tensor): Tensor;
}

/**
 * Switches TensorFlow.js, which has one global backend, to this one. Where that fails TensorFlow.js
 * keeps another one and only returns false. @throws Error
 */
export async function useBackend(tf: TensorFlowJs, name: string): Promise<void> {
  if (!(await tf.setBackend(name)) || tf.getBackend() !== name)
    throw new Error(`TensorFlow.js could not switch to ${name}`);
}

/**
 * Refuses a device that rounds the factors of a product, as TF32 (10 bits) and bfloat16 (7) do: the figures could not
 * be trusted to the sixth digit. 32 x 32 is large enough for the units that would do it.
 * @throws Error
 */
export async function checkProducts(tf: TensorFlowJs): Promise<void> {
  const size = 32;
  const fine = 1 + 2 ** -20;
  const values = new Float32Array(size * size).fill(fine);
  const unit = new Float32Array(size * size);
  for (let i = 0; i < size; i++) unit[i * size + i] = 1;
  const product = tf.tidy(() =>
    tf.matMul(tf.tensor(values, [1, size, size]), tf.tensor(unit, [1, size, size])),
  );
  const products = await product.data().finally(() => product.dispose());
  if (products[0] !== fine)
    throw new Error(
      `its products are rounded: ${fine} x 1 gave ${products[0]}; TF32 is off with NVIDIA_TF32_OVERRIDE=0`,
    );
}

/** Gradients on the device at a time: 8 MB of float32, about 0.15 s of drawing between looks at Ctrl-C. */
const CHUNK = 2 ** 21;
/** Longer sums are cut here and put together in float64, so that float32 adds few enough terms. */
const MOST_TERMS = 2048;
/** Short intervals share a product, so that a device works on matrices and not on rows: as many, and as many terms. */
const MOST_SHARING = 10;
const TERMS_SHARING = 512;

/**
 * Runs averages as matrix products. Over `K` steps from one snapshot to the next an average is its value at the
 * first times a power of its decay, which float64 on the host carries, plus [1,K] decay weights times the [K,P]
 * gradients, which the device does in float32 for all snapshots of a chunk at once: [n,K,P].
 *
 * The state is old, old - gain*new and old - unconvertedGain*unconverted, each with its own weights:
 * subtracting two averages in float32 would lose the digits in which they differ.
 *
 * Beside the products two things stay on the host: the noise (the generator's integer operations are not among
 * TensorFlow.js's), and the level of the squares (it needs every batch mean, which the host holds while it draws).
 */
export async function averagesByOperations(
  tf: TensorFlowJs,
  request: AveragesRequest,
  control: Control,
): Promise<AveragesResult> {
  const alignment = align(request.batch);
  const gradients = gradientsOf(request, alignment);
  const runs = request.cases.map((one) => startCase(one, request, gradients.plan.length));
  const steps = request.blocks * gradients.plan.length;
  const length = Math.max(1, Math.min(steps, Math.floor(CHUNK / request.coordinates)));
  const buffer = new Float32Array(length * request.coordinates);
  for (let start = 0; start < steps; start += length) {
    const chunk = fill(buffer, gradients, start, Math.min(length, steps - start), tf);
    try {
      for (const run of runs) await advance(run, chunk, { tf, request, alignment, plan: gradients.plan });
    } finally {
      chunk.values.dispose();
    }
    control.progress?.((start + chunk.length) / steps);
    await new Promise((resolve) => setImmediate(resolve));
    control.signal?.throwIfAborted();
  }
  const trajectories = await trajectoriesOf(request, control);
  return {
    cases: runs.map(({ sums }, i) => ({ ...rmsRatios(sums), trajectory: trajectories[i]! })),
    level: gradients.level(),
  };
}

/** Consecutive steps: their noise on the device, [length, coordinates]. */
interface Chunk {
  readonly start: number;
  readonly length: number;
  readonly values: Tensor;
}

function fill(
  buffer: Float32Array,
  { plan, values, draw }: Gradients,
  start: number,
  length: number,
  tf: TensorFlowJs,
): Chunk {
  for (let i = 0; i < length; i++) {
    draw(Math.floor((start + i) / plan.length), (start + i) % plan.length);
    buffer.set(values, i * values.length);
  }
  const shape = [length, values.length];
  return { start, length, values: tf.tensor(buffer.subarray(0, length * values.length), shape) };
}

/** Rows of weights, and of the state: the old average and two differences from it. */
const ROWS = 3;

interface CaseRun extends AverageCase {
  /** ROWS values by coordinate. */
  readonly state: CaseSnapshot;
  /** The same for what the current interval has added so far. */
  readonly pending: Float64Array;
  readonly sums: CaseSums;
  /** The step after the last snapshot: later ones do not count. */
  readonly end: number;
}

function startCase(one: AverageCase, request: AveragesRequest, steps: number): CaseRun {
  const { first, every } = one.snapshots;
  const { coordinates, blocks } = request;
  const zeros = (n = coordinates) => new Float64Array(n);
  const last = blocks < first ? 0 : first + Math.floor((blocks - first) / every) * every;
  return {
    ...one,
    state: { old: zeros(), difference: zeros(), unconvertedDifference: zeros() },
    pending: zeros(ROWS * coordinates),
    sums: startSums(request),
    end: last * steps,
  };
}

interface Context {
  readonly tf: TensorFlowJs;
  readonly request: AveragesRequest;
  readonly alignment: Alignment;
  readonly plan: readonly Step[];
}

/** Takes a case through a chunk: the rest of an interval, whole ones at once, the beginning of the next. */
async function advance(run: CaseRun, chunk: Chunk, context: Context): Promise<void> {
  const { plan, alignment } = context;
  const until = Math.min(chunk.start + chunk.length, run.end);
  for (let at = chunk.start; at < until; ) {
    const interval = intervalAt(at, run, plan.length);
    const size = interval.blocks * plan.length;
    const from = at - interval.start;
    const whole = from === 0 && interval.start > 0 ? Math.floor((until - at) / size) : 0;
    const sharing = Math.max(1, Math.min(whole, MOST_SHARING, Math.floor(TERMS_SHARING / size)));
    const count = Math.max(1, whole - (whole % sharing));
    const to = Math.min(size, from + until - at);
    const sums = await weigh(run, chunk, { at, count, sharing, blocks: interval.blocks, from, to }, context);
    for (let i = 0; i < count; i++) {
      const part = sums.subarray(i * run.pending.length, (i + 1) * run.pending.length);
      for (let j = 0; j < part.length; j++) run.pending[j]! += part[j]!;
      if (to < size) continue;
      carry(run, interval.blocks, alignment);
      takeSnapshot(run.sums, run.state);
    }
    at += count * (to - from);
  }
}

/** The stretch of time between two snapshots that a step lies in: its first step, and its length in blocks. */
function intervalAt(at: number, { snapshots: { first, every } }: CaseRun, steps: number) {
  const begin = first * steps;
  if (at < begin) return { start: 0, blocks: first };
  const size = every * steps;
  return { start: begin + Math.floor((at - begin) / size) * size, blocks: every };
}

/** Steps [from, to) of an interval, and of the following intervals that lie in the chunk whole. */
interface Piece {
  readonly at: number;
  readonly count: number;
  /** Intervals in one product; divides `count`, and is 1 unless the intervals are short. */
  readonly sharing: number;
  readonly blocks: number;
  readonly from: number;
  readonly to: number;
}

/** The weighted sums of a piece: by interval, row and coordinate. */
async function weigh(run: CaseRun, chunk: Chunk, piece: Piece, context: Context): Promise<Float64Array> {
  const { tf, request } = context;
  const { coordinates } = request;
  const [count, steps] = [piece.count, piece.to - piece.from];
  const sums = new Float64Array(count * ROWS * coordinates);
  const offset = piece.at - chunk.start;
  for (let start = 0; start < steps; start += MOST_TERMS) {
    const terms = Math.min(MOST_TERMS, steps - start);
    const weights = weightsOf(run, piece.blocks, piece.from + start, terms, context);
    const product = tf.tidy(() => {
      const rows = tf.slice(chunk.values, [offset, 0], [count * steps, coordinates]);
      const shape = [count / piece.sharing, piece.sharing * steps, coordinates];
      const whole = tf.reshape(rows, shape);
      const values = terms === steps ? whole : tf.slice(whole, [0, start, 0], [count, terms, coordinates]);
      return tf.matMul(shared(tf, weights, terms, piece.sharing), values);
    });
    const products = await product.data().finally(() => product.dispose());
    for (let i = 0; i < sums.length; i++) sums[i]! += products[i]!;
  }
  return sums;
}

/** The same weights for several intervals side by side: blocks on a diagonal, [1, sharing*ROWS, sharing*terms]. */
function shared(tf: TensorFlowJs, weights: Float64Array, terms: number, sharing: number): Tensor {
  const matrix = new Float32Array(sharing * ROWS * sharing * terms);
  for (let i = 0; i < sharing; i++)
    for (let row = 0; row < ROWS; row++) {
      const place = (i * ROWS + row) * sharing * terms + i * terms;
      matrix.set(weights.subarray(row * terms, (row + 1) * terms), place);
    }
  return tf.tensor(matrix, [1, sharing * ROWS, sharing * terms]);
}

/** The weight of each of `terms` steps in the state at the interval's end: rows for old, old - new, old - unconverted. */
function weightsOf(
  { decay: [b, c], gain, unconvertedGain }: AverageCase,
  blocks: number,
  from: number,
  terms: number,
  { alignment, plan }: Context,
): Float64Array {
  const weights = new Float64Array(ROWS * terms);
  for (let i = 0; i < terms; i++) {
    const step = plan[(from + i) % plan.length]!;
    const block = Math.floor((from + i) / plan.length);
    const age = {
      old: (blocks - block) * alignment.old - 1 - step.old,
      now: (blocks - block) * alignment.now - 1 - step.now,
    };
    const old = ((1 - b) * b ** age.old * step.length) / alignment.now;
    const share = step.length / alignment.old;
    weights[i] = old;
    weights[terms + i] = old - gain * (1 - c) * c ** age.now * share;
    weights[2 * terms + i] = old - unconvertedGain * (1 - b) * b ** age.now * share;
  }
  return weights;
}

/**
 * Ends an interval: its updates decay the state of its beginning, and what the interval added comes on top. With O = old, D = O - N and N' = c*N + ..., the difference becomes b*O - c*N = b*D + (b - c)*(O - D).
 */
function carry(
  { state: { old, difference, unconvertedDifference }, pending, decay }: CaseRun,
  blocks: number,
  alignment: Alignment,
) {
  const b = decay[0] ** (blocks * alignment.old);
  const c = decay[1] ** (blocks * alignment.now);
  const u = decay[0] ** (blocks * alignment.now);
  const coordinates = old.length;
  for (let p = 0; p < coordinates; p++) {
    const [o, d, e] = [old[p]!, difference[p]!, unconvertedDifference[p]!];
    old[p] = b * o + pending[p]!;
    difference[p] = b * d + (b - c) * (o - d) + pending[coordinates + p]!;
    unconvertedDifference[p] = b * e + (b - u) * (o - e) + pending[2 * coordinates + p]!;
  }
  pending.fill(0);
}
