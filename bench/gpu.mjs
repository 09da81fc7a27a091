// Measures webgpu and tensorflow beside a PyTorch loop on the same device and prints a page. bench/gpu.sh packs and runs it.
// usage: node gpu.mjs [--torch PYTHON --baseline FILE] [--device cuda] [--peak TFLOPS]
//   [--bandwidth GB/S] [--backend NAME ...] [--coordinates N ...] [--rounds 3]
// FILE is the loop, which prints {"rate": ...}; --device is what the loop runs on; --peak and
// --bandwidth are the device's, in float32; a backend that does not load is left out.

import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { COORDINATES, loopRate, PAIRS, rateOf, trainingRequest } from './kernels.mjs';
import { inTurns, machine, median, seconds } from './measure.mjs';
import { loadTensorflow, loadWebgpu, REFERENCES, train } from './subjects.mjs';

const { values: flags } = parseArgs({
  options: {
    torch: { type: 'string' },
    baseline: { type: 'string' },
    device: { type: 'string', default: 'cuda' },
    peak: { type: 'string' },
    bandwidth: { type: 'string' },
    backend: { type: 'string', multiple: true, default: ['webgpu', 'tensorflow'] },
    coordinates: { type: 'string', multiple: true, default: [String(COORDINATES), String(2 ** 20)] },
    rounds: { type: 'string', default: '3' },
  },
});
if ((flags.torch === undefined) !== (flags.baseline === undefined))
  throw new Error('--torch PYTHON and --baseline FILE go together');

/**
 * Instructions by coordinate, counted in the shaders' text with a fused multiply-add, a rotation and a conversion as
 * one, a root as four and a quotient as six: for one draw (half of what a pair costs), for what follows each draw, and
 * for what follows each batch of the old and of the new setting.
 */
const INSTRUCTIONS = {
  ema: { draw: 67, perDraw: 10, perUpdate: 3 },
  adamw: { draw: 67, perDraw: 3, perUpdate: 24 },
  lamb: { draw: 67, perDraw: 3, perUpdate: 30 },
};
/**
 * Bytes of memory by coordinate that the tensorflow backend reads and writes: for one draw, for every mean of a batch, and
 * for one update (an operation reads two tensors and writes one).
 */
const BYTES = {
  ema: { draw: 12, perMean: 20, perUpdate: 0 },
  adamw: { draw: 8, perMean: 16, perUpdate: 19 * 12 },
  lamb: { draw: 8, perMean: 16, perUpdate: 22 * 12 },
};
/** The folder whose node_modules holds the backends' packages: gpu.sh packs both. */
const PACKAGE = join(import.meta.dirname, '..');
/** Seconds that a run should take. */
const LONG = 0.5;

const backends = [];
for (const name of flags.backend)
  await { webgpu: loadWebgpu, tensorflow: loadTensorflow }[name](PACKAGE).then(
    (backend) => backends.push(backend),
    (error) => process.stderr.write(`without ${name}: ${error.message}\n`),
  );
const rows = [];
for (const task of ['ema', 'adamw', 'lamb'])
  for (const [name, pair] of Object.entries(PAIRS))
    for (const coordinates of flags.coordinates.map(Number))
      rows.push(...(await measured(task, name, pair, coordinates)));
for (const backend of backends) await backend.release?.();
process.stdout.write(page(rows));

