import { describe, expect, it } from 'vitest';
import type { BatchRole } from '../../src/dialect/roles.ts';
import type { BatchOptions } from '../../src/recipe/batch-options.ts';
import type { Batch, Field, Unreadable } from '../../src/recipe/recipe.ts';
import { batchOf, hides, leaves, lists, refusal, says } from '../helpers/recipe.ts';

type Fields = readonly Field<BatchRole>[];
type Read = Omit<Batch, 'fields'>;
type Row = [story: string, fields: Fields, options: BatchOptions, batch: Read, warnings?: string[]];
type Refused = [story: string, fields: Fields, options: BatchOptions, says: string, at?: number];

const TAKEN = ['batch-taken-for'];
const ACCUMULATES = { accumulates: true } as const;
const shares = (at: string, value: number) => says('model-parallel', value, { at: `/${at}`, offset: 3 });

describe.each<[string, readonly Row[]]>([
  [
    'the file says the global batch',
    [
      ['alone', [says('global', 256)], {}, { global: 256, accumulation: 1 }],
      ['with --from', [says('global', 256)], { from: 256 }, { global: 256, accumulation: 1 }],
      [
        'with --world',
        [says('global', 256)],
        { world: 8 },
        { global: 256, micro: 32, accumulation: 1, world: 8 },
      ],
      [
        'with the micro batch: the devices follow',
        [says('global', 256), says('micro', 8)],
        {},
        { global: 256, micro: 8, accumulation: 1, world: 32 },
      ],
      [
        'with the micro batch and the devices: the accumulation follows',
        [says('global', 256), says('micro', 8), says('devices', 4)],
        {},
        { global: 256, micro: 8, accumulation: 8, world: 4 },
      ],
      [
        'with devices on several nodes',
        [says('global', 256), says('micro', 8), says('devices', 4), says('nodes', 2)],
        {},
        { global: 256, micro: 8, accumulation: 4, world: 8 },
      ],
      [
        'with --world, which the file contradicts',
        [says('global', 256), says('micro', 8), says('devices', 4)],
        { world: 16 },
        { global: 256, micro: 8, accumulation: 2, world: 16 },
      ],
      [
        'with the micro batch and the accumulation: the devices follow',
        [says('global', 256), says('micro', 8), says('accumulation', 4)],
        {},
        { global: 256, micro: 8, accumulation: 4, world: 8 },
      ],
      [
        'with the accumulation and the devices: the micro batch follows',
        [says('global', 256), says('accumulation', 4), says('devices', 8)],
        {},
        { global: 256, micro: 8, accumulation: 4, world: 8 },
      ],
      [
        'with the accumulation alone: what one device takes stays open',
        [says('global', 256), says('accumulation', 4)],
        {},
        { global: 256, accumulation: 4 },
      ],
      [
        'with all its parts',
        [says('global', 256), says('micro', 8), says('accumulation', 4), says('devices', 8)],
        {},
        { global: 256, micro: 8, accumulation: 4, world: 8 },
      ],
      [
        'with parts by default, which give way',
        [says('global', 256), leaves('micro', 3), leaves('accumulation', 7)],
        {},
        { global: 256, accumulation: 1 },
      ],
      [
        'twice, the same',
        [says('global', 256), says('global', 256, { at: '/again' })],
        {},
        { global: 256, accumulation: 1 },
      ],
      [
        'beside a default that says otherwise',
        [leaves('global', 512), says('global', 256, { at: '/here' })],
        {},
        { global: 256, accumulation: 1 },
      ],
      [
        'in tokens',
        [says('global', 4096, { unit: 'tokens' })],
        {},
        { global: 4096, accumulation: 1 },
        ['batch-in-tokens'],
      ],
    ],
  ],
  [
    'the trainer accumulates up to the global batch by itself',
    [
      ['alone', [says('global', 256, ACCUMULATES)], {}, { global: 256, accumulation: 1 }],
      [
        'with the micro batch: the accumulation counts the devices too',
        [says('global', 256, ACCUMULATES), says('micro', 8)],
        {},
        { global: 256, micro: 8, accumulation: 32, accumulates: true },
      ],
      [
        'with the micro batch and the devices',
        [says('global', 256, ACCUMULATES), says('micro', 8), says('devices', 4)],
        {},
        { global: 256, micro: 8, accumulation: 8, world: 4, accumulates: true },
      ],
      [
        'unless a field says how often',
        [says('global', 256, ACCUMULATES), says('micro', 8), says('accumulation', 2)],
        {},
        { global: 256, micro: 8, accumulation: 2, world: 16 },
      ],
    ],
  ],
  [
    'the trainer accumulates up to a nominal batch',
    [
      [
        'four passes',
        [says('global', 16), says('nominal', 64)],
        {},
        { global: 64, accumulation: 4, nominal: 64, world: 1 },
      ],
      [
        'one pass at least',
        [says('global', 256), says('nominal', 64)],
        {},
        { global: 256, accumulation: 1, nominal: 64, world: 1 },
      ],
      [
        'rounded up',
        [says('global', 40), says('nominal', 64)],
        {},
        { global: 80, accumulation: 2, nominal: 64, world: 1 },
      ],
      [
        'rounded down',
        [says('global', 48), says('nominal', 64)],
        {},
        { global: 48, accumulation: 1, nominal: 64, world: 1 },
      ],
      [
        '2.5 passes are two',
        [says('global', 40), says('nominal', 100)],
        {},
        { global: 80, accumulation: 2, nominal: 100, world: 1 },
      ],
      [
        '3.5 passes are four',
        [says('global', 16), says('nominal', 56)],
        {},
        { global: 64, accumulation: 4, nominal: 56, world: 1 },
      ],
      [
        'both by default, on several devices',
        [leaves('global', 16), leaves('nominal', 64)],
        { world: 2, from: 16 },
        { global: 64, accumulation: 4, nominal: 64, world: 2 },
      ],
    ],
  ],
  [
    'the file says what one device takes',
    [
      [
        'of how many is not said: the batch of one of them',
        [says('micro', 8)],
        {},
        { global: 8, micro: 8, accumulation: 1, perDevice: true },
      ],
      [
        'over several passes',
        [says('micro', 8), says('accumulation', 4)],
        {},
        { global: 32, micro: 8, accumulation: 4, perDevice: true },
      ],
      [
        'with devices and nodes',
        [says('micro', 8), says('accumulation', 2), says('devices', 4), says('nodes', 2)],
        {},
        { global: 128, micro: 8, accumulation: 2, world: 8 },
      ],
      [
        'with a list of devices',
        [says('micro', 8), lists('devices', 3)],
        {},
        { global: 24, micro: 8, accumulation: 1, world: 3 },
      ],
      [
        'with all devices there are (-1)',
        [says('micro', 8), says('devices', -1), says('nodes', 2)],
        {},
        { global: 8, micro: 8, accumulation: 1, perDevice: true },
      ],
      [
        'with none (0), which means as many as there are',
        [says('micro', 8), says('world', 0)],
        {},
        { global: 8, micro: 8, accumulation: 1, perDevice: true },
      ],
      [
        'with the devices of all nodes in one number',
        [says('micro', 8), says('world', 16), says('nodes', 2)],
        {},
        { global: 128, micro: 8, accumulation: 1, world: 16 },
      ],
      [
        'with devices that share copies of the model',
        [says('micro', 4), says('devices', 8), says('nodes', 2), shares('tensor', 2), shares('pipeline', 4)],
        {},
        { global: 8, micro: 4, accumulation: 1, world: 2, modelParallel: 8 },
      ],
      [
        'with --world, which counts the devices of such copies, too',
        [says('micro', 4), shares('tensor', 2)],
        { world: 16 },
        { global: 32, micro: 4, accumulation: 1, world: 8, modelParallel: 2 },
      ],
      [
        'with a model that is not shared after all',
        [says('micro', 4), says('devices', 2), shares('tensor', 1), shares('pipeline', -1)],
        {},
        { global: 8, micro: 4, accumulation: 1, world: 2 },
      ],
      [
        'with data-parallel groups, which are no devices',
        [says('micro', 4), says('replicas', 4), says('replicas', 2, { at: '/copies' }), shares('tensor', 2)],
        {},
        { global: 32, micro: 4, accumulation: 1, world: 8, modelParallel: 2 },
      ],
      [
        'with data-parallel groups by default',
        [says('micro', 4), leaves('replicas', 4)],
        {},
        { global: 16, micro: 4, accumulation: 1, world: 4 },
      ],
      [
        'with passes that the trainer shares out among its devices, whose number then is no part',
        [says('micro', 4), says('accumulation', 8, { together: true }), says('devices', 2)],
        {},
        { global: 32, micro: 4, accumulation: 8, world: 1 },
      ],
      [
        'with a fraction of a sample',
        [says('micro', 0.5, { fractional: true })],
        {},
        { global: 0.5, micro: 0.5, accumulation: 1, perDevice: true },
      ],
      ['with --world', [says('micro', 8)], { world: 4 }, { global: 32, micro: 8, accumulation: 1, world: 4 }],
      [
        'with --world, which the file contradicts',
        [says('micro', 8), says('devices', 2)],
        { world: 4 },
        { global: 32, micro: 8, accumulation: 1, world: 4 },
      ],
      [
        'with --from: the devices follow',
        [says('micro', 8), says('accumulation', 2)],
        { from: 256 },
        { global: 256, micro: 8, accumulation: 2, world: 16 },
      ],
      [
        'with --from that the file agrees with',
        [says('micro', 8), says('devices', 4)],
        { from: 32 },
        { global: 32, micro: 8, accumulation: 1, world: 4 },
      ],
      ['by default', [leaves('micro', 8)], { world: 2 }, { global: 16, micro: 8, accumulation: 1, world: 2 }],
      [
        'beside a global batch by default, which gives way',
        [leaves('global', 512), says('micro', 8)],
        { world: 2 },
        { global: 16, micro: 8, accumulation: 1, world: 2 },
      ],
      [
        'beside a limit of the micro batch, which is no part',
        [says('micro', 8), says('micro-limit', 4096, { unit: 'tokens' })],
        { world: 2 },
        { global: 16, micro: 8, accumulation: 1, world: 2 },
      ],
      [
        'in tokens',
        [says('micro', 4096, { unit: 'tokens' })],
        { world: 2 },
        { global: 8192, micro: 4096, accumulation: 1, world: 2 },
        ['batch-in-tokens'],
      ],
      [
        'half a sample each',
        [says('micro', 0.5, { fractional: true })],
        { world: 8 },
        { global: 4, micro: 0.5, accumulation: 1, world: 8 },
      ],
    ],
  ],
  [
    'no word says what the batch counts',
    [
      ['and none speaks of devices', [says('unsaid', 64)], {}, { global: 64, accumulation: 1 }, TAKEN],
      [
        'over several passes',
        [says('unsaid', 64), says('accumulation', 4)],
        {},
        { global: 256, micro: 64, accumulation: 4, world: 1 },
      ],
      [
        'beside devices',
        [says('unsaid', 64), says('devices', 4)],
        {},
        { global: 256, micro: 64, accumulation: 1, world: 4 },
        TAKEN,
      ],
      [
        'beside devices that nobody counts',
        [says('unsaid', 64), says('devices', -1)],
        {},
        { global: 64, micro: 64, accumulation: 1, perDevice: true, assumed: true },
        TAKEN,
      ],
      [
        'with --world',
        [says('unsaid', 64)],
        { world: 4 },
        { global: 256, micro: 64, accumulation: 1, world: 4 },
        TAKEN,
      ],
      [
        'with --from, which counts the devices',
        [says('unsaid', 64)],
        { from: 256 },
        { global: 256, micro: 64, accumulation: 1, world: 4 },
      ],
      [
        'beside the micro batch that it is made of',
        [says('unsaid', 32), says('micro', 4), says('devices', 8)],
        {},
        { global: 32, micro: 4, accumulation: 1, world: 8 },
      ],
      [
        'beside a total of as many: the whole step',
        [says('unsaid', 64), says('global', 64)],
        {},
        { global: 64, accumulation: 1 },
      ],
      [
        'beside a total of as many on one device',
        [says('unsaid', 64), says('global', 64), says('devices', 1)],
        {},
        { global: 64, micro: 64, accumulation: 1, world: 1 },
      ],
      [
        'beside a micro batch of as many',
        [says('unsaid', 64), says('micro', 64), says('devices', 2)],
        {},
        { global: 128, micro: 64, accumulation: 1, world: 2 },
      ],
      [
        'beside devices, with --from that they make',
        [says('unsaid', 64), says('devices', 2)],
        { from: 128 },
        { global: 128, micro: 64, accumulation: 1, world: 2 },
        TAKEN,
      ],
      [
        'over several passes, with --from, which counts the devices',
        [says('unsaid', 8), says('accumulation', 4)],
        { from: 64 },
        { global: 64, micro: 8, accumulation: 4, world: 2 },
      ],
      [
        'with --from of one device',
        [says('unsaid', 64), says('devices', -1)],
        { from: 64 },
        { global: 64, micro: 64, accumulation: 1, world: 1 },
      ],
      [
        'beside the total that it makes',
        [says('unsaid', 4), says('global', 32), says('devices', 8)],
        {},
        { global: 32, micro: 4, accumulation: 1, world: 8 },
      ],
      [
        'but the user does: the total',
        [says('unsaid', 512), says('devices', 8)],
        { batchIs: 'total' },
        { global: 512, micro: 64, accumulation: 1, world: 8 },
      ],
      [
        'but the user does: one device',
        [says('unsaid', 64)],
        { batchIs: 'device' },
        { global: 64, micro: 64, accumulation: 1, perDevice: true },
      ],
    ],
  ],
  [
    'the file says what one device takes in a step',
    [
      ['alone', [says('per-device', 32)], { world: 4 }, { global: 128, accumulation: 1, world: 4 }],
      [
        'with the micro batch: the accumulation follows',
        [says('per-device', 32), says('micro', 8)],
        { world: 4 },
        { global: 128, micro: 8, accumulation: 4, world: 4 },
      ],
      [
        'with the accumulation',
        [says('per-device', 32), says('accumulation', 4)],
        { world: 4 },
        { global: 128, accumulation: 4, world: 4 },
      ],
      ['with --from', [says('per-device', 32)], { from: 256 }, { global: 256, accumulation: 1, world: 8 }],
      [
        'of how many is not said',
        [says('per-device', 32)],
        {},
        { global: 32, accumulation: 1, perDevice: true },
      ],
    ],
  ],
  [
    'the file says what one node takes',
    [
      ['alone', [says('per-node', 64)], {}, { global: 64, micro: 64, accumulation: 1, world: 1 }],
      [
        'on two nodes',
        [says('per-node', 64), says('nodes', 2)],
        {},
        { global: 128, micro: 64, accumulation: 1, world: 2 },
      ],
      [
        'shared by its devices',
        [says('per-node', 64), says('nodes', 2), says('devices', 4)],
        {},
        { global: 128, micro: 16, accumulation: 1, world: 8 },
      ],
      [
        'by default',
        [leaves('per-node', 64), leaves('devices', 1), leaves('nodes', 1)],
        {},
        { global: 64, micro: 64, accumulation: 1, world: 1 },
      ],
      [
        'by default, but --from says otherwise',
        [leaves('per-node', 64), leaves('devices', 1)],
        { from: 256 },
        { global: 256, accumulation: 1, world: 1 },
      ],
    ],
  ],
  [
    'the file says none',
    [
      ['but --from does', [], { from: 256 }, { global: 256, accumulation: 1 }],
      [
        'but --from and the accumulation',
        [says('accumulation', 4)],
        { from: 256 },
        { global: 256, accumulation: 4 },
      ],
      [
        'but --from and the devices',
        [says('devices', 4)],
        { from: 256 },
        { global: 256, accumulation: 1, world: 4 },
      ],
      ['but the default', [leaves('global', 512)], {}, { global: 512, accumulation: 1 }],
      [
        'but the default, with a micro batch that follows from the devices',
        [leaves('global', 512), says('devices', 4)],
        {},
        { global: 512, micro: 128, accumulation: 1, world: 4 },
      ],
      [
        'and --from overrules the default',
        [leaves('global', 512)],
        { from: 256 },
        { global: 256, accumulation: 1 },
      ],
    ],
  ],
])('%s', (_heading, rows) => {
  it.each(rows)('%s', (_story, fields, options, read, warnings = []) => {
    const { batch, warnings: told } = batchOf(fields, options);
    const { fields: _fields, ...numbers } = batch;
    expect(numbers).toEqual(read);
    expect(told.map(({ code }) => code)).toEqual(warnings);
  });
});

