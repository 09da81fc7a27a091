import { describe, expect, it } from 'vitest';
import type { Encoding, Found, Role } from '../../src/dialect/roles.ts';
import { usedThrough } from '../../src/recipe/fields.ts';
import { documentsOf } from '../helpers/parse.ts';
import { ROLE, readingOf, refusalOf, roles, valuesOf } from '../helpers/recipe.ts';

const encoded = (pointer: string, encoding: Encoding): Found => [pointer, { encoding }];
const BETAS: Encoding = { kind: 'tuple-string', items: [{ role: ROLE.beta1 }, { role: ROLE.beta2 }] };
const ARGS: Encoding = {
  kind: 'kv-string',
  fields: {
    momentum: { role: ROLE.momentum },
    weight_decay: { role: ROLE.weightDecay },
    nesterov: { role: ROLE.nesterov },
    betas: { items: [{ role: ROLE.beta1 }, { role: ROLE.beta2 }] },
  },
};
const TIME: Encoding = { kind: 'time-string', items: [{ role: ROLE.steps }] };

/** What a reading takes from the text: the value at each place, and the stretch of the text that holds it. */
async function stretches(
  text: string,
  found: readonly Found[],
): Promise<Record<string, [number, string | undefined]>> {
  const { fields } = await readingOf(text, found);
  return Object.fromEntries(
    fields.map(({ pointer, part, value, site }) => [
      part ? `${pointer} ${part}` : pointer,
      [value, site.kind === 'text' ? text.slice(site.offset, site.offset + site.length) : undefined],
    ]),
  );
}

type Row = [story: string, text: string, found: Found[], read: Record<string, [number, string | undefined]>];

