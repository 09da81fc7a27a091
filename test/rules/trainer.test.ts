import { describe, expect, it } from 'vitest';
import type { TrainerScaling } from '../../src/dialect/roles.ts';
import { trainerFactor } from '../../src/rules/trainer.ts';

/** How a run is set up. */
interface Run {
  readonly micro: number;
  readonly accumulation: number;
  readonly world: number;
}

const globalOf = ({ micro, accumulation, world }: Run) => micro * accumulation * world;

/** What each trainer multiplies the value of its file by, up to a constant; it warms up over a million samples. */
const MULTIPLIERS: Readonly<Record<TrainerScaling, (run: Run) => number>> = {
  linear: (run) => globalOf(run) / 256,
  sqrt: (run) => Math.sqrt(globalOf(run) / 256),
  'per-worker': ({ world }) => world,
  'sqrt-per-worker': ({ world }) => Math.sqrt(world),
  noam: (run) => 1 / Math.sqrt(1e6 / globalOf(run)),
  'summed-passes': ({ accumulation, world }) => accumulation * world,
  micro: ({ micro }) => micro,
  'sqrt-micro': ({ micro }) => Math.sqrt(micro),
  accumulation: ({ accumulation }) => accumulation,
  'sqrt-accumulation': ({ accumulation }) => Math.sqrt(accumulation),
  'per-device': ({ micro, accumulation }) => micro * accumulation,
  'sqrt-per-device': ({ micro, accumulation }) => Math.sqrt(micro * accumulation),
};

const RUNS: readonly Run[] = [
  { micro: 8, accumulation: 1, world: 1 },
  { micro: 2, accumulation: 3, world: 5 },
  { micro: 16, accumulation: 4, world: 2 },
];

function factor(trainer: TrainerScaling | undefined, from: Run, to: Run, stepsKept = false): number {
  return trainerFactor(trainer, {
    kappa: globalOf(to) / globalOf(from),
    world: to.world / from.world,
    accumulation: [from.accumulation, to.accumulation],
    stepsKept,
  });
}

describe.each(Object.entries(MULTIPLIERS))('a trainer that scales by %s', (trainer, multiplier) => {
  it('multiplies by its factor at the new run over that at the old one', () => {
    for (const from of RUNS)
      for (const to of RUNS)
        expect(factor(trainer as TrainerScaling, from, to) / (multiplier(to) / multiplier(from))).toBeCloseTo(
          1,
          12,
        );
  });
});

it('a warm-up kept in steps leaves Noam’s factor, and a trainer that does not scale multiplies by 1', () => {
  const [from, , to] = RUNS;
  expect(factor('noam', from!, to!, true)).toBe(1);
  expect(factor('linear', from!, to!, true)).toBe(16);
  expect(factor(undefined, from!, to!)).toBe(1);
});
