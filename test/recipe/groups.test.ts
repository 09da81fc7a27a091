import { describe, expect, it } from 'vitest';
import type { Found, Role } from '../../src/dialect/roles.ts';
import type { RecipeOptions } from '../../src/recipe/build.ts';
import { decayOf, type Group } from '../../src/recipe/recipe.ts';
import { ROLE, recipeOf, refusalOf, roles, scopes, valuesOf } from '../helpers/recipe.ts';

/** An optimizer as a table shows it. */
interface Shown {
  readonly is: string;
  readonly known: Group['known'];
  readonly has: Record<string, number>;
  readonly nesterov?: true;
}

type Options = RecipeOptions & { readonly library?: string };
type Row = [
  story: string,
  text: string,
  found: Found[],
  options: Options,
  groups: Record<string, Shown>,
  warnings?: string[],
];

async function shown(text: string, found: readonly Found[], options: Options) {
  const { recipe, warnings } = await recipeOf(text, found, options);
  const groups = recipe.groups.map(({ pointer, binding, known, fields, nesterov }): [string, Shown] => [
    pointer,
    { is: binding.optimizer.name, known, has: valuesOf(fields), ...(nesterov ? { nesterov } : {}) },
  ]);
  return { groups: Object.fromEntries(groups), warnings: warnings.map(({ code }) => code) };
}

/** Defaults that only the optimizer table knows. */
const optional = (absent: Record<string, Role | readonly Role[]>): Found[] =>
  Object.entries(absent).map(([pointer, what]) => [
    pointer,
    { absent: 'role' in what ? { role: what } : { items: what } },
  ]);

const ADAMW = 'o: {name: adamw, lr: 0.001, betas: [0.9, 0.99]}\n';
const ADAMW_FOUND = [
  ...scopes('/o'),
  ...roles({
    '/o/name': ROLE.optimizer,
    '/o/lr': ROLE.lr,
    '/o/betas/0': ROLE.beta1,
    '/o/betas/1': ROLE.beta2,
  }),
];
const ADAMW_HAS = { '/o/lr': 0.001, '/o/betas/0': 0.9, '/o/betas/1': 0.99 };
const TWO = 'a: {name: sgd, lr: 0.1, m: 0.9}\nb: {name: adam, lr: 0.001, m: 0.8}\nmin: 0.01\nm: 0.7\n';
const TWO_FOUND = [
  ...scopes('/a', '/b'),
  ...roles({
    '/a/name': ROLE.optimizer,
    '/a/lr': ROLE.lr,
    '/a/m': ROLE.momentum,
    '/b/name': ROLE.optimizer,
    '/b/lr': ROLE.lr,
    '/b/m': ROLE.beta1,
  }),
];

