// Rates of verify's kernels: draws, averages and optimizers, against the reference, numpy and a PyTorch loop.

import { inTurns, median, output, seconds } from './measure.mjs';

/** The loop's own sizes (its defaults); ours are run for some seconds, so that starting threads does not count. */
export const COORDINATES = 16384;
export const PAIRS = { '4:16': [4, 16], '1:4': [1, 4] };

/** Averages of the first and the second moment, as the loop has them, with both moments' decays by kappa. */
export function averagesRequest([from, to], microbatches, coordinates = COORDINATES) {
  const kappa = to / from;
  const blocks = Math.max(1, Math.floor(microbatches / to));
  const snapshots = {
    first: Math.ceil(blocks / 2),
    every: Math.ceil(blocks / 16),
    pace: Math.ceil(blocks / 16),
  };
  return {
    batch: [from, to],
    coordinates,
    blocks,
    mean: 0.01,
    cases: [0.9, 0.999].map((b) => ({ decay: [b, b ** kappa], gain: 1, unconvertedGain: 1, snapshots })),
    key: { seed: 1, stream: 0 },
  };
}

/** Microbatch-coordinates per second. */
export async function rateOf(backend, pair, microbatches, coordinates) {
  const request = averagesRequest(pair, microbatches, coordinates);
  const time = await seconds(() => backend.averages(request, {}));
  return (request.blocks * pair[1] * request.coordinates) / time;
}

/** The loop of `--baseline` once: its rate in the same unit. `more` are further options of it. */
export async function loopRate({ torch, baseline }, task, [from, to], threads, more = []) {
  const sizes = ['--threads', threads, '--ratio', from, to, '--repeat', 3];
  const args = [baseline, '--task', task, ...sizes, ...more].map(String);
  const text = await output(torch, args);
  if (text === undefined) throw new Error(`${torch} ${args.join(' ')} failed`);
  return JSON.parse(text).rate;
}

/** Medians by contender for every pair of batches. */
export async function averages({ cpu, onThreads, wasmBackend, tensorflow }, options) {
  const result = {};
  for (const [name, pair] of Object.entries(PAIRS)) {
    // A normal stands for `from` microbatches: the same work takes as many more of them.
    const long = 16384 * pair[0];
    const contenders = { cpu: () => rateOf(cpu, pair, long / 16, 2048) };
    for (const threads of [1, 2]) {
      contenders[`wasm ${threads}`] = () => rateOf(wasmBackend(onThreads(threads)), pair, long);
      if (options.torch) contenders[`torch ${threads}`] = () => loopRate(options, 'ema', pair, threads);
    }
    if (tensorflow) contenders.tensorflow = () => rateOf(tensorflow, pair, long / 8);
    result[name] = medians(await inTurns(contenders, options.rounds));
  }
  return result;
}

/** One optimizer under an old and a new setting, in layers of 1024 as the loop has them, with shared noise. */
export function trainingRequest(reference, [from, to], oldSteps, coordinates = COORDINATES) {
  const kappa = to / from;
  const old = {
    lr: 1e-3,
    gradient: 0.9,
    secondMoment: 0.999,
    third: 0,
    dampening: 0,
    nesterov: false,
    epsilon: 1e-8,
    weightDecay: 0.1,
    weightDecayForm: 'times-lr',
  };
  const now = { ...old, lr: old.lr * kappa ** 0.5, gradient: 0.9 ** kappa, secondMoment: 0.999 ** kappa };
  return {
    reference,
    batch: [from, to],
    old,
    regimes: [{ noiseScale: 100, candidates: [{ rule: 'sqrt', settings: now }] }],
    sizes: { width: 1024, layers: coordinates / 2048, problems: 2, oldSteps },
    seed: 1,
    noise: 'shared',
  };
}

