import { describe, expect, it } from 'vitest';
import type { DecayRole, Role } from '../../src/dialect/roles.ts';
import { convertConfig } from '../../src/pipe/convert.ts';
import type { ConvertOptions } from '../../src/pipe/plan.ts';
import { ROLE, roles, scopes } from '../helpers/recipe.ts';
import { toldOf } from '../helpers/task.ts';

/** What the user is told about one optimizer. */
async function told(
  optimizer: string,
  fields: Readonly<Record<string, readonly [number, Role]>>,
  options: ConvertOptions & { library?: string } = {},
) {
  const text = Object.entries(fields).map(([key, [value]]) => `${key}: ${value}\n`);
  const found = roles(Object.fromEntries(Object.entries(fields).map(([key, [, role]]) => [`/${key}`, role])));
  return toldOf(text.join(''), [...found, ...scopes('')], { to: 512, optimizer, ...options });
}

/** The numbers of a sentence. */
const numbersIn = (text = '') => (text.match(/\d+(?:\.\d+)?(?:e-?\d+)?/g) ?? []).map(Number);
const average = (of: DecayRole['of'], form: DecayRole['form'] = 'decay'): Role => ({ ...ROLE.ema, of, form });

describe('a decay that is too small for its average', () => {
  const codes = async (value: number, role: Role, options: ConvertOptions = {}) =>
    [...(await toldOf(`x: ${value}\n`, roles({ '/x': role }), { to: 512, ...options })).keys()].filter(
      (code) => code !== 'batch-elsewhere',
    );

  it.each<[string, number, Role, string[]]>([
    ['a second moment below 0.8', 0.972, average('second-moment'), ['short-beta2']],
    ['a second moment above 0.8', 0.9726, average('second-moment'), []],
    ['a momentum below 0.5', 0.916, ROLE.momentum, ['short-beta1']],
    ['a momentum above 0.5', 0.9175, ROLE.momentum, []],
    ['an average of the weights shorter than one batch', 0.882, average('model-ema'), ['short-memory']],
    ['one a little longer', 0.8826, average('model-ema'), []],
    ['the same as its complement', 0.118, average('model-ema', 'complement'), ['short-memory']],
    ['a half-life is a length', 2, average('model-ema', 'half-life'), []],
    ['no average at all', 0, average('model-ema'), []],
  ])('%s', async (_story, value, role, expected) => expect(await codes(value, role)).toEqual(expected));

  it('is not told of where the batch stays', async () => {
    expect(await codes(0.5, average('second-moment'), { to: 64 })).toEqual([]);
  });

  it('its noise is that of an average of squares of unit normals', async () => {
    const found = roles({ '/x': average('second-moment') });
    const message = (await toldOf('x: 0.96\n', found, { to: 512 })).get('short-beta2');
    const decay = 0.96 ** 8;
    // Var(g^2) = 2, and the weights (1-b)b^age have squares that add up to this.
    let sum = 0;
    for (let age = 0; age < 5000; age++) sum += ((1 - decay) * decay ** age) ** 2;
    const [now, deviation] = numbersIn(message);
    expect(now).toBeCloseTo(decay, 5);
    expect(deviation).toBeCloseTo(Math.sqrt(2 * sum), 5);
  });

  it('a momentum’s memory is told in samples', async () => {
    const message = (await toldOf('x: 0.9\n', roles({ '/x': ROLE.momentum }), { to: 512 })).get(
      'short-beta1',
    );
    expect(message).toContain(
      `Its memory, ${Number(((Math.log(0.5) / Math.log(0.9)) * 64).toPrecision(6))} samples`,
    );
    expect(message).toContain('is about one new batch of 512');
    const shorter = (await toldOf('x: 0.8\n', roles({ '/x': ROLE.momentum }), { to: 512 })).get(
      'short-beta1',
    );
    expect(shorter).toContain('is shorter than one new batch of 512');
  });

  it('a floor is told with what it costs', async () => {
    const found = roles({ '/x': average('second-moment') });
    const message = (await toldOf('x: 0.96\n', found, { to: 512, floorBeta2: 0.95 })).get('floored-beta2');
    const times = Math.log(0.96 ** 8) / Math.log(0.95);
    expect(numbersIn(message)).toEqual([0.95, 0.72139, Number(times.toPrecision(6))]);
    expect(await codes(0.999, average('second-moment'), { floorBeta2: 0.95 })).toEqual([]);
  });
});

