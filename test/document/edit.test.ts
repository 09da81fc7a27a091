import { describe, expect, it } from 'vitest';
import { applyEdits } from '../../src/document/edit.ts';
import type { MapNode } from '../../src/document/nodes.ts';
import { documentsOf } from '../helpers/parse.ts';

/** Inserts `betas` behind `lr` into the mapping at a pointer. */
async function insert(text: string, pointer = '', file = 'x.yaml'): Promise<string> {
  const document = (await documentsOf(text, file))[0]!;
  const map = document.nodes.get(pointer) as MapNode;
  const sibling = map.entries.find((e) => e.key === 'lr') ?? map.entries.at(-1);
  return applyEdits(
    text,
    document.notation.insert(document, map, sibling, [{ key: 'betas', value: '[0.9, 0.99]' }]),
  );
}

describe('an entry is inserted in the style of its mapping', () => {
  it('on a line of its own in block YAML, behind the comment', async () => {
    expect(await insert('a:\n  lr: 0.1  # tuned\n  b: 2\n', '/a')).toBe(
      'a:\n  lr: 0.1  # tuned\n  betas: [0.9, 0.99]\n  b: 2\n',
    );
  });
  it('in a list item, under the first key', async () => {
    expect(await insert('- lr: 0.1\n- lr: 0.2\n', '/0')).toBe('- lr: 0.1\n  betas: [0.9, 0.99]\n- lr: 0.2\n');
  });
  it('without a line break at the end of the file', async () =>
    expect(await insert('lr: 0.1')).toBe('lr: 0.1\nbetas: [0.9, 0.99]'));
  it('with CRLF', async () =>
    expect(await insert('lr: 0.1\r\nb: 2\r\n')).toBe('lr: 0.1\r\nbetas: [0.9, 0.99]\r\nb: 2\r\n'));
  it('behind a byte order mark', async () =>
    expect(await insert('\ufefflr: 0.1\n')).toBe('\ufefflr: 0.1\nbetas: [0.9, 0.99]\n'));
  it('behind a block list', async () =>
    expect(await insert('lr:\n- 0.1\n- 0.2\nb: 1\n')).toBe('lr:\n- 0.1\n- 0.2\nbetas: [0.9, 0.99]\nb: 1\n'));
  it('behind a block scalar', async () =>
    expect(await insert('b: |\n  x\n  y\n')).toBe('b: |\n  x\n  y\nbetas: [0.9, 0.99]\n'));
  it('behind an alias, not behind what it stands for', async () =>
    expect(await insert('a:\n  x: &x 1\n  y: 2\nlr: *x\nb: 1\n')).toBe(
      'a:\n  x: &x 1\n  y: 2\nlr: *x\nbetas: [0.9, 0.99]\nb: 1\n',
    ));
  it('behind a mapping that ends with an alias or a merge key', async () => {
    const anchor = 'a: &a\n  x: 1\n  y: 2\n';
    expect(await insert(`${anchor}lr:\n  z: *a\nb: 1\n`)).toBe(
      `${anchor}lr:\n  z: *a\nbetas: [0.9, 0.99]\nb: 1\n`,
    );
    expect(await insert(`${anchor}lr:\n  z: 1\n  <<: *a\nb: 1\n`)).toBe(
      `${anchor}lr:\n  z: 1\n  <<: *a\nbetas: [0.9, 0.99]\nb: 1\n`,
    );
  });
  it('behind a mapping and before the comments that follow it', async () =>
    expect(await insert('lr:\n  z: 1\n\n# b\nb: 1\n')).toBe(
      'lr:\n  z: 1\nbetas: [0.9, 0.99]\n\n# b\nb: 1\n',
    ));
  it('in one line of flow YAML', async () =>
    expect(await insert('a: {lr: 0.1, b: 2}\n', '/a')).toBe('a: {lr: 0.1, betas: [0.9, 0.99], b: 2}\n'));
  it('in an empty mapping', async () =>
    expect(await insert('a: {}\n', '/a')).toBe('a: {betas: [0.9, 0.99]}\n'));
  it('in an empty object of JSON, behind comments at its head and in a list', async () => {
    expect(await insert('// c\n{"a": {}}', '/a', 'x.json')).toBe('// c\n{"a": {"betas": [0.9, 0.99]}}');
    expect(await insert('/* c */ [{}]', '/0', 'x.json')).toBe('/* c */ [{"betas": [0.9, 0.99]}]');
  });
  it('in JSON, line by line', async () => {
    expect(await insert('{\n\t"lr": 0.1,\n\t"b": 2\n}', '', 'x.json')).toBe(
      '{\n\t"lr": 0.1,\n\t"betas": [0.9, 0.99],\n\t"b": 2\n}',
    );
  });
  it('in JSON as the last entry, the comma before the comment', async () => {
    expect(await insert('{\n  "lr": 0.1 // tuned\n}', '', 'x.json')).toBe(
      '{\n  "lr": 0.1, // tuned\n  "betas": [0.9, 0.99]\n}',
    );
  });
  it('in JSON with a trailing comma and a comment', async () => {
    expect(await insert('{\n  "lr": 0.1, /* a */ // b\n}', '', 'x.json')).toBe(
      '{\n  "lr": 0.1, /* a */ // b\n  "betas": [0.9, 0.99],\n}',
    );
  });
  it('in JSON on one line', async () =>
    expect(await insert('{"lr": 0.1}', '', 'x.json')).toBe('{"lr": 0.1, "betas": [0.9, 0.99]}'));
  it('where the closing bracket is on the last entry’s line', async () => {
    expect(await insert('{\n  "lr": 0.1}', '', 'x.json')).toBe('{\n  "lr": 0.1,\n  "betas": [0.9, 0.99]}');
  });
  it('in a flow mapping with # comments, quoted like its sibling', async () => {
    expect(await insert('{\n  # neox\n  "lr": 0.1, # tuned\n  "b": true,\n}\n')).toBe(
      '{\n  # neox\n  "lr": 0.1, # tuned\n  "betas": [0.9, 0.99],\n  "b": true,\n}\n',
    );
  });
});

describe('edits', () => {
  it('at one place keep their order', () => {
    const at = (text: string) => ({ offset: 1, length: 0, text });
    expect(applyEdits('ab', [at('1'), at('2')])).toBe('a12b');
  });
  it('must not overlap', () => {
    const overlapping = [
      { offset: 0, length: 2, text: 'x' },
      { offset: 1, length: 1, text: 'y' },
    ];
    expect(() => applyEdits('abc', overlapping)).toThrow(RangeError);
  });
});
