import { describe, expect, it } from 'vitest';
import { matrixShape, newLayer, REFERENCES } from '../../src/lab/optimizers.ts';
import { OPTIMIZERS, type OptimizerName } from '../../src/optimizers/table.ts';
import { hyperparameters } from './evidence.ts';

/** Two weights, two gradients. Everything below is worked out from the published formulas, number by number. */
const START = [1, -2] as const;
const FIRST = [0.5, -0.25] as const;
const SECOND = [-0.1, 0.4] as const;

function weightsAfter(
  name: OptimizerName,
  settings: Parameters<typeof hyperparameters>[0],
  gradients: readonly (readonly [number, number])[] = [FIRST, SECOND],
): number[] {
  const layer = newLayer(Float64Array.from(START));
  for (const g of gradients)
    REFERENCES[name]!.update(
      layer,
      Float64Array.from(g),
      hyperparameters({ lr: 0.1, epsilon: 0, ...settings }),
    );
  return [...layer.weights];
}

/** The same formula for both coordinates of optimizers that know no layers. */
function expectEach(actual: number[], formula: (w: number, g1: number, g2: number) => number): void {
  START.forEach((w, p) => {
    expect(actual[p]).toBeCloseTo(formula(w, FIRST[p]!, SECOND[p]!), 12);
  });
}

describe('SGD', () => {
  it('sums: buf2 = mu*g1 + g2', () => {
    expectEach(weightsAfter('sgd', { gradient: 0.9 }), (w, a, b) => w - 0.1 * a - 0.1 * (0.9 * a + b));
  });
  it('takes the first gradient undamped', () => {
    const actual = weightsAfter('sgd', { gradient: 0.9, dampening: 0.9 });
    expectEach(actual, (w, a, b) => w - 0.1 * a - 0.1 * (0.9 * a + 0.1 * b));
  });
  it('looks ahead with Nesterov: g + mu*buf', () => {
    const actual = weightsAfter('sgd', { gradient: 0.9, nesterov: true });
    expectEach(actual, (w, a, b) => w - 0.1 * 1.9 * a - 0.1 * (b + 0.9 * (0.9 * a + b)));
  });
  it('coupled decay goes through the buffer, decay times lr and independent decay do not', () => {
    const one = [FIRST];
    expect(weightsAfter('sgd', { weightDecay: 0.2 }, one)[0]).toBeCloseTo(1 - 0.1 * (0.5 + 0.2), 12);
    const timesLr = { weightDecay: 0.2, weightDecayForm: 'times-lr' } as const;
    expect(weightsAfter('sgd', timesLr, one)[0]).toBeCloseTo(0.98 - 0.05, 12);
    const independent = { weightDecay: 0.2, weightDecayForm: 'independent' } as const;
    expect(weightsAfter('sgd', independent, one)[0]).toBeCloseTo(0.8 - 0.05, 12);
  });
  it('on h*w^2/2 follows the heavy-ball recurrence’s closed form', () => {
    const [h, lr, mu, steps] = [0.7, 0.2, 0.5, 30];
    const layer = newLayer(Float64Array.of(1));
    for (let t = 0; t < steps; t++) {
      const g = Float64Array.of(h * layer.weights[0]!);
      REFERENCES.sgd!.update(layer, g, hyperparameters({ lr, gradient: mu }));
    }
    // w_{t+1} = (1 + mu - lr*h) w_t - mu*w_{t-1}, whose roots are complex here: |root|^2 = mu.
    const [half, radius] = [(1 + mu - lr * h) / 2, Math.sqrt(mu)];
    const angle = Math.acos(half / radius);
    // w_0 = 1 and w_1 = 1 - lr*h fix amplitude: w_t = r^t (cos(at) + c sin(at)).
    const c = (1 - lr * h - half) / (radius * Math.sin(angle));
    const exact = radius ** steps * (Math.cos(angle * steps) + c * Math.sin(angle * steps));
    expect(layer.weights[0]).toBeCloseTo(exact, 14);
  });
});

