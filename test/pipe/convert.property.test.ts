import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { convertConfig } from '../../src/pipe/convert.ts';
import { jsonConfig, type RandomConfig, yamlConfig } from '../helpers/documents.ts';
import { documentsOf } from '../helpers/parse.ts';

/** The numbers of a document by pointer. */
async function numbers(text: string, file: string): Promise<Map<string, number>> {
  const nodes = [...(await documentsOf(text, file))[0]!.nodes];
  return new Map(
    nodes.flatMap(([p, n]) =>
      n.kind === 'scalar' && typeof n.value === 'number' ? [[p, n.value] as const] : [],
    ),
  );
}

const batchOf = async ({ text, file }: RandomConfig) => (await numbers(text, file)).get('/train/batch_size')!;

describe.each([
  ['YAML', yamlConfig],
  ['JSON', jsonConfig],
])('%s of any look', (_, configs) => {
  const factor = fc.constantFrom([1, 8], [1, 4], [1, 2], [2, 1], [4, 1], [3, 2]);

  it('only the planned scalars differ, and comments and layout stay', async () => {
    await fc.assert(
      fc.asyncProperty(configs, factor, async (config, [up, down]) => {
        const from = await batchOf(config);
        const to = (from * up!) / down!;
        const { text, changes } = await convertConfig(config, { to, world: 1, insert: false });
        const planned = new Map(changes.map((c) => [c.pointer, c]));
        const before = (await documentsOf(config.text, config.file))[0]!;
        const after = (await documentsOf(text, config.file))[0]!;
        expect([...after.nodes].map(([p]) => p)).toEqual([...before.nodes].map(([p]) => p));
        for (const [pointer, node] of before.nodes) {
          const now = after.nodes.get(pointer)!;
          if (node.kind !== 'scalar' || now.kind !== 'scalar') continue;
          if (planned.has(pointer)) expect(now.value).toBe(planned.get(pointer)!.to);
          else expect(now.source).toBe(node.source);
        }
        const outside = (t: string, side: 'from' | 'to') =>
          changes.reduce((rest, c) => rest.replace(c.text[side], ''), t).length;
        expect(outside(text, 'to')).toBe(outside(config.text, 'from'));
        for (const pointer of ['/train/batch_size', '/optimizer/lr'])
          expect(planned.has(pointer), pointer).toBe(to !== from);
      }),
      { numRuns: 300 },
    );
  });

  it('the proof of the meaning holds, with fields inserted, at any digits and by any rule', async () => {
    const rules = fc.constantFrom('ema', 'linear', 'sqrt', 'keep-lr');
    await fc.assert(
      fc.asyncProperty(
        configs,
        factor,
        rules,
        fc.integer({ min: 2, max: 17 }),
        async (config, by, rule, digits) => {
          const to = ((await batchOf(config)) * by[0]!) / by[1]!;
          const { results } = await convertConfig(config, { to, rule, digits });
          expect(results[0]!.recipe.batch.global).toBe(to);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('there and back with 12 digits restores every value to 1e-9', async () => {
    await fc.assert(
      fc.asyncProperty(configs, factor, async (config, [up, down]) => {
        const from = await batchOf(config);
        const to = (from * up!) / down!;
        const there = await convertConfig(config, { to, world: 1, digits: 12, steps: 'keep' });
        const back = await convertConfig(
          { ...config, text: there.text },
          { to: from, world: 1, digits: 12, steps: 'keep' },
        );
        const now = await numbers(back.text, config.file);
        for (const [pointer, value] of await numbers(config.text, config.file)) {
          expect(Math.abs(now.get(pointer)! - value)).toBeLessThanOrEqual(1e-9 * Math.abs(value));
        }
      }),
      { numRuns: 300 },
    );
  });
});
