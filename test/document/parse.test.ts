import { describe, expect, it } from 'vitest';
import { placeOf } from '../../src/base/diagnostic.ts';
import { Problem } from '../../src/base/problem.ts';
import { documentsOf } from '../helpers/parse.ts';

const values = async (text: string, file = 'x.yaml') =>
  JSON.parse(JSON.stringify((await documentsOf(text, file))[0]!.data));

describe('scalars are read as PyYAML reads them, and 1e-4 as the number it means', () => {
  const cases: [string, unknown][] = [
    ['1.0e-4', 1e-4],
    ['1e-4', 1e-4],
    ['5e12', 5e12],
    ['3.e-5', 3e-5],
    ['150_001', 150001],
    ['017', 15],
    ['0x10', 16],
    ['0b11', 3],
    ['10:30', 630],
    ['off', false],
    ['Yes', true],
    ['~', null],
    ['', null],
    ['-1', -1],
    ['1.5.2', '1.5.2'],
    ['"320"', '320'],
    ["'0.1'", '0.1'],
    ['!!float 1e-4', 1e-4],
    ['!!str 3', '3'],
    ['!!int "3"', 3],
    ['y', 'y'],
    ['(0.9, 0.98)', '(0.9, 0.98)'],
    ['100ba', '100ba'],
  ];
  it.each(cases)('%s', async (source, value) => expect(await values(`a: ${source}\n`)).toEqual({ a: value }));

  it('knows which of them PyYAML would call a string', async () => {
    const node = (await documentsOf('a: 1e-4\nb: 1.0e-4\n'))[0]!.nodes;
    expect(node.get('/a')).toMatchObject({ stringToPyYaml: true });
    expect(node.get('/b')).not.toHaveProperty('stringToPyYaml');
  });
});

describe('the content decides the format', () => {
  it('commented JSON in a .yaml file is JSON', async () =>
    expect(await values('{ // c\n "a": 1e-3, }\n')).toEqual({ a: 1e-3 }));
  it('a flow mapping with # comments in a .yml file is YAML', async () =>
    expect(await values('{ # c\n "a": 1e-3,\n "b": True, }\n')).toEqual({ a: 1e-3, b: true }));
  it('JSON keeps its tabs', async () =>
    expect(await values('{\n\t"a": [1,\t2]}', 'x.json')).toEqual({ a: [1, 2] }));
});

describe('anchors', () => {
  const text = 'base: &b\n  lr: 0.1\n  wd: 0.2\none:\n  <<: *b\n  wd: 0.3\ntwo: *b\n';
  it('are followed through aliases and merge keys, own keys first', async () => {
    expect(await values(text)).toEqual({
      base: { lr: 0.1, wd: 0.2 },
      one: { lr: 0.1, wd: 0.3 },
      two: { lr: 0.1, wd: 0.2 },
    });
  });
  it('tell all pointers that see the same text', async () => {
    const document = (await documentsOf(text))[0]!;
    expect(document.shared.get(document.nodes.get('/base/lr')!)).toEqual(['/base/lr', '/one/lr', '/two/lr']);
  });
  it('do not blow up', async () => {
    let bomb = 'a: &a [x, x, x, x, x, x, x, x, x, x]\n';
    for (const [i, name] of [...'bcdefgh'].entries()) {
      const before = 'abcdefg'[i];
      bomb += `${name}: &${name} [${Array(10).fill(`*${before}`).join(', ')}]\n`;
    }
    await expect(documentsOf(bomb)).rejects.toThrow(/values behind its aliases/);
  });
});

describe('bad text is refused at its place', () => {
  const cases: [string, string, string, string, string][] = [
    ['an empty file', '', 'x.yaml', 'empty', '1:1'],
    ['white space and a comment', ' \n# nothing\n', 'x.yaml', 'empty', '1:1'],
    [
      'an error that makes of a key one that stands twice',
      "&x a: [unclosed\n'a': 's'\n",
      'x.yaml',
      'syntax',
      '2:1',
    ],
    ['an error, then a key that stands twice', 'b: *x\n\tc: 1\na: 1\na: 2\n', 'x.yaml', 'syntax', '2:1'],
    ['a broken flow list', 'a: [1, 2\nb: 3\n', 'x.yaml', 'syntax', '2:1'],
    ['a JSON value that is missing', '{"a": }', 'x.json', 'syntax', '1:7'],
    ['an alias without an anchor', 'a: *nope\n', 'x.yaml', 'syntax', '1:4'],
    ['a tab as indentation', 'a:\n\tb: 1\n', 'x.yaml', 'syntax', '2:1'],
  ];
  it.each(cases)('%s', async (_, text, file, code, at) => {
    let problem: unknown;
    try {
      await documentsOf(text, file);
    } catch (error) {
      problem = error instanceof Problem ? error.in({ file, text }) : error;
    }
    expect(problem).toBeInstanceOf(Problem);
    const { code: found, place } = problem as Problem;
    expect([found, `${place?.line}:${place?.column}`]).toEqual([code, at]);
  });
});

it('a column is counted behind the byte order mark', () =>
  expect(placeOf('\ufeffab', 2)).toMatchObject({ line: 1, column: 2 }));
