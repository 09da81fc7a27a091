import type { ChalkInstance } from 'chalk';
import { printable } from '../../base/diagnostic.ts';
import { count, num } from '../../base/numbers.ts';
import { wrap } from '../../base/text.ts';
import { readable } from '../../document/pointer.ts';
import { warningJson } from '../../pipe/json.ts';
import type { Phase, Schedule } from './schedule.ts';

/** The key of a setting in JSON: its pointer, and its name within an encoded string. */
const keyOf = ({ pointer, part }: Phase['settings'][number]) => pointer + (part ? ` ${part}` : '');

const nameOf = ({ pointer, part }: Phase['settings'][number]) => readable(pointer) + (part ? ` ${part}` : '');

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
  const names = phases[0]!.settings.map(nameOf);
  const rows = [
    ['batch', ...titles],
    ['first step', ...phases.map((p) => count(p.startStep))],
    ...names.map((name, i) => [name, ...phases.map((p) => num(p.settings[i]!.value))]),
  ];
  const widths = rows[0]!.map((_, c) => Math.max(...rows.map((r) => r[c]!.length)));
  const wide = widths.reduce((a, b) => a + b + 2, 0) > columns;
  const table = wide
    ? phases
        .map((p, i) =>
          [chalk.bold(titles[i]!), ...p.settings.map((s) => `  ${nameOf(s)}  ${num(s.value)}`)].join('\n'),
        )
        .join('\n')
    : rows
        .map((r, i) =>
          (i === 0 ? chalk.bold : String)(
            r
              .map((cell, c) => cell.padEnd(widths[c]!))
              .join('  ')
              .trimEnd(),
          ),
        )
        .join('\n');
  const switches = phases.slice(1).map((p, i) => {
    const lines = p.state.flatMap(({ what, factor, formula }) =>
      wrap(`${what}: ${factor === undefined ? '' : `x ${num(factor)}, `}${formula}`, columns - 2).map(
        (l, k) => (k ? '    ' : '  ') + l,
      ),
    );
    return `${chalk.bold(`at ${count(p.start)} ${unit}, ${phases[i]!.batch} -> ${p.batch}: optimizer state`)}\n${lines.join('\n')}`;
  });
  return `${head}${table}\n${switches.length ? `\n${switches.join('\n')}\n` : ''}`;
}