describe.each<[string, Row[]]>([
  [
    'one optimizer in one block',
    [
      ['named', ADAMW, ADAMW_FOUND, {}, { '/o': { is: 'adamw', known: 'named', has: ADAMW_HAS } }],
      [
        'declared',
        ADAMW,
        ADAMW_FOUND,
        { optimizer: 'lamb' },
        { '/o': { is: 'lamb', known: 'declared', has: ADAMW_HAS } },
      ],
      [
        'with rates outside, which are its own',
        `${ADAMW}min: 1e-5\n`,
        [...ADAMW_FOUND, ...roles({ '/min': ROLE.minimumLr })],
        {},
        { '/o': { is: 'adamw', known: 'named', has: { ...ADAMW_HAS, '/min': 1e-5 } } },
      ],
      [
        'named outside it',
        'kind: adam\no: {lr: 0.001, b1: 0.9}\n',
        [...scopes('/o'), ...roles({ '/kind': ROLE.optimizer, '/o/lr': ROLE.lr, '/o/b1': ROLE.beta1 })],
        {},
        { '/o': { is: 'adam', known: 'named', has: { '/o/lr': 0.001, '/o/b1': 0.9 } } },
        ['decays-unsaid'],
      ],
      [
        'that is the whole file',
        'name: adam\nlr: 0.001\nb1: 0.9\n',
        [...scopes(''), ...roles({ '/name': ROLE.optimizer, '/lr': ROLE.lr, '/b1': ROLE.beta1 })],
        {},
        { '': { is: 'adam', known: 'named', has: { '/lr': 0.001, '/b1': 0.9 } } },
        ['decays-unsaid'],
      ],
      [
        'no block at all',
        'name: adam\nlr: 0.001\nb1: 0.9\n',
        roles({ '/name': ROLE.optimizer, '/lr': ROLE.lr, '/b1': ROLE.beta1 }),
        {},
        { '': { is: 'adam', known: 'named', has: { '/lr': 0.001, '/b1': 0.9 } } },
        ['decays-unsaid'],
      ],
      ['none where nothing belongs to one', 'x: 1\n', [], {}, {}],
      [
        'nothing of the model in it',
        'o: {name: adam, lr: 0.001, b1: 0.9, ema: 0.99}\n',
        [
          ...scopes('/o'),
          ...roles({ '/o/name': ROLE.optimizer, '/o/lr': ROLE.lr, '/o/b1': ROLE.beta1, '/o/ema': ROLE.ema }),
        ],
        {},
        { '/o': { is: 'adam', known: 'named', has: { '/o/lr': 0.001, '/o/b1': 0.9 } } },
        ['decays-unsaid'],
      ],
    ],
  ],
  [
    'one optimizer over several blocks',
    [
      [
        'momentum in an inner block, the rate outside',
        'o:\n  lr: 0.1\n  args: {name: sgd, m: 0.9}\n',
        [
          ...scopes('/o', '/o/args'),
          ...roles({ '/o/lr': ROLE.lr, '/o/args/name': ROLE.optimizer, '/o/args/m': ROLE.momentum }),
        ],
        {},
        { '/o/args': { is: 'sgd', known: 'named', has: { '/o/args/m': 0.9, '/o/lr': 0.1 } } },
      ],
      [
        'momentum in an inner block, the rate and more outside',
        'o:\n  lr: 0.1\n  wd: 0.01\n  args: {name: sgd, m: 0.9}\n',
        [
          ...scopes('/o', '/o/args'),
          ...roles({
            '/o/lr': ROLE.lr,
            '/o/wd': ROLE.weightDecay,
            '/o/args/name': ROLE.optimizer,
            '/o/args/m': ROLE.momentum,
          }),
        ],
        {},
        { '/o/args': { is: 'sgd', known: 'named', has: { '/o/args/m': 0.9, '/o/lr': 0.1, '/o/wd': 0.01 } } },
      ],
      [
        'but not where the inner block has a rate of its own',
        'o:\n  name: adam\n  lr: 0.1\n  b1: 0.9\n  args: {name: sgd, lr: 0.2, m: 0.8}\n',
        [
          ...scopes('/o', '/o/args'),
          ...roles({
            '/o/name': ROLE.optimizer,
            '/o/lr': ROLE.lr,
            '/o/b1': ROLE.beta1,
            '/o/args/name': ROLE.optimizer,
            '/o/args/lr': ROLE.lr,
            '/o/args/m': ROLE.momentum,
          }),
        ],
        {},
        {
          '/o': { is: 'adam', known: 'named', has: { '/o/lr': 0.1, '/o/b1': 0.9 } },
          '/o/args': { is: 'sgd', known: 'named', has: { '/o/args/lr': 0.2, '/o/args/m': 0.8 } },
        },
        ['decays-unsaid'],
      ],
      [
        "a scheduler's block of rates alone",
        `${ADAMW}s: {max_lr: 0.01, min_lr: 1e-5}\n`,
        [...ADAMW_FOUND, ...scopes('/s'), ...roles({ '/s/max_lr': ROLE.lr, '/s/min_lr': ROLE.minimumLr })],
        {},
        {
          '/o': { is: 'adamw', known: 'named', has: { ...ADAMW_HAS, '/s/max_lr': 0.01, '/s/min_lr': 1e-5 } },
        },
      ],
      [
        "a scheduler's block that has a momentum too is another optimizer",
        `${ADAMW}s: {max_lr: 0.01, m: 0.8}\n`,
        [...ADAMW_FOUND, ...scopes('/s'), ...roles({ '/s/max_lr': ROLE.lr, '/s/m': ROLE.momentum })],
        {},
        {
          '/o': { is: 'adamw', known: 'named', has: ADAMW_HAS },
          '/s': { is: 'sgd', known: 'inferred', has: { '/s/max_lr': 0.01, '/s/m': 0.8 } },
        },
        ['optimizer-inferred'],
      ],
      [
        'a value used in the block and written outside',
        'base: 0.1\no: {name: sgd, lr: "${base}", m: 0.9}\n',
        [...scopes('/o'), ...roles({ '/o/name': ROLE.optimizer, '/o/lr': ROLE.lr, '/o/m': ROLE.momentum })],
        {},
        { '/o': { is: 'sgd', known: 'named', has: { '/base': 0.1, '/o/m': 0.9 } } },
      ],
    ],
  ],
  [
    'two optimizers',
    [
      [
        'each with its own',
        TWO,
        TWO_FOUND,
        {},
        {
          '/a': { is: 'sgd', known: 'named', has: { '/a/lr': 0.1, '/a/m': 0.9 } },
          '/b': { is: 'adam', known: 'named', has: { '/b/lr': 0.001, '/b/m': 0.8 } },
        },
        ['decays-unsaid'],
      ],
      [
        'with a rate that both use and neither holds',
        'base: 0.1\na: {name: sgd, lr: "${base}", m: 0.9}\nb: {name: adam, lr: "${base}", m: 0.8}\n',
        TWO_FOUND,
        {},
        {
          '/a': { is: 'sgd', known: 'named', has: { '/base': 0.1, '/a/m': 0.9 } },
          '/b': { is: 'adam', known: 'named', has: { '/base': 0.1, '/b/m': 0.8 } },
        },
        ['decays-unsaid'],
      ],
      [
        'of different kinds: what is outside belongs to neither, and is named',
        TWO,
        [...TWO_FOUND, ...roles({ '/min': ROLE.minimumLr, '/m': ROLE.momentum })],
        {},
        {
          '/a': { is: 'sgd', known: 'named', has: { '/a/lr': 0.1, '/a/m': 0.9 } },
          '/b': { is: 'adam', known: 'named', has: { '/b/lr': 0.001, '/b/m': 0.8 } },
        },
        ['decays-unsaid', 'unassigned', 'unassigned'],
      ],
      [
        'that scale alike: a rate outside follows them, a momentum does not',
        TWO,
        [...TWO_FOUND, ...roles({ '/min': ROLE.minimumLr, '/m': ROLE.momentum })],
        { optimizer: 'adamw' },
        {
          '/a': { is: 'adamw', known: 'declared', has: { '/a/lr': 0.1, '/a/m': 0.9, '/min': 0.01 } },
          '/b': { is: 'adamw', known: 'declared', has: { '/b/lr': 0.001, '/b/m': 0.8 } },
        },
        ['decays-unsaid', 'decays-unsaid', 'unassigned'],
      ],
      [
        'of heavy balls, whose rates go by their own momenta: a rate outside belongs to neither',
        TWO,
        [...TWO_FOUND, ...roles({ '/min': ROLE.minimumLr })],
        { optimizer: 'sgd' },
        {
          '/a': { is: 'sgd', known: 'declared', has: { '/a/lr': 0.1, '/a/m': 0.9 } },
          '/b': { is: 'sgd', known: 'declared', has: { '/b/lr': 0.001, '/b/m': 0.8 } },
        },
        ['unassigned'],
      ],
    ],
  ],
  [
    'which optimizer it is',
    [
      [
        'the dialect assumes it',
        'o: {lr: 0.1, m: 0.9}\n',
        [
          ...scopes('/o'),
          ['/o', { assumes: { optimizer: 'lars' } }],
          ...roles({ '/o/lr': ROLE.lr, '/o/m': ROLE.momentum }),
        ],
        {},
        { '/o': { is: 'lars', known: 'default', has: { '/o/lr': 0.1, '/o/m': 0.9 } } },
      ],
      [
        'the dialect assumes it over what is named',
        ADAMW,
        [...ADAMW_FOUND, ['/o', { assumes: { optimizer: 'lamb' } }]],
        {},
        { '/o': { is: 'lamb', known: 'default', has: ADAMW_HAS } },
      ],
      [
        "the trainer's default",
        'o: {lr: 0.1, m: 0.9}\n',
        [
          ...scopes('/o'),
          ['/o/name', { absent: { default: 'sgd', role: ROLE.optimizer } }],
          ...roles({ '/o/lr': ROLE.lr, '/o/m': ROLE.momentum }),
        ],
        {},
        { '/o': { is: 'sgd', known: 'default', has: { '/o/lr': 0.1, '/o/m': 0.9 } } },
      ],
      [
        'inferred from a beta2: Adam, with no defaults taken for granted',
        'o: {lr: 0.1, b2: 0.9}\n',
        [
          ...scopes('/o'),
          ...roles({ '/o/lr': ROLE.lr, '/o/b2': ROLE.beta2 }),
          ...optional({ '/o/b1': ROLE.beta1 }),
        ],
        {},
        { '/o': { is: 'adam', known: 'inferred', has: { '/o/lr': 0.1, '/o/b2': 0.9 } } },
        ['optimizer-inferred', 'decays-unsaid'],
      ],
      [
        'inferred from a momentum: SGD',
        'o: {lr: 0.1, m: 0.9}\n',
        [...scopes('/o'), ...roles({ '/o/lr': ROLE.lr, '/o/m': ROLE.momentum })],
        {},
        { '/o': { is: 'sgd', known: 'inferred', has: { '/o/lr': 0.1, '/o/m': 0.9 } } },
        ['optimizer-inferred'],
      ],
      [
        'named, and what it does not read is left out',
        'o: {name: sgd, lr: 0.1, m: 0.9, b2: 0.99}\n',
        [
          ...scopes('/o'),
          ...roles({
            '/o/name': ROLE.optimizer,
            '/o/lr': ROLE.lr,
            '/o/m': ROLE.momentum,
            '/o/b2': ROLE.beta2,
          }),
        ],
        {},
        { '/o': { is: 'sgd', known: 'named', has: { '/o/lr': 0.1, '/o/m': 0.9 } } },
      ],
      [
        'as the library has it',
        'o: {name: adam, lr: 0.1, b1: 0.9}\n',
        [...scopes('/o'), ...roles({ '/o/name': ROLE.optimizer, '/o/lr': ROLE.lr, '/o/b1': ROLE.beta1 })],
        { library: 'deepspeed' },
        { '/o': { is: 'adamw', known: 'named', has: { '/o/lr': 0.1, '/o/b1': 0.9 } } },
        ['decays-unsaid'],
      ],
    ],
  ],
  [
    'defaults from the optimizer table',
    [
      [
        'each by its role',
        'o: {name: adamw}\n',
        [
          ...scopes('/o'),
          ...roles({ '/o/name': ROLE.optimizer }),
          ...optional({
            '/o/lr': ROLE.lr,
            '/o/wd': ROLE.weightDecay,
            '/o/eps': ROLE.epsilon,
            '/o/min': ROLE.minimumLr,
          }),
          ...optional({ '/o/betas': [ROLE.beta1, ROLE.beta2] }),
        ],
        {},
        {
          '/o': {
            is: 'adamw',
            known: 'named',
            has: { '/o/lr': 1e-3, '/o/wd': 0.01, '/o/eps': 1e-8, '/o/betas/0': 0.9, '/o/betas/1': 0.999 },
          },
        },
      ],
      [
        'a third beta may be left out',
        'o: {name: adamw}\n',
        [
          ...scopes('/o'),
          ...roles({ '/o/name': ROLE.optimizer }),
          ...optional({ '/o/betas': [ROLE.beta1, ROLE.beta2, { ...ROLE.beta2, of: 'third' }] }),
        ],
        {},
        { '/o': { is: 'adamw', known: 'named', has: { '/o/betas/0': 0.9, '/o/betas/1': 0.999 } } },
      ],
      [
        'a second one not: a list of one is none',
        'o: {name: muon}\n',
        [
          ...scopes('/o'),
          ...roles({ '/o/name': ROLE.optimizer }),
          ...optional({ '/o/betas': [ROLE.beta1, ROLE.beta2], '/o/dampening': ROLE.dampening }),
        ],
        {},
        { '/o': { is: 'muon', known: 'named', has: {}, nesterov: true } },
      ],
      [
        'of one block are not of the other',
        'a: {name: adamw}\nb: {name: sgd}\n',
        [
          ...scopes('/a', '/b'),
          ...roles({ '/a/name': ROLE.optimizer, '/b/name': ROLE.optimizer }),
          ...optional({ '/a/lr': ROLE.lr, '/b/m': ROLE.momentum }),
        ],
        {},
        {
          '/a': { is: 'adamw', known: 'named', has: { '/a/lr': 1e-3 } },
          '/b': { is: 'sgd', known: 'named', has: { '/b/m': 0 } },
        },
      ],
      [
        'none are known: the decays are said to be missing',
        'o: {name: sophia, lr: 0.1}\n',
        [
          ...scopes('/o'),
          ...roles({ '/o/name': ROLE.optimizer, '/o/lr': ROLE.lr }),
          ...optional({ '/o/betas': [ROLE.beta1, ROLE.beta2] }),
        ],
        {},
        { '/o': { is: 'sophia', known: 'named', has: { '/o/lr': 0.1 } } },
        ['decays-unsaid'],
      ],
    ],
  ],
  [
    'nesterov',
    (
      [
        ['on', 'sgd, nesterov: true', true],
        ['off, against the default', 'muon, nesterov: false', false],
        ['by default', 'muon', true],
        ['off by default', 'sgd', false],
        ['by the rule itself', 'nadam', true],
      ] as const
    ).map(([story, text, on]): Row => {
      const is = text.split(',')[0]!;
      return [
        story,
        `o: {name: ${text}, lr: 0.1, m: 0.9}\n`,
        [
          ...scopes('/o'),
          ...roles({
            '/o/name': ROLE.optimizer,
            '/o/lr': ROLE.lr,
            '/o/m': ROLE.momentum,
            '/o/nesterov': ROLE.nesterov,
          }),
        ],
        {},
        {
          '/o': { is, known: 'named', has: { '/o/lr': 0.1, '/o/m': 0.9 }, ...(on ? { nesterov: true } : {}) },
        },
        is === 'nadam' ? ['decays-unsaid'] : [],
      ];
    }),
  ],
])('%s', (_heading, rows) => {
  it.each(rows)('%s', async (_story, text, found, options, groups, warnings = []) =>
    expect(await shown(text, found, options)).toEqual({ groups, warnings }),
  );
});

