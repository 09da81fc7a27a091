import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { cli } from '../helpers/cli.ts';
import { temporaryFolder } from '../helpers/temporary.ts';

let cwd: string;
beforeAll(() => {
  cwd = temporaryFolder();
  writeFileSync(join(cwd, 'run.yaml'), 'b: 8\ng: 4\nlr: 0.1\n');
});

const SCHEMA = `{ "title": "x", "dialect": { "name": "x", "framework": "x", "version": "1", "library": "torch" },
  "type": "object",
  "properties": {
    "b": { "$ref": "roles.schema.json#/$defs/microBatch" },
    "g": { "$ref": "roles.schema.json#/$defs/devices", "role": { "part": "devices" } },
    "lr": { "$ref": "roles.schema.json#/$defs/learningRate", "role": {} },
    "warmup": { "$ref": "roles.schema.json#/$defs/scheduleSteps", "role": {} } } }`;

/** Converts with the schema in which one text stands for another. */
async function convertWith(from: string, to: string) {
  expect(SCHEMA.split(from)).toHaveLength(2);
  writeFileSync(
    join(cwd, 'my.schema.json'),
    SCHEMA.replace(from, () => to),
  );
  return cli(['run.yaml', '--schema', 'my.schema.json', '--to', '64', '-q', '--optimizer', 'sgd'], { cwd });
}

it('a right schema converts', async () => {
  const { code, stdout } = await convertWith('"title": "x"', '"title": "y"');
  expect({ code, stdout }).toEqual({ code: 0, stdout: 'b: 16\ng: 4\nlr: 0.2\n' });
});

const LR = '"lr": { "$ref": "roles.schema.json#/$defs/learningRate", "role": {} }';
const WARMUP = 'scheduleSteps", "role": {}';

describe('a slip in a schema is refused at its place', () => {
  it.each<[string, string, string, string]>([
    [
      'the part of a batch',
      '"part": "devices"',
      '"part": "device"',
      '5:74: properties.g.role.part must be one of global, micro, accumulation, devices, nodes, world, replicas, model-parallel, unsaid, per-device, per-node, nominal, micro-limit, not "device": did you mean devices?',
    ],
    [
      'the unit of a count',
      WARMUP,
      WARMUP.replace('{}', '{ "unit": "micro-step" }'),
      '7:85: properties.warmup.role.unit must be one of steps, micro-steps, scheduler-ticks, samples, tokens, epochs, not "micro-step": did you mean micro-steps?',
    ],
    [
      'the scaling of a trainer',
      LR,
      LR.replace('{}', '{ "trainer": "lineer" }'),
      '6:83: properties.lr.role.trainer must be one of linear, sqrt, per-worker, sqrt-per-worker, noam, summed-passes, micro, sqrt-micro, accumulation, sqrt-accumulation, per-device, sqrt-per-device, not "lineer": did you mean linear?',
    ],
    [
      'a field that the role lacks',
      LR,
      LR.replace('{}', '{ "trainr": "linear" }'),
      '6:82: properties.lr.role.trainr is unknown here; allowed are role, point, trainer: did you mean trainer?',
    ],
    [
      'the name of a role',
      LR,
      '"lr": { "role": { "role": "learning-rat", "point": "peak" } }',
      '6:31: properties.lr.role.role must be one of batch, learning-rate, ',
    ],
    [
      'a role without what it needs',
      LR,
      '"lr": { "role": { "role": "learning-rate" } }',
      '6:21: properties.lr.role lacks "point"',
    ],
    [
      'a scope',
      '"type": "object",',
      '"type": "object", "scope": "optimiser",',
      '2:30: scope must be optimizer, not "optimiser": did you mean optimizer?',
    ],
    [
      'where a default comes from',
      LR,
      LR.replace('"role": {}', '"defaultFrom": "optimzer"'),
      '6:77: properties.lr.defaultFrom must be optimizer, not "optimzer": did you mean optimizer?',
    ],
    [
      'a keyword',
      LR,
      LR.replace('"role": {}', '"defautl": 1'),
      '6:73: properties.lr.defautl is not a keyword: did you mean default?',
    ],
    [
      'a definition',
      LR,
      LR.replace('learningRate', 'learningrate'),
      '6:21: properties.lr.$ref leads nowhere: roles.schema.json has no definition learningrate: did you mean learningRate?',
    ],
    [
      'the description of the dialect',
      '"library": "torch"',
      '"libary": "torch"',
      '1:87: dialect.libary is unknown here; allowed are name, framework, version, library, specializes, refuses, floats, open, companion, sample, tried: did you mean library?',
    ],
    [
      'a constraint',
      '"type": "object",',
      '"type": "object", "constraint": { "kind": "multiple", "of": ["a"] },',
      '2:63: constraint.of must NOT have fewer than 2 items',
    ],
    [
      'an assumption',
      '"type": "object",',
      '"type": "object", "assumes": { "optimiser": "SGD" },',
      '2:47: assumes.optimiser is unknown here; allowed are optimizer, decays: did you mean optimizer?',
    ],
    [
      'an encoding',
      LR,
      '"lr": { "encoding": { "kind": "time-strings", "items": [] } }',
      '6:35: properties.lr.encoding.kind must be one of tuple-string, kv-string, time-string, not "time-strings": did you mean time-string?',
    ],
    [
      'a role in an encoding',
      LR,
      '"lr": { "encoding": { "kind": "tuple-string", "items": [{ "$ref": "roles.schema.json#/$defs/beta3", "role": { "of": "thrid" } }] } }',
      'properties.lr.encoding.items[0].role.of must be one of gradient, second-moment, third,',
    ],
    ['a keyword of JSON Schema', '"type": "object"', '"type": "objct"', '2:11: type must be '],
  ])('%s', async (_name, from, to, message) => {
    const { code, stdout, stderr } = await convertWith(from, to);
    expect(stdout).toBe('');
    expect(stderr).toContain(message);
    expect(stderr).toMatch(/^my\.schema\.json:\d+:\d+: /);
    expect(code).toBe(2);
  });

  it('all of them at once', async () => {
    const { stderr } = await convertWith(
      '"type": "object",',
      '"type": "object", "scope": "s", "note": 3, "forbidden": "",',
    );
    expect(stderr.match(/^my\.schema\.json:2:\d+: (?:scope|note|forbidden) /gm)).toHaveLength(3);
  });

  it('what is no schema at all', async () => {
    writeFileSync(join(cwd, 'my.schema.json'), '[1]');
    const { code, stderr } = await cli(['run.yaml', '--schema', 'my.schema.json', '--to', '64'], { cwd });
    expect(stderr).toMatch(/^my\.schema\.json:1:1: \(document\) must be object/);
    expect(code).toBe(2);
  });
});
