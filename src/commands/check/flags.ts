import type { ConversionFlags } from '../options.ts';

/** The flags of `check`, besides those of a conversion. */
export interface CheckFlags extends ConversionFlags {
  readonly base?: string;
  readonly alone?: boolean;
  readonly fix?: boolean;
  readonly printConfig?: boolean;
  readonly tolerance?: number;
  readonly ignore?: readonly string[];
  readonly only?: readonly string[];
  readonly format?: (typeof FORMATS)[number];
  readonly json?: boolean;
  readonly color?: boolean;
}

/** The formats of a report. */
export const FORMATS = ['text', 'json', 'github', 'sarif', 'junit'] as const;
