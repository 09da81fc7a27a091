import fc from 'fast-check';
import type { RandomConfig } from './documents.ts';

/** A key with its value as TOML writes it. */
type Pair = readonly [key: string, value: string];
type Table = readonly [name: string, pairs: readonly Pair[]];

const decay = fc.double({ min: 0.8, max: 0.9999, noNaN: true }).map((x) => String(Number(x.toPrecision(6))));
const rate = fc
  .tuple(fc.double({ min: 1e-6, max: 0.3, noNaN: true }), fc.constantFrom('e', 'E', ''))
  .map(([x, letter]) => {
    const plain = Number(x.toPrecision(4));
    return letter === '' && plain >= 1e-4 ? String(plain) : x.toExponential(3).replace('e', letter || 'e');
  });
const noise: fc.Arbitrary<Pair> = fc.tuple(
  fc.constantFrom('label', '"a key"', "'x.y'", 'since', 'flag', 'dropout', 'note', 'tags', 'mask', 'bound'),
  fc.constantFrom(
    'true',
    '"a = [b] # c"',
    "'C:\\no\\escape'",
    '"\\u00e9\\t\\""',
    '"""\nlr = 0.5\n[optimizer]\n"""',
    "'''one ' quote'''",
    '1979-05-27T07:32:00Z',
    '07:32:00',
    '0xdead_beef',
    '-0.5e-3',
    'inf',
    '[1, 2.5, "x", [true]]',
    '[\n  1, # one\n  2,\n]',
    '{ deep = { er = 1 }, dotted.key = 2 }',
    '[{ a = 1 }, { a = 2 }]',
    '{}',
    '""',
  ),
);
const few = fc.uniqueArray(noise, { maxLength: 3, selector: ([key]) => key });
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });

/** A config of torchtitan, which leaves more or less to the trainer's defaults. */
const tables: fc.Arbitrary<Table[]> = fc
  .record({
    lr: rate,
    beta1: maybe(decay),
    beta2: maybe(decay),
    batch: fc.integer({ min: 1, max: 32 }).map((n) => String(n * 8)),
    warmup: maybe(fc.integer({ min: 1, max: 999 }).map((n) => (n > 500 ? `${n}_000` : String(n * 64)))),
    steps: maybe(fc.integer({ min: 1, max: 99 }).map((n) => `${n}_000_000`)),
    before: few,
    after: few,
    inside: few,
  })
  .map(({ lr, beta1, beta2, batch, warmup, steps, before, after, inside }): Table[] => {
    const given = (pairs: readonly (readonly [string, string | undefined])[]) =>
      pairs.filter((pair): pair is Pair => pair[1] !== undefined);
    return [
      ['', before],
      [
        'optimizer',
        [
          ...inside,
          ['lr', lr],
          ...given([
            ['beta1', beta1],
            ['beta2', beta2],
          ]),
        ],
      ],
      [
        'training',
        [['local_batch_size', batch], ['seq_len', '2048'], ...given([['steps', steps]]), ...after],
      ],
      ['parallelism', [['data_parallel_shard_degree', '1']]],
      ...(warmup === undefined ? [] : [['lr_scheduler', [['warmup_steps', warmup]]] as const]),
    ];
  });

/** Random TOML: headers, dotted keys and inline tables, comments, odd spaces, CRLF, byte order mark, no last line break. */
export const tomlConfig: fc.Arbitrary<RandomConfig> = fc
  .record({
    tables,
    draws: fc.array(fc.nat({ max: 99 }), { minLength: 12, maxLength: 24 }),
    crlf: fc.boolean(),
    bom: fc.boolean(),
    end: fc.boolean(),
    list: fc.boolean(),
  })
  .map(({ tables: all, draws, crlf, bom, end, list }) => {
    let at = 0;
    const next = (below: number) => draws[at++ % draws.length]! % below;
    // What has no header must come before the first one.
    const drawn = all.map((table) => ({ table, style: table[0] === '' ? 1 : next(3) }));
    const loose = drawn
      .filter(({ style }) => style > 0)
      .flatMap(({ table, style }) => headless(table, style, next));
    const headed = drawn.filter(({ style }) => style === 0).flatMap(({ table }) => section(table, next));
    const last = list ? ['[[runs]]', 'n = 1', '[runs.deep.er]', 'n = 2', '  [[runs]]', '  n = 3'] : [];
    const text = [...loose, ...headed, ...last].join('\n') + (end ? '\n' : '');
    return {
      text: (bom ? '\ufeff' : '') + (crlf ? text.replaceAll('\n', '\r\n') : text),
      file: 'random.toml',
    };
  });

function headless([name, pairs]: Table, style: number, next: (below: number) => number): string[] {
  if (name === '') return pairs.map((pair) => assignment(pair, '', next));
  if (style === 1) return pairs.map((pair) => assignment(pair, `${name}.`, next));
  const gap = ' '.repeat(next(2));
  const inside = pairs.map(([key, value]) => `${key}${gap}=${gap}${value}`).join(`,${gap}`);
  return [`${name} = {${gap}${inside}${gap}}${comment(next)}`];
}

function section([name, pairs]: Table, next: (below: number) => number): string[] {
  const indent = ' '.repeat(2 * next(2));
  const header = ['', `# about ${name}`].slice(next(2), 2);
  return [
    ...header,
    `[${name}]${comment(next)}`,
    ...pairs.map((pair) => indent + assignment(pair, '', next)),
    ...(next(3) === 0 ? [`${indent}[${name}.below.this]`, `${indent}lr_of_nothing = "x"`] : []),
  ];
}

function assignment([key, value]: Pair, prefix: string, next: (below: number) => number): string {
  const gap = ' '.repeat(next(4));
  return `${prefix}${key}${gap}=${' '.repeat(next(2))}${value}${comment(next)}`;
}

function comment(next: (below: number) => number): string {
  return ['', '', '  # why: lr = 3e-4', '\t#x'][next(4)]!;
}