describe('a state that bfloat16 does not resolve', () => {
  it.each<[string, number, Role, number, boolean]>([
    ['1 - decay falls below 2^-9', 0.99, average('model-ema'), 8, true],
    ['as a complement', 0.01, average('model-ema', 'complement'), 8, true],
    ['it stays above', 0.99, average('model-ema'), 32, false],
    ['it was below before', 0.9985, average('model-ema'), 8, false],
    ['it was just at it', 1 - 2 ** -9, average('model-ema'), 32, true],
  ])('%s', async (_story, value, role, to, expected) => {
    const codes = (await toldOf(`x: ${value}\n`, roles({ '/x': role }), { to })).keys();
    expect([...codes].includes('state-precision')).toBe(expected);
  });
});

describe('Nesterov', () => {
  /** What the newest batches weigh together: the weights that a gradient gets over the steps that follow. */
  function newest(mu: number, batches: number): number {
    let [buffer, weight, sum] = [0, 0, 0];
    for (let age = 0; age < 4000; age++) {
      buffer = mu * buffer + (age === 0 ? 1 : 0);
      weight = (age === 0 ? 1 : 0) + mu * buffer;
      if (age < batches) sum += weight * (1 - mu);
    }
    return sum;
  }
  const message = async (to: number) =>
    (
      await told(
        'sgd',
        { lr: [0.1, ROLE.lr], momentum: [0.9, ROLE.momentum], nesterov: [true as never, ROLE.nesterov] },
        { to },
      )
    ).get('nesterov');

  it.each([
    [512, newest(0.9, 8), newest(0.9 ** 8, 1)],
    [16, newest(0.9, 1), newest(0.9 ** (1 / 4), 4)],
  ])(
    'to %d: the newest batch of the larger size weighs %f before and %f after',
    async (to, before, after) => {
      const [old, now] = numbersIn(await message(to));
      expect(old).toBeCloseTo(before, 5);
      expect(now).toBeCloseTo(after, 5);
    },
  );

  it('is not told where the momentum does not move', async () => {
    expect(await message(64)).toBeUndefined();
  });
});

describe('heavy ball', () => {
  const message = async (options: ConvertOptions, more: Parameters<typeof told>[1] = {}) =>
    (await told('sgd', { lr: [0.1, ROLE.lr], momentum: [0.9, ROLE.momentum], ...more }, options)).get(
      'effective-lr',
    );
  const mu = 0.9 ** 8;

  it('the step of one gradient is told before and after, and what kappa*lr would make of it', async () => {
    const [before, after, kappa, naive] = numbersIn((await message({}))?.replace('lr/(1-mu)', ''));
    expect([before, after, kappa]).toEqual([1, 8, 8]);
    expect(naive).toBeCloseTo(0.1 / (1 - mu), 5);
  });

  it('damped, the step is as much smaller', async () => {
    const [before, after] = numbersIn(
      (await message({}, { dampening: [0.5, ROLE.dampening] }))?.replace('lr/(1-mu)', ''),
    );
    expect([before, after]).toEqual([0.5, 4]);
    const average = numbersIn(
      (await message({}, { dampening: [0.9, ROLE.dampening] }))?.replace('lr/(1-mu)', ''),
    );
    expect(average[0]).toBeCloseTo(0.1, 9);
    expect(average[1]).toBeCloseTo(0.8, 9);
  });

  it('its stability is told going up, with a way out where little momentum is left', async () => {
    const limit = (lr: number, momentum: number) => Number(((2 * (1 + momentum)) / lr).toPrecision(6));
    const lr = (0.8 * (1 - mu)) / 0.1;
    const far = await message({});
    expect(far).toContain(`goes from ${limit(0.1, 0.9)} to ${limit(lr, mu)}`);
    expect(far).toContain(
      `--keep momentum writes kappa*lr with the old momentum, stable up to ${limit(0.8, 0.9)}`,
    );
    expect(await message({ to: 128 })).toContain('The largest curvature');
    expect(await message({ to: 128 })).not.toContain('--keep');
    expect(await message({ to: 16 })).not.toContain('curvature');
  });

  it('is not told of an optimizer without one', async () => {
    const fields = { lr: [0.1, ROLE.lr], momentum: [0.9, ROLE.momentum] } as const;
    for (const optimizer of ['adamw', 'rmsprop', 'lamb', 'lion'])
      expect((await told(optimizer, fields)).has('effective-lr'), optimizer).toBe(false);
    expect(
      (await told('sgd', { lr: [0.1, ROLE.lr], momentum: [0, ROLE.momentum] })).has('effective-lr'),
    ).toBe(false);
    expect((await told('sgd', { momentum: [0.9, ROLE.momentum] })).has('effective-lr')).toBe(false);
    expect((await told('sgd', fields, { rule: 'linear' })).has('effective-lr')).toBe(false);
  });
});