describe('what is told, and where', () => {
  const told = async (text: string, found: readonly Found[], options: Options = {}) =>
    (await recipeOf(text, found, options)).warnings.map(({ code, message, offset }) => ({
      code,
      message,
      at: offset === undefined ? undefined : text.slice(offset).split(/[,}\n]/)[0],
    }));

  it('an optimizer that nobody names, at the first of its numbers', async () =>
    expect(
      await told('o: {lr: 0.125, m: 0.9}\n', [
        ...scopes('/o'),
        ['/o/wd', { absent: { default: 0.1, role: ROLE.weightDecay } }],
        ...roles({ '/o/lr': ROLE.lr, '/o/m': ROLE.momentum }),
      ]),
    ).toMatchObject([{ code: 'optimizer-inferred', at: '0.125' }]));

  it('nothing where all of its numbers are defaults', async () =>
    expect(
      await told('x: 1\n', [...scopes('/o'), ['/o/lr', { absent: { default: 0.1, role: ROLE.lr } }]]),
    ).toEqual([]));

  it('a number that belongs to neither of two optimizers, with its name', async () =>
    expect(await told(TWO, [...TWO_FOUND, ...roles({ '/m': ROLE.momentum })])).toContainEqual({
      code: 'unassigned',
      message: 'm belongs to none of the 2 optimizers in this file and was left alone',
      at: '0.7',
    }));

  it('no decay of an optimizer whose decays no file can set, in any of its blocks', async () => {
    const text = 'o:\n  lr: 0.1\n  args: {name: adam, b: 0.9}\n';
    const found = [
      ...scopes('/o', '/o/args'),
      ...roles({ '/o/lr': ROLE.lr, '/o/args/name': ROLE.optimizer, '/o/args/b': ROLE.beta1 }),
    ];
    expect(await told(text, found)).toMatchObject([{ code: 'decays-unsaid', at: '0.9' }]);
    for (const scope of ['/o', '/o/args'])
      expect(await told(text, [...found, [scope, { assumes: { decays: 'in the code' } }]])).toEqual([]);
  });
});

