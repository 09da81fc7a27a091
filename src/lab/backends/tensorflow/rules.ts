import {
  ADAFACTOR,
  type Hyperparameters,
  matrixShape,
  NEWTON_SCHULZ,
  type ReferenceName,
  SLOW_SHARE,
} from '../../optimizers.ts';
import type { Operations, Tensor } from './operations.ts';

// The updates of src/lab/optimizers.ts for many runs at once: tensors are [runs, layers, width]. Averages move by
// weight*(new - old), because a decay near 1 as a float32 would lose digits of its memory.

/** One update of some runs. */
export interface Moment<C extends string = string> {
  readonly operations: Operations;
  readonly gradient: Tensor;
  /** What the optimizer keeps, as its rule has it. */
  readonly kept: readonly Tensor[];
  /** The rule's numbers by run, [runs, 1, 1]: those that stay, and those of this update. */
  readonly constants: Readonly<Record<C, Tensor>>;
  readonly rates: readonly Tensor[];
  /** Works out the weights; what is kept of them between updates is their distance from the minimum. */
  weights(): Tensor;
}

/** An optimizer's update. */
export interface Rule<C extends string = string> {
  /** What is kept at the start, by value and by shape: one for each coordinate, or one for a layer, its rows or columns. */
  readonly kept: readonly {
    readonly start: number;
    readonly by: 'coordinate' | 'layer' | 'row' | 'column';
  }[];
  constants(by: Hyperparameters): Readonly<Record<C, number>>;
  /** The numbers of update t, from 1, called in that order. */
  readonly rates?: (by: Hyperparameters) => (t: number) => readonly number[];
  /** Weight decay is part of the move, and not outside of it. */
  readonly ownDecay?: true;
  /** What is subtracted from the weights, and what is then kept. */
  update(moment: Moment<C>): readonly [move: Tensor, ...kept: Tensor[]];
}

const each = { start: 0, by: 'coordinate' } as const;

/** average + weight * (value - average). */
function towards({ add, mul, sub }: Operations, average: Tensor, value: Tensor, weight: Tensor): Tensor {
  return add(average, mul(weight, sub(value, average)));
}

/** The two averages of Adam and its like. */
function moments({
  operations,
  gradient,
  kept: [m, v],
  constants,
}: Moment<'first' | 'second'>): [Tensor, Tensor] {
  return [
    towards(operations, m!, gradient, constants.first),
    towards(operations, v!, operations.square(gradient), constants.second),
  ];
}

/** What a step is divided by: sqrt(v) * rates[0] + rates[1]. */
function divisor({ operations: { add, mul, sqrt }, rates }: Moment, v: Tensor): Tensor {
  return add(mul(sqrt(v), rates[0]!), rates[1]!);
}

const adamWeights = ({ gradient, secondMoment }: Hyperparameters) => ({
  first: 1 - gradient,
  second: 1 - secondMoment,
});

/** With the bias corrections and lr: m/(sqrt(v)*r0 + r1) = lr * m/(1-b1^t) / (sqrt(v/(1-b2^t)) + eps). */
const adamRates =
  ({ lr, gradient: b1, secondMoment: b2, epsilon }: Hyperparameters, scale = lr) =>
  (t: number) => {
    const step = scale / (1 - b1 ** t);
    return [1 / (Math.sqrt(1 - b2 ** t) * step), epsilon / step];
  };

/** The norm of each layer. */
function norms({ sqrt, sum, square }: Operations, x: Tensor): Tensor {
  return sqrt(sum(square(x), [2]));
}

const sgd: Rule<'forget' | 'direct' | 'ahead'> = {
  kept: [each],
  constants: ({ lr, gradient: mu, nesterov }) => ({
    forget: 1 - mu,
    direct: nesterov ? lr : 0,
    ahead: nesterov ? lr * mu : lr,
  }),
  rates:
    ({ dampening }) =>
    (t) => [t === 1 ? 1 : 1 - dampening],
  update({ operations: { add, sub, mul }, gradient, kept: [old], constants, rates }) {
    const buffer = add(sub(old!, mul(constants.forget, old!)), mul(rates[0]!, gradient));
    return [add(mul(constants.direct, gradient), mul(constants.ahead, buffer)), buffer];
  },
};

const adam: Rule<'first' | 'second'> = {
  kept: [each, each],
  constants: adamWeights,
  rates: adamRates,
  update(moment) {
    const [m, v] = moments(moment);
    return [moment.operations.div(m, divisor(moment, v)), m, v];
  },
};

const amsgrad: Rule<'first' | 'second'> = {
  ...adam,
  kept: [each, each, each],
  update(moment) {
    const [m, v] = moments(moment);
    const largest = moment.operations.max(moment.kept[2]!, v);
    return [moment.operations.div(m, divisor(moment, largest)), m, v, largest];
  },
};

