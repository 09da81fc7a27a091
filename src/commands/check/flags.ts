import type { Severity } from '../../base/diagnostic.ts';
import type { ConversionFlags } from '../options.ts';

/** The flags of `check`, besides those of a conversion. */
export interface CheckFlags extends ConversionFlags {
  readonly base?: string;
  readonly against?: string;
  readonly fix?: boolean;
  readonly printConfig?: boolean;
  readonly tolerance?: number;
  readonly ignore?: readonly string[];
  readonly only?: readonly string[];
  readonly requireJudged?: boolean;
  readonly format?: (typeof FORMATS)[number];
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
  readonly color?: boolean;
}

/** The formats of a report. */
export const FORMATS = ['text', 'json', 'github', 'sarif', 'junit'] as const;

/** The severities of the findings that people are shown. */
export function shownSeverities({ quiet, verbose }: CheckFlags): readonly Severity[] {
  if (quiet) return ['error'];
  return verbose ? ['error', 'warning', 'notice'] : ['error', 'warning'];
}
