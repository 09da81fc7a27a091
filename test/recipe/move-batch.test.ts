import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BatchRole } from '../../src/dialect/roles.ts';
import { type BatchChange, type MoveOptions, moveBatch, ratiosOf } from '../../src/recipe/batch.ts';
import type { BatchOptions } from '../../src/recipe/batch-options.ts';
import type { Batch, Field } from '../../src/recipe/recipe.ts';
import { batchOf, leaves, lists, refusal, says, valuesOf } from '../helpers/recipe.ts';

type Fields = readonly Field<BatchRole>[];
type Row = [
  story: string,
  fields: Fields,
  options: BatchOptions,
  to: Omit<Batch, 'fields'>,
  moves: Record<string, number>,
];
type Refused = [story: string, fields: Fields, options: MoveOptions, says: string, at?: number];

const ACCUMULATES = { accumulates: true } as const;
const FRACTIONAL = { fractional: true } as const;

function move(fields: Fields, options: MoveOptions): BatchChange {
  return moveBatch(batchOf(fields, options).batch, options);
}

function movesOf({ moves }: BatchChange): Record<string, number> {
  return Object.fromEntries(moves.map(({ field, to }) => [field.pointer, to]));
}

/** The fields as the file has them once the change is written. */
function written(fields: Fields, { moves }: BatchChange): Fields {
  return fields.map((field) => {
    const move = moves.find((m) => m.field === field);
    return move ? { ...field, value: move.to, site: says(field.role.part, move.to).site } : field;
  });
}

