import type { LayerPaths } from '../training.ts';
import type { Backend } from './backend.ts';

/** A backend that was loaded, and its status. */
export interface LoadedBackend extends Backend {
  readonly package: string;
  readonly version: string;
  readonly memory: string;
  /** Runs on an accelerator: `auto` prefers it to all on the CPU. */
  readonly accelerated: boolean;
  /** Trains layers, where it can. */
  readonly layersOf?: LayerPaths;
  /** Why it runs slower than it could, and what to do about it. */
  readonly hint?: string;
}

/** Bytes as text. */
export function gigabytes(bytes: number): string {
  return `${(bytes / 2 ** 30).toPrecision(3)} GiB`;
}