describe.each<[string, Row[]]>([
  [
    'numbers',
    [
      ['plain', 'lr: 0.1\n', roles({ '/lr': ROLE.lr }), { '/lr': [0.1, '0.1'] }],
      ['with a comment', 'lr: 1e-4 # 0.1\n', roles({ '/lr': ROLE.lr }), { '/lr': [1e-4, '1e-4'] }],
      ['in quotes', 'lr: "3e-4"\n', roles({ '/lr': ROLE.lr }), { '/lr': [3e-4, '"3e-4"'] }],
      ['in single quotes', "lr: '0.1'\n", roles({ '/lr': ROLE.lr }), { '/lr': [0.1, "'0.1'"] }],
      [
        'as a block, whose indicator stays',
        'lr: |\n  0.1\nx: 1\n',
        roles({ '/lr': ROLE.lr }),
        { '/lr': [0.1, '0.1'] },
      ],
      ['folded', 'lr: >-\n  0.1\n', roles({ '/lr': ROLE.lr }), { '/lr': [0.1, '0.1'] }],
      [
        'in a list',
        'lr: [0.1, 0.2]\n',
        roles({ '/lr': ROLE.lr }),
        { '/lr/0': [0.1, '0.1'], '/lr/1': [0.2, '0.2'] },
      ],
      ['none: null', 'lr: null\n', roles({ '/lr': ROLE.lr }), {}],
      ['none: not there', 'x: 1\n', roles({ '/lr': ROLE.lr }), {}],
      ['none: a block of settings', 'lr:\n  value: 1\n', roles({ '/lr': ROLE.lr }), {}],
    ],
  ],
  [
    'a number with several roles',
    [
      [
        'counts once, as the first says',
        'lr: 0.1\n',
        [...roles({ '/lr': ROLE.lr }), ...roles({ '/lr': ROLE.minimumLr })],
        { '/lr': [0.1, '0.1'] },
      ],
    ],
  ],
  [
    'devices',
    [
      ['a list of them', 'gpus: [0, 2, 5]\n', roles({ '/gpus': ROLE.devices }), { '/gpus': [3, undefined] }],
      ['a list of one', 'gpus: [7]\n', roles({ '/gpus': ROLE.devices }), { '/gpus': [1, undefined] }],
      ['a list in a string', 'gpus: "0, 2"\n', roles({ '/gpus': ROLE.devices }), { '/gpus': [2, undefined] }],
      ['one in a string', 'gpus: "3,"\n', roles({ '/gpus': ROLE.devices }), { '/gpus': [1, undefined] }],
      ['a number', 'gpus: 4\n', roles({ '/gpus': ROLE.devices }), { '/gpus': [4, '4'] }],
      ['all of them', 'gpus: -1\n', roles({ '/gpus': ROLE.devices }), { '/gpus': [-1, '-1'] }],
    ],
  ],
  [
    'tuples in a string',
    [
      [
        'in brackets',
        'b: "(0.9, 0.98)"\n',
        [encoded('/b', BETAS)],
        { '/b 0': [0.9, '0.9'], '/b 1': [0.98, '0.98'] },
      ],
      ['without', 'b: 0.9,0.98\n', [encoded('/b', BETAS)], { '/b 0': [0.9, '0.9'], '/b 1': [0.98, '0.98'] }],
      [
        'the last role serves what follows',
        'b: "[0.1,0.2,0.3]"\n',
        [encoded('/b', BETAS)],
        { '/b 0': [0.1, '0.1'], '/b 1': [0.2, '0.2'], '/b 2': [0.3, '0.3'] },
      ],
      ['words between numbers', 'b: "(0.9, None)"\n', [encoded('/b', BETAS)], { '/b 0': [0.9, '0.9'] }],
      [
        'a list instead',
        'b: [0.9, 0.98]\n',
        [encoded('/b', BETAS)],
        { '/b/0': [0.9, '0.9'], '/b/1': [0.98, '0.98'] },
      ],
      [
        'through a reference',
        'm: "(0.9, 0.98)"\nb: ${m}\n',
        [encoded('/b', BETAS)],
        { '/m 0': [0.9, '0.9'], '/m 1': [0.98, '0.98'] },
      ],
    ],
  ],
  [
    'keys and values in a string',
    [
      [
        'numbers',
        'o: momentum=0.9, weight_decay=1e-4\n',
        [encoded('/o', ARGS)],
        { '/o momentum': [0.9, '0.9'], '/o weight_decay': [1e-4, '1e-4'] },
      ],
      [
        'others are left',
        'o: "eps=0.5 momentum = 0.9"\n',
        [encoded('/o', ARGS)],
        { '/o momentum': [0.9, '0.9'] },
      ],
      [
        'a tuple behind a key',
        'o: betas=0.9,0.99 weight_decay=0.1\n',
        [encoded('/o', ARGS)],
        { '/o betas 0': [0.9, '0.9'], '/o betas 1': [0.99, '0.99'], '/o weight_decay': [0.1, '0.1'] },
      ],
      [
        'a tuple in brackets behind a key',
        'o: "betas=(0.9, 0.99), momentum=0.8"\n',
        [encoded('/o', ARGS)],
        { '/o betas 0': [0.9, '0.9'], '/o betas 1': [0.99, '0.99'], '/o momentum': [0.8, '0.8'] },
      ],
    ],
  ],
  [
    'batches with their unit',
    [
      ['a number of them', 't: 100ba\n', [encoded('/t', TIME)], { '/t ba': [100, '100'] }],
      ['grouped', 't: "1_000ba"\n', [encoded('/t', TIME)], { '/t ba': [1000, '1_000'] }],
      ['with an exponent', 't: 1e3ba\n', [encoded('/t', TIME)], { '/t ba': [1000, '1e3'] }],
      ['epochs are left', 't: 100ep\n', [encoded('/t', TIME)], {}],
      ['in capitals', 't: 10BA\n', [encoded('/t', TIME)], { '/t ba': [10, '10'] }],
    ],
  ],
  [
    'references',
    [
      ['to the source', 'base: 0.1\nlr: ${base}\n', roles({ '/lr': ROLE.lr }), { '/base': [0.1, '0.1'] }],
      ['to a reference', 'a: 0.1\nb: ${a}\nlr: ${b}\n', roles({ '/lr': ROLE.lr }), { '/a': [0.1, '0.1'] }],
      [
        'into a list',
        'a: {b: [0.1, 0.2]}\nlr: ${a.b[1]}\n',
        roles({ '/lr': ROLE.lr }),
        { '/a/b/1': [0.2, '0.2'] },
      ],
      [
        'to a list',
        'a: [0.1, 0.2]\nlr: ${a}\n',
        roles({ '/lr': ROLE.lr }),
        { '/a/0': [0.1, '0.1'], '/a/1': [0.2, '0.2'] },
      ],
      [
        'to a list of devices',
        'a: [0, 1]\ngpus: ${a}\n',
        roles({ '/gpus': ROLE.devices }),
        { '/a': [2, undefined] },
      ],
    ],
  ],
])('%s', (_heading, rows) => {
  it.each(rows)('%s', async (_story, text, found, read) =>
    expect(await stretches(text, found)).toEqual(read),
  );
});

