/** What the page and its worker tell each other: plain data. */

import type { ConvertOptions } from '../src/index.ts';

/** The options that the form sets. */
export type Options = Pick<
  ConvertOptions,
  | 'to'
  | 'by'
  | 'from'
  | 'world'
  | 'worldTo'
  | 'micro'
  | 'accumulation'
  | 'batchAt'
  | 'batchIs'
  | 'at'
  | 'optimizer'
  | 'lrScaledBy'
  | 'noiseScale'
  | 'power'
  | 'keep'
  | 'floorBeta2'
  | 'steps'
  | 'cadence'
  | 'partial'
  | 'digits'
> & { readonly rule?: string; readonly dialect?: string };

/** A config, and the files beside it that it may build on. */
export interface Files {
  readonly file: string;
  readonly text: string;
  readonly beside: readonly (readonly [name: string, text: string])[];
}

/** What the worker is asked. */
export type Question =
  | { readonly ask: 'convert'; readonly files: Files; readonly options: Options }
  | {
      readonly ask: 'verify';
      readonly files: Files;
      readonly options: Options;
      readonly seed: number;
      readonly train: boolean;
    };

/** A message about a text; `place` where it concerns the config itself. */
export interface Message {
  readonly severity: 'error' | 'warning' | 'notice';
  readonly code: string;
  readonly text: string;
  /** Of another file. */
  readonly file?: string;
  readonly place?: { readonly line: number; readonly column: number; readonly offset: number };
}

/** One value that changes, as it is shown. */
export interface ChangeRow {
  readonly field: string;
  /** Where it stands, or after what it is inserted. */
  readonly place: NonNullable<Message['place']>;
  readonly inserted: boolean;
  readonly from: string;
  readonly to: string;
  readonly formula: string;
  readonly reason: string;
  /** What it means in samples. */
  readonly scale: string;
  /** The file whose value it overrides. */
  readonly overrides?: string;
}

/** A stretch of a unified diff; lines begin with a blank, `+` or `-`. */
export interface Hunk {
  readonly oldStart: number;
  readonly newStart: number;
  readonly lines: readonly string[];
}

/** What several rules make of one config, where they differ. */
export interface Rules {
  readonly columns: readonly {
    readonly rule: string;
    readonly title: string;
    readonly holds: string;
    readonly inUse: boolean;
  }[];
  readonly rows: readonly { readonly field: string; readonly from: string; readonly to: readonly string[] }[];
  /** Nobody has said which: the first is used. */
  readonly open: boolean;
  /** What runs of real networks followed. */
  readonly observed: string;
}

/** A conversion as it is shown. */
export interface Converted {
  readonly text: string;
  /** `batch 512 -> 64`. */
  readonly batch: string;
  readonly kappa: string;
  readonly dialect: string;
  readonly rule: string;
  readonly hunks: readonly Hunk[];
  readonly changes: readonly ChangeRow[];
  readonly rules?: Rules;
  readonly messages: readonly Message[];
}

/** A verification: its report is the page that the command line writes. */
export interface Verified {
  /** What it comes to, in a word for each config of the file: `verified`. */
  readonly words: readonly string[];
  readonly report: string;
}

/** An answer, or why there is none. */
export type Answer<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly messages: readonly Message[] };

export type ToWorker = { readonly id: number; readonly question: Question } | { readonly cancel: true };

export type FromWorker =
  | { readonly id: number; readonly answer: Answer<Converted> | Answer<Verified> }
  /** 0 to 1. */
  | { readonly id: number; readonly progress: number }
  /** A fault of the program. */
  | { readonly id: number; readonly failed: string };
