import type { ChalkInstance } from 'chalk';
import { count, fraction, num } from '../../base/numbers.ts';
import { printable } from '../../base/problem.ts';
import { wrap } from '../../base/text.ts';
import { readable } from '../../document/pointer.ts';
import { headJson, warningJson } from '../../pipe/json.ts';
import { describeScale } from '../../rules/time-scale.ts';
import type { Explained, Explanation } from './explain.ts';

const nameOf = ({ pointer, part }: Explanation) => readable(pointer) + (part ? ` ${part}` : '');

function memoryText({ memory }: Explanation): string {
  if (!memory) return '';
  return `half-life ${count(memory.halfLifeSteps)} updates = ${count(memory.halfLifeSamples)} samples; window ${count(memory.windowSteps)} = ${count(memory.windowSamples)}`;
}

/** Field by field, for a terminal. */
export function explainedText(explained: Explained, chalk: ChalkInstance, columns = 80): string {
  const { file, dialect, rule, batch, asked, fields } = explained;
  const other = asked ? `-> ${batch.to.global}` : `(shown beside twice that; --to N chooses)`;
  const head = `${chalk.bold(printable(file))}  ${dialect}  batch ${batch.from.global} ${other}  kappa ${fraction(batch.kappa)}  rule ${rule}\n`;
  const blocks = fields.map((f) => {
    const place = f.line === undefined ? 'default' : `line ${f.line}`;
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
export function explainedJson(explained: Explained): object {
  const { asked, fields, warnings } = explained;
  return { ...headJson(explained), asked, fields, warnings: warnings.map(warningJson) };
}