describe.each<[string, Row[]]>([
  [
    'the micro batch moves where the target divides',
    [
      [
        'on devices',
        [says('micro', 8), says('devices', 4)],
        { to: 16 },
        { global: 16, micro: 4, accumulation: 1, world: 4 },
        { '/micro': 4 },
      ],
      [
        'and the accumulation stays',
        [says('micro', 8), says('accumulation', 4), says('devices', 4)],
        { to: 96 },
        { global: 96, micro: 6, accumulation: 4, world: 4 },
        { '/micro': 6 },
      ],
      [
        'else the accumulation does',
        [says('micro', 4), says('accumulation', 3)],
        { to: 16, world: 1 },
        { global: 16, micro: 4, accumulation: 4, world: 1 },
        { '/accumulation': 4 },
      ],
      [
        'and what one device takes in a step with it',
        [says('per-device', 32), says('micro', 8)],
        { world: 4, to: 64 },
        { global: 64, micro: 4, accumulation: 4, world: 4 },
        { '/per-device': 16, '/micro': 4 },
      ],
      [
        'and what one node takes with it',
        [says('per-node', 64), says('nodes', 2), says('devices', 4)],
        { to: 64 },
        { global: 64, micro: 8, accumulation: 1, world: 8 },
        { '/per-node': 32 },
      ],
      [
        'the total alone',
        [says('global', 256)],
        { to: 128 },
        { global: 128, micro: 128, accumulation: 1, world: 1 },
        { '/global': 128 },
      ],
      [
        'the total and its parts',
        [says('global', 256), says('micro', 8), says('devices', 4)],
        { to: 128 },
        { global: 128, micro: 4, accumulation: 8, world: 4 },
        { '/global': 128, '/micro': 4 },
      ],
      [
        'a default is written',
        [leaves('micro', 8)],
        { world: 2, to: 8 },
        { global: 8, micro: 4, accumulation: 1, world: 2 },
        { '/micro': 4 },
      ],
      [
        'a limit of it in proportion',
        [says('micro', 32), says('micro-limit', 4096)],
        { world: 1, to: 8 },
        { global: 8, micro: 8, accumulation: 1, world: 1 },
        { '/micro': 8, '/micro-limit': 1024 },
      ],
      [
        'a limit of it in fractions',
        [says('micro', 3, FRACTIONAL), says('micro-limit', 4, FRACTIONAL)],
        { world: 1, to: 1 },
        { global: 1, micro: 1, accumulation: 1, world: 1 },
        { '/micro': 1, '/micro-limit': 4 / 3 },
      ],
      [
        'to a fraction of a sample',
        [says('micro', 1, FRACTIONAL), says('accumulation', 2)],
        { world: 8, to: 4 },
        { global: 4, micro: 0.25, accumulation: 2, world: 8 },
        { '/micro': 0.25 },
      ],
    ],
  ],
  [
    'defaults that the global batch overrules are not written',
    [
      [
        'unasked',
        [says('global', 256), leaves('micro', 1), leaves('accumulation', 1), says('devices', 4)],
        { to: 128 },
        { global: 128, micro: 32, accumulation: 1, world: 4 },
        { '/global': 128 },
      ],
      [
        'to the same batch',
        [says('global', 256), leaves('micro', 1)],
        { to: 256 },
        { global: 256, micro: 256, accumulation: 1, world: 1 },
        {},
      ],
      [
        'of the accumulation',
        [says('global', 256, ACCUMULATES), says('micro', 8), says('devices', 4), leaves('accumulation', 1)],
        { to: 128 },
        { global: 128, micro: 4, accumulation: 8, world: 4 },
        { '/global': 128, '/micro': 4 },
      ],
      [
        'but asked for',
        [says('global', 256), leaves('micro', 1), leaves('accumulation', 1), says('devices', 4)],
        { to: 128, micro: 16 },
        { global: 128, micro: 16, accumulation: 2, world: 4 },
        { '/global': 128, '/micro': 16, '/accumulation': 2 },
      ],
    ],
  ],
  [
    'by a ratio, which needs no number of devices',
    [
      [
        'the micro batch',
        [says('micro', 8)],
        { by: 1 / 4 },
        { global: 2, micro: 2, accumulation: 1, perDevice: true },
        { '/micro': 2 },
      ],
      [
        'the accumulation where that alone divides',
        [says('micro', 1), says('accumulation', 8)],
        { by: 1 / 2 },
        { global: 4, micro: 1, accumulation: 4, perDevice: true },
        { '/accumulation': 4 },
      ],
      [
        'a third, which is no number of float64',
        [says('micro', 9), says('devices', 5)],
        { by: 1 / 3 },
        { global: 15, micro: 3, accumulation: 1, world: 5 },
        { '/micro': 3 },
      ],
      [
        'a total',
        [says('global', 256)],
        { by: 3 / 2 },
        { global: 384, micro: 384, accumulation: 1, world: 1 },
        { '/global': 384 },
      ],
      [
        'a share asked for: the same batch of each device',
        [says('micro', 8), leaves('accumulation', 1)],
        { to: 'same', micro: 2 },
        { global: 8, micro: 2, accumulation: 4, perDevice: true },
        { '/micro': 2, '/accumulation': 4 },
      ],
    ],
  ],
  [
    'to the same batch on other devices',
    [
      [
        'by accumulation',
        [says('micro', 8), leaves('accumulation', 1)],
        { to: 'same', world: 64, worldTo: 8 },
        { global: 512, micro: 8, accumulation: 8, world: 8 },
        { '/accumulation': 8 },
      ],
      [
        'by larger passes where the trainer cannot accumulate',
        [says('micro', 8)],
        { to: 'same', world: 64, worldTo: 8 },
        { global: 512, micro: 64, accumulation: 1, world: 8 },
        { '/micro': 64 },
      ],
      [
        'whose copies of the model take two each',
        [says('micro', 8), says('model-parallel', 2), leaves('accumulation', 1)],
        { to: 'same', world: 64, worldTo: 16 },
        { global: 256, micro: 8, accumulation: 4, world: 8 },
        { '/accumulation': 4 },
      ],
      [
        'which the file counts in one number',
        [says('micro', 8), says('accumulation', 1), says('world', 8)],
        { to: 'same', worldTo: 4 },
        { global: 64, micro: 8, accumulation: 2, world: 4 },
        { '/accumulation': 2, '/world': 4 },
      ],
    ],
  ],
  [
    'a micro batch that only bounds memory',
    [
      [
        'leaves the total alone',
        [says('global', 256, ACCUMULATES), says('micro', 8), says('devices', 4)],
        { micro: 2 },
        { global: 256, micro: 2, accumulation: 32, world: 4 },
        { '/micro': 2 },
      ],
    ],
  ],
  [
    'the accumulation moves where the trainer accumulates by itself',
    [
      [
        'and no field of it',
        [says('global', 256, ACCUMULATES), says('micro', 8)],
        { to: 128 },
        { global: 128, micro: 8, accumulation: 16, world: 1 },
        { '/global': 128 },
      ],
      [
        'with the micro batch by default',
        [says('global', 256, ACCUMULATES), leaves('micro', 2)],
        { to: 128 },
        { global: 128, micro: 2, accumulation: 64, world: 1 },
        { '/global': 128 },
      ],
      [
        'unless the micro batch does not divide',
        [says('global', 64, ACCUMULATES), says('micro', 8), says('devices', 4)],
        { to: 24 },
        { global: 24, micro: 3, accumulation: 2, world: 4 },
        { '/global': 24, '/micro': 3 },
      ],
    ],
  ],
  [
    'the options choose otherwise',
    [
      [
        '--micro',
        [says('micro', 8), says('accumulation', 4)],
        { world: 4, to: 64, micro: 2 },
        { global: 64, micro: 2, accumulation: 8, world: 4 },
        { '/micro': 2, '/accumulation': 8 },
      ],
      [
        '--accumulation',
        [says('micro', 8), says('accumulation', 4)],
        { world: 4, to: 64, accumulation: 2 },
        { global: 64, micro: 8, accumulation: 2, world: 4 },
        { '/accumulation': 2 },
      ],
      [
        '--micro and --accumulation',
        [says('micro', 8), says('accumulation', 4)],
        { world: 4, to: 64, micro: 16, accumulation: 1 },
        { global: 64, micro: 16, accumulation: 1, world: 4 },
        { '/micro': 16, '/accumulation': 1 },
      ],
      [
        '--micro without --to: the batch follows',
        [says('micro', 8), says('accumulation', 4), says('devices', 2)],
        { micro: 4 },
        { global: 32, micro: 4, accumulation: 4, world: 2 },
        { '/micro': 4 },
      ],
      [
        '--accumulation without --to: the batch follows',
        [says('micro', 8), says('accumulation', 4), says('devices', 2)],
        { accumulation: 1 },
        { global: 16, micro: 8, accumulation: 1, world: 2 },
        { '/accumulation': 1 },
      ],
      [
        '--world-to without --to: the batch follows',
        [says('micro', 8), says('devices', 2)],
        { worldTo: 8 },
        { global: 64, micro: 8, accumulation: 1, world: 8 },
        { '/devices': 8 },
      ],
      [
        '--world-to with --to',
        [says('micro', 8), says('devices', 4)],
        { to: 32, worldTo: 8 },
        { global: 32, micro: 4, accumulation: 1, world: 8 },
        { '/micro': 4, '/devices': 8 },
      ],
      [
        '--world-to with the same batch: more devices take fewer passes',
        [says('micro', 8), says('accumulation', 4), says('devices', 2)],
        { to: 64, worldTo: 4 },
        { global: 64, micro: 8, accumulation: 2, world: 4 },
        { '/accumulation': 2, '/devices': 4 },
      ],
      [
        '--world-to over nodes, which stay',
        [says('micro', 8), says('devices', 4), says('nodes', 2)],
        { to: 96, worldTo: 6 },
        { global: 96, micro: 16, accumulation: 1, world: 6 },
        { '/micro': 16, '/devices': 3 },
      ],
      [
        '--world-to where all devices are used: -1 stays',
        [says('micro', 8), says('devices', -1)],
        { world: 4, to: 32, worldTo: 8 },
        { global: 32, micro: 4, accumulation: 1, world: 8 },
        { '/micro': 4 },
      ],
      [
        '--world-to as many as are listed',
        [says('micro', 8), lists('devices', 4)],
        { to: 64, worldTo: 4 },
        { global: 64, micro: 16, accumulation: 1, world: 4 },
        { '/micro': 16 },
      ],
    ],
  ],
  [
    'a trainer accumulates up to a nominal batch: --to is the batch of the file',
    [
      [
        'and the accumulation follows',
        [says('global', 16), says('nominal', 64)],
        { to: 32 },
        { global: 64, micro: 32, accumulation: 2, world: 1 },
        { '/global': 32 },
      ],
      [
        'shared by devices',
        [says('global', 16), says('nominal', 64)],
        { world: 2, to: 128 },
        { global: 128, micro: 64, accumulation: 1, world: 2 },
        { '/global': 128 },
      ],
      [
        'and stays without --to',
        [says('global', 16), says('nominal', 64)],
        {},
        { global: 64, micro: 16, accumulation: 4, world: 1 },
        {},
      ],
    ],
  ],
])('%s', (_heading, rows) => {
  it.each(rows)('%s', (_story, fields, options, to, moves) => {
    const change = move(fields, options);
    expect(change.to).toEqual(to);
    expect(movesOf(change)).toEqual(moves);
  });
});

