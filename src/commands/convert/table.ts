import type { ChalkInstance } from 'chalk';
import { placeOf, printable } from '../../base/diagnostic.ts';
import { fraction, num } from '../../base/numbers.ts';
import { tableLines } from '../../base/table.ts';
import { fieldName } from '../../document/pointer.ts';
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
    field: fieldName(change),
    from: change.inserted ? `(${written(change.from)})` : change.text.from,
    to: change.text.to,
    formula: change.formula,
    scale: change.scales.map(describeScale).join(', '),
  }));
  const lines = tableLines(
    {
      columns: [
        { title: ' line', align: 'right' },
        { title: 'field' },
        { title: 'old', paint: chalk.red },
        { title: 'new', paint: chalk.green },
        { title: 'rule', optional: true },
        { title: 'in samples', optional: true, paint: chalk.dim },
      ],
      rows: rows.map((r) => [r.line, r.field, r.from, r.to, r.formula, r.scale]),
      paintTitles: chalk.dim,
      below: {
        texts: rows.map(({ formula, scale }) => [formula, scale].filter(Boolean).join('; ')),
        indent: INDENT,
        paint: chalk.dim,
      },
    },
    columns,
  );
  return `${head}\n${lines.join('\n')}\n`;
}

function written(value: PlacedChange['from']): string {
  return typeof value === 'number' ? num(value) : value.map(num).join(', ');
}
