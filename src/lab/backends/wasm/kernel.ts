/** The module that kernel/ compiles to. Pointers are bytes into `memory`, 16-byte aligned; flags are 0 or 1. */
export interface Kernel {
  readonly memory: WebAssembly.Memory;
  base(): number;
  /** Unit draws in float32, as src/lab/noise.ts has them. */
  draw(out: number, count: number, firstPair: number, seed: number, stream: number, index: number): void;
  addStretch(sum: number, unit: number, count: number, scale: number, first: number): void;
  endBatch(mean: number, level: number, rows: number, weights: number, averages: number, count: number): void;
  addSnapshot(
    sums: number,
    old: number,
    now: number,
    unconverted: number,
    count: number,
    gain: number,
    unconvertedGain: number,
  ): void;
  addShare(sum: number, unit: number, count: number, share: number, first: number): void;
  loss(weights: number, curvature: number, target: number, count: number): number;
  /** Their parameters are in kernel/updates.ts, by name. */
  readonly sgd: (...parameters: Numbers<13>) => void;
  readonly adam: (...parameters: Numbers<15>) => void;
  readonly lamb: (...parameters: Numbers<16>) => void;
  readonly lion: (...parameters: Numbers<12>) => void;
}

/** A tuple of N numbers. */
type Numbers<N extends number, All extends number[] = []> = All['length'] extends N
  ? All
  : Numbers<N, [...All, number]>;

/** How many coordinates are drawn at once. */
export const GROUP = 8;

/** A kernel instance; each thread has its own. */
export function instantiate(module: WebAssembly.Module): Kernel {
  // The compiled module imports an abort function, which this code never calls.
  const { exports } = new WebAssembly.Instance(module, { env: { abort: () => {} } });
  return exports as unknown as Kernel;
}

const PAGE = 65536;

/** Allocates zeroed kernel memory from the start, which ends all earlier allocations. */
export class Arena {
  #next: number;
  readonly #kernel: Kernel;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
    this.#next = kernel.base();
    new Uint8Array(kernel.memory.buffer).fill(0, this.#next);
  }

  /** @returns the address of `bytes` zeroed bytes */
  take(bytes: number): number {
    const { memory } = this.#kernel;
    const at = this.#next;
    this.#next += Math.ceil(bytes / 16) * 16;
    const missing = this.#next - memory.buffer.byteLength;
    if (missing > 0) memory.grow(Math.ceil(missing / PAGE));
    return at;
  }
}