describe('a target that cannot be reached is refused with the choices there are', () => {
  it.each<Refused>([
    [
      'neither the micro batch nor the accumulation fits',
      [says('micro', 4, { offset: 5 }), says('accumulation', 4)],
      { world: 2, to: 12 },
      'batch-unreachable: --to 12 fits neither accumulation 4 nor micro batch 4 on 2 devices. Choices for micro batch x accumulation: 1 x 6, 2 x 3, 3 x 2, 6 x 1.',
      5,
    ],
    [
      'on one device',
      [says('accumulation', 4), says('micro', 4, { offset: 5 })],
      { world: 1, to: 2 },
      'batch-unreachable: --to 2 fits neither accumulation 4 nor micro batch 4 on 1 device. Choices for micro batch x accumulation: 1 x 2, 2 x 1.',
      5,
    ],
    [
      'devices that do not share it',
      [says('micro', 8, { offset: 5 }), says('devices', 4)],
      { to: 30 },
      'batch-unreachable: --to 30 cannot be shared evenly by 4 devices (or devices x accumulation). Choose a multiple of 4, or --world-to N.',
      5,
    ],
    [
      'a total that the devices do not share',
      [says('global', 256, { offset: 5 })],
      { world: 8, to: 100 },
      'batch-unreachable: --to 100 cannot be shared evenly by 8 devices (or devices x accumulation). Choose a multiple of 8, or --world-to N.',
      5,
    ],
    [
      '--micro x --accumulation is another batch',
      [says('micro', 8, { offset: 5 })],
      { world: 2, to: 32, micro: 4, accumulation: 2 },
      'batch-unreachable: --micro 4 x --accumulation 2 x 2 devices is 16, not 32. Choices for micro batch x accumulation: 1 x 16, 2 x 8, 4 x 4, 8 x 2, 16 x 1.',
      5,
    ],
    [
      '--micro does not divide it',
      [says('micro', 8, { offset: 5 })],
      { world: 2, to: 32, micro: 3 },
      'batch-unreachable: --to 32 is not a multiple of --micro 3 x 2 devices. Choices for micro batch x accumulation: 1 x 16, 2 x 8, 4 x 4, 8 x 2, 16 x 1.',
      5,
    ],
    [
      '--accumulation does not divide it',
      [says('micro', 8, { offset: 5 })],
      { world: 2, to: 32, accumulation: 3 },
      'batch-unreachable: --to 32 is not a multiple of --accumulation 3 x 2 devices. Choices for micro batch x accumulation: 1 x 16, 2 x 8, 4 x 4, 8 x 2, 16 x 1.',
      5,
    ],
    [
      'a limit of the micro batch would be a fraction',
      [says('micro', 32), says('micro-limit', 100, { offset: 9 })],
      { world: 1, to: 45 },
      'batch-unreachable: micro-limit would have to be 140.625, which is no whole number: choose another --to',
      9,
    ],
    [
      'nodes that do not divide the devices',
      [says('micro', 8), says('devices', 4, { offset: 9 }), says('nodes', 2)],
      { to: 60, worldTo: 5 },
      'batch-unreachable: 5 devices cannot be written here: the file has 2 nodes',
      9,
    ],
    [
      'a list of devices',
      [says('micro', 8), lists('devices', 2)],
      { to: 32, worldTo: 4 },
      'batch-unreachable: 4 devices cannot be written here: devices says which 2 are used. Write there which are meant, and give the old number with --world 2',
    ],
    [
      'a batch of devices that nobody counts',
      [says('micro', 8, { offset: 5 })],
      { to: 64 },
      'world-unknown: micro counts one device and the file does not say how many there are: pass --world N, or --from N with the batch of all devices together, or --by 1/4, which needs neither',
      5,
    ],
    [
      'other devices than nobody counts',
      [says('micro', 8, { offset: 5 })],
      { by: 2, worldTo: 4 },
      'world-unknown: --world-to 4 says how many devices there will be, but the file does not say how many there were: pass --world N, too',
      5,
    ],
    [
      'other devices under a total that nobody shares out',
      [says('global', 256, { offset: 5 })],
      { to: 128, worldTo: 4 },
      'world-unknown: --world-to 4 says how many devices there will be, but the file does not say how many there were: pass --world N, too',
      5,
    ],
    [
      'other devices than the trainer’s default',
      [says('micro', 8), leaves('devices', 4)],
      { to: 32, worldTo: 2 },
      'batch-unreachable: 2 devices cannot be written here: the file has no number of them',
    ],
    [
      'less than a sample on each device',
      [says('micro', 2, { offset: 5 })],
      { by: 1 / 4 },
      'batch-unreachable: --by 1/4, a batch of 0.5, is no whole number of samples on each device',
      5,
    ],
    [
      'passes that the file has no field for',
      [says('micro', 8, { offset: 5 }), says('devices', 4)],
      { to: 64, micro: 8 },
      'batch-unreachable: the file would then say a batch of 32, not 64: 2 passes for each step would be needed, and there is no field for them',
      5,
    ],
    [
      'passes that may not be inserted',
      [says('micro', 8, { offset: 5 }), says('devices', 4), leaves('accumulation', 1)],
      { to: 64, micro: 8, insert: false },
      'batch-unreachable: the file would then say a batch of 32, not 64: accumulation is left to the trainer’s default 1 and is not written (--no-insert). Write it into the file first',
    ],
    [
      'one of the numbers that make the data-parallel groups',
      [says('micro', 8), says('replicas', 4, { offset: 9 }), says('replicas', 2, { at: '/copies' })],
      { to: 64, worldTo: 4 },
      'batch-unreachable: 4 devices cannot be written here: replicas is one of several fields that make them',
      9,
    ],
    [
      'devices that copies of the model do not divide',
      [says('micro', 8, { offset: 5 }), says('devices', 4), says('model-parallel', 4)],
      { to: 64, worldTo: 6 },
      'batch-unreachable: --world-to 6 cannot be shared by copies of the model that take 4 devices each',
      5,
    ],
    [
      'a micro batch where the total is all there is',
      [says('global', 256, { offset: 5 })],
      { to: 128, micro: 8 },
      'batch-unreachable: global is all that the file says of its batch: there is no field that --micro could be written to',
      5,
    ],
    [
      'parts of a nominal batch',
      [says('global', 16, { offset: 5 }), says('nominal', 64)],
      { to: 32, micro: 8 },
      'batch-unreachable: this trainer accumulates by itself up to a nominal batch of 64: choose global with --to N, without --micro and --accumulation',
      5,
    ],
    [
      'devices that do not share the batch of a nominal one',
      [says('global', 16, { offset: 5 }), says('nominal', 64)],
      { world: 2, to: 15 },
      'batch-unreachable: --to 15 cannot be shared evenly by 2 devices. Choose a multiple of 2, or --world-to N.',
      5,
    ],
  ])('%s', (_story, fields, options, message, at) =>
    expect(refusal(() => move(fields, options))).toEqual({ says: message, at }),
  );

  it('naming twelve choices at most', () => {
    const { says: message } = refusal(() =>
      move([says('micro', 7)], { world: 1, to: 5040, accumulation: 11 }),
    );
    expect(message.split('accumulation: ')[1]!.split(', ')).toHaveLength(12);
  });
});

