import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { promisify } from 'node:util';
import { align, stretchCount } from '../../theory.ts';
import { cpu } from '../cpu.ts';
import { gigabytes, type LoadedBackend } from '../loaded.ts';
import {
  findPackage,
  hasLibrary,
  type InstalledPackage,
  install,
  loadPackage,
  reasonOf,
  Unavailable,
} from '../packages.ts';
import { averagesByProducts } from './averages.ts';
import { layersByOperations } from './layers.ts';
import { drawnBy, MOST_BLOCK_STEPS } from './noise.ts';
import { checkProducts, operationsOf, type TensorFlowJs, useBackend } from './operations.ts';

const PACKAGES = ['@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node'] as const;

const INSTALL = `${install(PACKAGES[0])} (${PACKAGES[1]} where there is no NVIDIA GPU)`;
const REBUILD =
  'let its install script run (npm rebuild), or build it on pip’s TensorFlow with scripts/tfjs-from-pip';

/** What to do about a loading error, by its text; the first match counts. */
const NEXT: readonly (readonly [words: RegExp, next: string])[] = [
  [
    /libtensorflow\S*: cannot open shared object/,
    'put the folder of libtensorflow into LD_LIBRARY_PATH; scripts/tfjs-from-pip prints it',
  ],
  [/GLIBC(XX)?_/, 'its library is too new for this system’s glibc: take a newer system, or --backend cpu'],
  [/is not a function/, `Node ${process.versions.node} is too new for it: take Node 22, or --backend cpu`],
];

/** The backend on TensorFlow's own library. @throws Unavailable */
export async function loadTensorflow(packages?: string): Promise<LoadedBackend> {
  const found = PACKAGES.flatMap((name) => findPackage(name, packages) ?? []);
  if (found.length === 0) throw new Unavailable(`neither ${PACKAGES.join(' nor ')} is installed`, INSTALL);
  prepare();
  const reasons: string[] = [];
  for (const one of found) {
    try {
      return await backendOf(one, loadPackage(one));
    } catch (error) {
      const reason = reasonOf(error);
      const why = /tfjs_binding\.node\) can not be found/.test(reason) ? 'its binding was not built' : reason;
      reasons.push(`${one.name} ${one.version} does not load: ${why}`);
    }
  }
  const next = NEXT.find(([words]) => words.test(reasons[0]!))?.[1];
  throw new Unavailable(reasons.join('; '), next ?? REBUILD);
}

/**
 * Settings to make before the package is loaded. tfjs-node 4.22 calls two functions of `util` that Node 23 dropped
 * (tfjs issue 8609: repaired, never released). TensorFlow logs to stderr by default, and
 * multiplies in TF32, with 10 bits, where the GPU can.
 */
function prepare(): void {
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '2';
  process.env.NVIDIA_TF32_OVERRIDE ??= '0';
  process.env.TF_ENABLE_ONEDNN_OPTS ??= '0';
  const util = process.getBuiltinModule('node:util') as unknown as Record<string, unknown>;
  util.isNullOrUndefined ??= (x: unknown) => x === null || x === undefined;
  util.isArray ??= Array.isArray;
}

async function backendOf({ name, version }: InstalledPackage, tf: TensorFlowJs): Promise<LoadedBackend> {
  await useBackend(tf, 'tensorflow');
  const { isUsingGpuDevice, binding } = tf.backend();
  const operations = operationsOf(tf);
  await checkProducts(operations);
  const library = `TensorFlow ${binding.TF_Version}, float32`;
  const gpu = isUsingGpuDevice ? await nvidia() : undefined;
  const device = { operations, source: drawnBy(operations), chunk: chunkIn(gpu?.bytes) };
  const hint = isUsingGpuDevice ? undefined : hintFor(name, binding.TF_Version);
  return {
    name: 'tensorflow',
    package: name,
    version,
    device: isUsingGpuDevice ? `${gpu?.name ?? 'GPU'}, ${library}` : `CPU, ${library}`,
    memory: isUsingGpuDevice
      ? (gpu?.memory ?? 'unknown')
      : `${gigabytes(totalmem())} shared by ${cpus().length} cores`,
    accelerated: isUsingGpuDevice,
    ...(hint === undefined ? {} : { hint }),
    ownDraws: true,
    layersOf: layersByOperations(device),
    async averages(request, control) {
      return stretchCount(align(request.batch)) <= MOST_BLOCK_STEPS
        ? averagesByProducts(device, request, control)
        : cpu.averages(request, control);
    },
  };
}

/** A processor's caches want small chunks, and a GPU whose memory is not known must not run out of it. */
const LEAST_CHUNK = 2 ** 22;
/** Larger ones keep no GPU busier. */
const MOST_CHUNK = 2 ** 26;

/**
 * How many numbers a tensor may have: about 8 of that size live at once, in float32, and a quarter of the memory is for
 * them, since others use the GPU too.
 * @param bytes of the GPU's memory
 */
export function chunkIn(bytes = 0): number {
  const most = 2 ** Math.floor(Math.log2(Math.max(bytes, 1) / (4 * 8 * 4)));
  return Math.min(MOST_CHUNK, Math.max(LEAST_CHUNK, most));
}

/** The first GPU, as the driver's own tool names it. */
async function nvidia(): Promise<{ name: string; memory: string; bytes: number } | undefined> {
  const query = ['--query-gpu=name,memory.total', '--format=csv,noheader'];
  const answer = await promisify(execFile)('nvidia-smi', query, { timeout: 5000 }).catch(() => undefined);
  const [name, memory] = answer?.stdout.split('\n')[0]?.split(', ') ?? [];
  return name && memory ? { name, memory, bytes: Number.parseInt(memory, 10) * 2 ** 20 } : undefined;
}

/** What the GPU build of TensorFlow opens by name when it starts, by the CUDA version it was built for (tsl dso_loader.cc). */
const CUDA: readonly { readonly before: string; readonly libraries: readonly string[] }[] = [
  {
    before: '2.14',
    libraries:
      'cuda.so.1 cudart.so.11.0 cublas.so.11 cublasLt.so.11 cufft.so.10 curand.so.10 cusolver.so.11 cusparse.so.11 cudnn.so.8'.split(
        ' ',
      ),
  },
  {
    before: '3',
    libraries:
      'cuda.so.1 cudart.so.12 cublas.so.12 cublasLt.so.12 cufft.so.11 cusolver.so.11 cusparse.so.12 cudnn.so.9'.split(
        ' ',
      ),
  },
];

function hintFor(name: string, version: string): string {
  if (!existsSync('/proc/driver/nvidia/version') && !existsSync('/dev/nvidiactl'))
    return 'no NVIDIA driver found, so it runs on the CPU';
  if (name !== PACKAGES[0]) return `there is an NVIDIA GPU: npm install ${PACKAGES[0]}`;
  const { libraries } = CUDA.find(({ before }) => isBefore(version, before)) ?? CUDA[0]!;
  const missing = libraries.map((name) => `lib${name}`).filter((library) => !hasLibrary(library));
  return missing.length
    ? `there is an NVIDIA GPU, but TensorFlow ${version} does not find ${missing.join(', ')}: put their folders into LD_LIBRARY_PATH, or use pip’s tensorflow[and-cuda] with scripts/tfjs-from-pip`
    : `TensorFlow ${version} does not use the GPU: build on pip’s tensorflow[and-cuda] with scripts/tfjs-from-pip`;
}

function isBefore(version: string, limit: string): boolean {
  return version.localeCompare(limit, 'en', { numeric: true }) < 0;
}
