import { afterAll, describe, expect, it } from 'vitest';
import { cpu } from '../../src/lab/backends/cpu.ts';
import { nextStep } from '../../src/lab/backends/index.ts';
import { findPackage, loadPackage, reasonOf } from '../../src/lab/backends/packages.ts';
import { averagesByProducts } from '../../src/lab/backends/tensorflow/averages.ts';
import { layersByOperations } from '../../src/lab/backends/tensorflow/layers.ts';
import { drawnBy, type Source } from '../../src/lab/backends/tensorflow/noise.ts';
import { operationsOf, type TensorFlowJs } from '../../src/lab/backends/tensorflow/operations.ts';
import { chunkIn, loadTensorflow } from '../../src/lab/backends/tensorflow/tensorflow.ts';
import { HERE } from '../../src/lab/backends/wasm/perform.ts';
import { wasmLayers } from '../../src/lab/backends/wasm/wasm.ts';
import { fillNoise } from '../../src/lab/noise.ts';
import { REFERENCES, type ReferenceName } from '../../src/lab/optimizers.ts';
import { averagesRequest, snapshotBlocks } from '../../src/lab/sizes.ts';
import { levelRatio, relativeRms } from '../../src/lab/theory.ts';
import { mean, train } from '../../src/lab/training.ts';
import type { TrainingRequest } from '../../src/lab/training-plan.ts';
import { type Batch, furthest, pathsApart, REQUESTS, requestFor, TRAININGS } from './agreement.ts';
import { trainingRequest } from './training-request.ts';

/** Where optional packages are looked for: the working directory by default. */
const packages = process.env.REBATCH_PEERS;
const loaded = await loadTensorflow(packages).catch((error: unknown) => ({ error }));

it('a chunk has the numbers that the memory of the GPU has room for', () => {
  const gigabytes = (n: number) => chunkIn(n * 2 ** 30);
  expect([1, 2, 4, 8, 80].map(gigabytes)).toEqual([2 ** 23, 2 ** 24, 2 ** 25, 2 ** 26, 2 ** 26]);
  // A GPU that does not say how much it has, and a processor.
  expect(chunkIn()).toBe(2 ** 22);
});