describe('what a reference is used for', () => {
  it('is noted where the value stands', async () => {
    const { fields } = await readingOf('base: 0.1\nopt:\n  lr: ${base}\n', roles({ '/opt/lr': ROLE.lr }));
    expect(fields).toMatchObject([{ pointer: '/base', usedAt: '/opt/lr', role: ROLE.lr }]);
  });

  it('is the first use of a chain', async () => {
    const { fields } = await readingOf('a: 0.1\nb: ${a}\nlr: ${b}\n', roles({ '/lr': ROLE.lr }));
    expect(fields).toMatchObject([{ pointer: '/a', usedAt: '/lr' }]);
  });

  it.each([
    ['micro', 'unsaid'],
    ['unsaid', 'micro'],
  ] as const)('is told by the name or by the use that says whose batch it is: %s, %s', async (name, use) => {
    const batch = (part: 'micro' | 'unsaid') => ({ role: 'batch', part, unit: 'samples' }) as const;
    const { fields } = await readingOf(
      'of_device: 8\nloader:\n  batch_size: ${of_device}\n',
      roles({ '/of_device': batch(name), '/loader/batch_size': batch(use) }),
    );
    expect(fields).toMatchObject([{ pointer: '/of_device', role: { part: 'micro' } }]);
  });

  const OPTIMIZERS = 'base: 0.1\none:\n  lr: ${base}\ntwo:\n  lr: ${base}\n';
  it('may be several things, of which each is a field', async () => {
    const { fields } = await readingOf(OPTIMIZERS, roles({ '/one/lr': ROLE.lr, '/two/lr': ROLE.lr }));
    expect(fields.map((f) => [f.pointer, f.usedAt])).toEqual([
      ['/base', '/one/lr'],
      ['/base', '/two/lr'],
    ]);
  });

  it.each<[string, Found[]]>([
    ['before', roles({ '/base': ROLE.lr, '/one/lr': ROLE.minimumLr })],
    ['after', roles({ '/one/lr': ROLE.minimumLr, '/base': ROLE.lr })],
  ])('counts for more than what the place itself says, told %s it', async (_when, found) => {
    const { fields } = await readingOf(OPTIMIZERS, found);
    expect(fields).toMatchObject([{ pointer: '/base', usedAt: '/one/lr', role: ROLE.minimumLr }]);
    expect(fields).toHaveLength(1);
  });

  it('names an optimizer where it is used', async () => {
    const { names } = await readingOf('kind: adamw\no: ${kind}\n', roles({ '/o': ROLE.optimizer }));
    expect([...names]).toEqual([['/o', 'adamw']]);
  });
});

