import { availableParallelism, totalmem } from 'node:os';
import { VERSION } from '../../../base/version.ts';
import { byReference, type LayerPaths } from '../../training.ts';
import { gigabytes, type LoadedBackend } from '../loaded.ts';
import { HERE } from './perform.ts';
import { onThreads } from './threads.ts';
import { wasmBackend, wasmLayers } from './wasm.ts';

/** The embedded backend, which needs no package. @throws Unavailable */
export async function loadWasm(): Promise<LoadedBackend> {
  const cores = availableParallelism();
  const refused = threadsRefused();
  const performer = refused ? HERE : onThreads(cores);
  return {
    ...wasmBackend(performer),
    layersOf: wasmLayers(performer),
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

/** On every core that threads may run on; the reference where the kernel does not run. */
export function embeddedLayers(): LayerPaths {
  try {
    return wasmLayers(threadsRefused() ? HERE : onThreads(availableParallelism()));
  } catch {
    return byReference;
  }
}
