import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { describe, expect, it } from 'vitest';
import { listDialects } from '../src/dialect/dialect.ts';
import type { Document } from '../src/document/nodes.ts';
import { cli } from './helpers/cli.ts';
import { type Fixture, fixtures, rejects } from './helpers/fixtures.ts';
import { documentsOf } from './helpers/parse.ts';
import { pyyamlType } from './helpers/yaml11.ts';

const all = fixtures();

describe.each(all)('$dialect/$name', (fixture) => {
  const input = readFileSync(fixture.input, 'utf8');

  it('converts to the expected text', async () => {
    const { code, stdout, stderr } = await cli([fixture.input, ...fixture.plan.args]);
    expect(stderr).not.toContain('internal error');
    expect({ code, stdout }).toEqual({ code: 0, stdout: readFileSync(fixture.expected, 'utf8') });
  });

  it('is recognised, and reports exactly the planned changes', async () => {
    const { stdout } = await cli([fixture.input, '--json', '-q', ...fixture.plan.args]);
    const report = JSON.parse(stdout);
    expect(report.dialect).toBe(fixture.dialect);
    const told = report.changes.map(({ pointer, part, from, to }: Record<string, unknown>) => ({
      pointer,
      ...(part === undefined ? {} : { part }),
      from,
      to,
    }));
    expect(told).toEqual(fixture.plan.changes);
    const codes = report.warnings.map((w: { code: string }) => w.code);
    for (const code of fixture.plan.warnings ?? []) expect(codes).toContain(code);
  });

  it('gives PyYAML a float where it had one', async () => {
    const before = await documentsOf(input, fixture.input);
    const after = await documentsOf(readFileSync(fixture.expected, 'utf8'), fixture.input);
    for (const [i, document] of before.entries())
      for (const [pointer, type] of types(document)) {
        const now = types(after[i]!).get(pointer);
        if (now !== undefined && type !== 'other' && before[0]?.notation.format === 'yaml')
          expect({ pointer, type: now }).toEqual({ pointer, type });
      }
  });
});

function types(document: Document): Map<string, string> {
  const plain = [...document.nodes].filter(
    ([, n]) => n.kind === 'scalar' && n.style === 'plain' && n.source !== '',
  );
  return new Map(plain.map(([pointer, n]) => [pointer, pyyamlType(n.kind === 'scalar' ? n.source : '')]));
}

describe.each(rejects())('$dialect refuses $file', ({ file, at, says, args }) => {
  it(`at ${at}`, async () => {
    const { code, stdout, stderr } = await cli([file, '--to', '64', ...args]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(`${basename(file)}:${at}: `);
    expect(stderr).toContain(says);
  });
});

describe('every dialect', () => {
  const names = listDialects()
    .filter((d) => !d.refuses)
    .map((d) => d.name);
  it.each(names)('%s has at least two fixtures and three rejects', (name) => {
    expect(all.filter((f: Fixture) => f.dialect === name).length).toBeGreaterThanOrEqual(2);
    expect(rejects().filter((r) => r.dialect === name).length).toBeGreaterThanOrEqual(3);
  });
});
