import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { readSource } from '../../src/base/io/files.ts';
import type { Io } from '../../src/base/io/streams.ts';
import { conversionOptions, conversionSettings } from '../../src/commands/options.ts';
import { scheduleConfig } from '../../src/commands/schedule/schedule.ts';
import type { Role } from '../../src/dialect/roles.ts';
import { convertConfig } from '../../src/pipe/convert.ts';
import type { ConvertOptions } from '../../src/pipe/plan.ts';
import { RULES } from '../../src/rules/index.ts';
import { evaluate, split } from '../helpers/arithmetic.ts';
import { type Fixture, fixtures } from '../helpers/fixtures.ts';

/** The constants of a formula and the value beside it have six significant digits each. */
const PRINTED = 1e-5;

/** How far a formula is from the value written, as a part of what its digits can tell. */
function distance(formula: string, role: Role, from: number, to: number): number {
  if (formula === 'unchanged') return Math.abs(to - from);
  const sides = split(formula, ' = ').filter((side) => !/kappa|lr/.test(side));
  const [value = Number.NaN, shown = value] = sides.map((side) => evaluate(side));
  const relative = (a: number, b: number) => Math.abs(a - b) / Math.max(Math.abs(b), Number.MIN_VALUE);
  const apart = relative(value, shown) / PRINTED;
  if (role.role === 'count' || ('whole' in role && role.whole))
    return Math.max(apart, Math.abs(value - to) / 0.5);
  const memory = role.role === 'decay' && to < 1 ? relative(1 - value, 1 - to) : 0;
  return Math.max(apart, relative(value, to) / PRINTED, memory / PRINTED);
}

/** The formula of a part of the batch is the equation of the whole. */
function checkBatch(formula: string): void {
  const arithmetic = formula.replace(
    / \(accumulation x devices\)| in all| per device|micro |accumulation |devices /g,
    '',
  );
  const [total, ...products] = split(arithmetic.replaceAll(' x ', '*'), ' = ').map((side) => evaluate(side));
  for (const product of products) expect([formula, product]).toEqual([formula, total]);
}

async function optionsOf({ input, plan }: Fixture): Promise<ConvertOptions> {
  const flags = conversionOptions(new Command()).parse(plan.args, { from: 'user' }).opts();
  const stream = { write: () => true };
  const io = {
    stdin: (async function* () {})(),
    stdout: stream,
    stderr: stream,
    env: {},
    cwd: process.cwd(),
  };
  return conversionSettings(flags, io, input);
}

/** A ratio of batches needs no number of devices; a noise scale and phases do. */
function devicesFor({ by, from, world }: ConvertOptions): ConvertOptions {
  return by === undefined || from !== undefined || world !== undefined ? {} : { world: 4 };
}

/** A fixture, with the files that it builds on. */
const sourceOf = (input: string) => readSource(input, { cwd: process.cwd() } as Io);

const all = fixtures();
const named = all.map((f) => [`${f.dialect}/${f.name}`, f] as const);

describe.each(named)('%s', (_, fixture) => {
  const { input } = fixture;

  async function check(options: ConvertOptions): Promise<void> {
    for (const { formula, role, from, to, pointer } of (await convertConfig(await sourceOf(input), options))
      .changes) {
      if (role.role === 'batch') checkBatch(formula);
      else {
        const [old, now] = [[from].flat(), [to].flat()];
        const formulas = typeof to === 'number' ? [formula] : split(formula, ', ');
        expect(formulas).toHaveLength(now.length);
        for (const [i, one] of formulas.entries())
          expect(
            distance(one, role, old[i]!, now[i]!),
            `${pointer}: ${one} for ${now[i]}`,
          ).toBeLessThanOrEqual(1);
      }
    }
  }

  it('every formula comes to the value written', async () => check(await optionsOf(fixture)));

  it.each(RULES.map((r) => [r.name, r] as const))('so it does under %s', async (_rule, rule) => {
    const { literal: _, ...options } = await optionsOf(fixture);
    await check({ ...options, ...devicesFor(options), rule, noiseScale: 1000, power: 0.7 });
  });
});

describe('the state of an optimizer at a switch', () => {
  it.each(named)('%s: every formula comes to the factor', async (_, fixture) => {
    const { from, to, by, micro, accumulation, ...options } = await optionsOf(fixture);
    const size = (typeof to === 'number' ? to : 64) * 64;
    const ramp = [size, size / 2, size * 4].map((batch, i) => ({ batch, start: i * 1e6 }));
    const asked = {
      ...options,
      ...devicesFor({
        ...options,
        ...(by === undefined ? {} : { by }),
        ...(from === undefined ? {} : { from }),
      }),
      ...(from ? { from } : {}),
      noiseScale: 1000,
      unit: 'samples' as const,
    };
    const { phases } = await scheduleConfig(await sourceOf(fixture.input), ramp, asked);
    for (const { what, factor, formula } of phases.flatMap((p) => p.state)) {
      if (factor === 1 && formula.startsWith('unchanged')) continue;
      const value = evaluate(split(formula, ' = ').at(-1)!, { t: 1 });
      expect(Math.abs(value / factor! - 1), `${what}: ${formula} for ${factor}`).toBeLessThan(PRINTED);
    }
  });
});

describe('the arithmetic of these tests', () => {
  it.each([
    ['0.0005 / 1/2', 0.00025],
    ['0.0005 / (1/2)', 0.001],
    ['2*3^2-1', 17],
    ['10-2-3', 5],
    ['max(0.95^8, 0.9)', 0.9],
    ['1e-8*sqrt(4)', 2e-8],
    ['0.99^(-0.5)', 0.99 ** -0.5],
  ])('%s is %f', (text, value) => expect(evaluate(text)).toBeCloseTo(value, 12));
  it.each(['2 3', '(1', 'mu*2', '1 +', ''])('"%s" is no formula', (text) =>
    expect(() => evaluate(text)).toThrow(),
  );
});