/** Medians by contender for every optimizer and pair of batches; the loop has two of the optimizers. */
export async function optimizers({ train, onThreads, wasmLayers, tensorflow, REFERENCES }, options) {
  const result = {};
  for (const [optimizer, pairs, loop] of [
    ['adamw', ['4:16', '1:4'], 'adamw'],
    ['lamb', ['4:16', '1:4'], 'lamb'],
    ['sgd', ['4:16']],
    ['lion', ['4:16']],
    ['muon', ['4:16']],
    ['adafactor', ['4:16']],
  ])
    for (const name of pairs) {
      const pair = PAIRS[name];
      const rate = async (oldSteps, layersOf) => {
        const request = trainingRequest(REFERENCES[optimizer], pair, oldSteps);
        return (COORDINATES * oldSteps * pair[0]) / (await seconds(() => train(request, {}, layersOf)));
      };
      const { kernel } = REFERENCES[optimizer];
      // What has no kernel is trained by the reference everywhere but on TensorFlow, and Muon by products of matrices.
      const contenders = { cpu: () => rate(kernel ? 256 : 32) };
      for (const threads of [1, 2]) {
        contenders[`wasm ${threads}`] = () => rate(kernel ? 32768 : 64, wasmLayers(onThreads(threads)));
        if (options.torch && loop)
          contenders[`torch ${threads}`] = () => loopRate(options, loop, pair, threads);
      }
      if (tensorflow) contenders.tensorflow = () => rate(1024, tensorflow.layersOf);
      result[`${optimizer} ${name}`] = medians(await inTurns(contenders, options.rounds));
    }
  return result;
}

const medians = (figures) =>
  Object.fromEntries(Object.entries(figures).map(([name, all]) => [name, median(all)]));

const NUMPY = `
import sys, time, numpy as np
g = np.random.Generator(np.random.PCG64(1)); out = np.empty(1 << 14, dtype=sys.argv[1])
for _ in range(20): g.standard_normal(dtype=out.dtype, out=out)
t = time.perf_counter()
for _ in range(2000): g.standard_normal(dtype=out.dtype, out=out)
print(2000 * out.size / (time.perf_counter() - t))
`;

/** Normals per second on one core, into a buffer that stays in the cache. */
export async function normals({ instantiate, kernel }, options) {
  const own = instantiate(new WebAssembly.Module(Buffer.from(kernel, 'base64')));
  own.memory.grow(4);
  const [out, count] = [own.base(), 2 ** 14];
  const draw = (index) => own.draw(out, count, 0, 1, 0, index, 0);
  for (let i = 0; i < 200; i++) draw(i);
  const contenders = {
    async kernel() {
      const time = await seconds(() => {
        for (let i = 0; i < 4000; i++) draw(i);
      });
      return (4000 * count) / time;
    },
  };
  const python = options.torch ?? 'python3';
  for (const type of ['float64', 'float32'])
    if ((await output(python, ['-c', 'import numpy'])) !== undefined)
      contenders[`numpy PCG64 ${type}`] = async () => Number(await output(python, ['-c', NUMPY, type]));
  return medians(await inTurns(contenders, 2 * options.rounds + 1));
}

/** To which power of 2 each backend is taken: some seconds, or half a minute for the one that is used most. */
const LARGEST = { wasm: 32, tensorflow: 28, webgpu: 28, cpu: 26 };

/** Time and memory from 2^20 microbatch-coordinates on, by backend. */
export async function growth({ onThreads, wasmBackend, cpu, tensorflow, webgpu }) {
  const rows = [];
  for (const [name, backend] of Object.entries({ wasm: wasmBackend(onThreads(2)), tensorflow, webgpu, cpu }))
    for (let power = 20; backend && power <= LARGEST[name]; power += 2) {
      const microbatches = 2 ** Math.ceil(power / 2);
      const coordinates = 2 ** power / microbatches;
      const request = averagesRequest([1, 4], microbatches, coordinates);
      const time = await seconds(() => backend.averages(request, {}));
      rows.push({ name, power, coordinates, seconds: time, resident: process.memoryUsage.rss() / 2 ** 20 });
    }
  return rows;
}
