import type { ChalkInstance } from 'chalk';
import { placeOf, printable } from '../../base/diagnostic.ts';
import { fraction, num } from '../../base/numbers.ts';
import { wrap } from '../../base/text.ts';
import { readable } from '../../document/pointer.ts';
import type { Conversion } from '../../pipe/convert.ts';
import type { PlacedChange } from '../../pipe/editor.ts';
import { sidesOf, sidesText } from '../../pipe/sides.ts';
import { describeScale } from '../../rules/time-scale.ts';

const INDENT = '       ';

/** The changes of a conversion for people: place, old, new, the rule with its numbers, the time scale in samples. */
export function conversionTable(conversion: Conversion, chalk: ChalkInstance, columns = 80): string {
  const { source, dialect, rule, batch, changes } = conversion;
  const head = `${chalk.bold(printable(source.file))}  ${dialect}  ${sidesText(sidesOf(batch))}  kappa ${fraction(batch.kappa)}  rule ${rule}`;
  if (changes.length === 0) return `${head}\n${INDENT}nothing has to change\n`;
  const rows = changes.map((change) => ({
    line: change.inserted ? '+' : String(placeOf(source.text, change.offset).line),
    field: printable(readable(change.pointer) + (change.part ? ` ${change.part}` : '')),
    from: change.inserted ? `(${written(change.from)})` : change.text.from,
    to: change.text.to,
    formula: change.formula,
    scale: change.scales.map(describeScale).join(', '),
  }));
  const width = (pick: (row: (typeof rows)[number]) => string) =>
    Math.max(...rows.map((r) => pick(r).length));
  const widths = {
    field: Math.max(
      5,
      width((r) => r.field),
    ),
    from: Math.max(
      3,
      width((r) => r.from),
    ),
    to: Math.max(
      3,
      width((r) => r.to),
    ),
    formula: Math.max(
      4,
      width((r) => r.formula),
    ),
    scale: Math.max(
      10,
      width((r) => r.scale),
    ),
  };
  const left = 7 + widths.field + 2 + widths.from + 2 + widths.to;
  const oneLine = left + 4 + widths.formula + widths.scale <= columns;
  const titles = `${'line'.padStart(5)}  ${'field'.padEnd(widths.field)}  ${'old'.padEnd(widths.from)}  ${'new'.padEnd(widths.to)}`;
  const lines = rows.map((r) => {
    const start = `${r.line.padStart(5)}  ${r.field.padEnd(widths.field)}  ${chalk.red(r.from.padEnd(widths.from))}  ${chalk.green(r.to.padEnd(widths.to))}`;
    if (oneLine) return `${start}  ${r.formula.padEnd(widths.formula)}  ${chalk.dim(r.scale)}`.trimEnd();
    return `${start.trimEnd()}\n${wrap(
      [r.formula, r.scale].filter(Boolean).join('; '),
      columns - INDENT.length,
    )
      .map((l) => chalk.dim(INDENT + l))
      .join('\n')}`;
  });
  const header = oneLine ? `${titles}  ${'rule'.padEnd(widths.formula)}  in samples` : titles.trimEnd();
  return `${head}\n${chalk.dim(header)}\n${lines.join('\n')}\n`;
}

function written(value: PlacedChange['from']): string {
  return typeof value === 'number' ? num(value) : value.map(num).join(', ');
}