/** A row for every backend; all of them and the loop are measured in turns. */
async function measured(task, name, pair, coordinates) {
  process.stderr.write(`${task} ${name}, ${coordinates} coordinates\n`);
  const contenders = {};
  for (const backend of backends) {
    const run = (microbatches) => rateOn(backend, task, pair, microbatches, coordinates);
    // The first run compiles; then as long a one as shows the device's rate.
    let microbatches = 64 * pair[1];
    await run(microbatches);
    for (let took = 0; took < LONG / 2 && microbatches < 2 ** 24; ) {
      took = (microbatches * coordinates) / (await run(microbatches));
      microbatches *= Math.min(16, Math.max(1, Math.round(LONG / took)));
    }
    contenders[backend.name] = () => run(microbatches);
  }
  const loop = (more) =>
    loopRate(flags, task, pair, 1, ['--device', flags.device, '--coordinates', coordinates, ...more]);
  if (flags.torch) {
    contenders.loop = () => loop([]);
    contenders.compiled = () => loop(['--compile']).catch(() => Number.NaN);
  }
  const figures = await inTurns(contenders, Number(flags.rounds));
  const rates = Object.fromEntries(Object.entries(figures).map(([key, all]) => [key, median(all)]));
  return backends.map(({ name: backend }) => ({
    task,
    name,
    coordinates,
    backend,
    rate: rates[backend],
    loop: rates.loop,
    compiled: rates.compiled,
    ...costOf(backend, task, pair),
  }));
}

/** Microbatch-coordinates a second. */
async function rateOn(backend, task, pair, microbatches, coordinates) {
  if (task === 'ema') return rateOf(backend, pair, microbatches, coordinates);
  const oldSteps = microbatches / pair[0];
  const request = trainingRequest(REFERENCES[task], pair, oldSteps, coordinates);
  return (microbatches * coordinates) / (await seconds(() => train(request, {}, backend.layersOf)));
}

/** By microbatch-coordinate: instructions of the shaders, or bytes of TensorFlow's operations. */
function costOf(backend, task, [from, to]) {
  if (backend === 'webgpu') {
    const { draw, perDraw, perUpdate } = INSTRUCTIONS[task];
    return { instructions: (draw + perDraw + perUpdate * (1 + from / to)) / from };
  }
  const { draw, perMean, perUpdate } = BYTES[task];
  return { bytes: (draw + (perMean + perUpdate) * (1 + from / to)) / from };
}

function page(all) {
  const { model } = machine();
  const billions = (rate) => (rate === undefined ? '' : (rate / 1e9).toPrecision(3));
  const times = (rate, by) => (rate > 0 && by > 0 ? (rate / by).toPrecision(3) : '');
  const percent = (x) => `${(100 * x).toPrecision(2)} %`;
  const share = ({ rate, instructions, bytes }) => {
    if (instructions) return flags.peak ? percent((rate * instructions) / (Number(flags.peak) * 5e11)) : '';
    return flags.bandwidth ? percent((rate * bytes) / (Number(flags.bandwidth) * 1e9)) : '';
  };
  const line = (cells) => `| ${cells.join(' | ')} |`;
  const head = [
    '',
    'coordinates',
    'backend',
    'G/s',
    'loop, G/s',
    'compiled, G/s',
    'over the loop',
    'over compiled',
    'instructions',
    'bytes',
    'of peak or bandwidth',
  ];
  const devices = backends
    .map((one) => `${one.name}: ${one.device}, ${one.package} ${one.version}`)
    .join('; ');
  return [
    '# Measured on a GPU',
    '',
    `${new Date().toISOString().slice(0, 10)}; ${devices}; Node ${process.version}; ${model}; loop on ${flags.device}. Medians of ${flags.rounds} rounds in turns, whole runs, transfers and statistics included; G/s are 10^9 microbatch-coordinates a second.`,
    '',
    line(head),
    line(head.map(() => '---')),
    ...all.map((row) =>
      line([
        `${row.task} ${row.name}`,
        row.coordinates,
        row.backend,
        billions(row.rate),
        billions(row.loop),
        billions(row.compiled),
        times(row.rate, row.loop),
        times(row.rate, row.compiled),
        row.instructions?.toFixed(0) ?? '',
        row.bytes?.toFixed(0) ?? '',
        share(row),
      ]),
    ),
    '',
    '`instructions` are by microbatch-coordinate, counted in the shaders; the peak is that of float32 multiply-adds, one an instruction, and integer instructions, half of a draw, may have half of it. `bytes` are what the operations of TensorFlow read and write.',
    '',
  ].join('\n');
}
