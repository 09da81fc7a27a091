import { describe, expect, it } from 'vitest';
import { needlesOf } from '../src/dialect/needles.ts';

describe('the keys of which one must be there', () => {
  it.each([
    [{ type: 'object', required: ['a', 'b'] }, ['a']],
    [{ anyOf: [{ required: ['a'] }, { required: ['b', 'c'] }] }, ['a', 'b']],
    [{ required: ['z'], anyOf: [{ required: ['a'] }, { required: ['b'] }] }, ['z']],
    [{ allOf: [{ required: ['a'] }] }, ['a']],
    [{ anyOf: [{ required: ['a'] }, { properties: {} }] }, undefined],
    [{ not: { required: ['a'] } }, undefined],
    [{ type: 'object' }, undefined],
  ])('%j', (schema, needles) => expect(needlesOf(schema)).toEqual(needles));
});
