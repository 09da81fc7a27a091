import { SMALL_WORK } from '../../lab/backends/auto.ts';
import type { AveragesRequest, AveragesResult, Measured } from '../../lab/backends/backend.ts';
import { cpu } from '../../lab/backends/cpu.ts';
import { BACKENDS, nextStep } from '../../lab/backends/index.ts';
import type { LoadedBackend } from '../../lab/backends/loaded.ts';
import { reasonOf } from '../../lab/backends/packages.ts';
import { REFERENCES } from '../../lab/optimizers.ts';
import { averagesRequest, drawsOf, snapshotBlocks } from '../../lab/sizes.ts';
import { levelRatio, relativeRms } from '../../lab/theory.ts';
import type { TrainingRequest } from '../../lab/training-plan.ts';
import { updatesOf } from '../../lab/training-sizes.ts';

/** What a backend did when it was tried. */
export interface SelfTest {
  readonly agrees: boolean;
  /** What its figures were compared with: on the same draws the reference's, else what theory says of any draws. */
  readonly against: 'reference' | 'closed forms';
  /** The largest relative difference of a figure from the reference, or difference from theory in standard errors. */
  readonly worst: number;
  /** Averages: normals drawn and averaged. Training: updates of a coordinate, by AdamW. */
  readonly drawsPerSecond: number;
  readonly updatesPerSecond: number;
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

/** What `auto` takes: `small` for up to `upTo` draws or updates, and for more the fastest of these rates. */
export interface Choice {
  readonly upTo: number;
  readonly small: string;
  readonly averages: string;
  readonly training: string;
}

/** Every backend, and what `auto` makes of them. */
export interface Examination {
  readonly backends: readonly BackendReport[];
  readonly auto: Choice;
}

/** Loads and tries every backend, one after the other. */
export async function examine(packages?: string): Promise<Examination> {
  const request = trial(TRIAL_DRAWS);
  const reference = await cpu.averages(request, {});
  const backends: BackendReport[] = [];
  for (const { name, load } of BACKENDS) {
    try {
      backends.push(await tryOut(await load(packages), request, reference));
    } catch (error) {
      backends.push({ name, state: 'absent', why: reasonOf(error), next: nextStep(error) });
    }
  }
  return { backends, auto: choiceAmong(backends) };
}

function choiceAmong(reports: readonly BackendReport[]): Choice {
  const works = reports.flatMap((one) => (one.state === 'works' ? [one] : []));
  const small = works.find(({ name }) => name === 'wasm') ?? works.at(-1)!;
  const able = [small, ...works.filter(({ accelerated }) => accelerated)];
  const fastest = (key: 'drawsPerSecond' | 'updatesPerSecond') =>
    able.reduce((a, b) => (b.selfTest[key] > a.selfTest[key] ? b : a)).name;
  const names = { averages: fastest('drawsPerSecond'), training: fastest('updatesPerSecond') };
  return { upTo: SMALL_WORK, small: small.name, ...names };
}

/** Figures agree to this when float32 is the only difference. */
const AGREEMENT = 1e-6;
/** Standard errors by which a figure may be off what theory says. */
const STANDARD_ERRORS = 5;
/** A tenth of a second on a core; several seconds where the GPU is software. */
const TRIAL_DRAWS = 1e6;
/** Steps of the first timed training. */
const TRIAL_STEPS = 96;
/** Seconds that make a rate. */
const LONG_ENOUGH = 0.2;

function trial(draws: number): AveragesRequest {
  return averagesRequest({
    batch: [96, 64],
    averages: [0.9, 0.99].map((decay) => ({ decay: [decay, decay ** (64 / 96)] })),
    mean: 1,
    key: { seed: 1, stream: 0 },
    draws,
  });
}

/** As `verify --train` trains. */
function trialTraining(oldSteps: number): TrainingRequest {
  const settings = { gradient: 0.9, secondMoment: 0.999, third: 0, dampening: 0, nesterov: false };
  const decay = { epsilon: 1e-8, weightDecay: 0.1, weightDecayForm: 'times-lr' } as const;
  const [old, now] = [1e-3, 8e-4].map((lr) => ({ lr, ...settings, ...decay }));
  return {
    reference: REFERENCES.adamw!,
    batch: [96, 64],
    old: old!,
    regimes: [1, 100, 10_000].map((noiseScale) => ({
      noiseScale,
      candidates: [1, 2, 3].map((by) => ({ rule: String(by), settings: { ...now!, lr: now!.lr * by } })),
    })),
    sizes: { width: 128, layers: 8, problems: 4, oldSteps },
    seed: 1,
    noise: 'shared',
  };
}

async function tryOut(
  backend: LoadedBackend,
  request: AveragesRequest,
  reference: AveragesResult,
): Promise<BackendReport> {
  try {
    const found = await backend.averages(request, {});
    const against = backend.ownDraws ? 'closed forms' : 'reference';
    const worst = backend.ownDraws ? furthestFromTheory(found, request) : furthest(found, reference);
    const agrees = worst < (backend.ownDraws ? STANDARD_ERRORS : AGREEMENT);
    const next = agrees ? backend.hint : 'its figures are wrong: use another --backend, and report this';
    const drawsPerSecond = await rateOf(TRIAL_DRAWS, async (draws) => {
      const work = trial(draws);
      await backend.averages(work, {});
      return drawsOf(work);
    });
    const updatesPerSecond = await rateOf(TRIAL_STEPS, async (steps) => {
      const work = trialTraining(steps);
      const layers = work.sizes.layers * work.sizes.problems;
      await backend.layersOf(work, layers, {});
      return updatesOf(work, layers);
    });
    return {
      name: backend.name,
      state: agrees ? 'works' : 'wrong',
      package: backend.package,
      version: backend.version,
      device: backend.device,
      memory: backend.memory,
      accelerated: backend.accelerated,
      selfTest: { agrees, against, worst, drawsPerSecond, updatesPerSecond },
      ...(next === undefined ? {} : { next }),
    };
  } finally {
    await backend.release?.();
  }
}

/** What is done in a second, by works of growing size until one is long enough. The first run compiles. */
async function rateOf(size: number, run: (size: number) => Promise<number>): Promise<number> {
  await run(size);
  for (let next = size; ; next *= 8) {
    const start = performance.now();
    const done = await run(next);
    const seconds = (performance.now() - start) / 1000;
    if (seconds >= LONG_ENOUGH) return Math.round(done / seconds);
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

/** In standard errors. */
function furthestFromTheory({ cases, level }: AveragesResult, request: AveragesRequest): number {
  const { batch, mean } = request;
  const off = ({ value, standardError }: Measured, theory: number) =>
    Math.abs(value - theory) / standardError;
  const ofCases = request.cases.flatMap(({ decay, snapshots }, i) => {
    const at = snapshotBlocks(snapshots, request.blocks);
    const { converted, unconverted } = cases[i]!;
    const left = [decay[0], decay[0]] as const;
    return [
      off(converted, relativeRms({ batch, decay }, at)),
      off(unconverted, relativeRms({ batch, decay: left }, at)),
    ];
  });
  return Math.max(...ofCases, off(level, levelRatio(batch, batch[0] / mean ** 2)));
}
