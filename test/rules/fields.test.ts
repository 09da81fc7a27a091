import { describe, expect, it } from 'vitest';
import type { CountRole, DecayRole, Role } from '../../src/dialect/roles.ts';
import type { ConvertOptions } from '../../src/pipe/plan.ts';
import { ROLE, refusalOf, roles, scopes } from '../helpers/recipe.ts';
import { assessedOf } from '../helpers/task.ts';

const count = (more: Partial<CountRole> = {}): CountRole => ({
  role: 'count',
  unit: 'steps',
  use: 'schedule',
  ...more,
});
const decay = (of: DecayRole['of'], more: Partial<DecayRole> = {}): DecayRole => ({
  role: 'decay',
  of,
  form: 'decay',
  per: 'step',
  ...more,
});

/** One field under a batch that goes from 64 to what the options say. */
async function one(value: number | string, role: Role, options: ConvertOptions = { to: 512 }) {
  const assessed = await assessedOf(`x: ${value}\n`, roles({ '/x': role }), options);
  return assessed.get('/x')!;
}

describe('a count, at 8 times the batch', () => {
  it.each<[string, number | string, CountRole, number]>([
    ['of steps is an eighth', 6400, count(), 800],
    ['is rounded to the nearest', 6404, count(), 801],
    ['is rounded down, too', 6403, count(), 800],
    ['is at least 1', 3, count(), 1],
    ['is at least what the trainer takes', 30, count({ minimum: 10 }), 10],
    ['of samples stays', 6400, count({ unit: 'samples' }), 6400],
    ['of tokens stays', 6400, count({ unit: 'tokens' }), 6400],
    ['of epochs stays', 6400, count({ unit: 'epochs' }), 6400],
    ['that is switched off stays', 0, count(), 0],
    ['of -1 stays', -1, count(), -1],
    ['from step 1 on counts what comes after it', 1601, count({ origin: 1 }), 201],
    ['of the first step stays', 1, count({ origin: 1 }), 1],
    ['below 1 is a fraction of the run', 0.5, count({ fraction: 'below-1' }), 0.5],
    ['of 1 is none', 8, count({ fraction: 'below-1' }), 1],
    ['with a point is a fraction of the run', '8.0', count({ fraction: 'float' }), 8],
    ['with an exponent is one', '1e3', count({ fraction: 'float' }), 1000],
    ['without either is none', 16, count({ fraction: 'float' }), 2],
    ['of how often to log stays', 6400, count({ use: 'cadence' }), 6400],
    ['of an average follows', 6400, count({ use: 'average' }), 800],
  ])('%s', async (_story, value, role, expected) => expect((await one(value, role)).value).toBe(expected));

  it('of how often to log follows with --cadence', async () => {
    expect((await one(6400, count({ use: 'cadence' }), { to: 512, cadence: true })).value).toBe(800);
  });

  it('of the schedule alone stays with --steps keep', async () => {
    const steps = { to: 512, steps: 'keep' } as const;
    expect((await one(6400, count(), steps)).value).toBe(6400);
    expect((await one(6400, count({ use: 'average' }), steps)).value).toBe(800);
  });

  it.each<[string, number, Partial<CountRole>, ConvertOptions, number, number]>([
    ['is kept in samples', 6400, {}, {}, 6400 * 64, 800 * 512],
    ['is what rounding leaves of it', 6404, {}, {}, 6404 * 64, 801 * 512],
    ['grows where steps are kept', 6400, {}, { steps: 'keep' }, 6400 * 64, 6400 * 512],
    ['grows where logging is left alone', 6400, { use: 'cadence' }, {}, 6400 * 64, 6400 * 512],
    ['does not count the first step', 1601, { origin: 1 }, {}, 1600 * 64, 200 * 512],
  ])('has a length that %s', async (_story, value, role, options, from, to) => {
    const { scale } = await one(value, count(role), { to: 512, ...options });
    expect(scale?.from).toBeCloseTo(from, 6);
    expect(scale?.to).toBeCloseTo(to, 6);
  });

  it('tells the exact value where it was rounded', async () => {
    expect(await one(6404, count())).toMatchObject({ exact: 800.5, formula: '6404/8 = 800.5' });
    expect(await one(6400, count())).toMatchObject({ exact: 800, formula: '6400/8' });
    expect(await one(30, count({ minimum: 10 }))).toMatchObject({ exact: 3.75, formula: 'max(30/8, 10)' });
    expect(await one(1601, count({ origin: 1 }))).toMatchObject({ formula: '1 + 1600/8' });
  });
});

