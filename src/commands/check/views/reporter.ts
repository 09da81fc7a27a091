import type { Checked } from '../check.ts';

/** Takes the results of a check one by one, and holds of them no more than its format needs. */
export interface Reporter {
  /** What can be said as soon as this file is checked; empty in formats that are valid only as a whole. */
  add(checked: Checked): string;
  /** The rest, after the last file, in parts to be written one after the other. */
  end(): Iterable<string>;
}
