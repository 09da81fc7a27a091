// Measures speed side by side in one run and writes bench/RESULTS.md.
// usage: npm run bench -- [--torch PYTHON] [--baseline FILE] [--node PATH ...] [--tensorflow FOLDER] [--webgpu FOLDER] [--rounds 5] [--json]
// PYTHON has torch and numpy; without it those rows are left out. FILE is the PyTorch loop to compare with, which prints
// {"rate": ...}, by default the one beside the repository. FOLDER has node_modules/@tensorflow/tfjs-node-gpu or tfjs-node;
// scripts/tfjs-from-pip builds one, and prints what to export. --webgpu takes the folder of
// node_modules/webgpu. --json prints the ratios as one JSON object.

import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { bundled } from './bundle.mjs';
import { averages, growth, normals, optimizers } from './kernels.mjs';
import { machine, output } from './measure.mjs';
import { checkMany, convertLarge, startUp } from './programs.mjs';
import { ratiosOf, resultsPage } from './results.mjs';

const { values: flags } = parseArgs({
  options: {
    torch: { type: 'string' },
    baseline: {
      type: 'string',
      default: fileURLToPath(new URL('../../shared/bench/torch_baseline.py', import.meta.url)),
    },
    node: { type: 'string', multiple: true, default: [] },
    tensorflow: { type: 'string' },
    webgpu: { type: 'string' },
    rounds: { type: 'string', default: '5' },
    json: { type: 'boolean', default: false },
  },
});
if (flags.torch !== undefined && !existsSync(flags.baseline))
  throw new Error(`--torch needs --baseline FILE, the loop to compare with; there is no ${flags.baseline}`);

const options = { ...flags, rounds: Number(flags.rounds), nodes: [process.execPath, ...flags.node] };
const bundle = await bundled();
const subjects = {
  ...bundle,
  ...(flags.tensorflow === undefined ? {} : { tensorflow: await bundle.loadTensorflow(flags.tensorflow) }),
  ...(flags.webgpu === undefined ? {} : { webgpu: await bundle.loadWebgpu(flags.webgpu) }),
};
const say = (what) => process.stderr.write(`${what}\n`);

say('start-up');
const started = await startUp(options);
say('check of many files');
const check = await checkMany();
say('large configs');
const programs = { startUp: started, check, large: await convertLarge() };
say('normals');
const draws = await normals(subjects, options);
say('averages');
const filters = await averages(subjects, options);
say('optimizers');
const trained = await optimizers(subjects, options);
say('growth');
const grown = await growth(subjects);
const results = {
  machine: machine(),
  versions: await versions(),
  rounds: options.rounds,
  draws,
  kernels: { ...prefixed('averages', filters), ...trained },
  grown,
  programs,
};
await subjects.webgpu?.release();
const ratios = ratiosOf(results);
await writeFile(new URL('RESULTS.md', import.meta.url), resultsPage(results, ratios));
if (flags.json) process.stdout.write(`${JSON.stringify(ratios, null, 2)}\n`);
else say('written: bench/RESULTS.md');

function prefixed(name, figures) {
  return Object.fromEntries(Object.entries(figures).map(([key, value]) => [`${name} ${key}`, value]));
}

async function versions() {
  const python = options.torch ?? 'python3';
  const ask = (module) => output(python, ['-c', `import ${module}; print(${module}.__version__)`]);
  const { tensorflow, webgpu } = subjects;
  return {
    node: process.version,
    torch: options.torch && (await ask('torch')),
    numpy: await ask('numpy'),
    tensorflow: tensorflow && `(${tensorflow.package} ${tensorflow.version}; ${tensorflow.device})`,
    webgpu: webgpu && `(${webgpu.device})`,
  };
}