describe('torch’s betas, where its class leaves them out', () => {
  const FOUND = { '/o/type': ROLE.optimizer, '/o/args/lr': ROLE.lr };
  const placesOf = async (
    text: string,
    found: Readonly<Record<string, Role>>,
    more: readonly Found[] = [],
    options: Options = {},
  ) => {
    const { recipe } = await recipeOf(text, [...scopes('/o'), ...roles(found), ...more], options);
    return recipe.groups.map(({ fields }) => valuesOf(fields));
  };
  const TEXT = 'o: {type: RAdam, args: {lr: 0.1}}';

  it('are known, with the class’s values and their places', async () => {
    const { recipe } = await recipeOf(TEXT, [...scopes('/o'), ...roles(FOUND)]);
    expect(recipe.groups[0]!.fields.slice(1)).toMatchObject([
      {
        pointer: '/o/args/betas/0',
        value: 0.9,
        role: ROLE.beta1,
        site: { pointer: '/o/args/betas', index: 0 },
      },
      {
        pointer: '/o/args/betas/1',
        value: 0.999,
        role: ROLE.beta2,
        site: { pointer: '/o/args/betas', index: 1 },
      },
    ]);
  });

  it.each<[string, string, Readonly<Record<string, Role>>, Found[], Options]>([
    [
      'where one of them is there',
      'o: {type: Adam, args: {lr: 0.1, b1: 0.8}}',
      { ...FOUND, '/o/args/b1': ROLE.beta1 },
      [],
      {},
    ],
    [
      'where the trainer has its own',
      TEXT,
      FOUND,
      [['/o/args/b1', { absent: { default: 0.8, role: ROLE.beta1 } }]],
      {},
    ],
    ['where the table has its place', TEXT, FOUND, optional({ '/o/args/b1': ROLE.beta1 }), {}],
    ['where the user says another optimizer', TEXT, FOUND, [], { optimizer: 'adam' }],
    [
      'where the dialect knows that no averages are used',
      TEXT,
      FOUND,
      [['/o', { assumes: { optimizer: 'sgd' } }]],
      {},
    ],
    ['in a library that is not torch’s', TEXT, FOUND, [], { library: 'keras' }],
    [
      'beside a lowest rate alone',
      'o: {type: Adam, args: {min: 0.1}}',
      { '/o/type': ROLE.optimizer, '/o/args/min': ROLE.minimumLr },
      [],
      {},
    ],
    ['of a class that has none', 'o: {type: SGD, args: {lr: 0.1}}', FOUND, [], {}],
  ])('but not %s', async (_, text, found, more, options) => {
    const [has] = await placesOf(text, found, more, options);
    expect(Object.keys(has!).filter((at) => at.includes('/betas'))).toEqual([]);
  });

  it('also in another library, by the full path', async () => {
    const [has] = await placesOf('o: {type: torch.optim.adam.Adam, args: {lr: 0.1}}', FOUND, [], {
      library: 'keras',
    });
    expect(has).toEqual({ '/o/args/lr': 0.1, '/o/args/betas/0': 0.9, '/o/args/betas/1': 0.999 });
  });
});

