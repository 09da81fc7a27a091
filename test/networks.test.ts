import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cli } from './helpers/cli.ts';

const FOLDER = new URL('../bench/networks', import.meta.url).pathname;

type Settings = Record<string, number>;

/** One way to convert, as bench/networks/run.py measured it. */
interface Measured {
  readonly distance: number;
  readonly follow: readonly string[];
  readonly arguments?: readonly string[];
  readonly new: Settings & { readonly rest?: Settings };
}

interface Row {
  readonly optimizer: string;
  readonly task: string;
  readonly old: Settings;
  readonly schedule: string;
  readonly batch: readonly [number, number];
  readonly floor: number;
  readonly columns: Readonly<Record<string, Measured>>;
}

const text = readFileSync(join(FOLDER, 'results.json'), 'utf8');
const ROWS: readonly Row[] = JSON.parse(text);

function rowsOf(optimizer: string, direction: (old: number, now: number) => boolean): Row[] {
  return ROWS.filter((row) => row.optimizer === optimizer && direction(...row.batch));
}

const either = () => true;
const down = (old: number, now: number) => now < old;

function floors(rows: readonly Row[], column: string): number[] {
  return rows.map((row) => row.columns[column]!.distance / row.floor);
}

describe('what was measured on networks', () => {
  const converted = ROWS.flatMap(({ optimizer, task, schedule, batch: [old, now], columns }) =>
    Object.entries(columns).flatMap(([column, measured]) =>
      measured.arguments
        ? [
            [
              `${task} ${schedule} ${old} to ${now}, ${optimizer} ${column}`,
              optimizer,
              task,
              old,
              now,
              measured,
            ] as const,
          ]
        : [],
    ),
  );

  it.each(converted)(
    'was trained with what rebatch writes: %s',
    async (_, optimizer, task, old, now, measured) => {
      const config = join(FOLDER, 'configs', `${task}-${old}`, `${optimizer}.json`);
      const options = ['--to', String(now), '--digits', '12', '-q', ...measured.arguments!];
      const { code, stdout, stderr } = await cli([config, ...options]);
      expect(code, stderr).toBe(0);
      const { name, ...settings } = JSON.parse(stdout).optimizer;
      const { rest, ...trained } = measured.new;
      expect(Object.keys(settings)).toEqual(Object.keys(trained));
      for (const [key, value] of Object.entries(trained))
        expect(Math.abs(settings[key] / value - 1) || 0, `${name} ${key}`).toBeLessThan(1e-9);
    },
  );

  it('Lion is at most 1.5 floors off in every setting', () => {
    const found = floors(rowsOf('lion', either), '`ema`');
    expect(found).toHaveLength(8);
    expect(Math.max(...found)).toBeLessThanOrEqual(1.5);
  });

  it('AdamW with the noise scale of one run’s log is at most a floor off, going down by 8 or from 256', () => {
    const rows = rowsOf('adamw', down).filter(({ batch }) => batch[0] !== 32);
    expect(rows).toHaveLength(4);
    expect(Math.max(...floors(rows, '`noise-aware`'))).toBeLessThanOrEqual(1);
  });

  it('AdamW from 32 to 1 is further off, and no other column closer', () => {
    const [row] = rowsOf('adamw', down).filter(({ batch }) => batch[0] === 32);
    const distances = Object.values(row!.columns).map(({ distance }) => distance);
    expect(row!.columns['`noise-aware`']!.distance).toBe(Math.min(...distances));
    expect(floors([row!], '`noise-aware`')[0]).toBeLessThanOrEqual(1.5);
  });

  it('follow calls no run with unconverted settings a run that follows, but for Adafactor', () => {
    const rows = ROWS.filter(({ optimizer }) => optimizer !== 'adafactor');
    const verdicts = rows.flatMap(({ columns }) => columns['not converted']?.follow ?? []);
    expect(verdicts.length).toBeGreaterThan(40);
    expect(verdicts).not.toContain('follows');
  });

  it('follow lets converted runs of SGD and LAMB pass, going down, but for one in forty', () => {
    const rows = ['sgd', 'lamb'].flatMap((optimizer) => rowsOf(optimizer, down));
    const verdicts = rows.flatMap(({ columns }) => columns['`ema`']!.follow);
    expect(verdicts.filter((verdict) => verdict !== 'follows')).toHaveLength(1);
    expect(verdicts.length).toBeGreaterThanOrEqual(39);
  });

  it('follow finds kappa*lr behind for AdamW on the digits, going down', () => {
    const rows = rowsOf('adamw', down).filter(({ task }) => task === 'digits');
    expect(new Set(rows.flatMap(({ columns }) => columns['`ema`']!.follow))).toEqual(new Set(['behind']));
  });

  it('is a small file', () => {
    expect(text.length).toBeLessThan(200_000);
  });
});