describe('dampening', () => {
  it.each([
    [0, false],
    [0.5, true],
    [0.9, false],
  ])('%f is told of: %s', async (dampening, expected) => {
    const fields = {
      lr: [0.1, ROLE.lr],
      momentum: [0.9, ROLE.momentum],
      dampening: [dampening, ROLE.dampening],
    };
    expect((await told('sgd', fields as never)).has('dampening')).toBe(expected);
  });
});

describe('Lion', () => {
  const codes = async (b1: number, b2: number, options: ConvertOptions) => {
    const all = await told(
      'lion',
      { lr: [1e-4, ROLE.lr], b1: [b1, ROLE.beta1], b2: [b2, ROLE.beta2] },
      options,
    );
    return [...all].filter(([code]) => code.startsWith('lion')).map(([code, text]) => `${code}: ${text}`);
  };

  it('what keeps the noise is told, with what the letter of the rule would write', async () => {
    const [message] = await codes(0.9, 0.99, { to: 128 });
    expect(message).toMatch(/^lion-noise: Lion’s beta1 weighs .* keeps the noise of that mixture/);
    expect(message).toContain(`--literal writes ${0.9 * 0.99}`);
  });
  it('by the letter, the noise is told', async () => {
    const [message] = await codes(0.9, 0.99, { to: 128, literal: true });
    expect(message).toMatch(/makes the noise variance of the update .* without --literal it is kept/);
  });
  it('where no beta1 keeps it, the side is told', async () => {
    expect((await codes(0.9, 0.99, { from: 64, to: 12800 }))[0]).toContain(': one new batch alone has less');
    expect((await codes(0.994, 0.99, { to: 16 }))[0]).toContain(', the least that any beta1 gives');
  });
  it('a beta1 far above beta2 has no answer of its own', async () => {
    expect((await codes(0.99, 0.9, { to: 32 }))[0]).toMatch(
      /^lion-beta1: beta1 0\.99 lies so high above beta2 0\.9 .*using beta1\^kappa/,
    );
  });
  it('nothing is told by a rule that leaves decays alone', async () => {
    expect(await codes(0.9, 0.99, { to: 128, rule: 'linear' })).toEqual([]);
  });
});

