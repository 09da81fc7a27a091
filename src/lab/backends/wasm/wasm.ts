import { availableParallelism, totalmem } from 'node:os';
import { VERSION } from '../../../base/version.ts';
import { kernel as bytes } from '../../generated/kernel.js';
import { worker } from '../../generated/worker.js';
import { drawsOf } from '../../sizes.ts';
import { byReference, type LayerPaths } from '../../training.ts';
import { updatesOf } from '../../training-sizes.ts';
import type { AveragesRequest, AveragesResult, Backend, Control } from '../backend.ts';
import { levelOf } from '../gradients.ts';
import { gigabytes, type LoadedBackend } from '../loaded.ts';
import { Unavailable } from '../packages.ts';
import { rmsRatios } from '../statistics.ts';
import { GROUP, instantiate } from './kernel.ts';
import { type DrawProblem, problemsBy } from './problems.ts';
import { performAll } from './threads.ts';
import { joined } from './tiles.ts';

/** With fewer draws than this, starting another thread (150 ms) costs more than it saves. */
const DRAWS_PER_THREAD = 2e7;

/** The embedded backend, which needs no package. @throws Unavailable */
export async function loadWasm(): Promise<LoadedBackend> {
  const cores = availableParallelism();
  const refused = threadsRefused();
  const threads = refused ? 1 : cores;
  return {
    ...wasmBackend(threads),
    layersOf: wasmLayers(threads),
    package: 'rebatch',
    version: VERSION,
    memory: `${gigabytes(totalmem())} shared by ${cores} cores`,
    accelerated: false,
    ...(refused ? { hint: `${refused}, so it runs on one of ${cores} cores` } : {}),
  };
}

function threadsRefused(): string | undefined {
  const { permission } = process as { permission?: { has(scope: string): boolean } };
  return permission?.has('worker') === false
    ? 'Node’s permissions refuse worker threads (--allow-worker)'
    : undefined;
}

/**
 * The backend on a number of threads. @throws Unavailable
 * @param drawsPerThread what has to be drawn for every further thread
 */
export function wasmBackend(threads: number, drawsPerThread = DRAWS_PER_THREAD): Backend {
  const module = compile();
  return {
    name: 'wasm',
    device: `CPU, WebAssembly SIMD, ${threads === 1 ? '1 thread' : `${threads} threads`}`,
    async averages(request, control) {
      return averages(module, request, shareOut(threads, drawsOf(request) / drawsPerThread), control);
    },
  };
}

/** Compiled once, so that later runs use optimised code. */
let compiled: WebAssembly.Module | undefined;

/** @throws Unavailable where the processor has no SIMD, or Node's flags turn it off */
function compile(): WebAssembly.Module {
  if (compiled) return compiled;
  const binary = Buffer.from(bytes, 'base64');
  if (!WebAssembly.validate(binary))
    throw new Unavailable(
      'WebAssembly has no SIMD on this machine',
      'use a processor with SSE4.1 or NEON, or --backend cpu',
    );
  compiled = new WebAssembly.Module(binary);
  return compiled;
}

/** The same limit in coordinate updates of a training. */
const UPDATES_PER_THREAD = 5e7;
/** How much longer the reference takes for an update than the kernel. */
const SLOWER = 8;

/** Trains by the kernel what it has an update for, in float32; the rest by the reference, on as many threads. @throws Unavailable */
export function wasmLayers(threads: number, updatesPerThread = UPDATES_PER_THREAD): LayerPaths {
  const module = compile();
  return async (request, count, control) => {
    const { reference, ...training } = request;
    const updates = updatesOf(request, count) * (reference.kernel ? 1 : SLOWER);
    const size = Math.ceil(count / shareOut(threads, updates / updatesPerThread));
    const jobs = Array.from({ length: Math.ceil(count / size) }, (_, i) => ({
      kind: 'training' as const,
      request: { ...training, optimizer: reference.name },
      from: i * size,
      to: Math.min(count, (i + 1) * size),
    }));
    return (await performAll(module, worker, jobs, control)).flat();
  };
}

/** How many of the available threads to use. */
function shareOut(threads: number, worth: number): number {
  return Math.max(1, Math.min(threads, Math.floor(worth)));
}

/** On every core that threads may run on; the reference where the kernel does not run. */
export function embeddedLayers(): LayerPaths {
  try {
    return wasmLayers(threadsRefused() ? 1 : availableParallelism());
  } catch {
    return byReference;
  }
}

/** Draws the problems of layers for other devices. */
export function embeddedProblems(): DrawProblem {
  try {
    return problemsBy(instantiate(compile()));
  } catch {
    return problemsBy(undefined);
  }
}

async function averages(
  module: WebAssembly.Module,
  request: AveragesRequest,
  parts: number,
  control: Control,
): Promise<AveragesResult> {
  const size = Math.ceil(request.coordinates / parts / GROUP) * GROUP;
  const jobs = Array.from({ length: Math.ceil(request.coordinates / size) }, (_, i) => ({
    kind: 'averages' as const,
    request,
    from: i * size,
    to: Math.min(request.coordinates, (i + 1) * size),
  }));
  const { sums, old, now, trajectories } = joined(
    await performAll(module, worker, jobs, control),
    request.cases,
  );
  return {
    cases: sums.map((one, i) => ({ ...rmsRatios(one), trajectory: trajectories[i]! })),
    level: levelOf(old, now, request.mean),
  };
}
