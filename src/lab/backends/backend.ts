import type { NoiseKey } from '../noise.ts';
import type { AveragePair } from '../theory.ts';

/** One average to run under old, new and unconverted settings. The batches are the request's. */
export interface AverageCase extends Pick<AveragePair, 'decay'> {
  /** What the new average is multiplied by before it is compared with the old one. */
  readonly gain: number;
  /** The same for the old decay at the new batch. */
  readonly unconvertedGain: number;
  /**
   * Aligned blocks after which the averages are compared: `first`, then every `every` blocks to the run's end. A
   * trajectory takes a point every `pace` blocks.
   */
  readonly snapshots: { readonly first: number; readonly every: number; readonly pace: number };
}

/** Averages of one pair of batches; all cases see the same noise. */
export interface AveragesRequest {
  readonly batch: AveragePair['batch'];
  readonly cases: readonly AverageCase[];
  readonly key: NoiseKey;
  /** Independent gradient coordinates, 2 or more, and aligned blocks to run. */
  readonly coordinates: number;
  readonly blocks: number;
  /** Mean of the gradients in standard deviations of an old batch's mean, for the level of their squares. */
  readonly mean: number;
}

/** A figure with its standard error. */
export interface Measured {
  readonly value: number;
  readonly standardError: number;
}

/** The first coordinate of a case at aligned counts: what a plot shows. */
export interface Trajectory {
  /** Aligned blocks since the start. */
  readonly blocks: readonly number[];
  readonly old: readonly number[];
  readonly now: readonly number[];
}

/** The result of one case. */
export interface AverageResult {
  /** Rms of old - gain*new over the rms of the old average about its mean. */
  readonly converted: Measured;
  /** The same with the old decay at the new batch. */
  readonly unconverted: Measured;
  readonly trajectory: Trajectory;
}

export interface AveragesResult {
  readonly cases: readonly AverageResult[];
  /** E[g^2] of new batches over that of old ones. */
  readonly level: Measured;
}

/** How a run is watched and stopped. */
export interface Control {
  readonly signal?: AbortSignal;
  /** Called with how much of the request is done, 0 to 1. */
  readonly progress?: (done: number) => void;
}

/**
 * A device that runs averages. Every backend draws the noise that src/lab/noise.ts describes, one normal per
 * (coordinate, stretch between two batch boundaries) at index = number of the stretch since the start, with variance
 * by the stretch's length; so its figures can be checked against the float64 reference draw by draw.
 */
export interface Backend {
  readonly name: string;
  /** The device, as messages name it. */
  readonly device: string;
  /** @throws the control signal's reason when it is aborted */
  averages(request: AveragesRequest, control: Control): Promise<AveragesResult>;
  /** Gives the device back. Without it a process may not end. */
  release?(): Promise<void>;
}
