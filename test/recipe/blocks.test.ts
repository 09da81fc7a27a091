import { describe, expect, it } from 'vitest';
import type { Role } from '../../src/dialect/roles.ts';
import { ROLE, recipeOf, roles, scopes, valuesOf } from '../helpers/recipe.ts';

const CYCLED = { ...ROLE.momentum, cycled: 'highest' } as const satisfies Role;
const KEYS: Readonly<Record<string, Role>> = {
  name: ROLE.optimizer,
  lr: ROLE.lr,
  max_lr: ROLE.lr,
  min_lr: ROLE.minimumLr,
  m: ROLE.momentum,
  b: ROLE.beta1,
  wd: ROLE.weightDecay,
  eps: ROLE.epsilon,
  cycled: CYCLED,
  bn: { ...ROLE.ema, of: 'batch-norm' },
};

/** The optimizers of a text in which every block is one's and the keys above have their roles. */
async function optimizersOf(blocks: Readonly<Record<string, string>>, top = '') {
  const text = `${top}\n${Object.entries(blocks)
    .map(
      ([at, settings]) =>
        `${'  '.repeat(at.split('/').length - 2)}${at.split('/').at(-1)}:\n${settings
          .split(', ')
          .map((line) => `${'  '.repeat(at.split('/').length - 1)}${line}\n`)
          .join('')}`,
    )
    .join('')}`;
  const found = Object.entries({ '': top, ...blocks }).flatMap(([at, settings]) =>
    settings.split(/, |\n/).flatMap((line) => {
      const key = line.split(':')[0]!;
      return KEYS[key] ? roles({ [`${at}/${key}`]: KEYS[key] }) : [];
    }),
  );
  const { recipe, warnings } = await recipeOf(text, [...scopes(...Object.keys(blocks)), ...found]);
  return {
    groups: recipe.groups.map(({ binding, fields }) => [
      binding.optimizer.name,
      ...Object.keys(valuesOf(fields)),
    ]),
    alone: warnings.filter(({ code }) => code === 'unassigned').map(({ message }) => message.split(' ')[0]),
  };
}

type Row = [
  story: string,
  blocks: Record<string, string>,
  groups: string[][],
  alone?: string[],
  top?: string,
];