describe('a count of passes, or of a scheduler’s ticks', () => {
  const parts = roles({
    '/batch': ROLE.micro,
    '/passes': { role: 'batch', part: 'accumulation', unit: 'samples' },
    '/devices': ROLE.devices,
    '/x': count({ unit: 'micro-steps' }),
    '/y': count({ unit: 'scheduler-ticks' }),
    '/z': count(),
  });
  const text = 'batch: 4\npasses: 8\ndevices: 2\nx: 6400\ny: 6400\nz: 6400\n';
  const values = async (options: ConvertOptions) =>
    [...(await assessedOf(text, parts, { world: 2, ...options }))].flatMap(([pointer, { value, scale }]) =>
      scale?.what === 'length' ? [[pointer, value, scale.from, scale.to]] : [],
    );

  it('follows the samples of a pass, or of a device’s step', async () => {
    expect(await values({ accumulation: 2, micro: 4 })).toEqual([
      ['/x', 6400, 6400 * 8, 6400 * 8],
      ['/y', 25600, 6400 * 32, 25600 * 8],
      ['/z', 25600, 6400 * 64, 25600 * 16],
    ]);
    expect(await values({ micro: 8, accumulation: 8 })).toEqual([
      ['/x', 3200, 6400 * 8, 3200 * 16],
      ['/y', 3200, 6400 * 32, 3200 * 64],
      ['/z', 3200, 6400 * 64, 3200 * 128],
    ]);
    expect(await values({ worldTo: 8, micro: 4, accumulation: 8 })).toEqual([
      ['/x', 1600, 6400 * 8, 1600 * 32],
      ['/y', 6400, 6400 * 32, 6400 * 32],
      ['/z', 1600, 6400 * 64, 1600 * 256],
    ]);
  });
});

describe('what the trainer requires of counts together', () => {
  const two = { '/a': count(), '/b': count() };
  const together = async (text: string, kind: 'multiple' | 'sum', of: string[], options: ConvertOptions) => {
    const found = [...roles({ ...two, '/c': count() }), ['', { constraint: { kind, of } }] as never];
    const assessed = await assessedOf(text, found, options);
    return of.map((key) => assessed.get(`/${key}`)!);
  };

  it('a multiple stays one, and the formula and the reason say so', async () => {
    const [a, b] = await together('a: 70\nb: 14\n', 'multiple', ['a', 'b'], { to: 256 });
    expect([a!.value, b!.value]).toEqual([20, 4]);
    expect(a!.formula).toBe('5*4');
    expect(a!.reason).toMatch(/^The same number of samples; a multiple of b, as the trainer requires$/);
  });
  it('a multiple is at least the number itself', async () => {
    const [a, b] = await together('a: 12\nb: 6\n', 'multiple', ['a', 'b'], { to: 1024 });
    expect([a!.value, b!.value]).toEqual([1, 1]);
    const least = await together('a: 10\nb: 10\n', 'multiple', ['a', 'b'], { to: 256 });
    expect(least.map(({ value }) => value)).toEqual([3, 3]);
  });
  it('what was no multiple need not become one', async () => {
    const [a, b] = await together('a: 30\nb: 14\n', 'multiple', ['a', 'b'], { to: 256 });
    expect([a!.value, b!.value]).toEqual([8, 4]);
  });
  it('a sum stays one: its last part gives way', async () => {
    const [a, b, c] = await together('a: 30\nb: 10\nc: 20\n', 'sum', ['a', 'b', 'c'], { to: 256 });
    expect([a!.value, b!.value, c!.value]).toEqual([8, 3, 5]);
    const off = await together('a: 28\nb: 10\nc: 18\n', 'sum', ['a', 'b', 'c'], { to: 256 });
    expect(off.map(({ value }) => value)).toEqual([7, 3, 4]);
    expect(off[2]!.formula).toBe('7-3');
    expect(off[2]!.reason).toMatch(/so that the parts add up to a$/);
  });
  it('what was no sum need not become one', async () => {
    const [a, b, c] = await together('a: 28\nb: 10\nc: 10\n', 'sum', ['a', 'b', 'c'], { to: 256 });
    expect([a!.value, b!.value, c!.value]).toEqual([7, 3, 3]);
  });
  it('nothing is required where one of them is not in the file', async () => {
    const [a] = await together('a: 70\n', 'multiple', ['a', 'b'], { to: 256 });
    expect(a!.value).toBe(18);
  });
});

