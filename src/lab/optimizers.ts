import type { Optimizer } from '../optimizers/optimizer.ts';
import type { OptimizerName } from '../optimizers/table.ts';

/** The numbers of one update. An optimizer ignores those it does not use. */
export interface Hyperparameters {
  /** Above 0. */
  readonly lr: number;
  /** beta1 or momentum, in [0, 1). */
  readonly gradient: number;
  /** beta2 or alpha, in [0, 1). */
  readonly secondMoment: number;
  /** beta3 of AdEMAMix, in [0, 1). */
  readonly third: number;
  readonly dampening: number;
  readonly nesterov: boolean;
  /** In units of the gradient; of its square where it is inside the root. */
  readonly epsilon: number;
  readonly weightDecay: number;
  readonly weightDecayForm: Optimizer['weightDecay'];
}

/** One layer of a model under training: its weights and its optimizer's state. */
export interface Layer {
  readonly weights: Float64Array;
  /** The momentum buffer, the second moment, and AdEMAMix's slow average (AMSGrad: the largest second moment). */
  readonly first: Float64Array;
  readonly second: Float64Array;
  readonly third: Float64Array;
  /** Updates done, and a number that some optimizers keep: a product of decays, a layer's squared norm. */
  steps: number;
  carried: number;
}

/** One step of one layer. It may write into `gradient`. */
export type Update = (layer: Layer, gradient: Float64Array, by: Hyperparameters) => void;

/** A layer at the start of training; the weights are copied. */
export function newLayer(weights: Float64Array): Layer {
  const zeros = () => new Float64Array(weights.length);
  return {
    weights: weights.slice(),
    first: zeros(),
    second: zeros(),
    third: zeros(),
    steps: 0,
    carried: Number.NaN,
  };
}

/** Weight decay outside a normalised step: added to the gradient, or taken off the weights. */
function decayWeights({ weights }: Layer, gradient: Float64Array, by: Hyperparameters): void {
  const { coupled, off } = decayParts(by);
  if (coupled !== 0) for (let p = 0; p < weights.length; p++) gradient[p]! += coupled * weights[p]!;
  if (off !== 0) for (let p = 0; p < weights.length; p++) weights[p]! *= 1 - off;
}

function norm(x: Float64Array): number {
  let sum = 0;
  for (let p = 0; p < x.length; p++) sum += x[p]! * x[p]!;
  return Math.sqrt(sum);
}

/**
 * SGD with momentum: buf = mu*buf + (1-dampening)*g, the first buf being g itself; w -= lr*buf, with Nesterov
 * w -= lr*(g + mu*buf). dampening = mu makes the buffer an average.
 * Some frameworks keep lr*buf in the buffer instead, which is the same while lr is constant, as it is here.
 */
function sgd(layer: Layer, g: Float64Array, by: Hyperparameters): void {
  decayWeights(layer, g, by);
  const { weights, first: buffer } = layer;
  const { lr, gradient: mu, dampening, nesterov } = by;
  const [share, ahead] = [layer.steps === 0 ? 1 : 1 - dampening, nesterov ? mu : 1];
  const direct = nesterov ? 1 : 0;
  for (let p = 0; p < weights.length; p++) {
    const b = mu * buffer[p]! + share * g[p]!;
    buffer[p] = b;
    weights[p]! -= lr * (direct * g[p]! + ahead * b);
  }
  layer.steps++;
}

/** Adam: w -= lr * m/(1-b1^t) / (sqrt(v/(1-b2^t)) + eps) (Kingma & Ba, arXiv 1412.6980). AdamW by its decay's form. */
function adam(layer: Layer, g: Float64Array, by: Hyperparameters): void {
  decayWeights(layer, g, by);
  const { weights, first: m, second: v } = layer;
  const { gradient: b1, secondMoment: b2, epsilon } = by;
  const t = ++layer.steps;
  const step = by.lr / (1 - b1 ** t);
  const unbias = 1 / (1 - b2 ** t);
  for (let p = 0; p < weights.length; p++) {
    const x = g[p]!;
    const a = b1 * m[p]! + (1 - b1) * x;
    const b = b2 * v[p]! + (1 - b2) * x * x;
    m[p] = a;
    v[p] = b;
    weights[p]! -= (step * a) / (Math.sqrt(b * unbias) + epsilon);
  }
}

