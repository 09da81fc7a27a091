/** What the page asks of the library, answered as plain data. It runs in a worker. */

import { structuredPatch } from 'diff';
import { placeOf, printable } from '../src/base/diagnostic.ts';
import { fraction, numbers } from '../src/base/numbers.ts';
import { fieldName } from '../src/document/pointer.ts';
import {
  type Conversion,
  type ConvertOptions,
  convert,
  type PlacedChange,
  RULES,
  type Source,
} from '../src/index.ts';
import type { Control } from '../src/lab/backends/backend.ts';
import { sidesOf, sidesText } from '../src/pipe/sides.ts';
import { decisionText } from '../src/rules/decision.ts';
import { describeScale } from '../src/rules/time-scale.ts';
import type { Answer, ChangeRow, Converted, Hunk, Question, Rules, Verified } from './messages.ts';
import { messageOf, refusals, sourceOf } from './sources.ts';

type Asked<What extends Question['ask']> = Extract<Question, { ask: What }>;

/** Converts a config; where a decision is open or was made, also under the other rules. */
export async function answerConvert({ files, options }: Asked<'convert'>): Promise<Answer<Converted>> {
  const source = sourceOf(files);
  const outcome = await convert(source, options);
  if (!outcome.ok) return { ok: false, messages: refusals(outcome.problem, source) };
  const rules = await comparedRules(source, options, outcome.value);
  return { ok: true, value: shown(outcome.value, rules) };
}

/** Verifies a config against its conversion; what that takes is loaded when it is asked for. */
export async function answerVerify(question: Asked<'verify'>, control: Control): Promise<Answer<Verified>> {
  const { verify } = await import('./verify.ts');
  return verify(question, control);
}

function shown(conversion: Conversion, rules: Rules | undefined): Converted {
  const { source, text, dialect, rule, batch, changes, warnings } = conversion;
  return {
    text,
    batch: sidesText(sidesOf(batch)),
    kappa: fraction(batch.kappa),
    dialect,
    rule,
    hunks: hunksOf(source.text, text),
    changes: changes.map((change) => rowOf(change, source.text)),
    ...(rules ? { rules } : {}),
    // What the comparison of the rules says already.
    messages: warnings
      .filter(({ code }) => !rules?.open || code !== 'noise-scale-unknown')
      .map((one) => messageOf(one, source)),
  };
}

function rowOf(change: PlacedChange, text: string): ChangeRow {
  const { offset, inserted, formula, reason, scales, overrides } = change;
  return {
    field: printable(fieldName(change)),
    place: { ...placeOf(text, offset), offset },
    inserted,
    from: oldText(change),
    to: change.text.to,
    formula,
    reason,
    scale: scales.map(describeScale).join(', '),
    ...(overrides === undefined ? {} : { overrides }),
  };
}

/** The old value as the file has it; in brackets where the file leaves it to the trainer. */
function oldText({ inserted, from, text }: PlacedChange): string {
  return inserted ? `(${numbers(from)})` : text.from;
}

/** What differs, with three lines around it. */
function hunksOf(before: string, after: string): Hunk[] {
  const { hunks } = structuredPatch('', '', before, after, '', '', { context: 3 });
  return hunks.map(({ oldStart, newStart, lines }) => ({
    oldStart,
    newStart,
    lines: lines.filter((line) => !line.startsWith('\\')).map((line) => printable(line.replace(/\r$/, ''))),
  }));
}

/** The two rules that a decision is between, and the one in use. Undefined where there is nothing to decide. */
async function comparedRules(
  source: Source,
  options: Asked<'convert'>['options'],
  used: Conversion,
): Promise<Rules | undefined> {
  const { rule, noiseScale, power, ...others } = options;
  const open = rule === undefined && noiseScale === undefined && power === undefined;
  const undecided = open ? used : await converted(source, others);
  const plan = undecided?.plans.find(({ decision }) => decision);
  const decision = plan?.decision;
  if (!plan || !decision) return undefined;
  const columns: { readonly name: string; readonly changes: Conversion['changes'] }[] = [];
  for (const name of new Set([...decision.choices.map((choice) => choice.rule), used.rule])) {
    const under = name === used.rule ? used : await converted(source, { ...others, rule: name });
    if (under) columns.push({ name, changes: under.changes });
  }
  const fields = new Map(
    columns.flatMap(({ changes }) => changes.map((one) => [fieldName(one), oldText(one)] as const)),
  );
  const rows = [...fields].map(([field, from]) => ({
    field: printable(field),
    from,
    to: columns.map(({ changes }) => changes.find((one) => fieldName(one) === field)?.text.to ?? from),
  }));
  return {
    columns: columns.map(({ name }) => ({
      rule: name,
      title: RULES.find((one) => one.name === name)?.title ?? name,
      holds: decision.choices.find((choice) => choice.rule === name)?.holds ?? '',
      inUse: name === used.rule,
    })),
    rows: rows.filter(({ to }) => new Set(to).size > 1),
    open,
    observed: decisionText(decision, plan.batch.kappa).split('\n').at(-1) ?? '',
  };
}

async function converted(source: Source, options: ConvertOptions): Promise<Conversion | undefined> {
  const outcome = await convert(source, options);
  return outcome.ok ? outcome.value : undefined;
}