describe('parts that contradict each other are refused at their place', () => {
  it.each<Refused>([
    [
      'three parts beside the global batch',
      [says('global', 256, { offset: 5 }), says('micro', 8), says('accumulation', 4), says('devices', 4)],
      {},
      'batch-inconsistent: global is 256, but micro batch 8 x accumulation 4 x devices 4 is 128',
      5,
    ],
    [
      'a part that does not divide the global batch',
      [says('global', 100, { offset: 5 }), says('micro', 8)],
      {},
      'batch-inconsistent: global is 100, which is not a whole multiple of 8, the product of its parts',
      5,
    ],
    [
      'two that do not divide it together',
      [says('global', 96, { offset: 5 }), says('micro', 16)],
      { world: 4 },
      'batch-inconsistent: global is 96, which is not a whole multiple of 64, the product of its parts',
      5,
    ],
    [
      'two global batches',
      [says('global', 256), says('global', 128, { at: '/train/batch', offset: 9 })],
      {},
      'batch-inconsistent: two batch sizes in one file: global is 256, train.batch is 128; say which one is the batch of an optimizer step with --batch-at global or --batch-at train.batch',
      9,
    ],
    [
      'a list of devices and a count of them',
      [says('micro', 8), lists('devices', 2), says('devices', 4, { at: '/gpus', offset: 9 })],
      {},
      'batch-inconsistent: devices is 2, gpus is 4, and only one can hold: pass --world N',
      9,
    ],
    [
      '--from and the global batch',
      [says('global', 256, { offset: 5 })],
      { from: 128 },
      'batch-inconsistent: global is 256, but --from says 128',
      5,
    ],
    [
      '--from and the batch of a nominal one',
      [says('global', 16, { offset: 5 }), says('nominal', 64)],
      { from: 64 },
      'batch-inconsistent: global is 16, but --from says 64',
      5,
    ],
    [
      '--from and devices',
      [says('micro', 8, { offset: 5 }), says('devices', 4)],
      { from: 64 },
      'batch-inconsistent: micro batch x accumulation x devices is 32, but --from says 64',
      5,
    ],
    [
      '--from that one device does not divide',
      [says('micro', 8, { offset: 5 }), says('accumulation', 2)],
      { from: 72 },
      'batch-inconsistent: --from 72 is not a whole multiple of the 16 samples that one device takes per optimizer step',
      5,
    ],
    [
      '--from and nodes',
      [says('per-node', 64, { offset: 5 }), says('nodes', 2)],
      { from: 64 },
      'batch-inconsistent: per-node x machines is 128, but --from says 64',
      5,
    ],
    [
      'a node whose devices cannot share',
      [says('per-node', 64, { offset: 5 }), says('devices', 3)],
      {},
      'batch-inconsistent: per-node 64 cannot be shared evenly by 3 devices',
      5,
    ],
    [
      'fractions that make no whole batch',
      [says('micro', 0.3, { offset: 5, fractional: true })],
      { world: 2 },
      'batch-inconsistent: 0.3 samples on each of 2 devices make 0.6, no whole batch',
      5,
    ],
    [
      'a micro batch that does not divide what one device takes',
      [says('per-device', 10, { offset: 5 }), says('micro', 4)],
      { world: 2 },
      'batch-inconsistent: per-device is 10, which is not a whole multiple of the micro batch 4',
      5,
    ],
    [
      'devices that copies of the model do not divide',
      [says('micro', 4), says('devices', 6), shares('tensor', 4)],
      {},
      'batch-inconsistent: 6 devices cannot be shared by copies of the model that take 4 devices each',
      3,
    ],
    [
      'all devices in one number, and their product',
      [says('micro', 4), says('world', 8, { offset: 5 }), says('devices', 4), says('nodes', 4)],
      {},
      'batch-inconsistent: world is 8, but devices x nodes is 16: say how many devices there are with --world N',
      5,
    ],
    [
      'the global batch and a default that the trainer reads beside it',
      [says('global', 256, { offset: 5 }), says('micro', 8), says('devices', 4), leaves('accumulation', 1)],
      {},
      'batch-inconsistent: global is 256, but micro batch 8 x devices 4 x the default of accumulation, 1, is not: set accumulation to 8, or say how many devices there are with --world N',
      5,
    ],
    [
      'two of which nobody says what they count',
      [says('unsaid', 1024), says('unsaid', 256, { at: '/mini', offset: 9 })],
      { world: 1 },
      'batch-inconsistent: two batch sizes in one file: unsaid is 1024, mini is 256; say which one is the batch of an optimizer step with --batch-at unsaid or --batch-at mini',
      9,
    ],
    [
      'one of which nobody says what it counts, and a micro batch that does not make it',
      [says('unsaid', 32), says('micro', 4, { offset: 9 }), says('devices', 4)],
      {},
      'batch-inconsistent: two batch sizes in one file: unsaid is 32, micro is 4; say which one is the batch of an optimizer step with --batch-at unsaid or --batch-at micro',
      9,
    ],
    [
      '--batch-is and a field that says it itself',
      [says('micro', 4, { offset: 9 })],
      { batchIs: 'total' },
      'usage: --batch-is total: micro counts one device in this framework',
      9,
    ],
    [
      'nothing said',
      [says('devices', 4), says('micro-limit', 4096)],
      {},
      'batch-unknown: no batch size found in this file: give the one its settings were made for with --from N',
    ],
  ])('%s', (_story, fields, options, message, at) =>
    expect(refusal(() => batchOf(fields, options))).toEqual({ says: message, at }),
  );
});