/** AMSGrad: Adam divided by the largest v so far (Reddi et al., arXiv 1904.09237; its bias is corrected as v's). */
function amsgrad(layer: Layer, g: Float64Array, by: Hyperparameters): void {
  decayWeights(layer, g, by);
  const { weights, first: m, second: v, third: largest } = layer;
  const { gradient: b1, secondMoment: b2, epsilon } = by;
  const t = ++layer.steps;
  const [step, unbias] = [by.lr / (1 - b1 ** t), 1 / (1 - b2 ** t)];
  for (let p = 0; p < weights.length; p++) {
    m[p] = b1 * m[p]! + (1 - b1) * g[p]!;
    v[p] = b2 * v[p]! + (1 - b2) * g[p]! * g[p]!;
    largest[p] = Math.max(largest[p]!, v[p]!);
    weights[p]! -= (step * m[p]!) / (Math.sqrt(largest[p]! * unbias) + epsilon);
  }
}

/**
 * NAdam: mu_t = b1*(1 - 0.96^(0.004 t)/2), P_t = mu_1 ... mu_t, and
 * w -= lr * (g*(1-mu_t)/(1-P_t) + m*mu_{t+1}/(1-P_{t+1})) / (sqrt(v/(1-b2^t)) + eps).
 * @see Dozat 2016, Incorporating Nesterov momentum into Adam; the schedule of mu is that of its usual implementation
 */
function nadam(layer: Layer, g: Float64Array, by: Hyperparameters): void {
  decayWeights(layer, g, by);
  const { weights, first: m, second: v } = layer;
  const { gradient: b1, secondMoment: b2, epsilon, lr } = by;
  const t = ++layer.steps;
  const mu = (at: number) => b1 * (1 - 0.5 * 0.96 ** (0.004 * at));
  const product = (t === 1 ? 1 : layer.carried) * mu(t);
  layer.carried = product;
  const direct = (lr * (1 - mu(t))) / (1 - product);
  const ahead = (lr * mu(t + 1)) / (1 - product * mu(t + 1));
  const unbias = 1 / (1 - b2 ** t);
  for (let p = 0; p < weights.length; p++) {
    const x = g[p]!;
    m[p] = b1 * m[p]! + (1 - b1) * x;
    v[p] = b2 * v[p]! + (1 - b2) * x * x;
    weights[p]! -= (direct * x + ahead * m[p]!) / (Math.sqrt(v[p]! * unbias) + epsilon);
  }
}

/**
 * RMSprop: v = a*v + (1-a)*g^2, buf = mu*buf + g/(sqrt(v)+eps), w -= lr*buf; v starts at 0 and is not corrected.
 * @see the source that src/optimizers/table.ts names
 */
function rmsprop(layer: Layer, g: Float64Array, by: Hyperparameters): void {
  decayWeights(layer, g, by);
  const { weights, first: buffer, second: v } = layer;
  const { lr, gradient: mu, secondMoment: a, epsilon } = by;
  for (let p = 0; p < weights.length; p++) {
    v[p] = a * v[p]! + (1 - a) * g[p]! * g[p]!;
    buffer[p] = mu * buffer[p]! + g[p]! / (Math.sqrt(v[p]!) + epsilon);
    weights[p]! -= lr * buffer[p]!;
  }
  layer.steps++;
}

/**
 * The other RMSprop: v starts at 1, and eps is inside the root.
 * @see the source that src/optimizers/table.ts names
 */
function rmspropTf(layer: Layer, g: Float64Array, by: Hyperparameters): void {
  decayWeights(layer, g, by);
  const { weights, first: buffer, second: v } = layer;
  const { lr, gradient: mu, secondMoment: a, epsilon } = by;
  if (layer.steps++ === 0) v.fill(1);
  for (let p = 0; p < weights.length; p++) {
    v[p] = a * v[p]! + (1 - a) * g[p]! * g[p]!;
    buffer[p] = mu * buffer[p]! + g[p]! / Math.sqrt(v[p]! + epsilon);
    weights[p]! -= lr * buffer[p]!;
  }
}

/** Adagrad: v += g^2, w -= lr*g/(sqrt(v)+eps). */
function adagrad(layer: Layer, g: Float64Array, by: Hyperparameters): void {
  decayWeights(layer, g, by);
  const { weights, second: v } = layer;
  const { lr, epsilon } = by;
  for (let p = 0; p < weights.length; p++) {
    v[p]! += g[p]! * g[p]!;
    weights[p]! -= (lr * g[p]!) / (Math.sqrt(v[p]!) + epsilon);
  }
  layer.steps++;
}

