import { expect, it } from 'vitest';
import { convertConfig } from '../../src/pipe/convert.ts';
import { documentsOf } from '../helpers/parse.ts';

/** The weight of the initial value left after a run whose average ramps up by 1-(1+t/gamma)^-power. */
function left(gamma: number, power: number, updates: number): number {
  let logarithm = 0;
  for (let t = 1; t <= updates; t++) logarithm += Math.log(1 - (1 + t / gamma) ** -power);
  return logarithm;
}

it.each([
  [2 / 3, 4],
  [2 / 3, 1 / 4],
  [3 / 4, 8],
])('a power ramp %f at kappa %f forgets as much over the same samples', async (power, kappa) => {
  const text = `batch_size: 256\nlr: 0.1\nema:\n  power: ${power}\n  inv_gamma: 1000.0\n  max_value: 1\n`;
  const converted = await convertConfig(
    { text, file: 'x.yaml' },
    { by: kappa, digits: 12, optimizer: 'sgd' },
  );
  const gamma = (await documentsOf(converted.text))[0]!.nodes.get('/ema/inv_gamma') as {
    value: number;
  } & object;
  const [from, to] = [4000, 400000];
  const rate = (g: number, scale: number) => left(g, power, to / scale) - left(g, power, from / scale);
  expect(rate(gamma.value, kappa) / rate(1000, 1)).toBeCloseTo(1, 1);
  expect(Math.abs(rate(1000, kappa) / rate(1000, 1) - 1)).toBeGreaterThan(0.3);
});
