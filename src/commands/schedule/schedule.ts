import type { Diagnostic, Source } from '../../base/diagnostic.ts';
import { Problem } from '../../base/problem.ts';
import type { Pointer } from '../../document/pointer.ts';
import { type ConvertOptions, type Plan, planFor, ruleOf } from '../../pipe/plan.ts';
import { readConfigs } from '../../pipe/read.ts';
import type { Group } from '../../recipe/recipe.ts';
import { globalRatio } from '../../rules/assessment.ts';
import { dividesByLevel } from '../../rules/ema.ts';
import { ruleFor } from '../../rules/keep.ts';
import { type NoisePhase, phaseFactors } from '../../rules/noise-phases.ts';
import { optimizerSettings } from '../../rules/optimizer-settings.ts';
import { type StateChange, stateChanges } from './state.ts';

/** One stretch of a batch-size ramp as asked for: a global batch from a position on. */
export interface PhaseRequest {
  readonly batch: number;
  /** Where it starts, in the unit of the ramp. */
  readonly start: number;
}

/** What the positions of a ramp count. */
export type RampUnit = 'samples' | 'tokens' | 'steps';

/** One phase with all settings. */
export interface Phase {
  readonly batch: number;
  readonly start: number;
  readonly startSamples: number;
  readonly startStep: number;
  readonly settings: readonly { readonly pointer: Pointer; readonly part?: string; readonly value: number }[];
  /** What the learning rates of Adam's family are to be multiplied by as the noise scale grows. */
  readonly noise?: readonly (NoisePhase & { readonly factor: number })[];
  /** What to do with the state when this phase begins; empty for the first. */
  readonly state: readonly StateChange[];
}

/** A ramp over a config. */
export interface Schedule {
  readonly source: Source;
  readonly dialect: string;
  readonly rule: string;
  readonly unit: RampUnit;
  readonly phases: readonly Phase[];
  readonly warnings: readonly Diagnostic[];
}

/** How a ramp is asked for beside the conversion's own options. */
export interface ScheduleOptions extends ConvertOptions {
  readonly unit: RampUnit;
  /** Needed where the unit is tokens. */
  readonly tokensPerSample?: number;
  /** How the noise scale grows; `noiseScale` is the pooled one. */
  readonly noisePhases?: readonly NoisePhase[];
}

/**
 * The settings of a config for every phase of a batch-size ramp, and what to do with the optimizer's state at each
 * switch (factors derived: they keep the buffers at the level they would have had under the new settings).
 * @throws Problem as a conversion does; usage for a ramp that does not start at 0 or does not go forward
 */
export async function scheduleConfig(
  source: Source,
  ramp: readonly PhaseRequest[],
  options: ScheduleOptions,
): Promise<Schedule> {
  checkRamp(ramp, options);
  const [config] = await readConfigs(source, options);
  const positions = inSamples(ramp, options);
  const rule = ruleOf(options);
  const advice = new Map<string, Diagnostic[]>();
  const phases: Phase[] = [];
  for (const [i, { batch, start }] of ramp.entries()) {
    const plan = await planFor(config, { ...options, to: batch });
    // Of each kind those of the latest phase that has any: there a ramp has gone furthest.
    const about = plan.warnings.slice(config.warnings.length);
    for (const { code } of about)
      advice.set(
        code,
        about.filter((w) => w.code === code),
      );
    const before = ramp[i - 1];
    const own = (group: Group) => ruleFor(group, { rule, options, batch: plan.batch });
    phases.push({
      batch,
      start,
      ...positions[i]!,
      settings: settingsIn(plan),
      ...noiseIn(plan, options),
      state: before ? stateChanges(config.recipe, own, before.batch, batch, options) : [],
    });
  }
  return {
    source,
    dialect: config.dialect.name,
    rule: rule.name,
    unit: options.unit,
    phases,
    warnings: [...config.warnings, ...[...advice.values()].flat()],
  };
}

/** Where the rule goes by the noise scale and an optimizer divides by the level that it moves. */
function noiseIn({ rule, batch, config }: Plan, { noisePhases }: ScheduleOptions): Pick<Phase, 'noise'> {
  const divides = config.recipe.groups.some((group) => dividesByLevel(optimizerSettings(group)));
  if (!noisePhases || !divides || !rule.uses?.includes('noiseScale')) return {};
  const factors = phaseFactors(noisePhases, globalRatio(batch));
  return { noise: noisePhases.map((phase, i) => ({ ...phase, factor: factors[i]! })) };
}

function settingsIn({ assessments }: Plan): Phase['settings'] {
  return assessments
    .filter(({ field: { role } }) => !['batch', 'count', 'clip'].includes(role.role))
    .map(({ field, value }) => ({
      pointer: field.pointer,
      ...(field.part === undefined ? {} : { part: field.part }),
      value,
    }));
}

function checkRamp(ramp: readonly PhaseRequest[], { unit, tokensPerSample }: ScheduleOptions): void {
  if (ramp[0]?.start !== 0) throw new Problem('usage', 'a ramp starts at 0: --batches 256@0,512@10k');
  const backward = ramp.findIndex((p, i) => i > 0 && p.start <= ramp[i - 1]!.start);
  if (backward !== -1)
    throw new Problem(
      'usage',
      `phase ${backward + 1} of the ramp starts at ${ramp[backward]!.start}, not after the one before it`,
    );
  if (unit === 'tokens' && tokensPerSample === undefined)
    throw new Problem('usage', 'a ramp in tokens needs --tokens-per-sample N (the sequence length)');
}

function inSamples(ramp: readonly PhaseRequest[], { unit, tokensPerSample = 1 }: ScheduleOptions) {
  const positions: { startSamples: number; startStep: number }[] = [];
  for (const [i, phase] of ramp.entries()) {
    const last = positions[i - 1];
    const before = ramp[i - 1];
    if (!last || !before) positions.push({ startSamples: 0, startStep: 0 });
    else if (unit === 'steps')
      positions.push({
        startSamples: last.startSamples + (phase.start - before.start) * before.batch,
        startStep: phase.start,
      });
    else {
      const startSamples = phase.start / tokensPerSample;
      positions.push({
        startSamples,
        startStep: last.startStep + Math.ceil((startSamples - last.startSamples) / before.batch),
      });
    }
  }
  return positions;
}
