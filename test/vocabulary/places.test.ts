import { describe, expect, it } from 'vitest';
import { ANY } from '../../src/dialect/known-keys.ts';
import type { Found, Role } from '../../src/dialect/roles.ts';
import { ENTRIES } from '../../src/vocabulary/entries.ts';
import { meaningsOf } from '../../src/vocabulary/match.ts';
import { readByName } from '../../src/vocabulary/reader.ts';
import { leftAlone, misspeltKeys } from '../../src/vocabulary/unclaimed.ts';
import { wordsOf } from '../../src/vocabulary/words.ts';
import { documentsOf } from '../helpers/parse.ts';
import { ROLE, refusalOf } from '../helpers/recipe.ts';

async function reading(text: string, claimed: readonly Found[] = [], known: readonly string[] = []) {
  const [document] = await documentsOf(text);
  return readByName(document!, claimed, new Set(known));
}

/** The roles by name, with what tells those of one kind apart, and what is doubtful. */
async function read(text: string, claimed?: readonly Found[], known?: readonly string[]) {
  const { found, doubtful } = await reading(text, claimed, known);
  const shown = (role: Role) =>
    'part' in role
      ? role.part
      : 'of' in role
        ? `${role.of} ${role.form}`
        : 'use' in role
          ? role.use
          : role.role;
  return {
    roles: Object.fromEntries(
      found.flatMap(([at, what]) =>
        'role' in what ? [[at, shown(what.role)]] : 'encoding' in what ? [[at, 'encoded']] : [],
      ),
    ),
    doubtful: doubtful.map(({ pointer, source }) => `${pointer} ${source}`),
  };
}

const steps = (use: 'schedule' | 'cadence', unit: 'steps' | 'samples' = 'steps') =>
  ({ role: 'count', unit, use }) as Role;

describe('the trainer accumulates up to a global batch', () => {
  const accumulates = async (text: string) =>
    (await reading(text)).found.flatMap(([at, what]) =>
      'role' in what && 'accumulates' in what.role ? [at] : [],
    );

  it.each([
    [
      'beside a micro batch',
      'global_batch_size: 64\nmicro_batch_size: 8\nlr: 0.1\ngpus: 2\n',
      ['/global_batch_size'],
    ],
    ['but not where the passes are said', 'global_batch_size: 64\nmicro_batch_size: 8\ngrad_accum: 2\n', []],
    ['but not where it stands alone', 'global_batch_size: 64\nlr: 0.1\n', []],
  ])('%s', async (_story, text, places) => expect(await accumulates(text)).toEqual(places));
});

describe('what a block makes of its own keys', () => {
  it('a momentum is the optimizer’s beside a learning rate, not in blocks within', async () => {
    expect((await read('a: {lr: 0.1, momentum: 0.9}\n')).roles).toEqual({
      '/a/lr': 'learning-rate',
      '/a/momentum': 'gradient decay',
    });
    expect(await read('a: {lr: 0.1, queue: {momentum: 0.9}}\n')).toEqual({
      roles: { '/a/lr': 'learning-rate' },
      doubtful: ['/a/queue/momentum 0.9'],
    });
  });

  it.each([
    ['norm_cfg: {momentum: 0.1}', '/norm_cfg/momentum'],
    ['norm_args: {momentum: 0.1}', '/norm_args/momentum'],
    ['batch_norm: {momentum: 0.1}', '/batch_norm/momentum'],
  ])('%s is of batch normalisation', async (text, at) =>
    expect((await read(`${text}\n`)).roles).toEqual({ [at]: 'batch-norm complement' }),
  );

  it.each(['norm: {momentum: 0.1}', 'norm_layer: {momentum: 0.1}', 'cfg: {momentum: 0.1}'])(
    '%s is not surely',
    async (text) => expect((await read(`${text}\n`)).roles).toEqual({}),
  );

  it('steps are the environments’ wherever the file speaks of these', async () => {
    for (const about of ['tasks: [{n_envs: 8}]', 'a: {rollouts: 4}', 'algorithm: PPO2', 'use: [x, sac]'])
      expect((await read(`${about}\nmax_steps: 1000\n`)).roles).toEqual({});
    for (const about of ['tasks: [{n: 8}]', 'envelope: 4', 'algorithm: popo', 'x: 5'])
      expect((await read(`${about}\nmax_steps: 1000\n`)).roles).toEqual({ '/max_steps': 'schedule' });
  });
});

