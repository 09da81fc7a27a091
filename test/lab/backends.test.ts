import { afterAll, describe, expect, it } from 'vitest';
import type {
  AveragesRequest,
  AveragesResult,
  Measured,
  Trajectory,
} from '../../src/lab/backends/backend.ts';
import { cpu } from '../../src/lab/backends/cpu.ts';
import { BACKENDS, nextStep } from '../../src/lab/backends/index.ts';
import { reasonOf } from '../../src/lab/backends/packages.ts';
import { HERE } from '../../src/lab/backends/wasm/perform.ts';
import { wasmLayers } from '../../src/lab/backends/wasm/wasm.ts';
import { averagesRequest } from '../../src/lab/sizes.ts';
import { type RegimeResult, train } from '../../src/lab/training.ts';
import type { TrainingRequest } from '../../src/lab/training-plan.ts';
import { trainingRequest } from './training-request.ts';

type Batch = [number, number];

function requestFor(batch: Batch, decays: readonly [number, number][], draws = 2e5): AveragesRequest {
  return averagesRequest({
    batch,
    averages: decays.map((decay, i) => ({
      decay,
      gain: i % 2 ? 0.9 : 1,
      unconvertedGain: i % 3 ? 1.25 : 1,
    })),
    mean: 0.7,
    key: { seed: 42, stream: 3 },
    draws,
  });
}

/** Right, a little off, left alone; slow and fast; none at all. */
function decaysFor([old, now]: Batch): [number, number][] {
  const kappa = now / old;
  return [0.9, 0.999].flatMap((b): [number, number][] => [
    [b, b ** kappa],
    [b, b ** (1.2 * kappa)],
    [b, b],
    [b, 0],
  ]);
}

const REQUESTS: Record<string, () => AveragesRequest> = {
  ...Object.fromEntries(
    (
      [
        [1, 2],
        [8, 1],
        [1, 32],
        [96, 64],
        [5, 7],
        [1000, 1001],
      ] as Batch[]
    ).map((batch) => [`batch ${batch.join(' -> ')}`, () => requestFor(batch, decaysFor(batch))]),
  ),
  'more averages than a shader takes at a time': () =>
    requestFor([2, 3], [...decaysFor([2, 3]), [0.99, 0.985], [0.5, 0.35]]),
  'an average longer than a chunk': () => requestFor([1, 2], [[0.9999, 0.9998]], 5e6),
};

function figures({ cases, level }: AveragesResult): Measured[] {
  return [...cases.flatMap(({ converted, unconverted }) => [converted, unconverted]), level];
}

/** Where two averages are the same to the last digit, float64 leaves some 1e-16 of them and float32 nothing. */
const NOTHING = 1e-12;

function furthest(found: AveragesResult, reference: AveragesResult): number {
  const [a, b] = [figures(found), figures(reference)];
  expect(a).toHaveLength(b.length);
  return Math.max(
    ...a.map(({ value }, i) => Math.abs(value - b[i]!.value) / Math.max(b[i]!.value, NOTHING / 1e-6)),
    ...a.map(
      ({ standardError }, i) =>
        // A standard error is a small difference of large figures: four digits of it are as good as six of them.
        Math.abs(standardError - b[i]!.standardError) / Math.max(100 * b[i]!.standardError, NOTHING / 1e-6),
    ),
  );
}

/** The same points to what float32 draws leave of them, which a plot does not show. */
function expectSameCurves(found: Trajectory, reference: Trajectory): void {
  expect(found.blocks).toEqual(reference.blocks);
  for (const side of ['old', 'now'] as const)
    for (const [i, value] of reference[side].entries())
      expect(Math.abs(found[side][i]! - value)).toBeLessThan(1e-6 * Math.max(1, Math.abs(value)));
}

/** A training under an old and two new settings, by what is special about it. */
const TRAININGS: Record<string, () => TrainingRequest> = {
  SGD: () => trainingRequest('sgd'),
  'SGD, Nesterov, coupled decay': () =>
    trainingRequest('sgd', { nesterov: true, weightDecayForm: 'coupled' }),
  'SGD, dampened': () => trainingRequest('sgd', { dampening: 0.9, lr: 0.1 }),
  AdamW: () => trainingRequest('adamw'),
  'Adam, coupled decay, long memory': () =>
    trainingRequest('adam', { weightDecayForm: 'coupled', secondMoment: 0.9999 }),
  LAMB: () => trainingRequest('lamb'),
  'LAMB, wide layers': () => trainingRequest('lamb', {}, { width: 1024, layers: 1, oldSteps: 200 }),
  Lion: () => trainingRequest('lion', { lr: 1e-3 }),
  'AdamW, layers that no workgroup divides': () =>
    trainingRequest('adamw', {}, { width: 2 * 509, layers: 1, oldSteps: 200 }),
};

/** How far loss paths lie apart. */
function pathsApart(found: readonly RegimeResult[], reference: readonly RegimeResult[]): number {
  const all = (results: readonly RegimeResult[]) =>
    results.flatMap(({ oldLosses, candidates }) => [oldLosses, ...candidates.map((c) => c.losses)].flat());
  const [a, b] = [all(found), all(reference)];
  expect(a).toHaveLength(b.length);
  return Math.max(...a.map((x, i) => Math.abs(x / b[i]! - 1)));
}

/** Where optional packages are looked for: the working directory by default. */
const cwd = process.env.REBATCH_PEERS ?? process.cwd();

for (const { name, load } of BACKENDS.filter((one) => one.name !== cpu.name)) {
  const loaded = await load(cwd).catch((error: unknown) => ({ error }));
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