describe('numbers that are not in the file', () => {
  it.each<[string, string, Found[], object]>([
    [
      'auto',
      'lr: auto\n',
      roles({ '/lr': ROLE.lr }),
      { pointer: '/lr', why: 'auto', source: 'auto', offset: 4 },
    ],
    [
      'computed',
      'lr: ${mul:${x},2}\n',
      roles({ '/lr': ROLE.lr }),
      { pointer: '/lr', why: 'interpolation', offset: 4 },
    ],
    [
      'of another file',
      'lr: ${other.lr}\n',
      roles({ '/lr': ROLE.lr }),
      { why: 'interpolation', source: '${other.lr}' },
    ],
    ['to be given', 'lr: ???\n', roles({ '/lr': ROLE.lr }), { why: 'interpolation', source: '???' }],
    [
      'a reference to itself',
      'lr: ${lr}\n',
      roles({ '/lr': ROLE.lr }),
      { why: 'interpolation', source: '${lr}' },
    ],
    [
      'references in a circle',
      'a: ${lr}\nlr: ${a}\n',
      roles({ '/lr': ROLE.lr }),
      { pointer: '/a', why: 'interpolation' },
    ],
    [
      'to a block',
      'a: {b: 1}\nlr: ${a}\n',
      roles({ '/lr': ROLE.lr }),
      { pointer: '/lr', why: 'interpolation' },
    ],
    [
      'auto for a tuple',
      'b: auto\n',
      [encoded('/b', BETAS)],
      { pointer: '/b', why: 'auto', role: ROLE.beta1 },
    ],
    [
      'a computed tuple',
      'b: "(${x}, 0.9)"\n',
      [encoded('/b', BETAS)],
      { pointer: '/b', why: 'interpolation', role: ROLE.beta1 },
    ],
    [
      'inside keys and values',
      'o: "momentum=${x}"\n',
      [encoded('/o', ARGS)],
      { pointer: '/o', why: 'interpolation', role: ROLE.momentum },
    ],
  ])('%s', async (_story, text, found, unreadable) => {
    const reading = await readingOf(text, found);
    expect(reading.unreadable).toMatchObject([unreadable]);
    expect(reading.fields).toEqual([]);
  });

  it('beside one that is', async () => {
    const reading = await readingOf('o: "momentum=${x}, weight_decay=0.1"\n', [encoded('/o', ARGS)]);
    expect(reading.unreadable).toHaveLength(1);
    expect(valuesOf(reading.fields)).toEqual({ '/o weight_decay': 0.1 });
  });
});

describe('true or false', () => {
  it.each<[string, string, Found[], [string, boolean][]]>([
    ['a flag', 'n: true\n', roles({ '/n': ROLE.nesterov }), [['/n', true]]],
    ['a flag that is off', 'n: no\n', roles({ '/n': ROLE.nesterov }), [['/n', false]]],
    [
      'in a string of keys and values',
      'o: "nesterov=True"\n',
      [encoded('/o', ARGS)],
      [['/o/nesterov', true]],
    ],
    ['by default', 'x: 1\n', [['/n', { absent: { default: false, role: ROLE.nesterov } }]], [['/n', false]]],
    ['where a number belongs: no flag', 'lr: false\n', roles({ '/lr': ROLE.lr }), []],
  ])('%s', async (_story, text, found, flags) => {
    const reading = await readingOf(text, found);
    expect([...reading.flags].map(([p, f]) => [p, f.value])).toEqual(flags);
    expect(reading.fields).toEqual([]);
  });
});

