/** What the user says about the batch beside the file. Whole numbers of at least 1. */
export interface BatchOptions {
  /** The global batch of the file as it is. */
  readonly from?: number;
  /** The global batch to convert to; `same`: the old one, on other devices or in other parts. */
  readonly to?: number | 'same';
  /** New over old batch, in place of `to`: it needs no number of devices. Above 0, such as 1/4. */
  readonly by?: number;
  /** Devices that the file's settings run on, and that the new ones will run on; each copy of a model takes several. */
  readonly world?: number;
  readonly worldTo?: number;
  /** The new micro batch and accumulation, to choose which part moves. */
  readonly micro?: number;
  readonly accumulation?: number;
  /** The field that holds the batch: a pointer, or as messages print it. Other batch sizes of the file then stay. */
  readonly batchAt?: string;
  /** What an ambiguous batch size counts: one device, or the whole step. */
  readonly batchIs?: 'device' | 'total';
}