if ('error' in loaded) {
  process.stderr.write(`SKIPPED tensorflow: ${nextStep(loaded.error)} (${reasonOf(loaded.error)})\n`);
  it.skip(`tensorflow: ${reasonOf(loaded.error)}`, () => {});
} else
  describe(`tensorflow (${loaded.package} ${loaded.version}, ${loaded.device})`, { timeout: 120_000 }, () => {
    const tf = loadPackage<TensorFlowJs & { memory(): { numTensors: number } }>(
      findPackage(loaded.package, packages)!,
    );
    const operations = operationsOf(tf);
    afterAll(() => expect(tf.memory().numTensors).toBe(0));

    /** The noise of src/lab/noise.ts: all arithmetic after it can be compared with the reference. */
    const given: Source = (index, rows, columns) => {
      const width = columns.reduce((sum, { count }) => sum + count, 0);
      const values = new Float32Array(rows * width);
      for (let row = 0; row < rows; row++) {
        let at = row * width;
        for (const { key, from, count } of columns) {
          const drawn = new Float64Array(from + count);
          fillNoise(drawn, key, index + row, 1);
          values.set(drawn.subarray(from), at);
          at += count;
        }
      }
      return operations.tensor(values, [rows, width]);
    };

    describe('draws', () => {
      const draw = drawnBy(operations);
      const columns = (count: number, seed = 1, from = 0) => [{ key: { seed, stream: 2 }, from, count }];
      const all = async (index: number, rows: number, ...rest: Parameters<typeof columns>) => {
        const x = draw(index, rows, columns(...rest));
        return operations.read(x).finally(() => x.dispose());
      };

      it('have the moments of a normal, and no memory, in ten million', async () => {
        const [rows, count] = [2 ** 11, 2 ** 12];
        const powers = [0, 0, 0, 0];
        const lagged = [0, 0, 0];
        let n = 0;
        for (let index = 0; index < 2 * rows; index += rows) {
          const x = await all(index, rows, count);
          n += x.length;
          for (let i = 0; i < x.length; i++) {
            for (let k = 0; k < 4; k++) powers[k]! += x[i]! ** (k + 1);
            // The next coordinate, the same coordinate at the next draw, and the one after that.
            for (const [j, lag] of [1, count, 2 * count].entries())
              if (i + lag < x.length) lagged[j]! += x[i]! * x[i + lag]!;
          }
        }
        expect(n).toBeGreaterThan(1e7);
        // Moments 0, 1, 0, 3 of a standard normal, with the standard errors 1, sqrt 2, sqrt 15 and sqrt 96 over sqrt n.
        for (const [k, [moment, deviation]] of [
          [0, 1],
          [1, Math.sqrt(2)],
          [0, Math.sqrt(15)],
          [3, Math.sqrt(96)],
        ].entries())
          expect(Math.abs(powers[k]! / n - moment!) / (deviation! / Math.sqrt(n))).toBeLessThan(5);
        for (const sum of lagged) expect(Math.abs(sum) / Math.sqrt(n)).toBeLessThan(5);
      });

      it('are a function of seed, coordinate and index', async () => {
        const one = await all(0, 4, 8);
        expect(await all(0, 4, 8)).toEqual(one);
        expect(await all(4, 4, 8)).not.toEqual(one);
        expect(await all(0, 4, 8, 2)).not.toEqual(one);
        expect(await all(0, 4, 8, 1, 8)).not.toEqual(one);
      });
    });

    describe('averages', () => {
      // In one chunk, and in many.
      const long = 'batch 1000 -> 1001'; // of more steps than are run by products
      it.each(
        Object.keys(REQUESTS)
          .filter((key) => key !== long)
          .flatMap((key) => [2 ** 22, 2 ** 15].map((chunk) => [key, chunk] as const)),
      )('of given noise agree with the reference: %s, %i numbers at a time', async (key, chunk) => {
        const request = REQUESTS[key]!();
        const device = { operations, source: given, chunk };
        const [found, reference] = [
          await averagesByProducts(device, request, {}),
          await cpu.averages(request, {}),
        ];
        expect(furthest(found, reference)).toBeLessThan(1e-5);
      });

      it.each<Batch>([
        [1, 2],
        [8, 1],
        [1, 32],
        [96, 64],
        [5, 7],
      ])('are what the closed forms say within 5 standard errors: batch %i -> %i', async (...batch) => {
        const kappa = batch[1] / batch[0];
        const decays = [0.5, 0.9, 0.99, 0.999].flatMap((b) =>
          [b ** kappa, b ** (1.2 * kappa), b].map((now) => [b, now] as const),
        );
        const request = averagesRequest({
          batch,
          averages: decays.map((decay) => ({ decay })),
          mean: 0.8,
          key: { seed: 5, stream: 0 },
          draws: 2e6,
        });
        const { cases, level } = await loaded.averages(request, {});
        const off = request.cases.flatMap(({ decay, snapshots }, i) => {
          const at = snapshotBlocks(snapshots, request.blocks);
          const { converted, unconverted } = cases[i]!;
          const left = [decay[0], decay[0]] as const;
          return [
            (converted.value - relativeRms({ batch, decay }, at)) / converted.standardError,
            (unconverted.value - relativeRms({ batch, decay: left }, at)) / unconverted.standardError,
          ];
        });
        off.push((level.value - levelRatio(batch, batch[0] / 0.8 ** 2)) / level.standardError);
        expect(Math.max(...off.map(Math.abs))).toBeLessThan(5);
      });

      it('have honest standard errors: over 40 seeds the scatter is what they say', async () => {
        const off: number[] = [];
        for (let seed = 0; seed < 40; seed++) {
          const averages = [{ decay: [0.9, 0.6561] as const }];
          const key = { seed, stream: 0 };
          const request = averagesRequest({ batch: [1, 4], averages, mean: 0, key, draws: 5e4 });
          const at = snapshotBlocks(request.cases[0]!.snapshots, request.blocks);
          const { value, standardError } = (await loaded.averages(request, {})).cases[0]!.converted;
          off.push((value - relativeRms({ batch: [1, 4], decay: [0.9, 0.6561] }, at)) / standardError);
        }
        const rms = Math.sqrt(mean(off.map((x) => x * x)).value);
        expect(rms).toBeGreaterThan(0.7);
        expect(rms).toBeLessThan(1.4);
      });

      it('see another seed, and the same twice', async () => {
        const request = REQUESTS['batch 1 -> 2']!();
        const first = await loaded.averages(request, {});
        expect(await loaded.averages(request, {})).toEqual(first);
        const other = { ...request, key: { seed: 43, stream: 3 } };
        expect(furthest(await loaded.averages(other, {}), first)).toBeGreaterThan(1e-4);
      });

      it('stop when told to', async () => {
        const controller = new AbortController();
        const running = loaded.averages(requestFor([1, 2], [[0.9, 0.81]], 1e9), {
          signal: controller.signal,
          progress: () => controller.abort(new Error('enough')),
        });
        await expect(running).rejects.toThrow('enough');
      });
    });

    describe('loss paths', () => {
      const every: Record<string, () => TrainingRequest> = {
        ...TRAININGS,
        ...Object.fromEntries(
          (Object.keys(REFERENCES) as ReferenceName[]).map((name) => [
            name,
            () => trainingRequest(name, { third: 0.99 }, { oldSteps: 300 }),
          ]),
        ),
        'Muon, Nesterov': () => trainingRequest('muon', { nesterov: true }, { oldSteps: 300 }),
        'NovoGrad, averaging': () => trainingRequest('novograd', { dampening: 0.9 }, { oldSteps: 300 }),
      };

      it.each(Object.keys(every))('of given noise are the reference’s to 1e-4: %s', async (key) => {
        for (const noise of ['shared', 'independent'] as const) {
          const request = { ...every[key]!(), noise };
          const layersOf = layersByOperations({ operations, source: given, chunk: 2 ** 18 });
          const [found, reference] = [await train(request, {}, layersOf), await train(request)];
          expect(pathsApart(found, reference)).toBeLessThan(1e-4);
        }
      });

      it('come to the reference’s losses by its own draws, as far as other draws may', async () => {
        const request = trainingRequest('adamw', {}, { problems: 16 });
        const [found, reference] = [await train(request, {}, loaded.layersOf), await train(request)];
        for (const [r, regime] of found.entries())
          for (const [c, { pathDistance }] of regime.candidates.entries()) {
            const other = reference[r]!.candidates[c]!.pathDistance;
            const error = Math.hypot(pathDistance.standardError, other.standardError);
            expect(Math.abs(pathDistance.value - other.value) / error).toBeLessThan(5);
          }
      });

      it('that leave float32 are left to the reference', async () => {
        const request = trainingRequest('sgd', { lr: 10 });
        expect(await train(request, {}, loaded.layersOf)).toEqual(await train(request));
      });

      it('of blocks of too many steps are left to the embedded kernel', async () => {
        const sizes = { width: 16, layers: 1, oldSteps: 4096 };
        const request = { ...trainingRequest('adamw', {}, sizes), batch: [4097, 4096] as const };
        expect(await train(request, {}, loaded.layersOf)).toEqual(await train(request, {}, wasmLayers(HERE)));
      });

      it('stop when told to', async () => {
        const controller = new AbortController();
        const control = { signal: controller.signal, progress: () => controller.abort(new Error('enough')) };
        const request = trainingRequest('adamw', {}, { oldSteps: 1e5 });
        await expect(train(request, control, loaded.layersOf)).rejects.toThrow('enough');
      });
    });
  });
