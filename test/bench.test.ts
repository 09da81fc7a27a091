import { expect, it } from 'vitest';
import { relativeRms } from '../src/lab/theory.ts';

it('the benchmark bundles what it measures, and that runs', { timeout: 60_000 }, async () => {
  const { bundled } = (await import(new URL('../bench/bundle.mjs', import.meta.url).href)) as {
    bundled(): Promise<Record<'cpu', { averages(request: object, control: object): Promise<object> }>>;
  };
  const { averagesRequest } = (await import(new URL('../bench/kernels.mjs', import.meta.url).href)) as {
    averagesRequest(batch: readonly number[], microbatches: number, coordinates: number): object;
  };
  const { cpu, ...others } = await bundled();
  expect(Object.keys(others)).toEqual(
    expect.arrayContaining([
      'loadTensorflow',
      'loadWebgpu',
      'onThreads',
      'wasmBackend',
      'wasmLayers',
      'train',
    ]),
  );
  const { cases } = (await cpu.averages(averagesRequest([4, 16], 16384, 64), {})) as {
    cases: { converted: { value: number; standardError: number } }[];
  };
  const { value, standardError } = cases[0]!.converted;
  const expected = relativeRms({ batch: [4, 16], decay: [0.9, 0.9 ** 4] });
  expect(Math.abs(value - expected)).toBeLessThan(5 * standardError);
});
