import type { ChalkInstance } from 'chalk';
import { placeOf, printable } from '../../base/diagnostic.ts';
import { count, fraction, num } from '../../base/numbers.ts';
import { wrap } from '../../base/text.ts';
import { readable } from '../../document/pointer.ts';
import { headJson, warningJson } from '../../pipe/json.ts';
import { countedPer, sidesOf, sidesText } from '../../pipe/sides.ts';
import { describeScale } from '../../rules/time-scale.ts';
import type { ExplainedField, Explanation } from './explain.ts';

const nameOf = ({ pointer, part }: ExplainedField) => readable(pointer) + (part ? ` ${part}` : '');

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
    const place = f.offset === undefined ? 'default' : `line ${placeOf(source.text, f.offset).line}`;
    const title = `${chalk.bold(printable(nameOf(f)))}  ${f.role}, ${place}`;
    const change =
      f.to === f.value
        ? `${num(f.value)}, unchanged`
        : `${chalk.red(num(f.value))} -> ${chalk.green(num(f.to))}  ${f.formula}`;
    const notes = [
      memoryText(f),
      f.scale && !f.memory ? describeScale(f.scale) : '',
      `${f.reason}.`,
      `Source: ${f.source}`,
    ].filter(Boolean);
    return [
      title,
      `  ${change}`,
      ...notes.flatMap((n) => wrap(n, columns - 4).map((l) => chalk.dim(`    ${l}`))),
    ].join('\n');
  });
  return `${head}\n${blocks.join('\n\n')}\n`;
}

/** Version 1 of `explain --json`. */
export function explanationJson(explanation: Explanation): object {
  const { source, asked, fields, warnings } = explanation;
  return {
    ...headJson(explanation),
    asked,
    fields: fields.map(({ pointer, part, offset, ...rest }) => ({
      pointer,
      ...(part === undefined ? {} : { part }),
      ...(offset === undefined ? {} : { line: placeOf(source.text, offset).line }),
      ...rest,
    })),
    warnings: warnings.map((one) => warningJson(one, source)),
  };
}