it('an optimizer’s default for its slow average comes from the table, too', async () => {
  const { recipe } = await recipeOf(
    'o: {name: ademamix}\n',
    [
      ...scopes('/o'),
      ...roles({ '/o/name': ROLE.optimizer }),
      ...optional({
        '/o/betas': [ROLE.beta1, ROLE.beta2, { ...ROLE.beta2, of: 'third' }],
        '/o/ema': ROLE.ema,
      }),
    ],
    { library: 'timm' },
  );
  expect(valuesOf(recipe.groups[0]!.fields)).toEqual({
    '/o/betas/0': 0.9,
    '/o/betas/1': 0.999,
    '/o/betas/2': 0.9999,
  });
});

it('a momentum that an optimizer has no buffer for is told as written, and no default of one is made up', async () => {
  const found = [...scopes('/o'), ...roles({ '/o/name': ROLE.optimizer, '/o/m': ROLE.momentum })];
  const { recipe } = await recipeOf('o: {name: adagrad, m: 0.9}\n', found);
  expect(valuesOf(recipe.groups[0]!.fields)).toEqual({ '/o/m': 0.9 });
  const unset: Found[] = [...found, ['/o/m', { absent: { default: 0.9, role: ROLE.momentum } }]];
  const { recipe: without } = await recipeOf('o: {name: adagrad}\n', unset);
  expect(valuesOf(without.groups[0]!.fields)).toEqual({});
});

