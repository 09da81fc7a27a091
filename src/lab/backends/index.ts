import { cpus, totalmem } from 'node:os';
import type { Output } from '../../base/io/streams.ts';
import { Problem } from '../../base/problem.ts';
import { VERSION } from '../../base/version.ts';
import { byReference } from '../training.ts';
import { cpu } from './cpu.ts';
import { reasonOf, Unavailable } from './packages.ts';
import { gigabytes, type LoadedBackend, loadTensorflow } from './tensorflow.ts';
import { loadWebgpu } from './webgpu/webgpu.ts';

/** A backend that can be asked for, and how to load it from a working directory. @throws Unavailable */
interface Entry {
  readonly name: string;
  load(cwd: string): Promise<LoadedBackend>;
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
 * The backend of this name; `auto` takes the first that runs here, and writes to `stderr` which it skips and why.
 * @param cwd a second place to look for optional packages in
 * @throws Problem: usage, where the backend that was asked for does not load; it says what to install
 */
export async function chooseBackend(name: string, cwd: string, stderr: Output): Promise<LoadedBackend> {
  if (name === 'auto') return chooseFirst(cwd, stderr);
  const entry = BACKENDS.find((one) => one.name === name);
  if (!entry) throw new Problem('usage', `unknown backend "${name}"`);
  try {
    return await entry.load(cwd);
  } catch (error) {
    throw new Problem('usage', `--backend ${name}: ${reasonOf(error)}; ${nextStep(error)}`);
  }
}

/** What to do about a backend that did not load. */
export function nextStep(error: unknown): string {
  return error instanceof Unavailable ? error.next : 'rebatch doctor lists the backends and what they need';
}

/**
 * Hardware first: TensorFlow with a GPU, WebGPU with a GPU, TensorFlow on the CPU, the embedded
 * kernel, the reference. A software GPU (SwiftShader, llvmpipe) is several times slower than the kernel on the same
 * cores, so it is skipped; `--backend webgpu` still takes it.
 */
async function chooseFirst(cwd: string, stderr: Output): Promise<LoadedBackend> {
  const pass = (name: string, why: string) => stderr.write(`skipping backend ${name}: ${why}\n`);
  const attempt = async ({ name, load }: Entry) => {
    try {
      return await load(cwd);
    } catch (error) {
      pass(name, reasonOf(error));
      return undefined;
    }
  };
  const [tensorflow, webgpu, wasm] = [BACKENDS[0]!, BACKENDS[1]!, BACKENDS[2]!];
  const library = await attempt(tensorflow);
  if (library?.accelerated) return library;
  const graphics = await attempt(webgpu);
  if (graphics?.accelerated) return graphics;
  if (graphics) {
    pass('webgpu', graphics.hint ?? 'no hardware');
    await graphics.release?.();
  }
  return library ?? (await attempt(wasm)) ?? loadCpu();
}
