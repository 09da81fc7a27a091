import { Problem } from '../../base/problem.ts';
import { parse } from '../../document/parse.ts';
import type { Pointer } from '../../document/pointer.ts';
import {
  type ConvertOptions,
  dialectOf,
  lined,
  type PlacedWarning,
  ruleOf,
  understand,
} from '../../pipe/convert.ts';
import { moveBatch } from '../../recipe/batch.ts';
import type { Warning } from '../../recipe/build.ts';
import { adviceOn } from '../../rules/advice.ts';
import { assess } from '../../rules/assess.ts';
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
  /** What to do with the state when this phase begins; empty for the first. */
  readonly state: readonly StateChange[];
}

/** A ramp over a config. */
export interface Schedule {
  readonly file: string;
  readonly dialect: string;
  readonly rule: string;
  readonly unit: RampUnit;
  readonly phases: readonly Phase[];
  readonly warnings: readonly PlacedWarning[];
}

/** How a ramp is asked for beside the conversion's own options. */
export interface ScheduleOptions extends ConvertOptions {
  readonly unit: RampUnit;
  /** Needed where the unit is tokens. */
  readonly tokensPerSample?: number;
}

/**
 * The settings of a config for every phase of a batch-size ramp, and what to do with the optimizer's state at each
 * switch (factors derived: they keep the buffers at the level they would have had under the new settings).
 * @throws Problem as `convert` does; usage for a ramp that does not start at 0 or does not go forward
 */
export async function scheduleText(
  text: string,
  file: string,
  ramp: readonly PhaseRequest[],
  options: ScheduleOptions,
): Promise<Schedule> {
  checkRamp(ramp, options);
  try {
    const { documents } = await parse(text, file);
    const rule = ruleOf(options);
    const document = documents[0]!;
    const dialect = await dialectOf(document, false, text, options);
    if (!dialect) throw new Problem('unknown-dialect', 'not a training config that rebatch knows');
    const { recipe, warnings } = understand(document, dialect, text, options);
    const positions = inSamples(ramp, options);
    const latest = new Map<string, Warning[]>();
    const phases = ramp.map(({ batch, start }, i): Phase => {
      const change = moveBatch(recipe.batch, { ...options, to: batch }, text);
      const task = { recipe, batch: change, rule, options };
      const assessments = assess(task);
      // Of each kind those of the latest phase that has any: there a ramp has gone furthest.
      const about = adviceOn(task, assessments);
      for (const { code } of about)
        latest.set(
          code,
          about.filter((w) => w.code === code),
        );
      const settings = assessments.filter(
        ({ field: { role } }) => role.role !== 'batch' && role.role !== 'count' && role.role !== 'clip',
      );
      const before = ramp[i - 1];
      return {
        batch,
        start,
        ...positions[i]!,
        settings: settings.map(({ field, value }) => ({
          pointer: field.pointer,
          ...(field.part === undefined ? {} : { part: field.part }),
          value,
        })),
        state: before ? stateChanges(recipe, rule, before.batch, batch, options) : [],
      };
    });
    return {
      file,
      dialect: dialect.name,
      rule: rule.name,
      unit: options.unit,
      phases,
      warnings: [...warnings, ...[...latest.values()].flat()].map((w) => lined(w, text)),
    };
  } catch (error) {
    if (error instanceof Problem) error.file ??= file;
    throw error;
  }
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