describe('what a value must look like', () => {
  it.each<[string, Record<string, string>]>([
    ['lr: []', {}],
    ['lr: [0.1, 0.2]', { '/lr/0': 'learning-rate', '/lr/1': 'learning-rate' }],
    ['mm_projector_lr: 0.02', { '/mm_projector_lr': 'learning-rate' }],
    ['mm_projector_lr: 0.021', {}],
    ['base_tau: 0.51', { '/base_tau': 'model-ema decay' }],
    ['base_tau: 1', { '/base_tau': 'model-ema decay' }],
    ['base_tau: 0.5', {}],
    ['base_tau: 1.5', {}],
    ['bn_momentum: 0.5', { '/bn_momentum': 'batch-norm complement' }],
    ['bn_momentum: 0.51', { '/bn_momentum': 'batch-norm decay' }],
    ['betas: "(0.9, 0.99)"', { '/betas': 'encoded' }],
    ['betas: [0.9]', { '/betas': 'encoded' }],
    ['betas: [0.9, 0.1]', { '/betas': 'encoded' }],
    ['betas: [0.0001, 0.02]', {}],
    ['betas: [0.02]', {}],
    ['betas: []', {}],
    ['betas: "0.9"', {}],
    ['weight_decay: auto', { '/weight_decay': 'weight-decay' }],
    ['weight_decay: ${x}', { '/weight_decay': 'weight-decay' }],
    ['weight_decay: "0.1"', { '/weight_decay': 'weight-decay' }],
    ['weight_decay: cosine', {}],
    ['weight_decay: true', {}],
    ['gpus: 1.5', {}],
    ['gpus: "[0, 1]"', { '/gpus': 'devices' }],
    ['gpus: "all"', {}],
  ])('%s', async (text, roles) => expect((await read(`${text}\n`)).roles).toEqual(roles));

  it.each([
    ['optimizer: {momentum: 1.0}', 'optimizer.momentum must be < 1 (read by name)'],
    ['optimizer: {momentum: -0.1}', 'optimizer.momentum must be >= 0 (read by name)'],
    ['ema_decay: 1.1', 'ema_decay must be <= 1 (read by name)'],
    ['global_batch_size: 0', 'global_batch_size must be >= 1 (read by name)'],
    ['betas: [0.9, 1.5]', 'betas[1] must be < 1 (read by name)'],
    ['betas: [0.9, 0.9, 1.0]', 'betas[2] must be < 1 (read by name)'],
    ['betas: [0.9, 0.9, 0.9, 1.0]', 'betas[3] must be < 1 (read by name)'],
    ['betas: [1.0, 0.9]', 'betas[0] must be < 1 (read by name)'],
  ])('%s is out of bounds', async (text, says) =>
    expect((await refusalOf(reading(`${text}\n`))).says).toContain(says),
  );

  it.each(['optimizer: {momentum: 0}', 'ema_decay: 1', 'global_batch_size: 1', 'betas: [0, 0.9]'])(
    '%s is not',
    async (text) => expect((await reading(`${text}\n`)).found).not.toEqual([]),
  );
});

describe('T_max', () => {
  const text = 'T_max: 900\ntotal: 900\n';
  it('is in steps where the dialect has a length of as many steps', async () =>
    expect(await read(text, [['/total', { role: steps('schedule') }]], ['/total'])).toEqual({
      roles: { '/T_max': 'schedule' },
      doubtful: [],
    }));

  it.each<[string, Role]>([
    ['how often something is done', steps('cadence')],
    ['a number of samples', steps('schedule', 'samples')],
    ['a batch', ROLE.global],
  ])('is not settled by %s', async (_story, role) =>
    expect(await read(text, [['/total', { role }]], ['/total'])).toEqual({
      roles: {},
      doubtful: ['/T_max 900'],
    }),
  );
});

