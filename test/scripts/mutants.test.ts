import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { marked, mutantsOf, mutated } from '../../scripts/mutation/mutants.mjs';

const changes = (source: string) =>
  mutantsOf('x.ts', source).map(({ from, to }: { from: string; to: string }) => `${from} -> ${to}`);

describe('the mutants of', () => {
  it.each<[string, string[]]>([
    ['const x = a < b;', ['a < b -> a <= b', 'a < b -> a >= b']],
    ['const x = a + b * c;', ['a + b * c -> a - (b * c)', 'b * c -> b / c']],
    ["const x = 'a' + b;", []],
    ['const x = `a ${b - c} d`;', ['b - c -> b + c']],
    ['const x = f(1);', ['1 -> 2', '1 -> 0']],
    ['if (a) f();', ['a -> true', 'a -> false', 'f(); -> ;']],
    ['const x = a?.b;', ['a?.b -> a!.b']],
    ['const x = a.filter(f);', ['a.filter(f) -> a']],
    ['const f = () => g(true);', ['g(true) -> undefined', 'true -> false']],
    ['type A = 1 | 2; interface B { a: 3 }', []],
    ["import a from './a.ts'; export { a };", []],
  ])('%s', (source, expected) => expect(changes(source)).toEqual(expected));

  it('the same code twice have two names', () => {
    const ids = mutantsOf('x.ts', 'f(a < b, a < b);').map(({ id }: { id: string }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });
});

/** The faults of a text as a program. */
function faults(source: string): string[] {
  const { diagnostics } = ts.transpileModule(source, { reportDiagnostics: true, fileName: 'x.ts' });
  return (diagnostics ?? []).map(({ messageText }) => String(messageText));
}

it('every mutant of a file, and the marks of all, are programs', () => {
  const name = 'src/rules/optimizer-settings.ts';
  const source = readFileSync(join(import.meta.dirname, '../..', name), 'utf8');
  const mutants = mutantsOf(name, source).map((one: object, index: number) => ({ ...one, index }));
  expect(faults(marked(source, mutants))).toEqual([]);
  for (const one of mutants) expect(faults(mutated(source, one)), one.id).toEqual([]);
});