/** LAMB: Adam's step u plus decay, w -= lr * |w|/|u + wd*w| * (u + wd*w), by layer (You et al., arXiv 1904.00962). */
function lamb(layer: Layer, g: Float64Array, by: Hyperparameters): void {
  const { weights, first: m, second: v } = layer;
  const { gradient: b1, secondMoment: b2, epsilon, weightDecay } = by;
  const t = ++layer.steps;
  const [scale, unbias] = [1 / (1 - b1 ** t), 1 / (1 - b2 ** t)];
  for (let p = 0; p < weights.length; p++) {
    const x = g[p]!;
    const a = b1 * m[p]! + (1 - b1) * x;
    const b = b2 * v[p]! + (1 - b2) * x * x;
    m[p] = a;
    v[p] = b;
    g[p] = (scale * a) / (Math.sqrt(b * unbias) + epsilon) + weightDecay * weights[p]!;
  }
  moveBy(weights, g, (by.lr * norm(weights)) / (norm(g) || 1));
}

/**
 * LARS: buf = mu*buf + lr * |w|/(|g| + wd*|w|) * (g + wd*w), w -= buf, by layer. The raw gradient is normalised, and
 * the buffer sums after it. The paper's constant trust coefficient is part of lr here.
 * @see You, Gitman & Ginsburg, arXiv 1708.03888
 */
function lars(layer: Layer, g: Float64Array, by: Hyperparameters): void {
  const { weights, first: buffer } = layer;
  const { lr, gradient: mu, weightDecay } = by;
  const size = norm(weights);
  const rate = (lr * size) / (norm(g) + weightDecay * size || 1);
  for (let p = 0; p < weights.length; p++) {
    buffer[p] = mu * buffer[p]! + rate * (g[p]! + weightDecay * weights[p]!);
    weights[p]! -= buffer[p]!;
  }
  layer.steps++;
}

/** Lion: c = b1*m + (1-b1)*g, w -= lr*sign(c), m = b2*m + (1-b2)*g (Chen et al., arXiv 2302.06675). */
function lion(layer: Layer, g: Float64Array, by: Hyperparameters): void {
  decayWeights(layer, g, by);
  const { weights, first: m } = layer;
  const { lr, gradient: b1, secondMoment: b2 } = by;
  for (let p = 0; p < weights.length; p++) {
    const x = g[p]!;
    weights[p]! -= lr * Math.sign(b1 * m[p]! + (1 - b1) * x);
    m[p] = b2 * m[p]! + (1 - b2) * x;
  }
  layer.steps++;
}

/** A layer as a matrix: rows and columns, as nearly a square as its width allows, with no more rows than columns. */
export function matrixShape(width: number): readonly [rows: number, columns: number] {
  let rows = Math.floor(Math.sqrt(width));
  while (width % rows !== 0) rows--;
  return [rows, width / rows];
}

/** The quintic iteration's coefficients and steps, and what keeps its norm off zero: pytorch/pytorch torch/optim/_muon.py. */
export const NEWTON_SCHULZ = { a: 3.4445, b: -4.775, c: 2.0315, steps: 5, epsilon: 1e-7 } as const;

/** Scratch of the last shape: making it anew would cost more than the products of small matrices. */
let scratch = { gram: new Float64Array(0), factor: new Float64Array(0), before: new Float64Array(0) };

/** Makes the singular values of a matrix nearly alike: X = a*X + (b*A + c*A^2)*X with A = X*X', some times from X/|X|. */
function orthogonalise(x: Float64Array, [rows, columns]: readonly [number, number]): void {
  const { a, b, c, steps, epsilon } = NEWTON_SCHULZ;
  const zeros = (length: number) => new Float64Array(length);
  if (scratch.before.length !== x.length)
    scratch = { gram: zeros(rows * rows), factor: zeros(rows * rows), before: zeros(x.length) };
  const { gram, factor, before } = scratch;
  const size = Math.max(norm(x), epsilon);
  for (let p = 0; p < x.length; p++) x[p]! /= size;
  for (let step = 0; step < steps; step++) {
    before.set(x);
    gramOf(gram, x, rows, columns);
    gramOf(factor, gram, rows, rows);
    for (let i = 0; i < gram.length; i++) factor[i] = b * gram[i]! + c * factor[i]!;
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < columns; j++) x[i * columns + j]! *= a;
      for (let k = 0; k < rows; k++) {
        const by = factor[i * rows + k]!;
        for (let j = 0; j < columns; j++) x[i * columns + j]! += by * before[k * columns + j]!;
      }
    }
  }
}

/** out = X*X', by its half; the square of a symmetric matrix is one, too. */
function gramOf(out: Float64Array, x: Float64Array, rows: number, columns: number): void {
  for (let i = 0; i < rows; i++)
    for (let j = 0; j <= i; j++) {
      let sum = 0;
      for (let k = 0; k < columns; k++) sum += x[i * columns + k]! * x[j * columns + k]!;
      out[i * rows + j] = sum;
      out[j * rows + i] = sum;
    }
}