it('a momentum that a scheduler moves is read once, as that', async () => {
  const { found } = await reading(
    'optimizer: {lr: 0.1, scheduler: {type: CyclicLR, base_momentum: 0.8, max_momentum: [0.9, 0.95]}}\n',
  );
  const momenta = found.filter(([at]) => at.includes('momentum'));
  expect(momenta.map(([at]) => at)).toEqual([
    '/optimizer/scheduler/base_momentum',
    '/optimizer/scheduler/max_momentum',
  ]);
  expect(momenta.every(([, what]) => 'role' in what && 'cycled' in what.role)).toBe(true);
});

describe('what was left alone', () => {
  const named = async (count: number) => {
    const keys = Array.from({ length: count }, (_, i) => `phase${'abcdefghij'[i]}_steps: 5\n`);
    return leftAlone(await reading(`x: 1\n${keys.join('')}`));
  };

  it('is named, eight at most, and the rest counted', async () => {
    const [[eight], [nine], [ten]] = await Promise.all([named(8), named(9), named(10)]);
    expect(eight!.message).toContain('phaseh_steps 5. Change them');
    expect(nine!.message).toContain('phaseh_steps 5 and 1 more. Change them');
    expect(ten!.message).toContain('phaseh_steps 5 and 2 more. Change them');
    expect(nine!.offset).toBe('x: 1\nphasea_steps: '.length);
  });

  it('is nothing where nothing was', async () => expect(await named(0)).toEqual([]));

  it('a list is shown as one', async () =>
    expect((await read('phase_steps: [5, 6]\n')).doubtful).toEqual(['/phase_steps [...]']));
});

describe('a misspelt key', () => {
  const absent = (...pointers: string[]): Found[] =>
    pointers.map((at) => [at, { absent: { default: 1, role: ROLE.lr } }]);
  const misspelt = async (text: string, found: readonly Found[]) => {
    const [document] = await documentsOf(text);
    return misspeltKeys(document!, found).map(({ message, offset }) => [message.split(' keeps')[0], offset]);
  };

  it('is told at its place, with what it may mean', async () =>
    expect(await misspelt('x: 1\nlerning_rate: 1\n', absent('/learning_rate'))).toEqual([
      ['unknown key lerning_rate; did you mean learning_rate? learning_rate', 5],
    ]));

  it.each<[string, string, Found[]]>([
    [
      'one that is a key of its own',
      'lerning_rate: 1\n',
      [...absent('/learning_rate'), ['/lerning_rate', { role: ROLE.lr }]],
    ],
    ['one with other digits', 'beta_1: 1\n', absent('/beta_2')],
    ['a short one', 'stop: 1\n', absent('/step')],
    ['one with two slips in a short name', 'moomentmu: 1\n', absent('/momentum')],
    ['one in another block', 'a: {lerning_rate: 1}\n', absent('/learning_rate')],
    ['one in a block that the file does not have', 'lerning_rate: 1\n', absent('/o/learning_rate')],
    ['one of a block that is a list', 'o: [lerning_rate]\n', absent('/o/learning_rate')],
  ])('is none: %s', async (_story, text, found) => expect(await misspelt(text, found)).toEqual([]));

  it('has two slips in a long name', async () =>
    expect(await misspelt('lerning_rat: 1\n', absent('/learning_rate'))).toHaveLength(1));
});