describe('an average', () => {
  it.each<[string, number, DecayRole, number]>([
    ['by its decay', 0.99, decay('model-ema'), 0.99 ** 8],
    ['by 1 - decay', 0.01, decay('model-ema', { form: 'complement' }), 1 - 0.99 ** 8],
    ['by its half-life in updates', 500, decay('model-ema', { form: 'half-life' }), 62.5],
    ['by a half-life that is whole', 500, decay('model-ema', { form: 'half-life', whole: true }), 63],
    ['whose half-life is at least 1', 3, decay('model-ema', { form: 'half-life', whole: true }), 1],
    ['that is none stays', 0, decay('model-ema'), 0],
    ['that never changes stays', 1, decay('model-ema'), 1],
    ['of complement 1 stays', 1, decay('model-ema', { form: 'complement' }), 1],
    ['of complement 0 stays', 0, decay('model-ema', { form: 'complement' }), 0],
  ])('%s', async (_story, value, role, expected) =>
    expect((await one(value, role, { to: 512, digits: 15 })).value).toBeCloseTo(expected, 14),
  );

  it.each<[DecayRole, number]>([
    [decay('model-ema'), 0.99],
    [decay('model-ema', { form: 'complement' }), 0.01],
    [decay('model-ema', { form: 'half-life' }), Math.LN2 / -Math.log(0.99)],
  ])('keeps its half-life in samples: %j', async (role, value) => {
    const { scale } = await one(value, role);
    const samples = (Math.LN2 / -Math.log(0.99)) * 64;
    expect(scale).toMatchObject({ what: 'half-life' });
    expect(scale!.from).toBeCloseTo(samples, 8);
    expect(scale!.to).toBeCloseTo(samples, 8);
  });

  it('is at least the floor given, if it is a second moment', async () => {
    const floor = { to: 512, floorBeta2: 0.95 };
    expect((await one(0.99, decay('second-moment'), floor)).value).toBe(0.95);
    expect((await one(0.999, decay('second-moment'), floor)).value).toBeCloseTo(0.999 ** 8, 6);
    expect((await one(0.99, decay('model-ema'), floor)).value).toBeCloseTo(0.99 ** 8, 6);
  });

  it('that would round to 1 is refused, and its complement is not', async () => {
    const near = { from: 2 ** 30, by: 1 / 2 ** 30 };
    expect((await refusalOf(one(1 - 1e-9, decay('model-ema'), near))).says).toMatch(
      /^out-of-range: x would become 1-9\.31\d*e-19, which rounds to 1/,
    );
    const { value } = await one(1e-9, decay('model-ema', { form: 'complement' }), near);
    expect(value * 2 ** 30).toBeCloseTo(1e-9, 14);
  });
});

