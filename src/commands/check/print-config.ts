import { printable } from '../../base/diagnostic.ts';
import { displayName } from '../../base/io/files.ts';
import type { Io } from '../../base/io/streams.ts';
import { tableLines } from '../../base/table.ts';
import { projectSettings } from '../options.ts';
import type { CheckFlags } from './flags.ts';

/** The effective settings of each file, one a line, with their origins. */
export async function printedSettings(files: readonly string[], flags: CheckFlags, io: Io): Promise<string> {
  const blocks: string[] = [];
  for (const file of files) {
    const { settings, origins } = await projectSettings(file, flags, io);
    const option = (key: keyof typeof PRINTED) => key !== 'severity' && flags[key] !== undefined;
    const rows = (Object.keys(PRINTED) as (keyof typeof PRINTED)[]).map((key) => {
      const [name, otherwise] = PRINTED[key];
      const both = key === 'ignore' ? [...(settings.ignore ?? []), ...(flags.ignore ?? [])] : undefined;
      const value = both ?? (key === 'severity' ? undefined : flags[key]) ?? settings[key];
      const from = [
        ...(settings[key] === undefined || (option(key) && !both) ? [] : [origins[key]]),
        ...(option(key) ? [`--${name}`] : []),
      ];
      const said = value !== undefined && from.length > 0;
      return [name, said ? shown(value) : otherwise, said ? from.join(', ') : 'default'];
    });
    const lines = tableLines({ columns: [{}, {}, {}], rows, indent: '  ' });
    blocks.push(`${[printable(displayName(file)), ...lines].join('\n')}\n`);
  }
  return blocks.join('\n');
}

/** A setting as people write it. */
function shown(value: unknown): string {
  return typeof value === 'object' && !Array.isArray(value) ? JSON.stringify(value) : String(value);
}

/** The settings' names and defaults. */
const PRINTED = {
  rule: ['rule', 'ema, or noise-aware with a noise scale'],
  noiseScale: ['noise-scale', 'unknown'],
  power: ['power', 'none'],
  keep: ['keep', 'nothing'],
  tolerance: ['tolerance', '0.01'],
  world: ['world', 'as the file says'],
  dialect: ['dialect', 'recognised from the content'],
  optimizer: ['optimizer', 'as the file says'],
  lrScaledBy: ['lr-scaled-by', 'as the dialect says'],
  ignore: ['ignore', 'nothing'],
  severity: ['severity', 'as docs/findings.md says'],
  names: ['names', 'none'],
  schema: ['schema', 'none'],
} as const;
