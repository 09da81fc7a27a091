import { averagesByOperations, checkProducts, type TensorFlowJs, useBackend } from './operations.ts';
import { type Found, findPackage, hasLibrary, loadPackage, reasonOf, Unavailable } from './packages.ts';
import { gigabytes, type LoadedBackend } from './tensorflow.ts';

const PACKAGES = ['@tensorflow/tfjs-backend-webgpu', 'webgpu', '@tensorflow/tfjs-core'] as const;
const DRIVER =
  'install the Vulkan driver of your GPU; software does for a test: on Debian apt-get install libvulkan1 chromium, then VK_DRIVER_FILES=/usr/lib/chromium/vk_swiftshader_icd.json VK_ICD_FILENAMES=/usr/lib/chromium/vk_swiftshader_icd.json';

/** The parts of WebGPU that are used here. */
interface Gpu {
  requestAdapter(options: { powerPreference: 'high-performance' }): Promise<Adapter | null>;
}

interface Adapter {
  readonly limits: Readonly<Record<string, number>>;
  readonly info: Readonly<Record<'vendor' | 'architecture' | 'device' | 'description', string>> & {
    readonly isFallbackAdapter?: boolean;
  };
  requestDevice(descriptor: object): Promise<Device>;
}

interface Device {
  destroy(): void;
}

interface Dawn {
  create(flags: readonly string[]): Gpu;
  readonly globals: object;
}

interface Core extends TensorFlowJs {
  registerBackend(name: string, make: () => object): boolean;
  removeBackend(name: string): void;
  findBackendFactory(name: string): unknown;
}

interface WebGpuPackage {
  readonly WebGPUBackend: new (device: Device, info: object) => object;
}

/** The backend on WebGPU, through Dawn. @throws Unavailable */
export async function loadWebgpu(cwd: string): Promise<LoadedBackend> {
  const [backend, dawn] = [findPackage(PACKAGES[0], cwd), findPackage(PACKAGES[1], cwd)];
  const missing = PACKAGES.filter((_, i) => ![backend, dawn, backend && coreOf(backend)][i]);
  if (!backend || !dawn || missing.length)
    throw new Unavailable(`${missing.join(' and ')} not installed`, `npm install ${PACKAGES.join(' ')}`);
  // Dawn would say so itself, in lines of its own.
  if (process.platform === 'linux' && !hasLibrary('libvulkan.so.1'))
    throw new Unavailable('no Vulkan here: libvulkan.so.1 is not installed', DRIVER);
  const { create, globals } = loadDawn(dawn);
  Object.assign(globalThis, globals);
  const held: { gpu?: Gpu } = { gpu: create([]) };
  const adapter = await adapterOf(held.gpu!);
  const tf: Core = backend.require(PACKAGES[2]);
  const { WebGPUBackend }: WebGpuPackage = loadPackage(backend);
  const device = await adapter.requestDevice({ requiredLimits: limitsOf(adapter) });
  if (tf.findBackendFactory('webgpu')) tf.removeBackend('webgpu');
  const made = withNavigator(held.gpu!, () => new WebGPUBackend(device, adapter.info));
  tf.registerBackend('webgpu', () => made);
  await useBackend(tf, 'webgpu');
  await checkProducts(tf);
  return describe(backend, dawn, adapter, {
    async averages(request, control) {
      await useBackend(tf, 'webgpu');
      return averagesByOperations(tf, request, control);
    },
    // The GPU object must outlive everything made by it: collected earlier, it takes the process down. And Node does
    // not end before it is gone.
    async release() {
      tf.removeBackend('webgpu');
      device.destroy();
      delete held.gpu;
    },
  });
}

function coreOf(backend: Found): string | undefined {
  try {
    return backend.require.resolve(PACKAGES[2]);
  } catch {
    return undefined;
  }
}

function loadDawn(dawn: Found): Dawn {
  try {
    return loadPackage(dawn);
  } catch (error) {
    const reason = reasonOf(error);
    const [, wanted] =
      /version `GLIBC_([\d.]+)' not found/.exec(error instanceof Error ? error.message : '') ?? [];
    throw new Unavailable(
      `webgpu ${dawn.version} does not load: ${reason}`,
      wanted
        ? `it wants glibc ${wanted}, this system has ${glibc()}: take a newer system (Debian 12, Ubuntu 22.04), or --backend cpu`
        : 'npm rebuild webgpu; it comes for Linux, macOS and Windows on x64 and arm64',
    );
  }
}

function glibc(): string {
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
  return header.glibcVersionRuntime ?? 'another C library';
}

async function adapterOf(gpu: Gpu): Promise<Adapter> {
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (!adapter) throw new Unavailable('no Vulkan driver that Dawn accepts', DRIVER);
  return adapter;
}

/** The package looks for `navigator.gpu` as it is made, and never again; a global would keep Node alive. */
function withNavigator<T>(gpu: Gpu, make: () => T): T {
  const before = Object.getOwnPropertyDescriptor(globalThis, 'navigator');
  Object.defineProperty(globalThis, 'navigator', { value: { gpu }, configurable: true });
  try {
    return make();
  } finally {
    if (before) Object.defineProperty(globalThis, 'navigator', before);
    else Reflect.deleteProperty(globalThis, 'navigator');
  }
}

/** As tfjs-backend-webgpu asks for them itself in a browser (its base.ts). */
const LIMITS = [
  'maxComputeWorkgroupStorageSize',
  'maxComputeWorkgroupsPerDimension',
  'maxStorageBufferBindingSize',
  'maxBufferSize',
  'maxComputeWorkgroupSizeX',
  'maxComputeInvocationsPerWorkgroup',
] as const;

function limitsOf({ limits }: Adapter): object {
  return Object.fromEntries(LIMITS.map((name) => [name, limits[name]]));
}

function describe(
  backend: Found,
  dawn: Found,
  { info, limits }: Adapter,
  run: Pick<LoadedBackend, 'averages' | 'release'>,
): LoadedBackend {
  const software =
    info.isFallbackAdapter || /swiftshader|llvmpipe|lavapipe/i.test(Object.values(info).join(' '));
  const title = info.description || [info.vendor, info.architecture, info.device].filter(Boolean).join(' ');
  return {
    name: 'webgpu',
    package: `${backend.name} on webgpu ${dawn.version}`,
    version: backend.version,
    device: `${title}${software ? ', software' : ''}, WebGPU, float32`,
    memory: `buffers to ${gigabytes(limits.maxBufferSize ?? 0)}`,
    accelerated: !software,
    ...(software ? { hint: 'this driver is software: right for tests, slower than --backend cpu' } : {}),
    ...run,
  };
}