it('more blocks of optimizers than the budget allows are refused at the first too many', async () => {
  const keys = Array.from({ length: 1001 }, (_, i) => `/o${i}`);
  const text = keys.map((key) => `${key.slice(1)}: {lr: 1}\n`).join('');
  const { says, at } = await refusalOf(recipeOf(text, scopes(...keys)));
  expect(says).toContain('1,000 optimizers');
  expect(text.slice(at)).toMatch(/^\{lr: 1\}\n$/);
  await expect(recipeOf(text, scopes(...keys.slice(1)))).resolves.toBeDefined();
});

describe('an optimizer that no table knows is refused', () => {
  const found = [...scopes('/o'), ...roles({ '/o/name': ROLE.optimizer, '/o/lr': ROLE.lr })];
  it('at its name', async () => {
    const { says, at } = await refusalOf(recipeOf('o: {lr: 0.1, name: zing}\n', found));
    expect(says).toMatch(
      /^unknown-optimizer: unknown optimizer "zing"; pass --optimizer NAME .*: sgd, .*adamw/,
    );
    expect(at).toBe('o: {lr: 0.1, name: '.length);
  });

  it('as a slip of the user who declares it, with the one that was meant', async () => {
    const { says, at } = await refusalOf(
      recipeOf('o: {lr: 0.1, name: adam}\n', found, { optimizer: 'admaw' }),
    );
    expect(says).toMatch(/^usage: unknown optimizer "admaw": did you mean adamw\? --optimizer takes: sgd, /);
    expect(at).toBeUndefined();
  });

  it('unless the user says what it behaves like', async () => {
    const { recipe } = await recipeOf('o: {lr: 0.1, name: zing}\n', found, { optimizer: 'sgd' });
    expect(recipe.groups).toMatchObject([{ known: 'declared', binding: { optimizer: { name: 'sgd' } } }]);
  });
});

