import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { convert } from '../../src/index.ts';
import { fixtures } from '../helpers/fixtures.ts';

/** A config that was converted and is converted back: the numbers that its author wrote, not their neighbours. */
it.each([1 / 8, 3 / 2])(
  'numbers of a few digits come back from kappa %f as they were, in every fixture that has a way back',
  async (kappa) => {
    let returned = 0;
    for (const { input, dialect } of fixtures()) {
      const there = await convert({ text: readFileSync(input, 'utf8'), file: input }, { by: kappa, dialect });
      if (!there.ok) continue;
      const back = await convert({ text: there.value.text, file: input }, { by: 1 / kappa, dialect });
      if (!back.ok) continue;
      const numbers = alone(there.value.changes);
      for (const change of alone(back.value.changes)) {
        const old = numbers.find(({ pointer }) => pointer === change.pointer)?.from;
        if (old === undefined || Number.isInteger(old) || Number(old.toPrecision(4)) !== old) continue;
        expect(change.to, `${input} ${change.pointer}`).toBe(old);
        returned++;
      }
    }
    expect(returned).toBeGreaterThan(100);
  },
);

/** Changes of fields that are one number: two numbers in one text have one pointer. */
function alone<C extends { readonly pointer: string; readonly from: unknown; readonly to: unknown }>(
  changes: readonly C[],
): (C & { readonly from: number; readonly to: number })[] {
  return changes.filter(
    (c): c is C & { readonly from: number; readonly to: number } =>
      typeof c.from === 'number' &&
      typeof c.to === 'number' &&
      changes.filter(({ pointer }) => pointer === c.pointer).length === 1,
  );
}
