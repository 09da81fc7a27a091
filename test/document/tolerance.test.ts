import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { documentsOf } from '../helpers/parse.ts';

const values = async (text: string, file = 'x.yaml') =>
  JSON.parse(JSON.stringify((await documentsOf(text, file))[0]!.data));

const CASES: [string, string][] = [
  ['a key that stands twice', 'lr: 1\nb: 2\nlr: 3\n'],
  ['a block that stands twice', 'o: {lr: 1, x: 2}\nb: 2\no:\n  lr: 3\n'],
  ['a doubled key in a flow mapping', 'a: {lr: 1, "lr": 2}\n'],
  ['a doubled key in a list', '- a: 1\n- b: 1\n  b: 2\n'],
  ['a doubled key beside a merge', 'x: &x {lr: 5}\ny:\n  lr: 1\n  <<: *x\n  lr: 2\n'],
  ['two merges', 'a: &a {x: 1, z: 3}\nb: &b {x: 2}\nc:\n  <<: *a\n  <<: *b\n'],
  ['a merge of a list', 'a: &a {x: 1, z: 3}\nb: &b {x: 2}\nc:\n  <<: [*a, *b]\n'],
  ['a quote that ends less deep than its key', 'p:\n  k: "dict(\n    a=1\n  )"\n  b: 2\n'],
  ['a quote whose lines start at the margin', 'p:\n  k: "a\nb"\nc: 1\n'],
  ['single quotes with a blank line', "p:\n  k: 'x\n\n  y'\nb: 1\n"],
  ['several such quotes', 'p:\n  a: "1\n  2"\n  b: "3\n  4"\n'],
  ['a quote in a list', 'a: ["q\nr", "s"]\n'],
  ['a list in brackets that end at the margin', 'p:\n  k: [\n    1,\n    2\n]\nb: 1\n'],
  ['braces whose lines start at the margin', 'p:\n  k: {\na: 1,\nb: [2,\n3]\n}\n  c: 4\n'],
  ['comments and quotes in such brackets', 'p:\n  k: [\n    "x]", # a ] here\n    \'y#[\'\n]\n'],
  ['several such brackets', 'p:\n  a: [\n  1\n]\n  b: {\n  c: 1\n}\n'],
  ['CRLF in such brackets', 'p:\r\n  k: [\r\n 1\r\n]\r\nc: 1\r\n'],
  ['CRLF in such a quote', 'p:\r\n  k: "a\r\n  b"\r\nc: 1\r\n'],
];

function pyyaml(): ((text: string) => unknown) | undefined {
  const run = (text: string) =>
    JSON.parse(
      execFileSync(
        'python3',
        ['-c', 'import sys, yaml, json; print(json.dumps(yaml.safe_load(sys.stdin.buffer.read())))'],
        {
          input: text,
          stdio: ['pipe', 'pipe', 'ignore'],
        },
      ).toString(),
    );
  try {
    run('a: 1');
    return run;
  } catch {
    console.log('SKIPPED comparison with PyYAML: needs python3 with the package yaml');
    return undefined;
  }
}

const python = pyyaml();

describe('what PyYAML reads is read, to the same values', () => {
  it.skipIf(!python).each(CASES)('%s', async (_, text) => expect(await values(text)).toEqual(python!(text)));
});

describe('keys that stand twice', () => {
  it('the last one counts, also in JSON, and both lines are known', async () => {
    expect(await values('{"a": 1,\n "a": 2}', 'x.json')).toEqual({ a: 2 });
    const [document] = await documentsOf('lr: 1\nb: 2\nlr: 3\n');
    expect(document!.doubled).toEqual([{ pointer: '/lr', offset: 11, lines: [1, 3] }]);
  });

  it('a bracket that is never closed is refused still', async () =>
    await expect(documentsOf('p:\n  k: [1,\n2\nb: 1\n')).rejects.toMatchObject({ code: 'syntax' }));

  it('a quote that is never closed is refused still', async () =>
    await expect(documentsOf('a: "b\nc: 1\n')).rejects.toMatchObject({ code: 'syntax' }));
});

describe("HyperPyYAML's tags", () => {
  it('references are interpolations, and a tag that makes an object names its class', async () =>
    expect(
      await values(
        'lr: 1\na: !ref <lr>\nb: !copy <x[y]>\nc: !ref <lr> * 2\no: !new:torch.optim.Adam\n  lr: !ref <lr>\n',
      ),
    ).toEqual({
      lr: 1,
      a: '${lr}',
      b: '${x[y]}',
      c: '${lr} * 2',
      o: { lr: '${lr}', class: 'torch.optim.Adam' },
    }));
});