const nadam: Rule<'first' | 'second'> = {
  kept: [each, each],
  constants: adamWeights,
  rates: ({ lr, gradient: b1, secondMoment: b2, epsilon }) => {
    let product = 1;
    const mu = (t: number) => b1 * (1 - 0.5 * 0.96 ** (0.004 * t));
    return (t) => {
      product *= mu(t);
      const direct = (lr * (1 - mu(t))) / (1 - product);
      const ahead = (lr * mu(t + 1)) / (1 - product * mu(t + 1));
      return [1 / Math.sqrt(1 - b2 ** t), epsilon, direct, ahead];
    };
  },
  update(moment) {
    const { add, mul, div } = moment.operations;
    const [m, v] = moments(moment);
    const step = add(mul(moment.rates[2]!, moment.gradient), mul(moment.rates[3]!, m));
    return [div(step, divisor(moment, v)), m, v];
  },
};

/** RMSprop, whose epsilon is outside the root or inside it. */
const rmspropWith = (start: number, inside: boolean): Rule<'lr' | 'forget' | 'second' | 'epsilon'> => ({
  kept: [each, { ...each, start }],
  constants: ({ lr, gradient, secondMoment, epsilon }) => ({
    lr,
    forget: 1 - gradient,
    second: 1 - secondMoment,
    epsilon,
  }),
  update({ operations, gradient, kept: [old, second], constants }) {
    const { add, sub, mul, div, sqrt, square } = operations;
    const v = towards(operations, second!, square(gradient), constants.second);
    const by = inside ? sqrt(add(v, constants.epsilon)) : add(sqrt(v), constants.epsilon);
    const buffer = add(sub(old!, mul(constants.forget, old!)), div(gradient, by));
    return [mul(constants.lr, buffer), buffer, v];
  },
});

const adagrad: Rule<'lr' | 'epsilon'> = {
  kept: [each],
  constants: ({ lr, epsilon }) => ({ lr, epsilon }),
  update({ operations: { add, mul, div, sqrt, square }, gradient, kept: [old], constants }) {
    const v = add(old!, square(gradient));
    return [div(mul(constants.lr, gradient), add(sqrt(v), constants.epsilon)), v];
  },
};

const lamb: Rule<'first' | 'second' | 'lr' | 'decay'> = {
  kept: [each, each],
  constants: (by) => ({ ...adamWeights(by), lr: by.lr, decay: by.weightDecay }),
  rates: (by) => adamRates(by, 1),
  ownDecay: true,
  update(moment) {
    const { operations, constants } = moment;
    const { add, mul, div, divOrZero } = operations;
    const [[m, v], weights] = [moments(moment), moment.weights()];
    const step = add(div(m, divisor(moment, v)), mul(constants.decay, weights));
    const length = divOrZero(mul(constants.lr, norms(operations, weights)), norms(operations, step));
    return [mul(length, step), m, v];
  },
};

const lars: Rule<'lr' | 'forget' | 'decay'> = {
  kept: [each],
  constants: ({ lr, gradient, weightDecay }) => ({ lr, forget: 1 - gradient, decay: weightDecay }),
  ownDecay: true,
  update(moment) {
    const { operations, constants, gradient } = moment;
    const { add, sub, mul, divOrZero } = operations;
    const weights = moment.weights();
    const size = norms(operations, weights);
    const rate = divOrZero(
      mul(constants.lr, size),
      add(norms(operations, gradient), mul(constants.decay, size)),
    );
    const old = moment.kept[0]!;
    const added = mul(rate, add(gradient, mul(constants.decay, weights)));
    const buffer = add(sub(old, mul(constants.forget, old)), added);
    return [buffer, buffer];
  },
};

const lion: Rule<'lr' | 'first' | 'second'> = {
  kept: [each],
  constants: (by) => ({ ...adamWeights(by), lr: by.lr }),
  update({ operations, gradient, kept: [m], constants }) {
    const mixed = towards(operations, m!, gradient, constants.first);
    return [
      operations.mul(constants.lr, operations.sign(mixed)),
      towards(operations, m!, gradient, constants.second),
    ];
  },
};

/** Newton and Schulz's iteration on the last two axes, as in the reference. */
function orthogonalised(operations: Operations, x: Tensor): Tensor {
  const { add, div, mul, matMul, max, sqrt, sum, square, tensor } = operations;
  const { a, b, c, steps, epsilon } = NEWTON_SCHULZ;
  const number = (value: number) => tensor(Float32Array.of(value), []);
  const axes = [x.shape.length - 2, x.shape.length - 1];
  let found = div(x, max(sqrt(sum(square(x), axes)), number(epsilon)));
  for (let step = 0; step < steps; step++) {
    const gram = matMul(found, found, true);
    const factor = add(mul(number(b), gram), mul(number(c), matMul(gram, gram)));
    found = add(mul(number(a), found), matMul(factor, found));
  }
  return found;
}