describe('divided by the second moment', () => {
  const v = (a: number, b: number) => 0.95 * 0.05 * a * a + 0.05 * b * b;
  const betas = { gradient: 0.9, secondMoment: 0.95 };

  it('Adam corrects both averages for their start', () => {
    expectEach(weightsAfter('adam', betas), (w, a, b) => {
      const m = (0.9 * 0.1 * a + 0.1 * b) / (1 - 0.81);
      return w - 0.1 * Math.sign(a) - (0.1 * m) / Math.sqrt(v(a, b) / (1 - 0.95 ** 2));
    });
  });
  it('Adam adds epsilon outside the root', () => {
    const actual = weightsAfter('adam', { ...betas, epsilon: 0.3 }, [FIRST]);
    expectEach(actual, (w, a) => w - (0.1 * a) / (Math.abs(a) + 0.3));
  });
  it('AMSGrad keeps the largest', () => {
    const small: readonly [number, number] = [1e-3, 1e-3];
    const actual = weightsAfter('amsgrad', betas, [FIRST, small]);
    const first = 0.05 * 0.25;
    const m = (0.9 * 0.1 * 0.5 + 0.1 * 1e-3) / (1 - 0.81);
    expect(actual[0]).toBeCloseTo(1 - 0.1 - (0.1 * m) / Math.sqrt(first / (1 - 0.95 ** 2)), 12);
  });
  it('NAdam mixes the newest gradient in, by its own schedule of mu', () => {
    const mu = (t: number) => 0.9 * (1 - 0.5 * 0.96 ** (0.004 * t));
    expectEach(weightsAfter('nadam', betas), (w, a, b) => {
      const one = ((1 - mu(1)) / (1 - mu(1))) * a + ((mu(2) * 0.1) / (1 - mu(1) * mu(2))) * a;
      const m = 0.9 * 0.1 * a + 0.1 * b;
      const two = ((1 - mu(2)) / (1 - mu(1) * mu(2))) * b + (mu(3) / (1 - mu(1) * mu(2) * mu(3))) * m;
      return w - (0.1 * one) / Math.abs(a) - (0.1 * two) / Math.sqrt(v(a, b) / (1 - 0.95 ** 2));
    });
  });
  it('RMSprop divides first, then sums, and corrects nothing', () => {
    expectEach(weightsAfter('rmsprop', betas), (w, a, b) => {
      const one = a / Math.sqrt(0.05 * a * a);
      return w - 0.1 * one - 0.1 * (0.9 * one + b / Math.sqrt(v(a, b)));
    });
  });
  it('RMSprop of TensorFlow starts its second moment at 1, with epsilon inside', () => {
    const actual = weightsAfter('rmsprop-tf', { ...betas, epsilon: 0.2 }, [FIRST]);
    expectEach(actual, (w, a) => w - (0.1 * a) / Math.sqrt(0.95 + 0.05 * a * a + 0.2));
  });
  it('Adagrad sums squares for good', () => {
    expectEach(
      weightsAfter('adagrad', {}),
      (w, a, b) => w - 0.1 * Math.sign(a) - (0.1 * b) / Math.hypot(a, b),
    );
  });
  it('AdEMAMix adds five times a slow average', () => {
    expectEach(weightsAfter('ademamix', { ...betas, third: 0.999 }, [FIRST]), (w, a) => {
      return w - (0.1 * (a + 5 * 0.001 * a)) / Math.abs(a);
    });
  });
});