/**
 * Muon: buf = mu*buf + (1-mu)*g, w -= lr * sqrt(max(rows, columns)) * orthogonalised buf, with Nesterov of the buffer
 * after one more gradient. The layer is a matrix; the factor gives a coordinate's step a root mean square of about lr.
 * @see the source that src/optimizers/table.ts names
 */
const muonWith =
  (sums: boolean): Update =>
  (layer, g, by) => {
    decayWeights(layer, g, by);
    const { weights, first: buffer } = layer;
    const { lr, gradient: mu, nesterov } = by;
    const share = sums ? 1 : 1 - mu;
    for (let p = 0; p < weights.length; p++) {
      buffer[p] = mu * buffer[p]! + share * g[p]!;
      g[p] = nesterov ? share * g[p]! + mu * buffer[p]! : buffer[p]!;
    }
    const shape = matrixShape(weights.length);
    orthogonalise(g, shape);
    moveBy(weights, g, lr * Math.sqrt(shape[1]));
    layer.steps++;
  };

/** Adafactor's exponent of the step in 1 - beta2, and the least root mean square of weights that scales a step. */
export const ADAFACTOR = { exponent: -0.8, leastWeight: 1e-3 } as const;

/**
 * Adafactor: the squares of a matrix from the means of its rows and columns, averaged by 1 - beta2 = t^-0.8;
 * u = g/sqrt(estimate), clipped to a root mean square of 1; w -= lr * max(1e-3, rms(w)) * u. Without the momentum,
 * and without the limit 1/sqrt(t) on lr, which no step here comes near.
 * @see Shazeer & Stern, arXiv 1804.04235; pytorch/pytorch torch/optim/_adafactor.py
 */
function adafactor(layer: Layer, g: Float64Array, by: Hyperparameters): void {
  const { weights, second: ofRows, third: ofColumns } = layer;
  const [rows, columns] = matrixShape(weights.length);
  const share = (++layer.steps) ** ADAFACTOR.exponent;
  const rate = by.lr * Math.max(ADAFACTOR.leastWeight, norm(weights) / Math.sqrt(weights.length));
  decayWeights(layer, g, by);
  const [rowMeans, columnMeans] = [new Float64Array(rows), new Float64Array(columns)];
  for (let p = 0; p < g.length; p++) {
    rowMeans[Math.floor(p / columns)]! += g[p]! ** 2 / columns;
    columnMeans[p % columns]! += g[p]! ** 2 / rows;
  }
  let mean = 0;
  for (let i = 0; i < rows; i++) {
    ofRows[i]! += share * (rowMeans[i]! - ofRows[i]!);
    mean += ofRows[i]! / rows;
  }
  for (let j = 0; j < columns; j++) ofColumns[j]! += share * (columnMeans[j]! - ofColumns[j]!);
  for (let p = 0; p < g.length; p++) {
    const estimate = (ofRows[Math.floor(p / columns)]! * ofColumns[p % columns]!) / mean;
    g[p]! /= Math.sqrt(Math.max(estimate, by.epsilon));
  }
  moveBy(weights, g, rate / Math.max(1, norm(g) / Math.sqrt(g.length)));
}

/** The weight of the slow average; that of the fast one is 1; the paper's choice for language models is 5 to 10. */
export const SLOW_SHARE = 5;

/**
 * AdEMAMix: w -= lr * (m1/(1-b1^t) + 5*m2) / (sqrt(v/(1-b2^t)) + eps), m2 the average by b3, not corrected; without
 * the paper's warm-up of b3 and alpha.
 * @see Pagliardini, Ablin & Grangier, arXiv 2409.03137
 */
function ademamix(layer: Layer, g: Float64Array, by: Hyperparameters): void {
  decayWeights(layer, g, by);
  const { weights, first: m, second: v, third: slow } = layer;
  const { lr, gradient: b1, secondMoment: b2, third: b3, epsilon } = by;
  const t = ++layer.steps;
  const [scale, unbias] = [1 / (1 - b1 ** t), 1 / (1 - b2 ** t)];
  for (let p = 0; p < weights.length; p++) {
    const x = g[p]!;
    m[p] = b1 * m[p]! + (1 - b1) * x;
    slow[p] = b3 * slow[p]! + (1 - b3) * x;
    v[p] = b2 * v[p]! + (1 - b2) * x * x;
    weights[p]! -= (lr * (scale * m[p]! + SLOW_SHARE * slow[p]!)) / (Math.sqrt(v[p]! * unbias) + epsilon);
  }
}

