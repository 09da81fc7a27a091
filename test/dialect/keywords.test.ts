import { expect, it } from 'vitest';
import { expand } from '../../src/dialect/keywords.ts';

const ROLES = {
  'roles.schema.json': {
    $defs: { lr: { type: 'number', role: { role: 'learning-rate', point: 'peak' } } },
  },
};
const PEAK = { role: 'learning-rate', point: 'peak' };

it('a role beside a reference refines that of the definition', () => {
  const schema = { properties: { a: { $ref: 'roles.schema.json#/$defs/lr', role: { trainer: 'sqrt' } } } };
  expect(expand(schema, ROLES)).toEqual({
    properties: { a: { type: 'number', role: { ...PEAK, trainer: 'sqrt' } } },
  });
});

it('a definition is spelled as its reference says, in properties and in required', () => {
  const schema = {
    anyOf: ['snake_case', 'kebab-case', '--kebab-case'].map((spelling) => ({
      $ref: '#/$defs/arguments',
      spelling,
    })),
    $defs: {
      arguments: {
        required: ['base_lr'],
        properties: { base_lr: { enum: ['per_step'] }, b: { properties: { c_d: { note: 'a_b' } } } },
      },
    },
  };
  const spelled = (lr: string, b: string, c: string) => ({
    required: [lr],
    properties: { [lr]: { enum: ['per_step'] }, [b]: { properties: { [c]: { note: 'a_b' } } } },
  });
  expect(expand(schema, {})).toHaveProperty('anyOf', [
    spelled('base_lr', 'b', 'c_d'),
    spelled('base-lr', 'b', 'c-d'),
    spelled('--base-lr', '--b', '--c-d'),
  ]);
});

it('what a default of a missing field means is known through definitions', () => {
  const schema = {
    properties: { sgd: { $ref: '#/$defs/sgd', default: {} } },
    $defs: { sgd: { properties: { lr: { $ref: 'roles.schema.json#/$defs/lr', default: 0.1 } } } },
  };
  expect(expand(schema, ROLES)).toHaveProperty('absent', { '/sgd/lr': { role: PEAK, default: 0.1 } });
});
