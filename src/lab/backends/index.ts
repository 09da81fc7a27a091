import { cpus, totalmem } from 'node:os';
import type { Output } from '../../base/io/streams.ts';
import { Problem } from '../../base/problem.ts';
import { VERSION } from '../../base/version.ts';
import { byReference } from '../training.ts';
import { chosenByWork } from './auto.ts';
import { cpu } from './cpu.ts';
import { gigabytes, type LoadedBackend } from './loaded.ts';
import { reasonOf, Unavailable } from './packages.ts';
import { loadTensorflow } from './tensorflow/tensorflow.ts';
import { loadWebgpu } from './webgpu/webgpu.ts';

/** A backend that can be asked for, and how to load it, with a folder of packages. @throws Unavailable */
interface Entry {
  readonly name: string;
  load(packages?: string): Promise<LoadedBackend>;
}

/** Every backend, in the order in which `doctor` lists them and tests run them. */
export const BACKENDS: readonly Entry[] = [
  { name: 'tensorflow', load: loadTensorflow },
  { name: 'webgpu', load: loadWebgpu },
  { name: 'wasm', load: loadEmbedded },
  { name: 'cpu', load: loadCpu },
];

/** Loaded when asked for, since it has much code. */
async function loadEmbedded(): Promise<LoadedBackend> {
  const { loadWasm } = await import('./wasm/load.ts');
  return loadWasm();
}

async function loadCpu(): Promise<LoadedBackend> {
  const memory = `${gigabytes(totalmem())} shared by ${cpus().length} cores`;
  return { ...cpu, layersOf: byReference, package: 'rebatch', version: VERSION, memory, accelerated: false };
}

/**
 * The backend of this name. `auto` chooses when it knows the work, and writes to `stderr` what it took where it had a
 * choice.
 * @param packages a folder with optional packages in its `node_modules`, besides those beside this program
 * @throws Problem: usage, where the backend that was asked for does not load; it says what to install
 */
export async function chooseBackend(name: string, stderr: Output, packages?: string): Promise<LoadedBackend> {
  if (name === 'auto') {
    const embedded = await loadEmbedded().catch(loadCpu);
    const accelerated = () => acceleratorsOf(packages);
    return chosenByWork({ embedded, accelerated }, (line) => stderr.write(`${line}\n`));
  }
  const entry = BACKENDS.find((one) => one.name === name);
  if (!entry) throw new Problem('usage', `unknown backend "${name}"`);
  try {
    return await entry.load(packages);
  } catch (error) {
    throw new Problem('usage', `--backend ${name}: ${reasonOf(error)}; ${nextStep(error)}`);
  }
}

/** What to do about a backend that did not load. */
export function nextStep(error: unknown): string {
  return error instanceof Unavailable ? error.next : 'rebatch doctor lists the backends and what they need';
}

/** The accelerators that load here. */
async function acceleratorsOf(packages?: string): Promise<LoadedBackend[]> {
  const found: LoadedBackend[] = [];
  for (const { load } of BACKENDS.slice(0, 2)) {
    const backend = await load(packages).catch(() => undefined);
    if (backend?.accelerated) found.push(backend);
    else await backend?.release?.();
  }
  return found;
}
