import { type Draw, drawsOf, oneIn, pick, some } from './draw.ts';

/** How a setting moves with the batch, and so what it must be afterwards. */
export type Moves = 'batch' | 'rate' | 'summed-rate' | 'decay' | 'count';

/** What a file is to say, before it has a style. `noise` is whatever the format has. */
export type Tree =
  | { readonly kind: 'noise' }
  | { readonly kind: 'word'; readonly word: string }
  | { readonly kind: 'number'; readonly value: number; readonly moves?: Moves }
  | { readonly kind: 'list'; readonly items: readonly Tree[] }
  | { readonly kind: 'map'; readonly entries: readonly (readonly [key: string, value: Tree])[] };

export type Format = 'yaml' | 'json' | 'toml' | 'shell' | 'python';

/** A trainer's file: its tree, the defaults that it leaves unsaid and that a conversion writes, and its new batch. */
export interface Training {
  readonly tree: Tree & { kind: 'map' };
  /** Pointers that may appear: the default and how it moves. */
  readonly unsaid: Readonly<
    Record<string, { readonly value: number | readonly number[]; readonly moves: Moves }>
  >;
  /** New over old batch. */
  readonly by: number;
}

export function number(value: number, moves?: Moves): Tree {
  return moves ? { kind: 'number', value, moves } : { kind: 'number', value };
}
export function word(text: string): Tree {
  return { kind: 'word', word: text };
}
export function map(...entries: readonly (readonly [string, Tree] | undefined)[]): Tree & { kind: 'map' } {
  return { kind: 'map', entries: entries.filter((entry) => entry !== undefined) };
}

/** What a setting must be at a batch `by` times as large; `momentum` of the SGD whose rate it is. */
export function moved(value: number, moves: Moves, by: number, momentum = 0): number {
  if (moves === 'decay') return value ** by;
  if (moves === 'count') return Math.max(1, Math.round(value / by));
  if (moves === 'summed-rate') return (value * by * (1 - momentum ** by)) / (1 - momentum);
  return value * by;
}

const NOISE_KEYS = [
  'label',
  'path',
  'num_layers',
  'hidden',
  'dropout',
  'note',
  'tags',
  'seed',
  'mask',
  'kind',
];
/** Keys that only quotes or escapes can write in some formats. */
const ODD_KEYS = [
  'a key',
  'x.y',
  'p/q',
  '~t',
  'é',
  '日本',
  'k#1',
  '12',
  'true',
  '',
  'a:b',
  'Ünï',
  'q"q',
  "it's",
];

/** A tree of things that have nothing to do with the batch. */
export function noiseTree(draw: Draw, depth: number, plainKeys: boolean): Tree {
  const kind = depth > 3 ? 0 : draw(8);
  if (kind < 4) return { kind: 'noise' };
  if (kind < 6)
    return {
      kind: 'list',
      items: Array.from({ length: draw(4) }, () => noiseTree(draw, depth + 1, plainKeys)),
    };
  return { kind: 'map', entries: noiseEntries(draw, depth + 1, plainKeys) };
}

export function noiseEntries(draw: Draw, depth: number, plainKeys: boolean): (readonly [string, Tree])[] {
  const keys = plainKeys ? NOISE_KEYS : [...NOISE_KEYS, ...ODD_KEYS];
  return some(draw, keys, 4).map((key) => [key, noiseTree(draw, depth, plainKeys)] as const);
}

/** A file of noise, with numbers enough to edit. */
export function anyFile(seed: number, plainKeys: boolean): Tree & { kind: 'map' } {
  const draw = drawsOf(seed);
  const entries = [...noiseEntries(draw, 0, plainKeys), ...noiseEntries(draw, 0, plainKeys)];
  const unique = [...new Map(entries).entries()];
  return map(
    ...unique,
    ['size', number(1 + draw(1000))],
    ['block', map(['rate', rate(draw)], ...noiseEntries(draw, 1, plainKeys))],
  );
}

function rate(draw: Draw): Tree {
  return number(Number(((1 + draw(999)) * 10 ** -(2 + draw(5))).toPrecision(3)));
}

interface Numbers {
  readonly batch: Tree;
  readonly rate: Tree;
  readonly summedRate: Tree;
  readonly beta1: Tree;
  readonly beta2: Tree;
  readonly momentum: Tree;
  readonly count: () => Tree;
  readonly average: Tree;
}

function numbersOf(draw: Draw): Numbers {
  const rated = Number(((1 + draw(99)) * 10 ** -(3 + draw(4))).toPrecision(2));
  return {
    batch: number(8 * (1 + draw(64)), 'batch'),
    rate: number(rated, 'rate'),
    summedRate: number(rated, 'summed-rate'),
    beta1: number(pick(draw, [0.9, 0.85, 0.95, 0.8]), 'decay'),
    beta2: number(pick(draw, [0.999, 0.99, 0.95, 0.98]), 'decay'),
    momentum: number(pick(draw, [0.9, 0.95, 0.875]), 'decay'),
    count: () => number(192 * (1 + draw(500)), 'count'),
    average: number(pick(draw, [0.999, 0.9999, 0.995]), 'decay'),
  };
}

type Entry = readonly [string, Tree];
type Make = (
  n: Numbers,
  draw: Draw,
) => { readonly entries: readonly Entry[]; readonly unsaid: Training['unsaid'] };

const beta = (value: number) => ({ value, moves: 'decay' as const });
const maybe = (draw: Draw, ...entry: Entry) => (oneIn(draw, 2) ? [entry] : []);
const said = (entries: readonly Entry[]) => new Set(entries.map(([key]) => key));

