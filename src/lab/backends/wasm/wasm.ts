import { kernel as bytes } from '../../generated/kernel.js';
import { drawsOf } from '../../sizes.ts';
import type { LayerPaths } from '../../training.ts';
import { updatesOf } from '../../training-sizes.ts';
import type { AveragesRequest, AveragesResult, Backend, Control } from '../backend.ts';
import { levelOf } from '../gradients.ts';
import { rmsRatios } from '../statistics.ts';
import { Unavailable } from '../unavailable.ts';
import { GROUP, instantiate } from './kernel.ts';
import type { Performer } from './perform.ts';
import { type DrawProblem, problemsBy } from './problems.ts';
import { joined } from './tiles.ts';

/** With fewer draws than this, starting another thread (150 ms) costs more than it saves. */
const DRAWS_PER_THREAD = 2e7;

/**
 * The backend on the threads of a performer. @throws Unavailable
 * @param drawsPerThread what has to be drawn for every further thread
 */
export function wasmBackend(performer: Performer, drawsPerThread = DRAWS_PER_THREAD): Backend {
  const module = compile();
  const { threads } = performer;
  return {
    name: 'wasm',
    device: `CPU, WebAssembly SIMD, ${threads === 1 ? '1 thread' : `${threads} threads`}`,
    async averages(request, control) {
      return averages(
        module,
        performer,
        request,
        shareOut(threads, drawsOf(request) / drawsPerThread),
        control,
      );
    },
  };
}

/** Compiled once, so that later runs use optimised code. */
let compiled: WebAssembly.Module | undefined;

/** @throws Unavailable where the processor has no SIMD, or flags turn it off */
function compile(): WebAssembly.Module {
  if (compiled) return compiled;
  const binary = Uint8Array.from(atob(bytes), (c) => c.charCodeAt(0));
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
export function wasmLayers(performer: Performer, updatesPerThread = UPDATES_PER_THREAD): LayerPaths {
  const module = compile();
  return async (request, count, control) => {
    const { reference, ...training } = request;
    const updates = updatesOf(request, count) * (reference.kernel ? 1 : SLOWER);
    const size = Math.ceil(count / shareOut(performer.threads, updates / updatesPerThread));
    const jobs = Array.from({ length: Math.ceil(count / size) }, (_, i) => ({
      kind: 'training' as const,
      request: { ...training, optimizer: reference.name },
      from: i * size,
      to: Math.min(count, (i + 1) * size),
    }));
    return (await performer.performAll(module, jobs, control)).flat();
  };
}

/** How many of the available threads to use. */
function shareOut(threads: number, worth: number): number {
  return Math.max(1, Math.min(threads, Math.floor(worth)));
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
  performer: Performer,
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
    await performer.performAll(module, jobs, control),
    request.cases,
  );
  return {
    cases: sums.map((one, i) => ({ ...rmsRatios(one), trajectory: trajectories[i]! })),
    level: levelOf(old, now, request.mean),
  };
}
