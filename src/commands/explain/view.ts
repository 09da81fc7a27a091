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

/** One table, for a pull request. */
export function explainedMarkdown({ file, dialect, rule, batch, fields }: Explained): string {
  const cell = (text: string) => printable(text).replace(/\|/g, '\\|').replace(/\n/g, ' ');
  const rows = fields.map((f) =>
    [
      `\`${nameOf(f)}\``,
      f.role,
      num(f.value),
      num(f.to),
      f.to === f.value ? '' : `\`${f.formula}\``,
      memoryText(f) || (f.scale ? describeScale(f.scale) : ''),
      f.reason,
      f.source,
    ]
      .map(cell)
      .join(' | '),
  );
  return [
    `**${cell(file)}** (${dialect}), batch ${batch.from.global} to ${batch.to.global}, kappa ${fraction(batch.kappa)}, rule \`${rule}\``,
    '',
    '| field | role | old | new | formula | time scale | why | source |',
    '|---|---|---|---|---|---|---|---|',
    ...rows.map((r) => `| ${r} |`),
    '',
  ].join('\n');
}

/** Version 1 of `explain --json`. */
export function explainedJson(explained: Explained): object {
  const { asked, fields, warnings } = explained;
  return { ...headJson(explained), asked, fields, warnings: warnings.map(warningJson) };
}