describe('ratios', () => {
  it.each<[string, BatchOptions, Omit<BatchChange, 'from' | 'to' | 'moves'>]>([
    ['the micro batch halves', { to: 64 }, { kappa: 1 / 2, perDevice: 1 / 2, perForward: 1 / 2, world: 1 }],
    [
      'the accumulation halves',
      { to: 64, micro: 8 },
      { kappa: 1 / 2, perDevice: 1, perForward: 1, world: 1 },
    ],
    [
      'the devices halve',
      { to: 64, worldTo: 2 },
      { kappa: 1 / 2, perDevice: 1, perForward: 1 / 2, world: 1 / 2 },
    ],
    [
      'devices for passes',
      { to: 128, worldTo: 8, micro: 8 },
      { kappa: 1, perDevice: 1, perForward: 2, world: 2 },
    ],
  ])('where %s', (_story, options, ratios) =>
    expect(move([says('micro', 8), says('accumulation', 4), says('devices', 4)], options)).toMatchObject(
      ratios,
    ),
  );

  it('of two files: nothing to rewrite', () => {
    const { batch: from } = batchOf([says('micro', 8), says('devices', 4)]);
    const { batch: to } = batchOf([says('micro', 4), says('accumulation', 2), says('devices', 2)]);
    expect(ratiosOf(from, to)).toMatchObject({
      kappa: 1 / 2,
      perForward: 1 / 4,
      perDevice: 1 / 2,
      world: 1 / 2,
      moves: [],
    });
  });

  it('of totals: unknown devices are the same ones', () => {
    const { batch: from } = batchOf([says('global', 256)]);
    const { batch: to } = batchOf([says('global', 64)]);
    expect(ratiosOf(from, to)).toMatchObject({ kappa: 1 / 4, perForward: 1 / 4, perDevice: 1 / 4, world: 1 });
  });
});

