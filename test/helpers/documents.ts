import fc from 'fast-check';

/** A random config: its text, and the settings hidden in it. */
export interface RandomConfig {
  readonly text: string;
  readonly file: string;
}

type Value = string | Value[] | Entry[];
type Entry = readonly [key: string, value: Value];

const decay = fc.double({ min: 0.8, max: 0.9999, noNaN: true }).map((x) => String(Number(x.toPrecision(6))));
const rate = fc
  .tuple(fc.double({ min: 1e-6, max: 0.3, noNaN: true }), fc.boolean())
  .map(([x, scientific]) => {
    const [mantissa = '', power = ''] = x.toExponential(3).split('e');
    return scientific ? `${mantissa}e${power}` : String(Number(x.toPrecision(4)));
  });
const noise: fc.Arbitrary<Value> = fc.oneof(
  fc.constantFrom('true', 'null', '"a: b # c"', '"\u00e9\u{1f600}"', '17', '-0.5', '"1e-4"', '"${x.y}"'),
  fc.array(fc.constantFrom('1', '2.5', '"x"'), { maxLength: 3 }),
);
const noiseKey = fc.constantFrom('label', 'seed', 'path', 'num_layers', 'hidden', 'dropout', 'note', 'tags');

const config: fc.Arbitrary<Entry[]> = fc
  .record({
    lr: rate,
    beta1: decay,
    beta2: decay,
    batch: fc.integer({ min: 1, max: 64 }).map((n) => String(n * 8)),
    warmup: fc.integer({ min: 1, max: 999 }).map((n) => String(n * 64)),
    ema: decay,
    weightDecay: fc.constantFrom('0', '0.1', '0.01'),
    before: fc.uniqueArray(fc.tuple(noiseKey, noise), { maxLength: 3, selector: ([k]) => k }),
    after: fc.uniqueArray(fc.tuple(noiseKey, noise), { maxLength: 3, selector: ([k]) => k }),
  })
  .map(({ lr, beta1, beta2, batch, warmup, ema, weightDecay, before, after }): Entry[] => [
    ...before,
    ['train', [['batch_size', batch], ['warmup_steps', warmup], ['ema_decay', ema], ...after]],
    [
      'optimizer',
      [['name', '"adamw"'], ['lr', lr], ['betas', [beta1, beta2]], ['weight_decay', weightDecay], ...after],
    ],
  ]);

/** How a printer decorates: drawn once per document, consumed in a circle. */
const choices = fc.array(fc.nat({ max: 99 }), { minLength: 12, maxLength: 24 });

/** Random YAML: block and flow, comments, odd indentation, CRLF, byte order mark, an anchored copy that is not used. */
export const yamlConfig: fc.Arbitrary<RandomConfig> = fc
  .record({ config, choices, crlf: fc.boolean(), bom: fc.boolean(), anchor: fc.boolean(), end: fc.boolean() })
  .map(({ config: entries, choices: draws, crlf, bom, anchor, end }) => {
    const next = circle(draws);
    const root: Entry[] = anchor ? [['shared', '&s 0.25'], ['again', '*s'], ...entries] : entries;
    const lines = root.flatMap((entry) => blockEntry(entry, 0, next));
    const text = lines.join('\n') + (end ? '\n' : '');
    return {
      text: (bom ? '\ufeff' : '') + (crlf ? text.replaceAll('\n', '\r\n') : text),
      file: 'random.yaml',
    };
  });

/** Random JSON: tabs or spaces, one line or many, comments and trailing commas. */
export const jsonConfig: fc.Arbitrary<RandomConfig> = fc
  .record({
    config,
    choices,
    indent: fc.constantFrom('', '\t', '  ', '    '),
    comments: fc.boolean(),
    crlf: fc.boolean(),
  })
  .map(({ config: entries, choices: draws, indent, comments, crlf }) => {
    const text = json(entries, indent, 0, circle(draws), comments);
    return { text: crlf ? text.replaceAll('\n', '\r\n') : text, file: 'random.json' };
  });

function circle(draws: readonly number[]): (below: number) => number {
  let i = 0;
  return (below) => draws[i++ % draws.length]! % below;
}

function isMap(value: Value): value is Entry[] {
  return (
    Array.isArray(value) &&
    Array.isArray(value[0]) &&
    value[0].length === 2 &&
    typeof value[0][0] === 'string' &&
    !/^[\d"]/.test(value[0][0])
  );
}

function blockEntry([key, value]: Entry, depth: number, next: (n: number) => number): string[] {
  const pad = ' '.repeat(depth);
  const comment = () => ['', '', '  # why: 3e-4', ' #x'][next(4)];
  const before = next(5) === 0 ? [`${pad}# lr: 0.5`, ''] : [];
  if (typeof value === 'string')
    return [...before, `${pad}${key}:${' '.repeat(1 + next(3))}${value}${comment()}`];
  if (value.length === 0) return [`${pad}${key}: []`];
  if (next(3) === 0) return [...before, `${pad}${key}: ${flow(value, next)}${comment()}`];
  const step = 1 + next(4);
  if (isMap(value))
    return [
      ...before,
      `${pad}${key}:${comment()}`,
      ...value.flatMap((entry) => blockEntry(entry, depth + step, next)),
    ];
  const item = ' '.repeat(depth + (next(2) ? step : 0));
  return [...before, `${pad}${key}:`, ...(value as string[]).map((v) => `${item}- ${v}${comment()}`)];
}

function flow(value: Value, next: (n: number) => number): string {
  if (typeof value === 'string') return value;
  const space = ' '.repeat(next(2));
  if (isMap(value))
    return `{${space}${value.map(([k, v]) => `${k}: ${flow(v, next)}`).join(`,${space || ' '}`)}${space}}`;
  return `[${(value as Value[]).map((v) => flow(v, next)).join(`,${space}`)}]`;
}

function json(
  value: Value,
  indent: string,
  depth: number,
  next: (n: number) => number,
  comments: boolean,
): string {
  if (typeof value === 'string') return value;
  const map = isMap(value);
  const parts = map
    ? value.map(([k, v]) => `"${k}":${next(2) ? ' ' : ''}${json(v, indent, depth + 1, next, comments)}`)
    : (value as Value[]).map((v) => json(v, indent, depth + 1, next, comments));
  const [open, close] = map ? ['{', '}'] : ['[', ']'];
  if (parts.length === 0) return open + close;
  if (!indent || (!map && next(2))) return `${open}${parts.join(', ')}${close}`;
  const pad = `\n${indent.repeat(depth + 1)}`;
  const note = comments && next(2) ? ' // kept' : '';
  const last = comments && next(2) ? ',' : '';
  return `${open}${note}${pad}${parts.join(`,${comments && next(3) === 0 ? ' /* kept */' : ''}${pad}`)}${last}\n${indent.repeat(depth)}${close}`;
}
