// The ratios of a run and the page that shows them.

/** What is aimed at: ratios to reach, or not to exceed. */
const AIMS = [
  { ratio: 'averages 4:16: wasm over torch, 2 threads', least: 3 },
  { ratio: 'adamw 4:16: wasm over torch, 1 thread', least: 1.2 },
  { ratio: 'adamw 4:16: wasm over torch, 2 threads', least: 2.5 },
  { ratio: 'lamb 4:16: wasm over torch, 2 threads', least: 2 },
  { ratio: 'averages 4:16: tensorflow over torch, 2 threads', least: 0.5 },
  { ratio: 'adamw 4:16: tensorflow over torch, 2 threads', least: 0.5 },
  { ratio: 'normals: kernel over numpy PCG64 float64, per core', least: 1.5 },
  { ratio: 'convert -q over node -e 0, Node 20', most: 1.6 },
  { ratio: 'convert -q over node -e 0, Node 22', most: 2 },
  { ratio: 'convert -q without kept code over node -e 0, Node 22', most: 2.3 },
  { ratio: 'check of 1000 files, ms a file', most: 5 },
  { ratio: 'check: memory of 16000 files over 4000, text', most: 1.1 },
  { ratio: 'convert of 10 MB, seconds at most', most: 15 },
];

/** Every ratio of a run by its name. */
export function ratiosOf({ draws, kernels, programs, grown }) {
  const ratios = {};
  const add = (name, top, bottom) => {
    if (top !== undefined && bottom !== undefined) ratios[name] = Number((top / bottom).toPrecision(4));
  };
  for (const type of ['float64', 'float32'])
    add(`normals: kernel over numpy PCG64 ${type}, per core`, draws.kernel, draws[`numpy PCG64 ${type}`]);
  for (const [name, rates] of Object.entries(kernels)) {
    add(`${name}: wasm on 1 thread over cpu`, rates['wasm 1'], rates.cpu);
    add(`${name}: wasm on 2 threads over 1`, rates['wasm 2'], rates['wasm 1']);
    add(`${name}: wasm over torch, 1 thread`, rates['wasm 1'], rates['torch 1']);
    add(`${name}: wasm over torch, 2 threads`, rates['wasm 2'], rates['torch 2']);
    add(`${name}: tensorflow over torch, 2 threads`, rates.tensorflow, rates['torch 2']);
  }
  for (const [version, { empty, convert, quiet, uncached }] of Object.entries(programs.startUp.nodes)) {
    const node = `Node ${/\d+/.exec(version)[0]}`;
    add(`convert over node -e 0, ${node}`, convert, empty);
    add(`convert -q over node -e 0, ${node}`, quiet, empty);
    add(`convert -q without kept code over node -e 0, ${node}`, uncached, empty);
  }
  const [few, some, many] = programs.check.filter(({ format }) => format === 'text');
  add(`check of ${few.count} files, ms a file`, few.each * 1000, 1);
  add(`check: memory of ${many.count} files over ${some.count}, text`, many.peak, some.peak);
  const slowest = Math.max(...programs.large.map(({ seconds }) => seconds));
  add(`convert of ${programs.large[0].megabytes} MB, seconds at most`, slowest, 1);
  const own = Object.values(programs.startUp.nodes)[0].convert;
  for (const [name, time] of Object.entries(programs.startUp.others)) add(`${name} over convert`, time, own);
  const onWasm = grown.filter(({ name }) => name === 'wasm');
  const [small, large] = [onWasm.find(({ power }) => power === 26), onWasm.at(-1)];
  add(
    `time for 2^${large.power} over 2^${small.power}, per microbatch-coordinate`,
    large.seconds / 2 ** (large.power - 26),
    small.seconds,
  );
  return ratios;
}

const millions = (rate) => (rate === undefined ? '' : (rate / 1e6).toFixed(0));
const milliseconds = (time) => (time * 1000).toFixed(1);