describe('laws of moving', () => {
  const small = fc.integer({ min: 1, max: 12 });
  /** The same batch as files say it in different ways. */
  const file = fc
    .record({ m: small, a: small, d: small, n: small, way: fc.nat({ max: 7 }) })
    .map(({ m, a, d, n, way }): Fields => {
      const all = m * a * d * n;
      const world = [says('devices', d), says('nodes', n)];
      const ways: Fields[] = [
        [says('micro', m), says('accumulation', a), ...world],
        [says('global', all), says('micro', m), ...world],
        [says('global', all), says('accumulation', a), ...world],
        [says('per-device', m * a), says('micro', m), ...world],
        [says('per-node', m * d), ...world],
        [says('global', all)],
        [says('global', all), says('micro', m), says('accumulation', a), ...world],
        [leaves('micro', m), leaves('accumulation', a), ...world],
      ];
      return ways[way]!;
    });
  const target = (fields: Fields, k: number) => {
    const { accumulation, world = 1 } = batchOf(fields).batch;
    return k * accumulation * world;
  };

  it('the written file, read again, has the target for its batch', () => {
    fc.assert(
      fc.property(file, small, (fields, k) => {
        const to = target(fields, k);
        const change = move(fields, { to });
        const { batch } = batchOf(written(fields, change));
        expect(batch.global).toBe(to);
        expect(change.to.global).toBe(to);
        expect(change.to.micro! * change.to.accumulation * change.to.world!).toBe(to);
        expect(batch.accumulation).toBe(change.to.accumulation);
      }),
    );
  });

  it('to the same batch changes nothing', () => {
    fc.assert(
      fc.property(file, (fields) => {
        const { moves, kappa, perDevice, perForward, world } = move(fields, {
          to: batchOf(fields).batch.global,
        });
        expect(moves).toEqual([]);
        expect({ kappa, perDevice, perForward, world }).toEqual({
          kappa: 1,
          perDevice: 1,
          perForward: 1,
          world: 1,
        });
      }),
    );
  });

  it('there and back gives the old fields, where the micro batch moves', () => {
    fc.assert(
      fc.property(file, small, (fields, k) => {
        const there = written(fields, move(fields, { to: target(fields, k) }));
        const back = written(there, move(there, { to: batchOf(fields).batch.global }));
        expect(valuesOf(back)).toEqual(valuesOf(fields));
      }),
    );
  });

  it('the pass goes like the step where the accumulation stays, the device like the pass where the devices do', () => {
    fc.assert(
      fc.property(file, small, (fields, k) => {
        const { from, to, kappa, perForward, perDevice, world } = move(fields, { to: target(fields, k) });
        expect(to.accumulation).toBe(from.accumulation);
        expect(perForward).toBe(kappa);
        expect(world).toBe(1);
        expect(perDevice).toBe(kappa);
      }),
    );
  });

  it('what one device takes in a pass is exactly the same where the passes or the devices change alone', () => {
    fc.assert(
      fc.property(small, small, small, small, small, (m, a, d, passes, devices) => {
        const fields = [says('micro', m), says('accumulation', a), says('devices', d)];
        expect(move(fields, { micro: m, accumulation: passes }).perForward).toBe(1);
        expect(move(fields, { micro: m, accumulation: passes, worldTo: devices }).perDevice).toBe(1);
      }),
    );
  });

  it('passes for samples: the step keeps its size whatever divides it', () => {
    fc.assert(
      fc.property(small, small, small, small, (m, a, d, factor) => {
        const fields = [says('micro', m * factor), says('accumulation', a), says('devices', d)];
        const change = move(fields, { to: m * factor * a * d, micro: m });
        expect(change.kappa).toBe(1);
        expect(change.perForward).toBe(1 / factor);
        expect(change.to).toMatchObject({ micro: m, accumulation: a * factor, world: d });
        expect(change.perDevice).toBe(1 / factor);
      }),
    );
  });
});

