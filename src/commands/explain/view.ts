import type { ChalkInstance } from 'chalk';
import { placeOf, printable } from '../../base/diagnostic.ts';
import { count, fraction, num } from '../../base/numbers.ts';
import { hanging, wrap } from '../../base/text.ts';
import { fieldName, readable } from '../../document/pointer.ts';
import { headJson, warningJson } from '../../pipe/json.ts';
import { countedPer, sidesOf, sidesText } from '../../pipe/sides.ts';
import { describeScale } from '../../rules/time-scale.ts';
import type { Account } from '../../vocabulary/account.ts';
import type { ExplainedField, Explanation } from './explain.ts';

const INDENT = '    ';

function memoryText({ memory }: ExplainedField): string {
  if (!memory) return '';
  return `half-life ${count(memory.halfLifeSteps)} updates = ${count(memory.halfLifeSamples)} samples; window ${count(memory.windowSteps)} = ${count(memory.windowSamples)}`;
}

/** Field by field, for a terminal. */
export function explanationText(explanation: Explanation, chalk: ChalkInstance, columns = 80): string {
  const { source, dialect, rule, batch, asked, fields } = explanation;
  const sides = sidesOf(batch);
  const shown = asked
    ? sidesText(sides)
    : `batch ${num(sides.from)}${countedPer({ per: sides.per })} (shown beside twice that; ${sides.per ? '--by R' : '--to N'} chooses)`;
  const head = `${chalk.bold(printable(source.file))}  ${dialect}  ${shown}  kappa ${fraction(batch.kappa)}  rule ${rule}\n`;
  const blocks = fields.map((f) => {
    const line = f.offset === undefined ? 'default' : `line ${placeOf(source.text, f.offset).line}`;
    const place = f.file === undefined ? line : `in ${f.file}`;
    const title = `${chalk.bold(printable(fieldName(f)))}  ${f.role}, ${printable(place)}`;
    const change =
      f.to === f.value
        ? `${num(f.value)}, unchanged`
        : `${chalk.red(num(f.value))} -> ${chalk.green(num(f.to))}  ${printable(f.formula)}`;
    const notes = [
      memoryText(f),
      f.scale && !f.memory ? describeScale(f.scale) : '',
      `${f.reason}.`,
      `Source: ${f.source}`,
    ].filter(Boolean);
    return [
      title,
      `  ${change}`,
      ...notes.map((note) => chalk.dim(INDENT + hanging(note, columns, INDENT))),
    ].join('\n');
  });
  return `${head}\n${blocks.join('\n\n')}\n\n${accountText(explanation.account, columns)}\n`;
}

/** Where the numbers of the file went: those that nobody accounts for by name are listed. */
function accountText({ claimed, byName, declared, named }: Account, columns: number): string {
  const list = (pointers: readonly string[]) =>
    pointers.length ? `: ${pointers.map(readable).join(', ')}` : '';
  return [
    `${claimed.length} numbers read by the dialect`,
    `${byName.length} read by name${list(byName)}`,
    `${named.length} left alone that may depend on the batch${list(named)}`,
    `${declared.length} do not depend on the batch by their names${list(declared)}`,
  ]
    .flatMap((line) => wrap(line, columns - 2).map((l, i) => (i ? `  ${l}` : l)))
    .join('\n');
}

/** Version 1 of `explain --json`. */
export function explanationJson(explanation: Explanation): object {
  const { source, asked, fields, warnings, account } = explanation;
  return {
    ...headJson(explanation),
    asked,
    fields: fields.map(({ pointer, part, offset, ...rest }) => ({
      pointer,
      ...(part === undefined ? {} : { part }),
      ...(offset === undefined ? {} : { line: placeOf(source.text, offset).line }),
      ...rest,
    })),
    account,
    warnings: warnings.map((one) => warningJson(one, source)),
  };
}