const muonWith = (sums: boolean): Rule<'lr' | 'forget' | 'share' | 'direct' | 'ahead'> => ({
  kept: [each],
  constants: ({ lr, gradient: mu, nesterov }) => {
    const share = sums ? 1 : 1 - mu;
    return { lr, forget: 1 - mu, share, direct: nesterov ? share : 0, ahead: nesterov ? mu : 1 };
  },
  update({ operations, gradient, kept: [old], constants }) {
    const { add, sub, mul, reshape, tensor } = operations;
    const buffer = add(sub(old!, mul(constants.forget, old!)), mul(constants.share, gradient));
    const ahead = add(mul(constants.direct, gradient), mul(constants.ahead, buffer));
    const [runs, layers, width] = gradient.shape as [number, number, number];
    const shape = matrixShape(width);
    const step = orthogonalised(operations, reshape(ahead, [runs, layers, ...shape]));
    const length = mul(constants.lr, tensor(Float32Array.of(Math.sqrt(shape[1])), []));
    return [mul(length, reshape(step, [runs, layers, width])), buffer];
  },
});

const adafactor: Rule<'lr' | 'epsilon'> = {
  kept: [
    { start: 0, by: 'row' },
    { start: 0, by: 'column' },
  ],
  constants: ({ lr, epsilon }) => ({ lr, epsilon }),
  rates: () => (t) => [t ** ADAFACTOR.exponent],
  update(moment) {
    const { operations, gradient, constants, rates, kept } = moment;
    const { mul, div, sqrt, square, mean, max, reshape, tensor } = operations;
    const [runs, layers, width] = gradient.shape as [number, number, number];
    const matrix = (x: Tensor) => reshape(x, [runs, layers, ...matrixShape(width)]);
    const number = (value: number) => tensor(Float32Array.of(value), []);
    const wide = (x: Tensor) => reshape(x, [runs, 1, 1, 1]);
    const squares = square(matrix(gradient));
    const rows = towards(operations, kept[0]!, mean(squares, [3]), wide(rates[0]!));
    const columns = towards(operations, kept[1]!, mean(squares, [2]), wide(rates[0]!));
    const estimate = div(mul(rows, columns), mean(rows, [2]));
    const step = reshape(div(matrix(gradient), sqrt(max(estimate, wide(constants.epsilon)))), [
      runs,
      layers,
      width,
    ]);
    const rms = (x: Tensor) => sqrt(mean(square(x), [2]));
    const length = mul(constants.lr, max(rms(moment.weights()), number(ADAFACTOR.leastWeight)));
    return [mul(div(length, max(rms(step), number(1))), step), rows, columns];
  },
};

const ademamix: Rule<'first' | 'second' | 'third' | 'slow'> = {
  kept: [each, each, each],
  constants: (by) => ({ ...adamWeights(by), third: 1 - by.third, slow: by.lr * SLOW_SHARE }),
  rates:
    ({ lr, gradient: b1, secondMoment: b2, epsilon }) =>
    (t) => [1 / Math.sqrt(1 - b2 ** t), epsilon, lr / (1 - b1 ** t)],
  update(moment) {
    const { operations, constants, gradient } = moment;
    const { add, mul, div } = operations;
    const [m, v] = moments(moment);
    const slow = towards(operations, moment.kept[2]!, gradient, constants.third);
    const step = add(mul(moment.rates[2]!, m), mul(constants.slow, slow));
    return [div(step, divisor(moment, v)), m, v, slow];
  },
};

const novograd: Rule<'lr' | 'forget' | 'share' | 'epsilon' | 'decay'> = {
  kept: [each, { start: 0, by: 'layer' }],
  constants: ({ lr, gradient, dampening, epsilon, weightDecay }) => ({
    lr,
    forget: 1 - gradient,
    share: 1 - dampening,
    epsilon,
    decay: weightDecay,
  }),
  rates:
    ({ secondMoment }) =>
    (t) => [t === 1 ? 1 : 1 - secondMoment],
  ownDecay: true,
  update(moment) {
    const { operations, constants, gradient, kept, rates } = moment;
    const { add, sub, mul, div, sqrt, sum, square } = operations;
    const v = towards(operations, kept[1]!, sum(square(gradient), [2]), rates[0]!);
    const step = add(div(gradient, add(sqrt(v), constants.epsilon)), mul(constants.decay, moment.weights()));
    const buffer = add(sub(kept[0]!, mul(constants.forget, kept[0]!)), mul(constants.share, step));
    return [mul(constants.lr, buffer), buffer, v];
  },
};

/** The rule of every reference. */
export const RULES: Readonly<Record<ReferenceName, Rule>> = {
  sgd,
  'sgd-lr-in-buffer': sgd,
  adam,
  adamw: adam,
  amsgrad,
  nadam,
  rmsprop: rmspropWith(0, false),
  'rmsprop-tf': rmspropWith(1, true),
  adagrad,
  lamb,
  lars,
  lion,
  muon: muonWith(false),
  'muon-sum': muonWith(true),
  adafactor,
  ademamix,
  novograd,
};
