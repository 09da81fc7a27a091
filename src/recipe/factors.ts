// The batch as algebra: four factors, of which every part that a file can name is a product.

const FACTORS_OF = {
  global: ['micro', 'accumulation', 'devices', 'nodes'],
  'per-node': ['micro', 'accumulation', 'devices'],
  'per-device': ['micro', 'accumulation'],
  micro: ['micro'],
  accumulation: ['accumulation'],
  devices: ['devices'],
  nodes: ['nodes'],
  world: ['devices', 'nodes'],
} as const;

/** Samples of one pass on one device, passes per step, data-parallel devices of a node, nodes. */
export type Factor = (typeof FACTORS_OF)['global'][number];
export type Factors = Readonly<Record<Factor, number>>;
/** A part of the batch that is a product of factors. */
export type Part = keyof typeof FACTORS_OF;

/** A value given for a part. */
export interface Statement {
  readonly part: Part;
  readonly value: number;
}

/** The value of a part: the product of its factors. */
export function partValue(part: Part, factors: Factors): number {
  return FACTORS_OF[part].reduce((product, factor) => product * factors[factor], 1);
}

/**
 * The factors that follow from what is said: a statement with one unknown factor gives it. Contradictions are not
 * looked for here; a factor that two statements give is taken from the first.
 */
export function solve(statements: readonly Statement[], known: Partial<Factors> = {}): Partial<Factors> {
  const factors: Partial<Record<Factor, number>> = { ...known };
  for (;;) {
    const next = statements
      .map(({ part, value }) => ({
        value,
        unknown: FACTORS_OF[part].filter((f) => factors[f] === undefined),
        part,
      }))
      .find(({ unknown }) => unknown.length === 1);
    if (!next) return factors;
    const [unknown] = next.unknown as [Factor];
    factors[unknown] = next.value / partValue(next.part, { ...(factors as Factors), [unknown]: 1 });
  }
}