describe('fields that the file leaves out', () => {
  it('have the default of the trainer, and the place where they would stand', async () => {
    const { fields } = await readingOf('x: 1\n', [['/lr', { absent: { default: 0.1, role: ROLE.lr } }]]);
    expect(fields).toEqual([
      { pointer: '/lr', role: ROLE.lr, value: 0.1, site: { kind: 'absent', pointer: '/lr' } },
    ]);
  });

  it('have one for each entry of a list', async () => {
    const items: Role[] = [ROLE.beta1, ROLE.beta2];
    const { fields } = await readingOf('x: 1\n', [['/betas', { absent: { default: [0.9, 0.95], items } }]]);
    expect(fields).toMatchObject([
      {
        pointer: '/betas/0',
        value: 0.9,
        role: ROLE.beta1,
        site: { kind: 'absent', pointer: '/betas', index: 0 },
      },
      {
        pointer: '/betas/1',
        value: 0.95,
        role: ROLE.beta2,
        site: { kind: 'absent', pointer: '/betas', index: 1 },
      },
    ]);
  });

  it('name an optimizer', async () => {
    const { names } = await readingOf('x: 1\n', [
      ['/o', { absent: { default: 'adamw', role: ROLE.optimizer } }],
    ]);
    expect([...names]).toEqual([['/o', 'adamw']]);
  });

  it('wait for the optimizer where only its table knows', async () => {
    const { fields, optional } = await readingOf('x: 1\n', [['/lr', { absent: { role: ROLE.lr } }]]);
    expect(fields).toEqual([]);
    expect(optional).toEqual([{ pointer: '/lr', role: ROLE.lr }]);
  });
});

describe('values that cannot be are refused at their place', () => {
  const LR = 'a learning rate must be above 0';
  const DECAY = 'a decay must lie in [0, 1)';
  const BATCH = 'a batch size must be a whole number of at least 1';
  it.each<[string, string, Found[], string, number]>([
    ['a learning rate of 0', 'lr: 0\n', roles({ '/lr': ROLE.lr }), `out-of-range: lr is 0: ${LR}`, 4],
    [
      'a minimum below 0',
      'lr: -0.1\n',
      roles({ '/lr': ROLE.minimumLr }),
      `out-of-range: lr is -0.1: ${LR}`,
      4,
    ],
    ['a decay of 1', 'm: 1\n', roles({ '/m': ROLE.momentum }), `out-of-range: m is 1: ${DECAY}`, 3],
    [
      'an average of the model above 1',
      'm: 1.5\n',
      roles({ '/m': ROLE.ema }),
      `out-of-range: m is 1.5: ${DECAY}`,
      3,
    ],
    ['a negative decay', 'm: -0.1\n', roles({ '/m': ROLE.momentum }), `out-of-range: m is -0.1: ${DECAY}`, 3],
    ['half a batch', 'b: 1.5\n', roles({ '/b': ROLE.micro }), `out-of-range: b is 1.5: ${BATCH}`, 3],
    ['half a device', 'g: 0.5\n', roles({ '/g': ROLE.devices }), `out-of-range: g is 0.5: ${BATCH}`, 3],
    ['no batch', 'b: 0\n', roles({ '/b': ROLE.global }), `out-of-range: b is 0: ${BATCH}`, 3],
    ['-1 for a batch', 'b: -1\n', roles({ '/b': ROLE.micro }), `out-of-range: b is -1: ${BATCH}`, 3],
    [
      'a negative weight decay',
      'w: -0.1\n',
      roles({ '/w': ROLE.weightDecay }),
      'out-of-range: w is -0.1: a weight decay must not be negative',
      3,
    ],
    [
      'infinity',
      'w: .inf\n',
      roles({ '/w': ROLE.weightDecay }),
      'out-of-range: w is Infinity: it must be a finite number',
      3,
    ],
    [
      'one part of a string',
      'o: "x=1, momentum=1.5"\n',
      [encoded('/o', ARGS)],
      `out-of-range: o momentum is 1.5: ${DECAY}`,
      18,
    ],
    [
      'at the source of a reference',
      'a: 0\nlr: ${a}\n',
      roles({ '/lr': ROLE.lr }),
      `out-of-range: a is 0: ${LR}`,
      3,
    ],
    [
      'a word for a number',
      'lr: fast\n',
      roles({ '/lr': ROLE.lr }),
      'schema: lr must be a number, not "fast"',
      4,
    ],
    [
      'a list of words for devices',
      'gpus: "a, b"\n',
      roles({ '/gpus': ROLE.devices }),
      'schema: gpus must be a number, not "a, b"',
      6,
    ],
    [
      'a tuple over several lines',
      'b: "(0.9,\n  0.98)"\n',
      [encoded('/b', BETAS)],
      'schema: b is written over several lines or with escapes, where its numbers cannot be replaced: write it on one line',
      3,
    ],
    [
      'keys and values with escapes',
      'o: "momentum=0.9,\\tx=1"\n',
      [encoded('/o', ARGS)],
      'schema: o is written over several lines or with escapes, where its numbers cannot be replaced: write it on one line',
      3,
    ],
  ])('%s', async (_story, text, found, says, at) =>
    expect(await refusalOf(readingOf(text, found))).toEqual({ says, at }),
  );

  it.each<[string, string, Role]>([
    ['a minimum of 0', 'x: 0\n', ROLE.minimumLr],
    ['no momentum', 'x: 0\n', ROLE.momentum],
    ['an average of the model that stands still', 'x: 1\n', ROLE.ema],
    ['a half-life above 1', 'x: 500\n', { ...ROLE.ema, form: 'half-life' }],
    ['no weight decay', 'x: 0\n', ROLE.weightDecay],
    ['half a sample where the trainer takes it', 'x: 0.5\n', { ...ROLE.micro, fractional: true }],
  ])('but not %s', async (_story, text, role) =>
    expect((await readingOf(text, roles({ '/x': role }))).fields).toHaveLength(1),
  );
});

