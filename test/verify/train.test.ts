import { describe, expect, it } from 'vitest';
import { OPTIMIZERS } from '../../src/optimizers/table.ts';
import { candidates } from '../../src/verify/candidates.ts';
import { REFERENCES } from '../../src/verify/optimizers.ts';
import { mean, type TrainingRequest, train } from '../../src/verify/train.ts';
import { type Column, EVIDENCE, FULL, hyperparameters, MORE, measure, noiseScaleOf } from './evidence.ts';

/** The published comparison in everything but the number of coordinates. */
const REDUCED = { width: 192, layers: 1, problems: 5, oldSteps: FULL.oldSteps };

/** Published differences this large, relative and absolute, must be seen; of smaller ones only that none is reversed. */
const CLEAR = { ratio: 1.5, difference: 0.01 };

describe('every ordering of the published table', () => {
  it.each(EVIDENCE.map((entry) => [entry.title, entry] as const))(
    '%s',
    { timeout: 120_000 },
    async (_, entry) => {
      const rows = entry.rows.filter(({ published }) => Object.keys(published).length > 0);
      const only = rows.flatMap(({ published }) => Object.keys(published));
      const measured = await measure({ ...entry, rows }, { sizes: REDUCED, only });
      const wrong: string[] = [];
      let clear = 0;
      for (const { sigma, published } of rows) {
        const named = Object.entries(published) as [Column, number][];
        for (const [a, x] of named)
          for (const [b, y] of named) {
            if (x >= y) continue;
            const found = [a, b].map((rule) => measured.get(sigma)!.get(rule as Column)!.byProblem);
            const { value, standardError } = mean(found[1]!.map((d, i) => d - found[0]![i]!));
            const mustShow = y / x >= CLEAR.ratio && y - x >= CLEAR.difference;
            if (mustShow) clear++;
            if (mustShow ? value <= 2 * standardError : value < -3 * standardError)
              wrong.push(`sigma ${sigma}: ${b} - ${a} is ${value} +- ${standardError}, published ${y - x}`);
          }
      }
      expect(wrong).toEqual([]);
      expect(clear).toBeGreaterThan(5);
    },
  );
});