describe('normalised by layer', () => {
  const size = Math.sqrt(5);

  it('LAMB moves by lr times the layer’s length, along Adam’s step', () => {
    // Adam's first step is the sign: (1, -1), of length sqrt(2).
    const [x, y] = weightsAfter('lamb', { gradient: 0.9, secondMoment: 0.95 }, [FIRST]);
    expect(x).toBeCloseTo(1 - (0.1 * size) / Math.SQRT2, 12);
    expect(y).toBeCloseTo(-2 + (0.1 * size) / Math.SQRT2, 12);
  });
  it('LAMB has its decay inside the step whose length is set', () => {
    const settings = {
      gradient: 0.9,
      secondMoment: 0.95,
      weightDecay: 0.5,
      weightDecayForm: 'times-lr',
    } as const;
    const [x] = weightsAfter('lamb', settings, [FIRST]);
    expect(x).toBeCloseTo(1 - (0.1 * size * 1.5) / Math.hypot(1.5, -2), 12);
  });
  it('LARS normalises the raw gradient and sums after it', () => {
    const rate = (length: number, g: readonly [number, number]) => (0.1 * length) / Math.hypot(...g);
    const one = FIRST.map((g) => rate(size, FIRST) * g);
    const then = START.map((w, p) => w - one[p]!);
    const two = SECOND.map((g, p) => 0.9 * one[p]! + rate(Math.hypot(...then), SECOND) * g);
    const actual = weightsAfter('lars', { gradient: 0.9 });
    for (const p of [0, 1]) expect(actual[p]).toBeCloseTo(then[p]! - two[p]!, 12);
  });
  it('Lion takes the sign of a mixture that its buffer has not seen yet', () => {
    // c = b1*m + (1-b1)*g with m = (1-b2)*g1: .9*.02*.5 - .1*.1 < 0, and .9*.02*-.25 + .1*.4 > 0.
    const actual = weightsAfter('lion', { gradient: 0.9, secondMoment: 0.98 });
    expect(actual[0]).toBeCloseTo(1 - 0.1 + 0.1, 12);
    expect(actual[1]).toBeCloseTo(-2 + 0.1 - 0.1, 12);
    // With a longer memory of g1 the first sign turns: .9*.1*.5 > .1*.1.
    expect(weightsAfter('lion', { gradient: 0.9, secondMoment: 0.9 })[0]).toBeCloseTo(0.8, 12);
  });
  it('Muon’s step has singular values of 0.7 to 1.2 times lr * sqrt(columns), whether its buffer sums or averages', () => {
    const [rows, columns] = matrixShape(12);
    expect([rows, columns]).toEqual([3, 4]);
    const g = Float64Array.from({ length: 12 }, (_, p) => Math.cos(3 * p + 1) + (p % 5 === 0 ? 1 : 0));
    const step = (name: 'muon' | 'muon-sum') => {
      const layer = newLayer(new Float64Array(12));
      REFERENCES[name]!.update(layer, g.slice(), hyperparameters({ lr: 0.1, gradient: 0.9 }));
      return layer.weights.map((w) => -w / (0.1 * Math.sqrt(columns)));
    };
    const x = step('muon');
    for (const [p, value] of step('muon-sum').entries()) expect(value).toBeCloseTo(x[p]!, 12);
    // The eigenvalues of the rows' Gram matrix are the squares of the singular values.
    const gram = (i: number, j: number) =>
      Array.from({ length: columns }, (_, k) => x[i * columns + k]! * x[j * columns + k]!).reduce(
        (a, b) => a + b,
      );
    const eigenvalues = symmetricEigenvalues(
      Array.from({ length: rows }, (_, i) => [0, 1, 2].map((j) => gram(i, j))),
    );
    for (const value of eigenvalues) {
      expect(Math.sqrt(value)).toBeGreaterThan(0.68);
      expect(Math.sqrt(value)).toBeLessThan(1.21);
    }
    // What is made alike are the gradient's own directions: their inner product is a sum of its singular values.
    const inner = x.reduce((sum, value, p) => sum + value * g[p]!, 0);
    expect(inner).toBeGreaterThan(0.68 * Math.hypot(...g));
  });
  it('Muon of a row is momentum of length near lr * sqrt(columns)', () => {
    // One singular value s goes through a*s + b*s^3 + c*s^5 five times, from 1.
    let s = 1;
    for (let i = 0; i < 5; i++) s = 3.4445 * s - 4.775 * s ** 3 + 2.0315 * s ** 5;
    const layer = newLayer(Float64Array.of(0, 0));
    REFERENCES.muon!.update(layer, Float64Array.of(3, 4), hyperparameters({ lr: 0.1, gradient: 0.9 }));
    expect(layer.weights[0]).toBeCloseTo(-0.1 * Math.SQRT2 * s * 0.6, 12);
    expect(layer.weights[1]).toBeCloseTo(-0.1 * Math.SQRT2 * s * 0.8, 12);
  });
  it('Adafactor divides by the root of what its rows and columns say, clips it, and steps by the weights’ size', () => {
    const start = [1, -2, 0.5, 2];
    const [g1, g2] = [
      [1, 2, 3, -1],
      [0.1, -0.4, 0.2, 0.3],
    ];
    const layer = newLayer(Float64Array.from(start));
    const rms = (x: readonly number[]) => Math.hypot(...x) / 2;
    const squares = (g: readonly number[]) => ({
      rows: [(g[0]! ** 2 + g[1]! ** 2) / 2, (g[2]! ** 2 + g[3]! ** 2) / 2],
      columns: [(g[0]! ** 2 + g[2]! ** 2) / 2, (g[1]! ** 2 + g[3]! ** 2) / 2],
    });
    let [w, kept] = [start, squares(g1!)];
    for (const [t, g] of [g1!, g2!].entries()) {
      const share = (t + 1) ** -0.8;
      const found = squares(g);
      const mixed = (key: 'rows' | 'columns') => kept[key].map((x, i) => x + share * (found[key][i]! - x));
      kept = { rows: mixed('rows'), columns: mixed('columns') };
      const total = (kept.rows[0]! + kept.rows[1]!) / 2;
      const u = g.map((x, p) => x / Math.sqrt((kept.rows[p >> 1]! * kept.columns[p % 2]!) / total));
      const length = (0.1 * rms(w)) / Math.max(1, rms(u));
      w = w.map((x, p) => x - length * u[p]!);
      REFERENCES.adafactor!.update(layer, Float64Array.from(g), hyperparameters({ lr: 0.1, epsilon: 0 }));
    }
    for (const [p, value] of w.entries()) expect(layer.weights[p]).toBeCloseTo(value, 12);
  });
  it('NovoGrad starts its layer’s second moment at the first squared norm', () => {
    const [x] = weightsAfter('novograd', { gradient: 0.9, secondMoment: 0.95 });
    const square = (g: readonly [number, number]) => g[0] ** 2 + g[1] ** 2;
    const one = FIRST[0] / Math.sqrt(square(FIRST));
    const two = 0.9 * one + SECOND[0] / Math.sqrt(0.95 * square(FIRST) + 0.05 * square(SECOND));
    expect(x).toBeCloseTo(1 - 0.1 * one - 0.1 * two, 12);
  });
});

it('every reference is an optimizer of the table', () => {
  for (const name of Object.keys(REFERENCES)) expect(Object.keys(OPTIMIZERS)).toContain(name);
});

/** Of a symmetric 3 x 3 matrix, by the cosine formula for the roots of its characteristic polynomial. */
function symmetricEigenvalues(a: readonly (readonly number[])[]): number[] {
  const q = (a[0]![0]! + a[1]![1]! + a[2]![2]!) / 3;
  const b = a.map((row, i) => row.map((x, j) => x - (i === j ? q : 0)));
  const p = Math.sqrt(b.flat().reduce((sum, x) => sum + x * x, 0) / 6);
  const [x, y, z] = b.map((row) => row.map((value) => value / p)) as [number[], number[], number[]];
  const determinant =
    x[0]! * (y[1]! * z[2]! - y[2]! * z[1]!) -
    x[1]! * (y[0]! * z[2]! - y[2]! * z[0]!) +
    x[2]! * (y[0]! * z[1]! - y[1]! * z[0]!);
  const angle = Math.acos(Math.max(-1, Math.min(1, determinant / 2))) / 3;
  return [0, 1, 2].map((k) => q + 2 * p * Math.cos(angle + (2 * Math.PI * k) / 3));
}