it('a limit of the micro batch goes with the total where that is all there is', () =>
  expect(movesOf(move([says('global', 256), says('micro-limit', 100)], { to: 512 }))).toEqual({
    '/global': 512,
    '/micro-limit': 200,
  }));

it('a trainer that accumulates up to the total keeps its micro batch, also where one pass made it', () => {
  const change = move([says('global', 8, { accumulates: true }), says('micro', 8), says('devices', 1)], {
    to: 16,
  });
  expect(change.to).toMatchObject({ global: 16, micro: 8, accumulation: 2 });
  expect(movesOf(change)).toEqual({ '/global': 16 });
});

it('passes that the devices share out stay, and the micro batch moves', () => {
  const change = move([says('micro', 4), says('accumulation', 8, { together: true })], { to: 64 });
  expect(movesOf(change)).toEqual({ '/micro': 8 });
});

it('a refusal for want of devices names the batch, not what stands before it', () =>
  expect(refusal(() => move([says('accumulation', 2), says('micro', 4)], { to: 64 })).says).toMatch(
    /^world-unknown: micro counts one device/,
  ));

it('a batch of one device is not compared with one of all', () => {
  const [one, all] = [batchOf([says('micro', 8)]).batch, batchOf([says('global', 8)]).batch];
  expect(refusal(() => ratiosOf(one, all)).says).toMatch(/^world-unknown: the old batch counts one device/);
  expect(refusal(() => ratiosOf(all, one)).says).toMatch(/^world-unknown: the new batch counts one device/);
});
