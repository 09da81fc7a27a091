import { afterAll, describe, expect, it } from 'vitest';
import { cpu } from '../../src/lab/backends/cpu.ts';
import { BACKENDS, nextStep } from '../../src/lab/backends/index.ts';
import { reasonOf } from '../../src/lab/backends/packages.ts';
import { HERE } from '../../src/lab/backends/wasm/perform.ts';
import { wasmLayers } from '../../src/lab/backends/wasm/wasm.ts';
import { train } from '../../src/lab/training.ts';
import type { TrainingRequest } from '../../src/lab/training-plan.ts';
import { expectSameCurves, furthest, pathsApart, REQUESTS, requestFor, TRAININGS } from './agreement.ts';
import { trainingRequest } from './training-request.ts';

/** Where optional packages are looked for: the working directory by default. */
const packages = process.env.REBATCH_PEERS;

/** `tensorflow` draws by another generator: tensorflow.test.ts. */
const OTHERS = [cpu.name, 'tensorflow'];

for (const { name, load } of BACKENDS.filter((one) => !OTHERS.includes(one.name))) {
  const loaded = await load(packages).catch((error: unknown) => ({ error }));
  if ('error' in loaded) {
    process.stderr.write(`SKIPPED ${name}: ${nextStep(loaded.error)} (${reasonOf(loaded.error)})\n`);
    it.skip(`${name} agrees with the reference: ${reasonOf(loaded.error)}`, () => {});
    continue;
  }
  describe(`${name} (${loaded.package} ${loaded.version}, ${loaded.device})`, () => {
    afterAll(() => loaded.release?.());

    it.each(Object.keys(REQUESTS))(
      'agrees with the reference to 1e-6: %s',
      { timeout: 120_000 },
      async (key) => {
        const request = REQUESTS[key]!();
        const [found, reference] = [await loaded.averages(request, {}), await cpu.averages(request, {})];
        expect(furthest(found, reference)).toBeLessThan(1e-6);
        for (const [i, { trajectory }] of found.cases.entries())
          expectSameCurves(trajectory, reference.cases[i]!.trajectory);
      },
    );

    it('sees another seed', async () => {
      const request = REQUESTS['batch 1 -> 2']!();
      const other = { ...request, key: { seed: 43, stream: 3 } };
      expect(furthest(await loaded.averages(other, {}), await cpu.averages(request, {}))).toBeGreaterThan(
        1e-4,
      );
    });

    it('stops when told to', async () => {
      const controller = new AbortController();
      const running = loaded.averages(requestFor([1, 2], [[0.9, 0.81]], 1e9), {
        signal: controller.signal,
        progress: () => controller.abort(new Error('enough')),
      });
      await expect(running).rejects.toThrow('enough');
    });

    const { layersOf } = loaded;
    if (!layersOf) return;

    it.each(Object.keys(TRAININGS))(
      'trains on the reference’s loss paths to 1e-4: %s',
      { timeout: 120_000 },
      async (key) => {
        for (const noise of ['shared', 'independent'] as const) {
          const request = { ...TRAININGS[key]!(), noise };
          const [found, reference] = [await train(request, {}, layersOf), await train(request)];
          expect(pathsApart(found, reference)).toBeLessThan(1e-4);
        }
      },
    );

    it.each<[string, TrainingRequest]>([
      ['that leave float32', trainingRequest('sgd', { lr: 10 })],
      ['of an optimizer without a kernel', trainingRequest('lars')],
    ])('leaves loss paths %s to the reference', async (_, request) => {
      expect(await train(request, {}, layersOf)).toEqual(await train(request));
    });

    it('leaves blocks of more steps than a dispatch may have to a kernel that can be stopped', async () => {
      const sizes = { width: 16, layers: 1, oldSteps: 4096 };
      const request = { ...trainingRequest('adamw', {}, sizes), batch: [4097, 4096] as const };
      expect(await train(request, {}, layersOf)).toEqual(await train(request, {}, wasmLayers(HERE)));
    });

    it('stops training when told to', async () => {
      const controller = new AbortController();
      const control = { signal: controller.signal, progress: () => controller.abort(new Error('enough')) };
      const request = trainingRequest('adamw', {}, { oldSteps: 1e6 });
      await expect(train(request, control, layersOf)).rejects.toThrow('enough');
    });
  });
}
