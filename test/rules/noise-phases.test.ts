import { describe, expect, it } from 'vitest';
import {
  type NoisePhase,
  phaseFactors,
  pooledNoiseScale,
  typedNoiseScale,
} from '../../src/rules/noise-phases.ts';

const RATIO = { from: 64, to: 512, kappa: 8 };

describe('one noise scale for several phases', () => {
  it.each<[readonly NoisePhase[], number]>([
    [[{ from: 0, noiseScale: 40 }], 40],
    [
      [
        { from: 0, noiseScale: 40 },
        { from: 0.3, noiseScale: 40 },
      ],
      40,
    ],
    // The traces are level, so the signals 1/2 and 1/15 are averaged over the samples.
    [
      [
        { from: 0, noiseScale: 2 },
        { from: 0.1, noiseScale: 15 },
      ],
      1 / (0.1 / 2 + 0.9 / 15),
    ],
    [
      [
        { from: 0, noiseScale: 2 },
        { from: 0.1, noiseScale: 15 },
        { from: 0.5, noiseScale: 60 },
      ],
      1 / (0.1 / 2 + 0.4 / 15 + 0.5 / 60),
    ],
  ])('%j: %f', (phases, pooled) => expect(pooledNoiseScale(phases)).toBeCloseTo(pooled, 10));
});

describe('the factors of the phases', () => {
  const level = (n: number) => Math.sqrt((1 + n / RATIO.to) / (1 + n / RATIO.from));

  it('are 1 where nothing grows', () => {
    expect(
      phaseFactors(
        [
          { from: 0, noiseScale: 40 },
          { from: 0.5, noiseScale: 40 },
        ],
        RATIO,
      ),
    ).toEqual([1, 1]);
  });

  it('give each phase the learning rate of its own noise scale', () => {
    const phases = [
      { from: 0, noiseScale: 2 },
      { from: 0.1, noiseScale: 150 },
    ];
    const pooled = level(pooledNoiseScale(phases));
    phaseFactors(phases, RATIO).forEach((factor, i) => {
      expect(factor * pooled).toBeCloseTo(level(phases[i]!.noiseScale), 12);
    });
  });
});

describe('typed', () => {
  it.each<[string, ReturnType<typeof typedNoiseScale>]>([
    ['1000', 1000],
    ['0', 0],
    ['15@0', [{ from: 0, noiseScale: 15 }]],
    [
      '2@0,15@10%',
      [
        { from: 0, noiseScale: 2 },
        { from: 0.1, noiseScale: 15 },
      ],
    ],
    [
      ' 2.5@0% , 0.5@99% ',
      [
        { from: 0, noiseScale: 2.5 },
        { from: 0.99, noiseScale: 0.5 },
      ],
    ],
    [
      '1@0,2@1%,3@2%',
      [
        { from: 0, noiseScale: 1 },
        { from: 0.01, noiseScale: 2 },
        { from: 0.02, noiseScale: 3 },
      ],
    ],
  ])('%s is read', (text, expected) => expect(typedNoiseScale(text)).toEqual(expected));

  it.each([
    ['2@0,15@10', '"15@10" is not N@SHARE'],
    ['2@0,15@100%', '"15@100%" is not N@SHARE'],
    ['2@0,0@10%', '"0@10%" is not N@SHARE'],
    ['2@0,x@10%', '"x@10%" is not N@SHARE'],
    ['2@0, ,3@4%', '"" is not N@SHARE'],
    ['2@0,a2@1%', '"a2@1%" is not N@SHARE'],
    ['2@0,2@1%b', '"2@1%b" is not N@SHARE'],
    ['2@5%', 'The first starts at 0'],
    ['2@0,15@0%', 'Each starts after the one before'],
    ['2@0,15@10%,45@10%', 'Each starts after the one before'],
    ['2@0,15@10%,45@5%', 'Each starts after the one before'],
    ['-1', 'at least 0'],
    ['1e', 'at least 0'],
  ])('%s is refused', (text, message) => expect(() => typedNoiseScale(text)).toThrow(message));
});