describe('what a recipe has beside its optimizers', () => {
  it('averages, counts, ramps and clips, notes and constraints, each once', async () => {
    const { recipe } = await recipeOf(
      'lr: 0.1\nema: 0.99\nsteps: 10\ngamma: 5\npower: 0.7\nclip: 1\nsync: true\n',
      [
        ...roles({
          '/lr': ROLE.lr,
          '/ema': ROLE.ema,
          '/steps': ROLE.steps,
          '/gamma': { role: 'ramp-gamma' },
          '/power': { role: 'ramp-power' },
          '/clip': { role: 'clip' },
          '/sync': { role: 'sync-norm' },
        }),
        ['/clip', { note: 'stays' }],
        ['', { constraint: { kind: 'multiple', of: ['steps', 'gamma'] } }],
      ],
    );
    expect(valuesOf(recipe.averages)).toEqual({ '/ema': 0.99 });
    expect(valuesOf(recipe.counts)).toEqual({ '/steps': 10 });
    expect(valuesOf(recipe.ramps)).toEqual({ '/gamma': 5, '/power': 0.7 });
    expect(valuesOf(recipe.clips)).toEqual({ '/clip': 1 });
    expect(recipe.syncNorm).toBe(true);
    expect(recipe.notes).toEqual([{ pointer: '/clip', note: 'stays' }]);
    expect(recipe.constraints).toEqual([
      { scope: '', constraint: { kind: 'multiple', of: ['steps', 'gamma'] } },
    ]);
  });

  it.each<[string, number, string[]]>([
    ['a default batch is told', 8, ['micro is not set; using the trainer’s default 8']],
    ['a default of 1 is not', 1, []],
  ])('%s', async (_story, value, messages) => {
    const { warnings } = await recipeOf('x: 1\n', [
      ['/micro', { absent: { default: value, role: ROLE.micro } }],
    ]);
    expect(warnings.filter(({ code }) => code === 'batch-default').map(({ message }) => message)).toEqual(
      messages,
    );
  });
});