describe('SGD’s dampening', () => {
  const found = [
    ...roles({ '/lr': ROLE.lr, '/momentum': ROLE.momentum, '/dampening': ROLE.dampening }),
    ...scopes(''),
  ];
  const values = async (dampening: number) => {
    const text = `lr: 0.1\nmomentum: 0.9\ndampening: ${dampening}\n`;
    const assessed = await assessedOf(text, found, { to: 512, optimizer: 'sgd', digits: 15 });
    return ['/lr', '/dampening'].map((pointer) => assessed.get(pointer)!);
  };

  it.each([
    [0, 0],
    [0.5, 0.5],
    [0.9, 0.9 ** 8],
  ])('%f becomes %f, and the step of one gradient is kept per sample', async (old, now) => {
    const [lr, tau] = await values(old);
    expect(tau!.value).toBeCloseTo(now, 14);
    const step = (rate: number, damp: number, mu: number) => (rate * (1 - damp)) / (1 - mu);
    expect(step(lr!.value, tau!.value, 0.9 ** 8) / step(0.1, old, 0.9)).toBeCloseTo(8, 12);
    expect(lr!.scale!.to / lr!.scale!.from).toBeCloseTo(1, 12);
    expect(lr!.scale!.what).toBe(old === 0.9 ? 'lr-per-sample' : 'effective-lr-per-sample');
    expect(lr!.scale!.from).toBeCloseTo(old === 0.9 ? 0.1 / 64 : step(0.1, old, 0.9) / 64, 14);
  });
});

it('SGD without momentum has no buffer that could be dampened', async () => {
  const found = [
    ...roles({ '/lr': ROLE.lr, '/momentum': ROLE.momentum, '/dampening': ROLE.dampening }),
    ...scopes(''),
  ];
  const text = 'lr: 0.1\nmomentum: 0.0\ndampening: 0.5\n';
  const lr = (await assessedOf(text, found, { to: 512, optimizer: 'sgd' })).get('/lr')!;
  expect(lr.value).toBeCloseTo(0.8, 12);
  expect(lr.scale).toMatchObject({ what: 'lr-per-sample', from: 0.1 / 64 });
});

describe('an average that ramps up', () => {
  const gamma = async (power: string, key = 'gamma') => {
    const found = roles({
      '/a/gamma': { role: 'ramp-gamma' },
      '/a/power': { role: 'ramp-power' },
      '/b/gamma': { role: 'ramp-gamma' },
      '/b/power': { role: 'ramp-power' },
    } as Record<string, Role>);
    const text = `a: {gamma: 100, power: ${power}}\nb: {${key}: 100, power: 0.25}\n`;
    return assessedOf(text, found, { to: 512, digits: 12 });
  };

  it('moves its time constant by kappa^((1-p)/p), of its own power', async () => {
    const assessed = await gamma('0.5');
    expect(assessed.get('/a/gamma')!.value).toBeCloseTo(100 * 8, 9);
    expect(assessed.get('/b/gamma')!.value).toBeCloseTo(100 * 8 ** 3, 6);
    expect(assessed.get('/a/power')!.value).toBe(0.5);
  });
  it('leaves it where the power is 1', async () => {
    expect((await gamma('1.0')).get('/a/gamma')!.value).toBe(100);
  });
  it('leaves it where the power is none', async () => {
    expect((await gamma('0')).get('/a/gamma')!.value).toBe(100);
    const alone = await assessedOf('gamma: 100\n', roles({ '/gamma': { role: 'ramp-gamma' } as Role }), {
      to: 512,
    });
    expect(alone.get('/gamma')!.value).toBe(100);
  });
});

describe('digits', () => {
  it.each([
    [undefined, 0.00376234],
    [3, 0.00376],
    [9, 0.00376234321],
  ])('%d of a learning rate', async (digits, expected) => {
    const found = [...roles({ '/lr': ROLE.lr }), ...scopes('')];
    const options = { to: 512, optimizer: 'adamw', ...(digits === undefined ? {} : { digits }) };
    const assessed = await assessedOf('lr: 0.00047029290123\n', found, options);
    expect(assessed.get('/lr')!.value).toBe(expected);
  });

  it('a value that stays is not rounded, and neither is a whole one', async () => {
    const found = [...roles({ '/lr': ROLE.lr, '/x': count({ unit: 'samples' }) }), ...scopes('')];
    const text = 'lr: 1234567.0\nx: 0.123456789\n';
    const assessed = await assessedOf(text, found, { to: 128, optimizer: 'adamw', digits: 2 });
    expect(assessed.get('/lr')!.value).toBe(2469134);
    expect(assessed.get('/x')!.value).toBe(0.123456789);
  });
});

