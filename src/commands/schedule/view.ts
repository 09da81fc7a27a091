import type { ChalkInstance } from 'chalk';
import { printable } from '../../base/diagnostic.ts';
import { count, num, short } from '../../base/numbers.ts';
import { type Table, tableLines, tableWidth } from '../../base/table.ts';
import { hanging } from '../../base/text.ts';
import { fieldName } from '../../document/pointer.ts';
import { warningJson } from '../../pipe/json.ts';
import type { Phase, Schedule } from './schedule.ts';

/** The key of a setting in JSON: its pointer, and its name within an encoded string. */
const keyOf = ({ pointer, part }: Phase['settings'][number]) => pointer + (part ? ` ${part}` : '');

/** A ramp as plain data, for JSON and YAML: version 1. */
export function scheduleData({ source, dialect, rule, unit, phases, warnings }: Schedule): object {
  return {
    version: 1,
    file: source.file,
    dialect,
    rule,
    unit,
    phases: phases.map(({ settings, ...phase }) => ({
      ...phase,
      settings: Object.fromEntries(settings.map((s) => [keyOf(s), s.value])),
    })),
    warnings: warnings.map((one) => warningJson(one, source)),
  };
}

/** A ramp as YAML whose numbers PyYAML reads as numbers: `1.0e-8`, not `1e-8`. */
export function scheduleYaml(schedule: Schedule, stringify: (data: object) => string): string {
  return stringify(scheduleData(schedule)).replace(/: (-?\d+)e([-+]\d+)$/gm, ': $1.0e$2');
}

/** A ramp for people: settings down, phases across; where that is too wide, phase by phase. */
export function scheduleTable(
  { source, dialect, rule, unit, phases }: Schedule,
  chalk: ChalkInstance,
  columns = 80,
): string {
  const head = `${chalk.bold(printable(source.file))}  ${dialect}  rule ${rule}  positions in ${unit}\n\n`;
  const titles = phases.map((p) => `${p.batch} from ${count(p.start)}`);
  const table: Table = {
    columns: ['batch', ...titles].map((title) => ({ title })),
    rows: [
      ['first step', ...phases.map((p) => count(p.startStep))],
      ...phases[0]!.settings.map((setting, i) => [
        fieldName(setting),
        ...phases.map((p) => num(p.settings[i]!.value)),
      ]),
      ...(phases[0]!.noise ?? []).map(({ from, noiseScale }, i) => [
        `rates x, N ${num(noiseScale)} from ${num(100 * from)} %`,
        ...phases.map((p) => short(p.noise?.[i]?.factor ?? 1, 3)),
      ]),
    ],
    paintTitles: chalk.bold,
  };
  const lines =
    tableWidth(table) <= columns
      ? tableLines(table)
      : phases.flatMap((p, i) => [
          chalk.bold(titles[i]!),
          ...p.settings.map((s) => `  ${printable(fieldName(s))}  ${num(s.value)}`),
          ...(p.noise ?? []).map(
            ({ from, noiseScale, factor }) =>
              `  rates x, N ${num(noiseScale)} from ${num(100 * from)} %  ${short(factor, 3)}`,
          ),
        ]);
  const switches = phases.slice(1).map((p, i) => {
    const title = `at ${count(p.start)} ${unit}, ${phases[i]!.batch} -> ${p.batch}: optimizer state`;
    const changes = p.state.map(({ what, factor, formula }) => {
      const times = factor === undefined ? '' : `x ${num(factor)}, `;
      return `  ${hanging(`${what}: ${times}${formula}`, columns, '    ')}`;
    });
    return [chalk.bold(title), ...changes].join('\n');
  });
  return `${head}${lines.join('\n')}\n${switches.length ? `\n${switches.join('\n')}\n` : ''}`;
}
