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
import { averagesOnDevice, MOST_BLOCK_STEPS } from './average-dispatch.ts';
import { type Adapter, Computer, type Gpu } from './device.ts';
import { layersOnDevice } from './layer-dispatch.ts';

const PACKAGE = 'webgpu';
const DRIVER =
  'install the Vulkan driver of your GPU (in a container without a display NVIDIA’s is libEGL_nvidia.so.0: name it in an ICD file, and that in VK_DRIVER_FILES and VK_ICD_FILENAMES); for a test a software driver will do: on Debian apt-get install libvulkan1 chromium, then VK_DRIVER_FILES=/usr/lib/chromium/vk_swiftshader_icd.json VK_ICD_FILENAMES=/usr/lib/chromium/vk_swiftshader_icd.json';

interface Dawn {
  create(flags: readonly string[]): Gpu;
}

/** The backend on WebGPU, through Dawn. @throws Unavailable */
export async function loadWebgpu(packages?: string): Promise<LoadedBackend> {
  const dawn = findPackage(PACKAGE, packages);
  if (!dawn) throw new Unavailable(`${PACKAGE} is not installed`, install(PACKAGE));
  // Otherwise Dawn prints several lines about it.
  if (process.platform === 'linux' && !hasLibrary('libvulkan.so.1'))
    throw new Unavailable('libvulkan.so.1 is not installed', DRIVER);
  const held: { gpu?: Gpu } = { gpu: loadDawn(dawn).create([]) };
  const adapter = await adapterOf(held.gpu!);
  const device = await adapter.requestDevice({ requiredLimits: limitsOf(adapter) });
  const computer = new Computer(device);
  return {
    ...describe(dawn, adapter),
    async averages(request, control) {
      return stretchCount(align(request.batch)) <= MOST_BLOCK_STEPS
        ? averagesOnDevice(computer, request, control)
        : cpu.averages(request, control);
    },
    layersOf: layersOnDevice(computer),
    // The GPU object must outlive everything made by it: collected earlier, it takes the process down. And Node does
    // not end before it is gone.
    async release() {
      device.destroy();
      delete held.gpu;
    },
  };
}

function loadDawn(dawn: InstalledPackage): Dawn {
  try {
    return loadPackage(dawn);
  } catch (error) {
    const reason = reasonOf(error);
    const [, wanted] =
      /version `GLIBC_([\d.]+)' not found/.exec(error instanceof Error ? error.message : '') ?? [];
    throw new Unavailable(
      `webgpu ${dawn.version} does not load: ${reason}`,
      wanted
        ? `it needs glibc ${wanted}, this system has ${glibc()}: use a newer system (Debian 12, Ubuntu 22.04), or --backend wasm`
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

/** Limits that a device sets low by default. */
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

function describe(dawn: InstalledPackage, { info, limits }: Adapter) {
  const software =
    info.isFallbackAdapter || /swiftshader|llvmpipe|lavapipe/i.test(Object.values(info).join(' '));
  const title = info.description || [info.vendor, info.architecture, info.device].filter(Boolean).join(' ');
  return {
    name: 'webgpu',
    package: dawn.name,
    version: dawn.version,
    device: `${title}${software ? ', software' : ''}, WebGPU, float32`,
    memory: `buffers to ${gigabytes(limits.maxBufferSize ?? 0)}`,
    accelerated: !software,
    ...(software ? { hint: 'a software driver: good for tests, slower than --backend wasm' } : {}),
  };
}