describe('a Muon and the Adam beside it', () => {
  const MUON = 'lr: 0.02\nmomentum: 0.95\n';
  const beside = async (text: string, fields: Readonly<Record<string, Role>>, options: ConvertOptions = {}) =>
    toldOf(text, [...roles(fields), ...scopes('')], { to: 512, optimizer: 'muon', ...options });
  const shared = {
    '/lr': ROLE.lr,
    '/momentum': ROLE.momentum,
    '/adamw_betas/0': ROLE.beta1,
    '/adamw_betas/1': ROLE.beta2,
  };
  const text = `${MUON}adamw_betas: [0.9, 0.99]\n`;

  it('one rate for both: what the Adam would need is told', async () => {
    const message = (await beside(text, shared)).get('one-rate-for-two');
    expect(message).toContain('lr serves both');
    expect(message).toContain(
      `between 0.16 (batch well above the noise scale N) and ${(0.02 * Math.sqrt(8)).toPrecision(6)}`,
    );
    const known = (await beside(text, shared, { rule: 'sqrt' })).get('one-rate-for-two');
    expect(known).toContain(`would need ${(0.02 * Math.sqrt(8)).toPrecision(6)}:`);
  });

  it('a Muon alone is told nothing of it', async () => {
    const alone = await beside(MUON, { '/lr': ROLE.lr, '/momentum': ROLE.momentum });
    expect([...alone.keys()].filter((code) => code.startsWith('one-'))).toEqual([]);
  });

  it('one weight decay for both', async () => {
    const own = `${text}adamw_lr: 0.001\nwd: 0.1\n`;
    const fields = { ...shared, '/adamw_lr': ROLE.lr, '/wd': ROLE.weightDecay };
    const message = (await beside(own, fields, { rule: 'sqrt' })).get('one-decay-for-two');
    expect(message).toContain('adamw_lr*wd per sample is now 0.353553 times');
    expect(message).toContain(`set it to ${(0.1 * Math.sqrt(8)).toPrecision(6)}`);
    expect((await beside(own, fields)).has('one-decay-for-two')).toBe(false);
    const both = { ...fields, '/adamw_wd': ROLE.weightDecay };
    expect((await beside(`${own}adamw_wd: 0.1\n`, both, { rule: 'sqrt' })).has('one-decay-for-two')).toBe(
      false,
    );
    expect(
      (await beside(own.replace('wd: 0.1', 'wd: 0'), fields, { rule: 'sqrt' })).has('one-decay-for-two'),
    ).toBe(false);
  });
});

describe('a number that is not in the file', () => {
  const codes = async (role: Role, value: string) =>
    [...(await toldOf(`x: ${value}\n`, roles({ '/x': role }), { to: 512 }))].filter(([code]) =>
      ['auto', 'interpolation'].includes(code),
    );

  it('is told of, as what it is', async () => {
    expect(await codes(ROLE.steps, 'auto')).toEqual([
      ['auto', expect.stringContaining('x (auto) is filled in from')],
    ]);
    expect(await codes(ROLE.steps, '${a.b}')).toEqual([
      ['interpolation', expect.stringContaining('x (${a.b}) is computed from other values')],
    ]);
  });
  it('is not where it says how often to log', async () => {
    expect(await codes({ ...ROLE.steps, use: 'cadence' } as Role, 'auto')).toEqual([]);
  });
});

describe('a rule’s own advice', () => {
  it.each([
    ['lamb', 'sqrt', 'sqrt-lamb', true],
    ['adamw', 'sqrt', 'sqrt-lamb', false],
    ['lion', 'sqrt', 'sqrt-lamb', false],
    ['lars', 'sqrt', 'sqrt-lamb', false],
    ['lamb', 'power', 'power-of-kappa', true],
    ['adamw', 'power', 'power-of-kappa', false],
  ])('%s under %s: %s is told: %s', async (optimizer, rule, code, expected) => {
    const messages = await told(optimizer, { lr: [0.1, ROLE.lr] }, { rule, power: 0.7 });
    expect(messages.has(code)).toBe(expected);
  });
});

describe('the batch', () => {
  it.each<[string, ConvertOptions, boolean]>([
    ['above the noise scale, going up', { to: 512, noiseScale: 100, rule: 'ema' }, true],
    ['at it', { to: 512, noiseScale: 512, rule: 'ema' }, false],
    ['below it', { to: 512, noiseScale: 1000, rule: 'ema' }, false],
    ['going down', { to: 32, noiseScale: 1, rule: 'ema' }, false],
    ['by the rule that uses it: it says more', { to: 512, noiseScale: 100 }, false],
  ])('%s', async (_story, options, expected) => {
    const messages = await told('lamb', { lr: [0.1, ROLE.lr] }, options);
    expect(messages.has('above-noise-scale')).toBe(expected);
  });

  it('the rule that uses the noise scale tells how far the level moves', async () => {
    const at = async (to: number, noiseScale: number) =>
      (await told('adamw', { lr: [0.1, ROLE.lr] }, { to, noiseScale })).get('above-noise-scale');
    expect(await at(512, 100)).toContain(
      `moves by ${Math.sqrt((1 + 100 / 512) / (1 + 100 / 64)).toPrecision(6)})`,
    );
    expect(await at(512, 512)).toBeUndefined();
    expect(await at(32, 31)).toContain('the target batch 32');
  });

  it('that is elsewhere is named', async () => {
    expect((await told('lamb', { lr: [0.1, ROLE.lr] })).get('batch-elsewhere')).toContain(
      'global batch to 512',
    );
    const has = await toldOf('b: 64\n', roles({ '/b': ROLE.global }), { to: 512 });
    expect(has.has('batch-elsewhere')).toBe(false);
  });
});

