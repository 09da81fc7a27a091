import { expect, it } from 'vitest';
import { describeScale, type TimeScale } from '../../src/rules/time-scale.ts';

it.each<[TimeScale['what'], number, number, string]>([
  ['half-life', 1000, 1000, 'half-life 1,000 samples, kept'],
  ['half-life', 1000, 1000.9, 'half-life 1,000 samples, kept'],
  ['half-life', 1000, 1001.1, 'half-life 1,000 samples -> 1,001'],
  ['half-life', 1000, 998.9, 'half-life 1,000 samples -> 999'],
  ['length', 6400, 6400, '6,400 samples, kept'],
  ['length', 6400, 12800, '6,400 -> 12,800 samples'],
  ['lr-per-sample', 1e-5, 1e-5, 'lr per sample 0.00001, kept'],
  ['lr-per-sample', 1e-5, 2e-5, 'lr per sample 0.00001 -> 0.00002'],
  ['effective-lr-per-sample', 1e-4, 1e-4, 'lr/(1-mu) per sample 0.0001, kept'],
  ['effective-lr-per-sample', 1e-4, 3e-4, 'lr/(1-mu) per sample 0.0001 -> 0.0003'],
])('%s from %f to %f: %s', (what, from, to, text) => expect(describeScale({ what, from, to })).toBe(text));