describe('a trainer that scales by itself', () => {
  it('gets the learning rate without its own factor', async () => {
    const found = [...roles({ '/lr': { ...ROLE.lr, trainer: 'sqrt' } }), ...scopes('')];
    const { value, formula, reason } = (
      await assessedOf('lr: 0.1\n', found, { to: 1024, optimizer: 'lamb' })
    ).get('/lr')!;
    expect({ value, formula }).toEqual({ value: 0.4, formula: '16 * 0.1 / 4' });
    expect(reason).toContain('multiplies by 4 at the new batch');
  });
  it('leaves it where the factors agree', async () => {
    const found = [...roles({ '/lr': { ...ROLE.lr, trainer: 'linear' } }), ...scopes('')];
    const assessed = await assessedOf('lr: 0.1\n', found, { to: 1024, optimizer: 'lamb' });
    expect(assessed.get('/lr')!.value).toBe(0.1);
  });
});

describe('an epsilon', () => {
  it.each([
    [true, 1e-8 / 8],
    [false, 1e-8 / Math.sqrt(8)],
  ])('of its own place, inside the root: %s', async (inside, expected) => {
    const found = [...roles({ '/lr': ROLE.lr, '/eps': { role: 'epsilon', inside } as Role }), ...scopes('')];
    const options = { to: 512, optimizer: 'adamw', rule: 'sqrt', digits: 12 };
    const assessed = await assessedOf('lr: 0.1\neps: 1.0e-8\n', found, options);
    expect(assessed.get('/eps')!.value * 1e8).toBeCloseTo(expected * 1e8, 10);
  });
});

describe('AdamW', () => {
  const found = [...roles({ '/lr': ROLE.lr, '/wd': ROLE.weightDecay }), ...scopes('')];
  const decays = async (options: ConvertOptions) =>
    (await assessedOf('lr: 0.1\nwd: 0.1\n', found, { to: 512, optimizer: 'adamw', ...options })).get('/wd')!;

  it('keeps its weight decay where the learning rate moves by kappa', async () => {
    expect(await decays({})).toMatchObject({ value: 0.1, formula: 'unchanged' });
  });
  it('takes more of it where the learning rate moves by less', async () => {
    const { value, formula } = await decays({ rule: 'sqrt' });
    expect(value).toBeCloseTo(0.1 * Math.sqrt(8), 5);
    expect(formula).toBe("0.1*kappa/(lr'/lr) = 0.1*2.82843");
  });
});

describe('a learning rate', () => {
  it('of 0 stays, and has no scale', async () => {
    const assessed = await assessedOf(
      'lr: 0.1\nmin: 0\n',
      [...roles({ '/lr': ROLE.lr, '/min': ROLE.minimumLr }), ...scopes('')],
      { to: 512, optimizer: 'adamw' },
    );
    expect(assessed.get('/min')).toMatchObject({ value: 0, formula: 'unchanged' });
    expect(assessed.get('/min')).not.toHaveProperty('scale');
  });

  it('fits the momentum that a scheduler has at its peak', async () => {
    const found = [
      ...roles({
        '/lr': ROLE.lr,
        '/momentum': ROLE.momentum,
        '/highest': { ...ROLE.momentum, cycled: 'highest' } as Role,
        '/lowest': { ...ROLE.momentum, cycled: 'lowest' } as Role,
      }),
      ...scopes(''),
    ];
    const text = 'lr: 0.1\nmomentum: 0.5\nhighest: 0.95\nlowest: 0.85\n';
    const assessed = await assessedOf(text, found, { to: 512, optimizer: 'sgd', digits: 12 });
    expect(assessed.get('/lr')!.value).toBeCloseTo((0.8 * (1 - 0.85 ** 8)) / 0.15, 10);
  });
});

describe('a rate per step', () => {
  it('is 8 times as large', async () => {
    const found = [...roles({ '/lr': ROLE.lr, '/rate': { role: 'rate' } as Role }), ...scopes('')];
    const assessed = await assessedOf('lr: 0.1\nrate: 0.001\n', found, { to: 512, optimizer: 'lamb' });
    expect(assessed.get('/rate')).toMatchObject({ value: 0.008, formula: '0.001*8' });
  });
});
