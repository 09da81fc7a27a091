import { execFileSync } from 'node:child_process';
import { Command } from 'commander';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fragmentOf, fragmentWith, readFragment } from '../../site/link.ts';
import { commandLine, readSettings, SETTINGS } from '../../site/settings.ts';
import { conversionOptions } from '../../src/commands/options.ts';

/** One value of each setting that it can have. */
const VALUES: Readonly<Record<string, string>> = {
  to: '64',
  world: '8',
  'world-to': '2',
  from: '512',
  micro: '4',
  accumulation: '2',
  rule: 'power',
  power: '0.7',
  keep: 'adam_beta1, weight_decay',
  'noise-scale': '1e4',
  optimizer: "it's my own",
  'batch-at': '/data/bs $(x)',
  'batch-is': 'device',
  at: '/small',
  dialect: 'hf-trainer',
  'lr-scaled-by': 'per-worker',
  steps: 'keep',
  'floor-beta2': '0.9',
  digits: '7',
  cadence: '',
  partial: '',
};

/** The options of the command line that the page has no field for. */
const WITHOUT_FIELD = ['--config', '--literal', '--no-insert', '--schema'];

describe('the settings', () => {
  it('are those of the command line', () => {
    const flags = conversionOptions(new Command()).options.map(({ long }) => long);
    expect([...SETTINGS.map(({ flag }) => `--${flag}`), ...WITHOUT_FIELD].sort()).toEqual(flags.sort());
  });

  it('mean what the command line shown means, as a shell reads it', () => {
    const fields = new Map(Object.entries(VALUES));
    expect([...fields.keys(), 'by'].sort()).toEqual(SETTINGS.map(({ flag }) => flag).sort());
    for (const typed of [fields, new Map([['by', '1/4']])]) {
      const words = execFileSync('sh', ['-c', `printf '%s\\0' ${commandLine("it's.yaml", typed)}`], {
        encoding: 'utf8',
      });
      const [program, file, ...args] = words.split('\0').slice(0, -1);
      expect([program, file]).toEqual(['rebatch', "it's.yaml"]);
      const { insert: _insert, ...parsed } = conversionOptions(new Command())
        .parse(args, { from: 'user' })
        .opts();
      const { options, wrong } = readSettings(typed);
      expect(wrong.size).toBe(0);
      expect({ steps: 'scale', ...options }).toEqual(parsed);
    }
  });

  it.each([
    ['to', '4k', 'ambiguous'],
    ['by', 'half', 'a ratio above 0'],
    ['floor-beta2', '1', 'in [0, 1)'],
    ['digits', '18', '17 significant digits'],
    ['power', '-1', 'at least 0'],
  ])('--%s %s is refused at its field', (flag, text, says) => {
    expect(readSettings(new Map([[flag, text]])).wrong.get(flag)).toContain(says);
  });

  it('a power goes with its rule alone, as on the command line', () => {
    const under = (rule: string) =>
      readSettings(
        new Map([
          ['power', '0.7'],
          ['rule', rule],
        ]),
      ).wrong;
    expect(under('sqrt').get('power')).toBe('It belongs to --rule power.');
    expect(under('power').size).toBe(0);
  });

  it('name one new batch, not two', () => {
    const both = new Map([
      ['to', '64'],
      ['by', '2'],
    ]);
    expect(readSettings(both).wrong.has('by')).toBe(true);
  });
});

describe('a link', () => {
  const texts = SETTINGS.filter(({ choices, box }) => !choices && !box).map(({ flag }) => flag);
  const fields = fc.uniqueArray(
    fc.tuple(fc.constantFrom(...texts), fc.string({ unit: 'binary', minLength: 1 })),
    {
      selector: ([flag]) => flag,
    },
  );

  it('gives the settings back', async () => {
    await fc.assert(
      fc.asyncProperty(fields, async (entries) => {
        const { fields: read, config, unknown } = await readFragment(`#${fragmentOf(new Map(entries))}`);
        expect([...read]).toEqual(entries);
        expect([config, unknown]).toEqual([undefined, []]);
      }),
    );
  });

  it('gives the config back where it was asked to carry it', async () => {
    const config = fc.record({ file: fc.string({ minLength: 1 }), text: fc.string({ unit: 'binary' }) });
    await fc.assert(
      fc.asyncProperty(fields, config, async (entries, carried) => {
        const read = await readFragment(`#${await fragmentWith(new Map(entries), carried)}`);
        expect(read.config).toEqual(carried);
        expect([...read.fields]).toEqual(entries);
      }),
    );
  });

  it('does not carry the config otherwise, and names what the page does not know', async () => {
    expect(fragmentOf(new Map([['to', '64']]))).toBe('to=64');
    const { fields: read, unknown } = await readFragment('#to=64&rule=own&speed=9&config=!');
    expect([...read]).toEqual([['to', '64']]);
    expect(unknown).toEqual(['rule', 'speed', 'config']);
  });
});