describe('what stays or is held', () => {
  it('a clipped norm is told with its value where noise dominates', async () => {
    const clip = { role: 'clip' } as Role;
    expect(
      numbersIn((await toldOf('x: 2\n', roles({ '/x': clip }), { to: 1024 })).get('clip')).slice(-1),
    ).toEqual([0.5]);
    expect((await toldOf('x: 0\n', roles({ '/x': clip }), { to: 1024 })).has('clip')).toBe(false);
  });

  it('a count below the least is told, and one at it is not', async () => {
    const clamped = async (value: number) =>
      (
        await toldOf(`x: ${value}\n`, roles({ '/x': { ...ROLE.steps, minimum: 10 } as Role }), { to: 512 })
      ).get('count-clamped');
    expect(await clamped(79)).toBe('x: 79 steps would become 9.875; the least allowed is 10');
    expect(await clamped(80)).toBeUndefined();
    const one = await toldOf('x: 4\n', roles({ '/x': ROLE.steps }), { to: 512 });
    expect(one.get('count-clamped')).toContain('would become 0.5; the least allowed is 1');
  });

  it('steps that are kept are told with their samples', async () => {
    const kept = async (to: number, role: Role = ROLE.steps) =>
      (await toldOf('x: 800\n', roles({ '/x': role }), { to, steps: 'keep' })).get('steps-kept');
    expect(await kept(512)).toBe('x is kept at 800 steps, which is now 8 times the samples (--steps keep)');
    expect(await kept(64)).toBeUndefined();
    expect(await kept(512, { ...ROLE.steps, use: 'average' } as Role)).toBeUndefined();
    expect((await toldOf('x: 800\n', roles({ '/x': ROLE.steps }), { to: 512 })).has('steps-kept')).toBe(
      false,
    );
  });

  it('a LAMB’s warm-up is told unless its steps are kept', async () => {
    expect((await told('lamb', { lr: [0.1, ROLE.lr] })).has('lamb-warmup')).toBe(true);
    expect((await told('lamb', { lr: [0.1, ROLE.lr] }, { steps: 'keep' })).has('lamb-warmup')).toBe(false);
    expect((await told('adamw', { lr: [0.1, ROLE.lr] })).has('lamb-warmup')).toBe(false);
  });

  it('a schedule-free optimizer’s first beta stays', async () => {
    const fields = { lr: [0.1, ROLE.lr], b1: [0.9, ROLE.beta1] } as const;
    expect((await told('schedule-free-adamw', fields)).has('schedule-free')).toBe(true);
    expect((await told('adamw', fields)).has('schedule-free')).toBe(false);
  });
});

describe('an average that is shorter than what one new update averages', () => {
  const text = (momentum: number) => `
model: resnet50
batch_size: 8
grad_accum_steps: 1
opt: sgd
lr: 0.1
momentum: 0.0
bn_momentum: ${momentum}
`;
  const codes = async (momentum: number, micro: number, accumulation: number) => {
    const { warnings } = await convertConfig(
      { text: text(momentum), file: 'run.yaml' },
      { micro, accumulation, world: 1, dialect: 'timm' },
    );
    return warnings.filter((w) => w.message.startsWith('bn_momentum')).map((w) => w.code);
  };

  it('is told of BatchNorm by the batch of one device, which is what it averages over', async () => {
    expect(await codes(0.1, 80, 1)).toEqual(['short-memory']);
  });
  it('is not told where only accumulation makes the batch large', async () => {
    expect(await codes(0.1, 16, 8)).toEqual([]);
  });
});