/** AdamW beside a batch, by keys that have their ordinary names. */
const plain: Make = (n, draw) => ({
  unsaid: {},
  entries: [
    [
      'train',
      map(
        ['batch_size', n.batch],
        ...maybe(draw, 'warmup_steps', n.count()),
        ...maybe(draw, 'ema_decay', n.average),
      ),
    ],
    [
      'optimizer',
      map(
        ['name', word('adamw')],
        ['lr', n.rate],
        ['betas', { kind: 'list', items: [n.beta1, n.beta2] }],
        ['weight_decay', number(0.1)],
      ),
    ],
  ],
});

const flat: Make = (n, draw) => ({
  unsaid: {},
  entries: [
    ['optimizer', word('sgd')],
    ['batch_size', n.batch],
    ['momentum', n.momentum],
    ['lr', n.summedRate],
    ...maybe(draw, 'max_steps', n.count()),
  ],
});

/** Transformers' arguments, which leave betas to their defaults. */
const transformers: Make = (n, draw) => {
  const betas = [...maybe(draw, 'adam_beta1', n.beta1), ...maybe(draw, 'adam_beta2', n.beta2)];
  const own = said(betas);
  return {
    unsaid: {
      ...(own.has('adam_beta1') ? {} : { '/adam_beta1': beta(0.9) }),
      ...(own.has('adam_beta2') ? {} : { '/adam_beta2': beta(0.999) }),
    },
    entries: [
      ['output_dir', word('out')],
      ['per_device_train_batch_size', n.batch],
      ['learning_rate', n.rate],
      ...betas,
      ['max_steps', n.count()],
      ...maybe(draw, 'warmup_steps', n.count()),
    ],
  };
};

/** Lightning's, nested: betas are a list where they are said. */
const lightning: Make = (n, draw) => {
  const betas = maybe(draw, 'betas', { kind: 'list', items: [n.beta1, n.beta2] });
  const at = '/optimizer/init_args/betas';
  return {
    unsaid: betas.length ? {} : { [at]: { value: [0.9, 0.999], moves: 'decay' } },
    entries: [
      ['seed_everything', number(7)],
      ['trainer', map(['devices', number(1)], ['max_steps', n.count()])],
      ['model', map(['class_path', word('example.Lm')])],
      ['data', map(['class_path', word('example.Text')], ['init_args', map(['batch_size', n.batch])])],
      [
        'optimizer',
        map(
          ['class_path', word('torch.optim.AdamW')],
          ['init_args', map(...shuffled<Entry>(draw, [['lr', n.rate], ...betas]))],
        ),
      ],
    ],
  };
};

const torchtitan: Make = (n, draw) => {
  const betas = [...maybe(draw, 'beta1', n.beta1), ...maybe(draw, 'beta2', n.beta2)];
  const own = said(betas);
  return {
    unsaid: {
      ...(own.has('beta1') ? {} : { '/optimizer/beta1': beta(0.9) }),
      ...(own.has('beta2') ? {} : { '/optimizer/beta2': beta(0.95) }),
      '/lr_scheduler/warmup_steps': { value: 200, moves: 'count' },
    },
    entries: [
      ['optimizer', map(['lr', n.rate], ...betas)],
      ['training', map(['local_batch_size', n.batch], ['seq_len', number(2048)], ['steps', n.count()])],
      ['parallelism', map(['data_parallel_shard_degree', number(1)])],
      ...maybe(draw, 'lr_scheduler', map(['warmup_steps', n.count()])),
    ],
  };
};

const mmengine: Make = (n, draw) => {
  const betas = maybe(draw, 'betas', { kind: 'list', items: [n.beta1, n.beta2] });
  return {
    unsaid: betas.length ? {} : { '/optim_wrapper/optimizer/betas': { value: [0.9, 0.999], moves: 'decay' } },
    entries: [
      ['train_dataloader', map(['batch_size', n.batch], ['num_workers', number(2)])],
      ['optim_wrapper', map(['optimizer', map(['type', word('AdamW')], ['lr', n.rate], ...betas)])],
      ['train_cfg', map(['type', word('IterBasedTrainLoop')], ['max_iters', n.count()])],
    ],
  };
};

const MAKERS: Readonly<Record<Format, readonly Make[]>> = {
  yaml: [plain, flat, transformers, lightning, lightning],
  json: [plain, flat, transformers, lightning],
  toml: [plain, flat, transformers, torchtitan, torchtitan],
  shell: [flat, transformers],
  python: [plain, flat, mmengine, mmengine],
};

/** A training config with noise around and in it. */
export function training(format: Format, seed: number): Training {
  const draw = drawsOf(seed);
  const { entries, unsaid } = pick(draw, MAKERS[format])(numbersOf(draw), draw);
  const plainKeys = format === 'python' || format === 'shell' || oneIn(draw, 2);
  const around = noiseEntries(draw, 1, plainKeys).filter(([key]) => key !== 'path' || format !== 'shell');
  const within = entries.map(([key, tree]): Entry => {
    if (tree.kind !== 'map' || oneIn(draw, 2)) return [key, tree];
    return [key, map(...shuffled(draw, [...tree.entries, ...noiseEntries(draw, 2, plainKeys)]))];
  });
  return {
    tree: map(...shuffled(draw, [...within, ...around])),
    unsaid,
    by: pick(draw, [1 / 8, 1 / 4, 1 / 2, 2, 4, 3 / 2]),
  };
}

export function shuffled<T>(draw: Draw, from: readonly T[]): T[] {
  const all = [...from];
  return from.map(() => all.splice(draw(all.length), 1)[0]!);
}