describe('a part whose number is not in the file', () => {
  const AUTO =
    'is "auto": the trainer\'s own config sets it, so convert that file. If other values here must move too, give this file\'s global batch size with --from N';
  const COMPUTED =
    'is ${x}, which is not known from this file alone: give the global batch size with --from N';

  it.each<[string, Fields, Unreadable, string]>([
    ['the micro batch', [], hides('micro', 'auto'), `auto: micro ${AUTO}`],
    ['the global batch', [], hides('global', 'auto'), `auto: global ${AUTO}`],
    [
      'the global batch, computed',
      [],
      hides('global', 'interpolation', '${x}'),
      `interpolation: global ${COMPUTED}`,
    ],
    [
      'the global batch, beside a default of the micro batch',
      [leaves('micro', 8)],
      hides('global', 'interpolation', '${x}'),
      `interpolation: global ${COMPUTED}`,
    ],
    [
      'the global batch, computed, beside the micro batch and the devices',
      [says('micro', 8), says('devices', 2)],
      hides('global', 'interpolation', '${x}'),
      `interpolation: global ${COMPUTED}`,
    ],
    [
      'the accumulation, beside a global batch by default',
      [leaves('global', 8)],
      hides('accumulation', 'auto'),
      `auto: accumulation ${AUTO}`,
    ],
    [
      'the accumulation, beside the micro batch',
      [says('micro', 8), says('devices', 2)],
      hides('accumulation', 'auto'),
      `auto: accumulation ${AUTO}`,
    ],
  ])('%s is refused', (_story, fields, unreadable, message) =>
    expect(refusal(() => batchOf(fields, {}, [unreadable]))).toEqual({ says: message, at: 7 }),
  );

  it.each<[string, Fields, BatchOptions, Unreadable, Read]>([
    [
      'does not matter beside the global batch',
      [says('global', 256)],
      {},
      hides('micro', 'auto'),
      { global: 256, accumulation: 1 },
    ],
    [
      'does not matter where --from says it',
      [],
      { from: 256 },
      hides('global', 'auto'),
      { global: 256, accumulation: 1 },
    ],
    [
      'does not matter where --from says it and the micro batch is in the file',
      [says('micro', 8)],
      { from: 256 },
      hides('accumulation', 'auto'),
      { global: 256, micro: 8, accumulation: 1, world: 32 },
    ],
    [
      'does not matter where it is the devices and --world says them',
      [says('micro', 8)],
      { world: 4 },
      hides('devices', 'interpolation', '${x}'),
      { global: 32, micro: 8, accumulation: 1, world: 4 },
    ],
  ])('%s', (_story, fields, options, unreadable, read) =>
    expect(batchOf(fields, options, [unreadable]).batch).toMatchObject(read),
  );
});

