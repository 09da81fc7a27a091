import { availableParallelism } from 'node:os';
import { drawsOf } from '../sizes.ts';
import type { LayerPaths } from '../training.ts';
import { updatesOf } from '../training-sizes.ts';
import type { AveragesRequest, Control } from './backend.ts';
import type { LoadedBackend } from './loaded.ts';

/** Draws or updates a second on one core of the embedded kernel, about: bench/RESULTS.md has 150 million. */
const KNOWN_RATE = 1e8;
/** Seconds of the kernel from which a GPU is looked for: to load TensorFlow and to compile shaders takes some itself. */
const WORTH_LOOKING = 10;

/** Draws, or updates of a coordinate, up to which `auto` takes the embedded kernel without looking further. */
export const SMALL_WORK = WORTH_LOOKING * KNOWN_RATE * availableParallelism();

/** Draws and updates of the first part of a work, by which backends are compared. */
const TRIAL = 2 ** 26;

/** What `auto` chooses among. */
export interface Contenders {
  /** What runs everywhere. */
  readonly embedded: LoadedBackend;
  /** The accelerators here, loaded when the work is large: never TensorFlow on a CPU, nor a GPU that is software. */
  accelerated(): Promise<readonly LoadedBackend[]>;
}

/**
 * A backend that is the embedded kernel while the work is small. For larger work it tries the first part of it on every
 * accelerator and on the kernel, and is the fastest from then on.
 * @param say is told what it took, and how fast each was
 */
export function chosenByWork(
  { embedded, accelerated }: Contenders,
  say: (line: string) => void,
): LoadedBackend {
  let taken = embedded;
  let others: readonly LoadedBackend[] | undefined;
  const take = async (work: number, trial: (backend: LoadedBackend) => Promise<unknown>) => {
    if (work <= SMALL_WORK || others) return taken;
    others = await accelerated();
    if (others.length === 0) return taken;
    const times = new Map<LoadedBackend, number>();
    for (const backend of [embedded, ...others]) times.set(backend, await fastestOf(2, () => trial(backend)));
    const ranked = [...times].sort(([, a], [, b]) => a - b);
    taken = ranked[0]![0];
    const millions = (time: number) => `${Math.round(TRIAL / time / 1e6)} million a second`;
    say(`backend ${ranked.map(([{ name }, time]) => `${name}: ${millions(time)}`).join('; ')}`);
    return taken;
  };
  const layersOf: LayerPaths = async (request, count, control) => {
    const work = updatesOf(request, count);
    const oldSteps = Math.ceil((request.sizes.oldSteps * TRIAL) / work);
    const first = { ...request, sizes: { ...request.sizes, oldSteps } };
    const backend = await take(work, (one) => one.layersOf(first, count, untold(control)));
    return backend.layersOf(request, count, control);
  };
  return {
    get name() {
      return taken.name;
    },
    get device() {
      return taken.device;
    },
    package: embedded.package,
    version: embedded.version,
    memory: embedded.memory,
    accelerated: false,
    layersOf,
    async averages(request, control) {
      const backend = await take(drawsOf(request), (one) => one.averages(firstOf(request), untold(control)));
      return backend.averages(request, control);
    },
    async release() {
      for (const backend of [embedded, ...(others ?? [])]) await backend.release?.();
    },
  };
}

const untold = ({ signal }: Control): Control => (signal ? { signal } : {});

function firstOf(request: AveragesRequest): AveragesRequest {
  return { ...request, blocks: Math.max(1, Math.round((request.blocks * TRIAL) / drawsOf(request))) };
}

/** Seconds of the fastest of some runs: the first one compiles. */
async function fastestOf(runs: number, run: () => Promise<unknown>): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < runs; i++) {
    const start = performance.now();
    await run();
    least = Math.min(least, (performance.now() - start) / 1000);
  }
  return least;
}
