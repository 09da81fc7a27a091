import type { AveragesRequest, AveragesResult } from '../../lab/backends/backend.ts';
import { cpu } from '../../lab/backends/cpu.ts';
import { BACKENDS, nextStep } from '../../lab/backends/index.ts';
import type { LoadedBackend } from '../../lab/backends/loaded.ts';
import { reasonOf } from '../../lab/backends/packages.ts';
import { averagesRequest } from '../../lab/sizes.ts';

/** What a backend did when it was tried. */
export interface SelfTest {
  /** Every figure is the reference's, to 1e-6. */
  readonly agrees: boolean;
  /** The largest relative difference of a figure from the reference. */
  readonly worst: number;
  readonly drawsPerSecond: number;
}

/** The status of one backend. */
export type BackendReport = { readonly name: string } & (
  | {
      readonly state: 'works' | 'wrong';
      readonly package: string;
      readonly version: string;
      readonly device: string;
      readonly memory: string;
      readonly accelerated: boolean;
      readonly selfTest: SelfTest;
      /** Why it is slower than it could be, or wrong, and what to do. */
      readonly next?: string;
    }
  | { readonly state: 'absent'; readonly why: string; readonly next: string }
);

/** Loads and tries every backend, one after the other. */
export async function examine(cwd: string): Promise<BackendReport[]> {
  const request = trial();
  const reference = await cpu.averages(request, {});
  const reports: BackendReport[] = [];
  for (const { name, load } of BACKENDS) {
    try {
      reports.push(await tryOut(await load(cwd), request, reference));
    } catch (error) {
      reports.push({ name, state: 'absent', why: reasonOf(error), next: nextStep(error) });
    }
  }
  return reports;
}

/** Figures agree to this when float32 is the only difference. */
const AGREEMENT = 1e-6;
/** A tenth of a second on a core; several seconds where the GPU is software. */
const TRIAL_DRAWS = 1e6;

function trial(): AveragesRequest {
  return averagesRequest({
    batch: [96, 64],
    averages: [0.9, 0.99].map((decay) => ({ decay: [decay, decay ** (64 / 96)] })),
    mean: 1,
    key: { seed: 1, stream: 0 },
    draws: TRIAL_DRAWS,
  });
}

async function tryOut(
  backend: LoadedBackend,
  request: AveragesRequest,
  reference: AveragesResult,
): Promise<BackendReport> {
  try {
    // The first run compiles what it runs, and counts for the figures alone.
    const worst = furthest(await backend.averages(request, {}), reference);
    const start = performance.now();
    await backend.averages(request, {});
    const seconds = (performance.now() - start) / 1000;
    const agrees = worst < AGREEMENT;
    const next = agrees ? backend.hint : 'its figures are wrong: use another --backend, and report this';
    return {
      name: backend.name,
      state: agrees ? 'works' : 'wrong',
      package: backend.package,
      version: backend.version,
      device: backend.device,
      memory: backend.memory,
      accelerated: backend.accelerated,
      selfTest: { agrees, worst, drawsPerSecond: Math.round(TRIAL_DRAWS / seconds) },
      ...(next === undefined ? {} : { next }),
    };
  } finally {
    await backend.release?.();
  }
}

function furthest(found: AveragesResult, reference: AveragesResult): number {
  const figures = ({ cases, level }: AveragesResult) =>
    [...cases.flatMap(({ converted, unconverted }) => [converted, unconverted]), level].map(
      ({ value }) => value,
    );
  const expected = figures(reference);
  return Math.max(...figures(found).map((value, i) => Math.abs(value / expected[i]! - 1)));
}