describe.each<[string, Row[]]>([
  [
    'a scheduler’s rates',
    [
      [
        'go to the one optimizer',
        { '/a': 'name: adam, lr: 1, b: 0.9', '/s': 'max_lr: 1' },
        [['adam', '/a/lr', '/a/b', '/s/max_lr']],
      ],
      [
        'with the momentum that it moves',
        { '/a': 'name: adam, lr: 1, b: 0.9', '/s': 'max_lr: 1, cycled: 0.95' },
        [['adam', '/a/lr', '/a/b', '/s/max_lr', '/s/cycled']],
      ],
      [
        'follow two that scale alike',
        { '/a': 'name: adam, lr: 1, b: 0.9', '/c': 'name: adam, lr: 1, b: 0.8', '/s': 'min_lr: 0.1' },
        [
          ['adam', '/s/min_lr', '/a/lr', '/a/b'],
          ['adam', '/c/lr', '/c/b'],
        ],
      ],
      [
        'are nobody’s beside two that do not',
        {
          '/a': 'name: adam, lr: 1, b: 0.9',
          '/c': 'name: sgd, lr: 1, m: 0.8',
          '/s': 'max_lr: 1, min_lr: 0.1',
        },
        [
          ['adam', '/a/lr', '/a/b'],
          ['sgd', '/c/lr', '/c/m'],
        ],
        ['s.max_lr', 's.min_lr'],
      ],
      [
        'are no optimizer, whatever the scheduler’s name',
        { '/a': 'name: adam, lr: 1, b: 0.9', '/sched': 'name: sgd, max_lr: 1' },
        [['adam', '/a/lr', '/a/b', '/sched/max_lr']],
      ],
    ],
  ],
  [
    'blocks that stay apart',
    [
      [
        'where another has a momentum of its own',
        { '/a': 'name: adam, lr: 1, b: 0.9', '/c': 'lr: 1, m: 0.9' },
        [
          ['adam', '/a/lr', '/a/b'],
          ['sgd', '/c/lr', '/c/m'],
        ],
      ],
      [
        'where another has a name of its own',
        { '/a': 'name: adam, lr: 1, b: 0.9', '/c': 'name: lion, lr: 1' },
        [
          ['adam', '/a/lr', '/a/b'],
          ['lion', '/c/lr'],
        ],
      ],
      [
        'where another has a weight decay beside its rate',
        { '/a': 'name: adam, lr: 1, b: 0.9', '/c': 'lr: 1, wd: 0.1' },
        [
          ['adam', '/a/lr', '/a/b'],
          ['sgd', '/c/lr', '/c/wd'],
        ],
      ],
    ],
  ],
  [
    'one optimizer in several blocks',
    [
      [
        'the rate beside a block of the rest, whose it is',
        { '/a': 'name: adam, b: 0.9', '/c': 'lr: 1, wd: 0.1' },
        [['adam', '/a/b', '/c/lr', '/c/wd']],
      ],
      [
        'a rate around the momentum: that of the nearest block',
        { '/x': 'lr: 1, wd: 0.1', '/x/y': 'lr: 2, wd: 0.2', '/x/y/z': 'm: 0.9' },
        [
          ['sgd', '/x/lr', '/x/wd'],
          ['sgd', '/x/y/z/m', '/x/y/lr', '/x/y/wd'],
        ],
      ],
      [
        'one name: betas here, the rate there',
        { '/a': 'b: 0.9', '/c': 'lr: 1, eps: 0.1' },
        [['adam', '/a/b', '/c/lr', '/c/eps']],
        [],
        'optimizer: adam',
      ],
      [
        'one name: two that have all stay two, and what lacks all of it joins neither',
        { '/a': 'lr: 1, b: 0.9', '/c': 'lr: 2, b: 0.8', '/e': 'lr: 3, wd: 0.1' },
        [
          ['adam', '/a/lr', '/a/b'],
          ['adam', '/c/lr', '/c/b'],
          ['adam', '/e/lr', '/e/wd'],
        ],
        [],
        'optimizer: adam',
      ],
      [
        'one name: what stands inside one of two belongs to that one',
        { '/a': 'lr: 1, b: 0.9', '/a/p': 'wd: 0.1', '/c': 'lr: 2, b: 0.8' },
        [
          ['adam', '/a/lr', '/a/b', '/a/p/wd'],
          ['adam', '/c/lr', '/c/b'],
        ],
        [],
        'optimizer: adam',
      ],
      [
        'one name: betas inside the block with rate and betas are that block’s',
        { '/a': 'lr: 1, b: 0.9', '/a/p': 'b: 0.7' },
        [['adam', '/a/lr', '/a/b', '/a/p/b']],
        [],
        'optimizer: adam',
      ],
      [
        'one name: betas beside it are another group',
        { '/a': 'lr: 1, b: 0.9', '/c': 'b: 0.7' },
        [
          ['adam', '/a/lr', '/a/b'],
          ['adam', '/c/b'],
        ],
        [],
        'optimizer: adam',
      ],
    ],
  ],
  [
    'rates alone',
    [
      [
        'within the block that holds the name are its own',
        { '/a': 'name: adam, lr: 1, wd: 0.1', '/a/s': 'max_lr: 1' },
        [['adam', '/a/lr', '/a/wd', '/a/s/max_lr']],
      ],
      [
        'but with a weight decay they are a group',
        { '/a': 'name: adam, lr: 1, wd: 0.1', '/a/s': 'lr: 2, wd: 0.2' },
        [
          ['adam', '/a/lr', '/a/wd'],
          ['adam', '/a/s/lr', '/a/s/wd'],
        ],
      ],
      [
        'around the block that holds the name are its own',
        { '/x': 'lr: 1', '/x/a': 'name: adam, wd: 0.1' },
        [['adam', '/x/a/wd', '/x/lr']],
      ],
      [
        'under one name that neither holds are two groups',
        { '/c': 'lr: 1', '/e': 'max_lr: 2' },
        [
          ['adam', '/c/lr'],
          ['adam', '/e/max_lr'],
        ],
        [],
        'optimizer: adam',
      ],
      [
        'without any optimizer are each their own',
        { '/c': 'lr: 1', '/e': 'lr: 2' },
        [
          ['sgd', '/c/lr'],
          ['sgd', '/e/lr'],
        ],
      ],
      [
        'go to the one optimizer, also where another block is none',
        { '/a': 'name: adam, lr: 1, b: 0.9', '/c': 'lr: 1, wd: 0.1', '/s': 'max_lr: 1' },
        [
          ['adam', '/a/lr', '/a/b', '/s/max_lr'],
          ['sgd', '/c/lr', '/c/wd'],
        ],
      ],
      [
        'around a momentum reach it through a block without one, which comes along',
        { '/x': 'lr: 1', '/x/y': 'wd: 0.2', '/x/y/z': 'm: 0.9', '/o': 'name: adam, lr: 1, b: 0.9' },
        [
          ['sgd', '/x/y/z/m', '/x/y/wd', '/x/lr'],
          ['adam', '/o/lr', '/o/b'],
        ],
      ],
      [
        'and betas within those of one name are a group',
        { '/a': 'lr: 1, b: 0.9', '/a/p': 'lr: 2, b: 0.7' },
        [
          ['adam', '/a/lr', '/a/b'],
          ['adam', '/a/p/lr', '/a/p/b'],
        ],
        [],
        'optimizer: adam',
      ],
    ],
  ],
  [
    'what the model keeps',
    [
      [
        'is no optimizer’s',
        { '/a': 'name: adam, lr: 1, b: 0.9', '/n': 'bn: 0.1' },
        [['adam', '/a/lr', '/a/b']],
      ],
    ],
  ],
])('%s', (_heading, rows) => {
  it.each(rows)('%s', async (_story, blocks, groups, alone = [], top = '') =>
    expect(await optimizersOf(blocks, top)).toEqual({ groups, alone }),
  );
});
