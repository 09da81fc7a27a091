import type { Checked } from '../check.ts';

/** Takes the results of a check one by one, and keeps only what its format needs. */
export interface Reporter {
  /** What to print once this file is checked; empty in formats that are valid only as a whole. */
  add(checked: Checked): string;
  /** The rest, after the last file, in parts to be written one after the other. */
  end(): Iterable<string>;
}