describe('what a value is used for elsewhere is found', () => {
  const through = async (text: string, found: readonly Found[]) => {
    const [document] = await documentsOf(text);
    return usedThrough(document!, found);
  };
  const use: Found = ['/a', { role: ROLE.lr }];

  it('at the end of a chain, and on the way', async () =>
    expect(await through('a: ${b}\nb: $c\nc: 0.1\n', [use])).toEqual([
      ['/b', use[1]],
      ['/c', use[1]],
    ]));

  it('once around a circle', async () =>
    expect(await through('a: ${b}\nb: ${a}\n', [use])).toEqual([['/b', use[1]]]));

  it('for encoded values, too', async () =>
    expect(await through('a: ${b}\nb: "(0.9, 0.99)"\n', [encoded('/a', BETAS)])).toEqual([
      encoded('/b', BETAS),
    ]));

  it.each<[string, string, Found]>([
    ['where the field has its own', 'a: 0.1\nb: 0.1\n', use],
    ['where nothing is used but a block', 'a: ${b}\nb: {c: 1}\n', use],
    ['for what is no value', 'a: ${b}\nb: 0.1\n', ['/a', { note: 'stays' }]],
    ['where the field is not there', 'b: 0.1\n', use],
  ])('nowhere %s', async (_story, text, found) => expect(await through(text, [found])).toEqual([]));
});

describe('a budget ends', () => {
  const numbers = (count: number) => `lr: [${Array.from({ length: count }, () => '1').join()}]\n`;
  it('with the number of fields', async () => {
    const { says } = await refusalOf(readingOf(numbers(10_001), roles({ '/lr': ROLE.lr })));
    expect(says).toContain('10,000 numbers that depend on the batch');
    expect((await readingOf(numbers(10_000), roles({ '/lr': ROLE.lr }))).fields).toHaveLength(10_000);
  });

  it.each<[string, Found[]]>([
    ['of a number', roles({ '/x': ROLE.optimizer })],
    ['with numbers in it', [encoded('/x', ARGS)]],
  ])('with the length of a text %s', async (_story, found) => {
    const text = (length: number) => `x: "${'a'.repeat(length)}"\n`;
    expect((await refusalOf(readingOf(text(10_001), found))).says).toContain(
      '10,000 characters in one value that depends on the batch',
    );
    expect((await readingOf(text(10_000), found)).fields).toEqual([]);
  });
});