describe('the dialect goes before the words', () => {
  const text = 'lr: 0.1\na: {lr: 0.1, betas: [0.9, 0.99]}\n';
  const all = { '/lr': 'learning-rate', '/a/lr': 'learning-rate', '/a/betas': 'encoded' };
  const without = (...keys: string[]) =>
    Object.fromEntries(Object.entries(all).filter(([at]) => !keys.includes(at)));

  it.each<[string, Found[], readonly string[], Record<string, string>]>([
    ['nothing claimed', [], [], all],
    ['a block of an optimizer', [['/a', { scope: 'optimizer' }]], [], all],
    ['a role', [['/lr', { role: ROLE.minimumLr }]], [], without('/lr')],
    ['a note', [['/a/lr', { note: 'stays' }]], [], without('/a/lr')],
    ['an entry of a list', [['/a/betas/1', { role: ROLE.beta2 }]], [], without('/a/betas')],
    ['a key that it speaks of in a block', [], ['a/lr'], without('/a/lr')],
    ['a key that it speaks of at the top', [], ['/lr'], without('/lr')],
    ['a key that it speaks of anywhere', [], [`${ANY}/lr`], without('/lr', '/a/lr')],
  ])('%s', async (_story, claimed, known, roles) =>
    expect((await read(text, claimed, known)).roles).toEqual(roles),
  );

  it('a scheduler that it has a note for gets no other', async () => {
    const notes = async (claimed: Found[]) =>
      (await reading('sched: onecycle\n', claimed)).found.filter(([, what]) => 'note' in what);
    expect(await notes([])).toHaveLength(1);
    expect(await notes([['/sched', { note: 'of the dialect' }]])).toEqual([]);
  });
});

describe('a place in a block', () => {
  it('a data loader’s sampler draws batches, any other one is aside', async () => {
    expect((await read('data: {sampler: {batch_size: 8}}\n')).roles).toEqual({
      '/data/sampler/batch_size': 'unsaid',
    });
    expect((await read('x: {sampler: {batch_size: 8}}\n')).roles).toEqual({});
  });

  it('a power in an average of the weights ramps up, with diffusers’ gamma of 1', async () => {
    const absent = async (text: string) =>
      (await reading(text)).found.flatMap(([at, what]) =>
        'absent' in what ? [[at, what.absent.default]] : [],
      );
    expect(await absent('ema: {power: 0.75}\n')).toEqual([['/ema/inv_gamma', 1]]);
    expect(await absent('ema: {power: 0.75, inv_gamma: 2}\n')).toEqual([]);
    expect(await absent('ema: {decay: 0.99}\n')).toEqual([]);
    expect(await absent('poly: {power: 0.9}\n')).toEqual([]);
  });

  it('of more optimizers than the budget allows is refused', async () => {
    const text = (n: number) => Array.from({ length: n }, (_, i) => `o${i}: {lr: 1}\n`).join('');
    expect((await refusalOf(reading(text(1001)))).says).toContain('1,000 optimizers');
    expect((await reading(text(1000))).found).toHaveLength(2000);
  });

  it.each([
    ['max_duration: 100ba', 'schedule'],
    ['save_interval: 1_0ba', 'cadence'],
    ['ema_start: 1e3ba', 'average'],
  ])('%s counts steps, for its %s', async (text, use) =>
    expect((await reading(`${text}\n`)).found).toMatchObject([
      [
        `/${text.split(':')[0]}`,
        { encoding: { kind: 'time-string', items: [{ role: { role: 'count', use } }] } },
      ],
    ]),
  );

  it.each(['clip_grad: {is_enabled: true}', 'clip: {enable: true}', 'clip_gradients: true'])(
    '{%s} is told of',
    async (text) => {
      const { found } = await reading(`${text}\n`);
      expect(found).toMatchObject([
        [expect.any(String), { note: expect.stringContaining('gradients are clipped') }],
      ]);
      expect((await reading(`${text.replace('true', 'false')}\n`)).found).toEqual([]);
    },
  );
});

describe('of several meanings of a key', () => {
  const cases = ENTRIES.flatMap(({ words, within }) =>
    words
      .split('|')
      .map((way) => ({ words: [...new Set(wordsOf(way))], kinds: new Set(within?.split(' ')) })),
  );
  const covered = (entry: (typeof ENTRIES)[number], own: readonly string[]) =>
    Math.max(
      ...entry.words.split('|').map((way) => {
        const words = [...new Set(wordsOf(way))];
        return words.every((word) => own.includes(word)) ? words.length : 0;
      }),
    );

  it('the one with most words comes first, and of as many the first of the table', () => {
    for (const { words, kinds } of cases) {
      const found = meaningsOf(words, { kinds });
      const ranks = found.map((entry) => [-covered(entry, words), ENTRIES.indexOf(entry)] as const);
      expect(ranks).toEqual([...ranks].sort(([a, i], [b, j]) => a - b || i - j));
    }
  });
});