export function resultsPage({ machine, versions, rounds, draws, kernels, grown, programs }, ratios) {
  const named = Object.entries(versions).filter(([, version]) => version);
  return [
    '# Measured',
    '',
    'Written by `npm run bench`; every figure is a median, and what is compared was measured in turns in one run.',
    '',
    `- ${new Date().toISOString().slice(0, 10)}; ${machine.model}, ${machine.cores} cores, ${machine.memory}; ${named.map(([name, version]) => `${name} ${version}`).join(', ')}; rounds: ${rounds}.`,
    `- The load average at the end was ${machine.load}. Above the two threads of this program it means that others were using the same cores: rates are then lower than the machine's, two threads gain little, and ratios scatter.`,
    '',
    '## Aims',
    '',
    ...aims(ratios),
    '',
    '## Normals, millions a second on one core',
    '',
    ...table(
      ['', 'rate'],
      Object.entries(draws).map(([name, rate]) => [name, millions(rate)]),
    ),
    '',
    'float32, 2^14 at a time into the same buffer; the kernel is counter-based (Threefry2x32-20), numpy fills the same buffer.',
    '',
    '## Averages and optimizers, millions of microbatch-coordinates a second',
    '',
    ...table(
      ['', 'cpu (float64)', 'wasm, 1 thread', 'torch, 1', 'wasm, 2 threads', 'torch, 2', 'tensorflow, 2'],
      Object.entries(kernels).map(([name, rates]) => [
        name,
        ...['cpu', 'wasm 1', 'torch 1', 'wasm 2', 'torch 2', 'tensorflow'].map((key) => millions(rates[key])),
      ]),
    ),
    '',
    'One microbatch-coordinate is one microbatch of noise for one coordinate. In `4:16` the old setting steps every 4 microbatches, the new one every 16. The PyTorch loop draws a normal for every microbatch; this program draws one for every 4, because the mean of normals is normal: the same question answered with a quarter of the draws. In `1:4` both draw the same number, which compares kernel with kernel. Averages: two decays under old, new and unconverted settings here, two moments under old and new settings there. Optimizers: here with the gradient of a quadratic and its losses, which the loop does not work out. `tensorflow` is the CPU build of TensorFlow. Short runs stay on one thread: starting another takes 150 ms. `bench/gpu.sh` measures a GPU; RESULTS-GPU.md has one.',
    '',
    '## Cost by size, averages 1:4',
    '',
    ...table(
      ['', 'microbatch-coordinates', 'coordinates', 'seconds', 'millions/s', 'resident MB'],
      grown.map(({ name, power, coordinates, seconds, resident }) => [
        name,
        `2^${power}`,
        coordinates,
        seconds.toFixed(3),
        millions(2 ** power / seconds),
        resident.toFixed(0),
      ]),
    ),
    '',
    '`wasm` runs on two threads. The memory is that of the whole process, in which the backends follow each other.',
    '',
    '## Whole programs, milliseconds',
    '',
    ...table(
      ['', 'median', 'over `node -e 0`'],
      Object.entries(programs.startUp.nodes).flatMap(([version, { empty, convert, quiet, uncached }]) => [
        [`Node ${version}: node -e 0`, milliseconds(empty), ''],
        [`Node ${version}: convert of one config`, milliseconds(convert), (convert / empty).toFixed(2)],
        [`Node ${version}: the same with -q`, milliseconds(quiet), (quiet / empty).toFixed(2)],
        [
          `Node ${version}: with -q, without kept code`,
          milliseconds(uncached),
          (uncached / empty).toFixed(2),
        ],
      ]),
    ),
    '',
    ...table(
      ['the same file edited by', 'median'],
      Object.entries(programs.startUp.others).map(([name, time]) => [name, milliseconds(time)]),
    ),
    '',
    '## `check --base` of many files, every one changed and wrong',
    '',
    ...table(
      ['files', 'format', 'ms a file after start-up', 'peak MB'],
      programs.check.map(({ count, format, each, peak }) => [
        count,
        format,
        milliseconds(each),
        peak.toFixed(0),
      ]),
    ),
    '',
    '## `convert` of large configs',
    '',
    ...table(
      ['', 'MB', 'seconds', 'MB/s', 'peak MB'],
      programs.large.map(({ name, megabytes, seconds, peak }) => [
        name,
        megabytes,
        seconds.toFixed(1),
        (megabytes / seconds).toFixed(1),
        peak.toFixed(0),
      ]),
    ),
    '',
    '## All ratios',
    '',
    ...table(['', 'ratio'], Object.entries(ratios)),
    '',
  ].join('\n');
}

function aims(ratios) {
  const rows = AIMS.map(({ ratio, least, most }) => {
    const value = ratios[ratio];
    const reached = least === undefined ? value <= most : value >= least;
    const aim = least === undefined ? `at most ${most}` : `at least ${least}`;
    return [
      ratio,
      aim,
      value ?? '',
      value === undefined ? 'not measured' : reached ? 'reached' : 'NOT reached',
    ];
  });
  return table(['', 'aim', 'measured', ''], rows);
}

function table(head, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)];
}
