import { describe, expect, it } from 'vitest';
import { noiseText } from '../../../src/commands/noise/view.ts';

type Estimate = Parameters<typeof noiseText>[0];
type Run = NonNullable<Parameters<typeof noiseText>[1]>;

const ESTIMATE = { noiseScale: 1234.5, signal: 1, noise: 2, measurements: [] } as unknown as Estimate;
const text = (part: Partial<Estimate>, run?: Run) => noiseText({ ...ESTIMATE, ...part }, run, 200);

describe('what is known of a noise scale is said, and what is to be typed', () => {
  it.each([
    [{}, '1230 samples; one measurement each, so no interval', 1230],
    [{ interval: [1000, 1500] }, '1230 samples, 95 % between 1000 and 1500', 1230],
    [{ interval: [1000, Infinity], bound: 'at-least' }, 'at least 1000 samples', 1000],
    [{ interval: [0, 1500], bound: 'at-most' }, 'at most 1500 samples', 1500],
  ] as [Partial<Estimate>, string, number][])('%j', (part, says, use) => {
    const said = text(part);
    expect(said).toContain(`gradient noise scale ${says}`);
    expect(said).toContain(`--noise-scale ${use}\n`);
    expect(said.includes('! N is at')).toBe('bound' in part);
  });

  it('each third of a run with what is known of it, and that it grows', () => {
    const third = (from: number, noiseScale: number, interval?: [number, number]) => ({
      ...ESTIMATE,
      noiseScale,
      from,
      to: from + 1,
      interval,
    });
    const run = {
      norms: { counted: 'step', steps: [1, 2, 3], columns: ['a', 'b'], batches: [8, 64], leftOut: 2 },
      thirds: [third(0, 10, [5, 20]), third(1, Number.NaN, [0, Infinity]), third(2, 90, [50, Infinity])],
    } as unknown as Run;
    const said = text({ interval: [1000, 1500] }, run);
    for (const part of [
      '5 to 20',
      'unknown',
      'at least 50',
      'N grows along this run',
      '--noise-scale 10@0,90@67% tells',
      '2 rows of another batch',
    ])
      expect(said).toContain(part);
  });
});
