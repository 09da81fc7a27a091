import type { ConversionFlags } from '../options.ts';

/** What the command line says beside what decides a conversion. */
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

/** What a check can be reported as. */
export const FORMATS = ['text', 'json', 'github', 'sarif', 'junit'] as const;