/**
 * NovoGrad: one second moment for a layer, v = b2*v + (1-b2)*|g|^2 from |g|^2 on; m = b1*m + g/(sqrt(v)+eps) + wd*w,
 * with dampening = b1 an average (grad_averaging).
 * @see the source that src/optimizers/table.ts names
 */
function novograd(layer: Layer, g: Float64Array, by: Hyperparameters): void {
  const { weights, first: m } = layer;
  const { lr, gradient: b1, secondMoment: b2, epsilon, weightDecay } = by;
  const square = norm(g) ** 2;
  layer.carried = layer.steps++ === 0 ? square : b2 * layer.carried + (1 - b2) * square;
  const divisor = Math.sqrt(layer.carried) + epsilon;
  const share = 1 - by.dampening;
  for (let p = 0; p < weights.length; p++) {
    m[p] = b1 * m[p]! + share * (g[p]! / divisor + weightDecay * weights[p]!);
    weights[p]! -= lr * m[p]!;
  }
}

function moveBy(weights: Float64Array, direction: Float64Array, length: number): void {
  for (let p = 0; p < weights.length; p++) weights[p]! -= length * direction[p]!;
}

/** The updates that the kernels have too. */
export type KernelName = 'sgd' | 'adam' | 'lamb' | 'lion';

/** A loss beyond this leaves the range of float32: the float64 reference trains such layers. */
export const MOST_FLOAT32_LOSS = 1e30;

/** What weight decay outside a normalised step adds to the gradient, and what it takes off the weights, per weight. */
export function decayParts(by: Hyperparameters): { readonly coupled: number; readonly off: number } {
  const { lr, weightDecay, weightDecayForm } = by;
  if (weightDecayForm === 'coupled') return { coupled: weightDecay, off: 0 };
  return { coupled: 0, off: weightDecayForm === 'times-lr' ? lr * weightDecay : weightDecay };
}

/** An optimizer that has a reference. */
export type ReferenceName = keyof typeof TABLE;

/** A reference update rule in float64. */
export interface Reference {
  readonly name: ReferenceName;
  readonly update: Update;
  /** Its buffer sums, and no normalisation divides that out: a step is 1/(1-momentum) times as long. */
  readonly bufferSum?: true;
  /**
   * What a step of lr 1 moves: the `gradient` itself, about 1 by coordinate (`unit`), the layer by its own length
   * (`relative`) or by a length of 1 (`length`), or about 1/sqrt(t) by coordinate at step t (`slowing`).
   */
  readonly step: 'gradient' | 'unit' | 'relative' | 'length' | 'slowing';
  /** The same update in the float32 kernels. */
  readonly kernel?: KernelName;
  /** What an update takes, in updates of Adam; 1 by default. */
  readonly cost?: number;
}

const TABLE = {
  sgd: { update: sgd, step: 'gradient', kernel: 'sgd', bufferSum: true },
  'sgd-lr-in-buffer': { update: sgd, step: 'gradient', kernel: 'sgd', bufferSum: true },
  adam: { update: adam, step: 'unit', kernel: 'adam' },
  adamw: { update: adam, step: 'unit', kernel: 'adam' },
  amsgrad: { update: amsgrad, step: 'unit' },
  nadam: { update: nadam, step: 'unit' },
  rmsprop: { update: rmsprop, step: 'unit', bufferSum: true },
  'rmsprop-tf': { update: rmspropTf, step: 'unit', bufferSum: true },
  adagrad: { update: adagrad, step: 'slowing' },
  lamb: { update: lamb, step: 'relative', kernel: 'lamb' },
  lars: { update: lars, step: 'relative', bufferSum: true },
  lion: { update: lion, step: 'unit', kernel: 'lion' },
  muon: { update: muonWith(false), step: 'unit', cost: 14 },
  'muon-sum': { update: muonWith(true), step: 'unit', cost: 14 },
  adafactor: { update: adafactor, step: 'relative' },
  ademamix: { update: ademamix, step: 'unit' },
  novograd: { update: novograd, step: 'length', bufferSum: true },
} as const satisfies Partial<Record<OptimizerName, Omit<Reference, 'name'>>>;

/** The references by the optimizer's name in the table of optimizers. */
export const REFERENCES: Readonly<Partial<Record<OptimizerName, Reference>>> = Object.fromEntries(
  Object.entries(TABLE).map(([name, one]) => [name, { name: name as ReferenceName, ...one }]),
);