describe('what the trainer multiplies its learning rates by, where the user says it', () => {
  const found = roles({
    '/lr': { ...ROLE.lr, trainer: 'linear' },
    '/min': ROLE.minimumLr,
    '/noam': { ...ROLE.lr, trainer: 'noam' },
    '/m': ROLE.momentum,
  });
  const scaled = async (lrScaledBy?: RecipeOptions['lrScaledBy']) => {
    const options = lrScaledBy === undefined ? {} : { lrScaledBy };
    const { recipe } = await recipeOf('lr: 1\nmin: 1\nnoam: 1\nm: 0.9\n', found, options);
    return recipe.groups[0]!.fields.map(({ role }) => ('trainer' in role ? role.trainer : undefined));
  };

  it.each([
    [undefined, ['linear', undefined, 'noam', undefined]],
    ['none', [undefined, undefined, 'noam', undefined]],
    ['sqrt', ['sqrt', 'sqrt', 'noam', undefined]],
    ['per-worker', ['per-worker', 'per-worker', 'noam', undefined]],
  ] as const)('%s: every rate but those of Noam’s schedule', async (how, trainers) =>
    expect(await scaled(how)).toEqual(trainers),
  );
});

it.each<[number, 'decay' | 'complement' | 'half-life', number]>([
  [0.9, 'decay', 0.9],
  [0.1, 'complement', 0.9],
  [1, 'half-life', 0.5],
  [2, 'half-life', Math.SQRT1_2],
  [0, 'half-life', 0],
  [-1, 'half-life', 0],
])('%d as %s is a decay of %d', (value, form, decay) =>
  expect(decayOf({ value, role: { ...ROLE.ema, form } })).toBeCloseTo(decay, 12),
);

it('synchronised normalisation is one where any of the switches is on', async () => {
  const sync = async (text: string) =>
    (
      await recipeOf(
        text,
        roles({ '/a': { role: 'sync-norm' }, '/b': { role: 'sync-norm' }, '/n': ROLE.nesterov }),
      )
    ).recipe.syncNorm;
  expect(await sync('a: false\nb: true\nn: false\n')).toBe(true);
  expect(await sync('a: false\nb: false\nn: true\n')).toBe(false);
});

it('what looks ahead is said by its own switch, the first of an optimizer', async () => {
  const looksAhead = async (settings: string) => {
    const { recipe } = await recipeOf(`o: {name: sgd, ${settings}}\n`, [
      ...scopes('/o'),
      ...roles({
        '/o/name': ROLE.optimizer,
        '/o/sync': { role: 'sync-norm' },
        '/o/n': ROLE.nesterov,
        '/o/again': ROLE.nesterov,
      }),
    ]);
    return recipe.groups[0]!.nesterov;
  };
  expect(await looksAhead('sync: true, n: false')).toBe(false);
  expect(await looksAhead('sync: true')).toBe(false);
  expect(await looksAhead('n: true, again: false')).toBe(true);
});