describe('passes that the file computes', () => {
  const passes = (source: string) => hides('accumulation', 'interpolation', source);
  const MICRO = [says('micro', 8), says('devices', 2)];

  it.each([
    ['of numbers', '5 * 8'],
    ['of the number of devices', '40 // world_size'],
    ['of the devices under another name', '8 // num_gpus'],
    ['by dividing itself', 'accumulation //= world_size'],
  ])('%s stay, so for another batch by its ratio they need not be known', (_story, source) => {
    expect(batchOf(MICRO, { by: 2 }, [passes(source)]).batch).toMatchObject({ micro: 8, world: 2 });
    expect(refusal(() => batchOf(MICRO, {}, [passes(source)]))).toEqual({
      says: `interpolation: accumulation is computed, \`${source}\`, which is not known from this file alone: give the global batch size with --from N`,
      at: 7,
    });
  });

  it.each([
    ['of another value', 'total // batch'],
    ['of itself, compared', 'accumulation if x else 1'],
    ['of a value of the config', '${total}'],
    ['of what one device takes', '64 // batch_per_gpu'],
    ['of what one device takes, in other words', '64 // samples_per_device'],
    ['of what all of them take', '64 // world_batch'],
  ])('%s may move with the batch', (_story, source) =>
    expect(refusal(() => batchOf(MICRO, { by: 2 }, [passes(source)])).says).toMatch(
      /^interpolation: accumulation is/,
    ),
  );

  it.each(['40 // world_size', 'accumulation //= num_gpus'])(
    '%s is another number on other devices',
    (source) => {
      const options = { by: 2, worldTo: 4 };
      expect(refusal(() => batchOf(MICRO, options, [passes(source)])).says).toMatch(
        /^interpolation: accumulation is computed/,
      );
      expect(batchOf(MICRO, options, [passes('5 * 8')]).batch).toMatchObject({ micro: 8, world: 2 });
    },
  );

  it('may be made of a batch of which nobody says what it counts, which then is not taken for one', () => {
    const fields = [says('unsaid', 64), says('nodes', 1)];
    const hidden = [passes('total // bs')];
    expect(refusal(() => batchOf(fields, { by: 2 }, hidden)).says).toMatch(
      /^interpolation: accumulation is computed/,
    );
    expect(batchOf([says('unsaid', 64)], { batchIs: 'total' }, hidden).batch).toMatchObject({ global: 64 });
    expect(batchOf([says('unsaid', 64)], { by: 2 }, [passes('5 * 8')]).batch).toMatchObject({ global: 64 });
  });

  it('are not asked for beside a number of them', () =>
    expect(
      batchOf([says('unsaid', 64), says('accumulation', 4)], {}, [passes('total // bs')]).batch,
    ).toMatchObject({ global: 256 }));

  it('are asked for where the batch would be taken for the whole step', () =>
    expect(refusal(() => batchOf([says('unsaid', 64)], {}, [passes('total // bs')])).says).toMatch(
      /^interpolation: accumulation is computed/,
    ));

  it('are named, the first of several', () =>
    expect(refusal(() => batchOf(MICRO, {}, [passes('${one}'), passes('${two}')])).says).toContain(
      'accumulation is ${one}, ',
    ));
});

