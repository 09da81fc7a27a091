import { Problem } from '../../../base/problem.ts';
import type { Control } from '../backend.ts';
import { reasonOf } from '../packages.ts';

// The parts of WebGPU that are used here, and computing with them.

/** @see https://www.w3.org/TR/webgpu/ for the rest of these interfaces. */
export interface Gpu {
  requestAdapter(options: { powerPreference: 'high-performance' }): Promise<Adapter | null>;
}

export interface Adapter {
  readonly limits: Readonly<Record<string, number>>;
  readonly info: Readonly<Record<'vendor' | 'architecture' | 'device' | 'description', string>> & {
    readonly isFallbackAdapter?: boolean;
  };
  requestDevice(descriptor: object): Promise<Device>;
}

export interface Device {
  readonly limits: Readonly<Record<string, number>>;
  readonly queue: {
    writeBuffer(buffer: GpuBuffer, offset: number, data: Words): void;
    submit(commands: readonly object[]): void;
  };
  createBuffer(descriptor: { size: number; usage: number }): GpuBuffer;
  createShaderModule(descriptor: { code: string }): object;
  createComputePipelineAsync(descriptor: object): Promise<Pipeline>;
  createBindGroup(descriptor: object): object;
  createCommandEncoder(): Encoder;
  pushErrorScope(filter: 'validation' | 'out-of-memory'): void;
  popErrorScope(): Promise<{ readonly message: string } | null>;
  destroy(): void;
}

export interface GpuBuffer {
  readonly size: number;
  mapAsync(mode: number): Promise<void>;
  getMappedRange(): ArrayBuffer;
  unmap(): void;
  destroy(): void;
}

export interface Pipeline {
  getBindGroupLayout(index: number): object;
}

interface Encoder {
  beginComputePass(): {
    setPipeline(pipeline: Pipeline): void;
    setBindGroup(index: number, group: object): void;
    dispatchWorkgroups(x: number, y: number): void;
    end(): void;
  };
  copyBufferToBuffer(
    from: GpuBuffer,
    fromOffset: number,
    to: GpuBuffer,
    toOffset: number,
    size: number,
  ): void;
  finish(): object;
}

/** Contents of a buffer: words of 32 bits. */
export type Words = Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>;

/** GPUBufferUsage and GPUMapMode of the specification. */
const USAGE = { mapRead: 1, copySource: 4, copyTarget: 8, uniform: 64, storage: 128 } as const;
const MAP_READ = 1;

/** A device with the shaders that were compiled for it. */
export class Computer {
  readonly device: Device;
  readonly #pipelines = new Map<string, Promise<Pipeline>>();

  constructor(device: Device) {
    this.device = device;
  }

  /** Compiles a compute shader once. @throws Error where the device refuses it */
  pipeline(code: string): Promise<Pipeline> {
    const known = this.#pipelines.get(code);
    if (known) return known;
    const module = this.device.createShaderModule({ code });
    const made = this.device.createComputePipelineAsync({ layout: 'auto', compute: { module } });
    this.#pipelines.set(code, made);
    return made;
  }
}

/** Buffers on a device, given back together. */
export class Buffers {
  readonly #device: Device;
  readonly #held: GpuBuffer[] = [];

  constructor(device: Device) {
    this.#device = device;
  }

  /** Zeroed words for shaders to read and write. */
  storage(words: number): GpuBuffer {
    return this.#make(words, USAGE.storage | USAGE.copyTarget | USAGE.copySource);
  }

  /** The same, filled. */
  filled(data: Words): GpuBuffer {
    const buffer = this.storage(data.length);
    this.#device.queue.writeBuffer(buffer, 0, data);
    return buffer;
  }

  uniform(words: number): GpuBuffer {
    return this.#make(words, USAGE.uniform | USAGE.copyTarget);
  }

  /** A buffer that results are copied to, to be read by the host. */
  readable(words: number): GpuBuffer {
    return this.#make(words, USAGE.mapRead | USAGE.copyTarget);
  }

  release(): void {
    for (const buffer of this.#held) buffer.destroy();
  }

  #make(words: number, usage: number): GpuBuffer {
    const buffer = this.#device.createBuffer({ size: 4 * Math.max(words, 4), usage });
    this.#held.push(buffer);
    return buffer;
  }
}

/** One run of a shader: its buffers in the order of its bindings, and the number of workgroups. */
export interface Dispatch {
  readonly pipeline: Pipeline;
  readonly bindings: readonly GpuBuffer[];
  readonly groups: readonly [x: number, y: number];
  /** The result to read back, the buffer it goes through, and its length in words. */
  readonly result: GpuBuffer;
  readonly readable: GpuBuffer;
  readonly words: number;
}

/**
 * Runs a shader and waits for what it leaves in `result`.
 * @throws Problem: usage, where the device refuses the work or is lost
 */
export async function dispatch(device: Device, one: Dispatch): Promise<Float32Array> {
  try {
    return await dispatched(device, one);
  } catch (error) {
    const reason = reasonOf(error) || String(error);
    throw new Problem('usage', `the GPU refused the work or was lost (${reason}): use --backend wasm`);
  }
}

async function dispatched(device: Device, one: Dispatch): Promise<Float32Array> {
  // One word at least: to map a buffer that is not copied to does not wait for the work.
  const bytes = 4 * Math.max(1, one.words);
  device.pushErrorScope('out-of-memory');
  device.pushErrorScope('validation');
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  const entries = one.bindings.map((buffer, binding) => ({ binding, resource: { buffer } }));
  pass.setPipeline(one.pipeline);
  pass.setBindGroup(0, device.createBindGroup({ layout: one.pipeline.getBindGroupLayout(0), entries }));
  pass.dispatchWorkgroups(...one.groups);
  pass.end();
  encoder.copyBufferToBuffer(one.result, 0, one.readable, 0, bytes);
  device.queue.submit([encoder.finish()]);
  const errors = [device.popErrorScope(), device.popErrorScope()];
  for (const error of await Promise.all(errors)) if (error) throw new Error(error.message);
  await one.readable.mapAsync(MAP_READ);
  const values = new Float32Array(one.readable.getMappedRange().slice(0, 4 * one.words));
  one.readable.unmap();
  return values;
}

/** Pieces of shader text, one for each index below `count`. */
export function repeat(count: number, make: (index: number) => string): string {
  return Array.from({ length: count }, (_, i) => make(i)).join('\n');
}

/** Milliseconds that a dispatch should take: a driver resets the device after some seconds. */
const TARGET = 100;
const FIRST_SHARE = 1 / 64;
/** How much longer a dispatch may be than the one before. */
export const MOST_GROWTH = 4;

/**
 * Does `total` units of work in dispatches, the first one short, each of the next sized by the time of the one before.
 * @param most units at a time
 * @throws the control signal's reason when it is aborted
 */
export async function inDispatches(
  total: number,
  most: number,
  { progress, signal }: Control,
  run: (from: number, count: number) => Promise<void>,
): Promise<void> {
  let size = Math.max(1, Math.floor(most * FIRST_SHARE));
  for (let at = 0; at < total; ) {
    const count = Math.min(size, total - at);
    const start = performance.now();
    await run(at, count);
    const took = performance.now() - start;
    at += count;
    progress?.(at / total);
    signal?.throwIfAborted();
    const wanted = count * Math.min(MOST_GROWTH, TARGET / took);
    size = Math.min(most, Math.max(1, Math.floor(wanted)));
  }
}
