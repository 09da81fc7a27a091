import type { LayerPaths } from '../training.ts';
import type { Backend } from './backend.ts';

/** A backend that was loaded, and its status. */
export interface LoadedBackend extends Backend {
  readonly package: string;
  readonly version: string;
  readonly memory: string;
  /** Runs on an accelerator, which `auto` may take. */
  readonly accelerated: boolean;
  /** Trains layers, by itself or by the embedded kernel or the reference where it has not the optimizer. */
  readonly layersOf: LayerPaths;
  /** It draws by a generator of its own, so that its figures are compared with the closed forms alone. */
  readonly ownDraws?: true;
  /** Why it runs slower than it could, and what to do about it. */
  readonly hint?: string;
}

/** Bytes as text. */
export function gigabytes(bytes: number): string {
  return `${(bytes / 2 ** 30).toPrecision(3)} GiB`;
}