it('passes that are shared out among the devices change with no number of them: --world is refused', () => {
  const together = says('accumulation', 8, { together: true });
  const says_ =
    'usage: accumulation counts the passes of all devices together, so their number changes no batch: leave --world out';
  for (const options of [{ world: 2 }, { worldTo: 2 }])
    expect(refusal(() => batchOf([says('micro', 4), together], options)).says).toBe(says_);
  const hidden = { ...hides('accumulation', 'auto'), role: together.role };
  expect(refusal(() => batchOf([says('micro', 4)], { world: 2, by: 2 }, [hidden])).says).toBe(says_);
});

it('of two counts of tokens the first is told; a limit of them is none', () => {
  const tokens = { unit: 'tokens' } as const;
  const fields = [
    says('micro-limit', 9, { ...tokens, offset: 1 }),
    says('micro', 8, { ...tokens, offset: 2 }),
    says('global', 8, { ...tokens, offset: 3 }),
  ];
  expect(batchOf(fields).warnings).toMatchObject([{ code: 'batch-in-tokens', offset: 2 }]);
});

describe('what is told', () => {
  it.each<[string, Fields, string, number]>([
    [
      'what an ambiguous batch was taken for',
      [says('unsaid', 8, { offset: 5 }), says('world', 4)],
      'unsaid 8 is taken for what one device takes, since there are 4 devices: say --batch-is total where that is wrong',
      5,
    ],
    [
      'tokens',
      [says('global', 4096, { offset: 5, unit: 'tokens' })],
      'global counts tokens, so the batch sizes here, --to and --from are tokens too',
      5,
    ],
  ])('%s', (_story, fields, message, offset) =>
    expect(batchOf(fields).warnings).toMatchObject([{ severity: 'warning', message, offset }]),
  );
});

describe('a batch of which nobody says what it counts is one device’s where somebody speaks of devices', () => {
  const ONE = { global: 64, micro: 64, perDevice: true };
  it.each(['devices', 'nodes', 'world', 'replicas'] as const)('a number of %s that is elsewhere', (part) =>
    expect(batchOf([says('unsaid', 64)], {}, [hides(part, 'interpolation', '${n}')]).batch).toMatchObject(
      ONE,
    ),
  );

  it('or the user, who says how many there will be', () =>
    expect(batchOf([says('unsaid', 64)], { worldTo: 4 }).batch).toMatchObject(ONE));

  it.each<[number, string]>([
    [1, 'since there is 1 device:'],
    [2, 'since there are 2 devices:'],
  ])('%d: told as such', (count, since) =>
    expect(batchOf([says('unsaid', 64), says('devices', count)]).warnings[0]!.message).toContain(since),
  );

  it('--from must be whole passes of it', () =>
    expect(refusal(() => batchOf([says('unsaid', 8), says('accumulation', 4)], { from: 16 })).says).toBe(
      'batch-inconsistent: micro batch x accumulation x devices is 32, but --from says 16',
    ));
});
