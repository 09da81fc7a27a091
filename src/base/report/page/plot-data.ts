/** What a page draws: computed where the report is written, drawn where it is read. */
export interface AveragePlot {
  /** In a figure's place on the page: `data-figure`. */
  readonly id: string;
  readonly kernels: readonly Curve[];
  readonly trajectories: readonly Curve[];
  readonly difference: Curve;
  /** 95 % are predicted to stay within plus and minus this much of zero. */
  readonly band: readonly (readonly [x: number, height: number])[];
}

/** Points of a curve. The kind decides its colour and dashes. */
export interface Curve {
  readonly kind: 'old' | 'new' | 'not converted' | 'old - new';
  readonly points: readonly (readonly [x: number, y: number])[];
}

/** Rules by the distance of the loss path from the old one. */
export interface RuleBars {
  readonly id: string;
  readonly bars: readonly {
    readonly rule: string;
    readonly distance: number;
    readonly error: number;
    /** Whether the new config has this rule's settings. */
    readonly inUse: boolean;
  }[];
}

/** Curves over the samples or steps of a run. */
export interface Chart {
  readonly id: string;
  readonly x: string;
  readonly y: string;
  /** Powers of ten on the vertical axis. */
  readonly logarithmic?: boolean;
  readonly curves: readonly Curve[];
  /** Where a curve is uncertain. */
  readonly band?: readonly (readonly [x: number, low: number, high: number])[];
}
