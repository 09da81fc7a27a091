// Times, medians, and who else there is to measure.

import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import { promisify } from 'node:util';

const execute = promisify(execFile);

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return sorted.length % 2 ? sorted[Math.floor(middle)] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Seconds that something takes. */
export async function seconds(run) {
  const start = performance.now();
  await run();
  return (performance.now() - start) / 1000;
}

/**
 * Measures contenders in turns, so that whatever else the machine does falls on all of them alike.
 * @param contenders figure by name, each a function that measures it once
 * @returns the figures by name, in the order of the rounds
 */
export async function inTurns(contenders, rounds) {
  const figures = Object.fromEntries(Object.keys(contenders).map((name) => [name, []]));
  for (let round = 0; round < rounds; round++)
    for (const [name, measure] of Object.entries(contenders)) figures[name].push(await measure());
  return figures;
}

/** What a program prints on stdout; undefined where it is not there or fails. */
export async function output(command, args, options = {}) {
  try {
    return (await execute(command, args, { maxBuffer: 2 ** 26, ...options })).stdout.trim();
  } catch {
    return undefined;
  }
}

const TELL_PEAK = `data:text/javascript,${encodeURIComponent(`
  import { readFileSync } from 'node:fs';
  process.on('exit', () => {
    const peak = /VmHWM:\\s*(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1];
    process.stderr.write('\\n' + peak);
  });
`)}`;

/** One run of a Node program on Linux: its exit code, its seconds, and the most memory it held, in MB. */
export async function run(args, options = {}) {
  const start = performance.now();
  const { code = 0, stderr } = await execute(process.execPath, ['--import', TELL_PEAK, ...args], {
    maxBuffer: 2 ** 30,
    ...options,
  }).catch((error) => error);
  return {
    code,
    seconds: (performance.now() - start) / 1000,
    peak: Number(stderr.split('\n').at(-1)) / 1000,
  };
}

/** Medians of whole processes in seconds: by hyperfine where it is, else by turns of our own. */
export async function processes(commands, { runs = 30, cwd } = {}) {
  const entries = Object.entries(commands);
  const shellless = [
    '-N',
    '--warmup',
    '3',
    '--runs',
    String(runs),
    '--export-json',
    '/dev/stdout',
    '--style',
    'none',
  ];
  const text = await output(
    'hyperfine',
    [...shellless, ...entries.map(([, words]) => words.map(quoted).join(' '))],
    { cwd },
  );
  const found = text && /\{\s*"results"[\s\S]*\}/.exec(text);
  if (found)
    return Object.fromEntries(JSON.parse(found[0]).results.map(({ median: m }, i) => [entries[i][0], m]));
  const timed = entries.map(([name, [file, ...args]]) => [
    name,
    () => seconds(() => execute(file, args, { cwd, maxBuffer: 2 ** 26 })),
  ]);
  const figures = await inTurns(Object.fromEntries(timed), runs);
  return Object.fromEntries(Object.entries(figures).map(([name, values]) => [name, median(values)]));
}

const quoted = (word) => `'${word.replaceAll("'", `'\\''`)}'`;

export function machine() {
  const model = /^model name\s*:\s*(.*)$/m.exec(read('/proc/cpuinfo'))?.[1] ?? process.arch;
  const load = /^[\d.]+/.exec(read('/proc/loadavg'))?.[0] ?? 'unknown';
  return { model, cores: availableParallelism(), memory: `${Math.round(totalmem() / 2 ** 30)} GiB`, load };
}

function read(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
