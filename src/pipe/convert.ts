import { type Diagnostic, type Source, warning } from '../base/diagnostic.ts';
import { fraction } from '../base/numbers.ts';
import type { Document, Progress } from '../document/nodes.ts';
import type { BatchChange } from '../recipe/batch.ts';
import type { PlacedChange } from './editor.ts';
import { type Result, readingOfResult } from './meaning.ts';
import { type ConvertOptions, changesToWrite, companionWarnings, type Plan, planFor } from './plan.ts';
import { readConfigs } from './read.ts';
import { writeChanges } from './write.ts';

/** A converted text with its changes and warnings. */
export interface Conversion {
  readonly source: Source;
  readonly text: string;
  readonly dialect: string;
  readonly rule: string;
  readonly batch: BatchChange;
  readonly changes: readonly PlacedChange[];
  readonly warnings: readonly Diagnostic[];
  /** The same, for each config of the file. */
  readonly warningsOf: readonly (readonly Diagnostic[])[];
  /** For each config of the file its plan, and what the converted text means. */
  readonly plans: readonly [Plan, ...Plan[]];
  readonly results: readonly Result[];
}

/**
 * Rewrites a training config for another batch size. Only the values that must move change; every other byte stays,
 * and that the new text says and means what was planned is proven by
 * reading it again.
 * @param source its format is known by the file's name, or else by how its text begins
 * @throws Problem with a place in the text
 */
export async function convertConfig(
  source: Source,
  options: ConvertOptions,
  progress: Progress = () => {},
): Promise<Conversion> {
  // Nearly all of the time goes into reading twice.
  const [config, ...others] = await readConfigs(source, options, (done) => progress(done / 2));
  progress(1 / 2);
  const first = await planFor(config, options);
  const plans: [Plan, ...Plan[]] = [first];
  for (const other of others) plans.push(await planFor(other, options));
  const decided = plans.map((plan) => changesToWrite(plan, options));
  const parts = plans.map(({ config: read, batch, rule }, i) => ({
    config: read,
    changes: decided[i]!.changes,
    batch: batch.to,
    rule,
    options,
    reading: readingOfResult(options, read, batch),
  }));
  const written = await writeChanges(parts, (done) => progress(1 / 2 + done / 2));
  const warnings = plans.map((plan, i) => [
    ...plan.warnings,
    ...decided[i]!.warnings,
    ...written.parts[i]!.warnings,
    ...companionWarnings(plan.config, written.parts[i]!.result),
    ...anotherBatch(plan, first),
  ]);
  return {
    source,
    text: written.text,
    dialect: config.dialect.name,
    rule: first.rule.name,
    batch: first.batch,
    changes: written.parts.flatMap(({ changes }, i) =>
      changes.map((change) => inText(change, plans[i]!.config.document)),
    ),
    warnings: warnings.flat(),
    warningsOf: warnings,
    plans,
    results: written.parts.map(({ result }) => result),
  };
}

/** A change with the pointers of the text, where a part of it was read as the document. */
function inText(change: PlacedChange, document: Document): PlacedChange {
  return { ...change, pointer: document.inText(change.pointer), uses: change.uses.map(document.inText) };
}

function anotherBatch({ batch, config }: Plan, first: Plan): Diagnostic[] {
  if (batch.kappa === first.batch.kappa) return [];
  const message = `this document goes from batch ${batch.from.global} to ${batch.to.global} (kappa ${fraction(batch.kappa)}), the first one from ${first.batch.from.global}`;
  return [warning('another-batch', message, config.document.nodes.get('')?.offset ?? 0)];
}
