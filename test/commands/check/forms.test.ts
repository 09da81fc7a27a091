import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { cli } from '../../helpers/cli.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';

/** One average by what a step keeps, what it forgets, and the steps after which half is forgotten. */
const FORMS: Record<string, (decay: number) => number> = {
  decay: (decay) => decay,
  complement: (decay) => 1 - decay,
  'half-life': (decay) => -Math.LN2 / Math.log(decay),
};
const NAMES = Object.keys(FORMS);

const SCHEMA = {
  title: 'own',
  dialect: { name: 'own', framework: 'own', version: '1', library: 'torch' },
  properties: {
    batch: { $ref: 'roles.schema.json#/$defs/globalBatch' },
    lr: { $ref: 'roles.schema.json#/$defs/learningRate' },
    ...Object.fromEntries(
      NAMES.map((form) => [
        form,
        { type: 'number', role: { role: 'decay', of: 'model-ema', form, per: 'step' } },
      ]),
    ),
  },
};

it.each(NAMES.flatMap((old) => NAMES.map((now) => [old, now] as const)))(
  'an average written as %s and then as %s is compared by what it forgets',
  async (old, now) => {
    const cwd = temporaryFolder();
    const decay = 0.5 ** (1 / 1000);
    const write = (name: string, form: string, batch: number, value: number) =>
      writeFileSync(
        join(cwd, name),
        `batch: ${batch}\noptimizer: sgd\nlr: ${batch / 80}\n${form}: ${FORMS[form]!(value)}\n`,
      );
    writeFileSync(join(cwd, 'own.json'), JSON.stringify(SCHEMA));
    write('old.yaml', old, 8, decay);
    write('converted.yaml', now, 16, decay ** 2);
    write('left.yaml', now, 16, decay);
    const check = (file: string) =>
      cli(['check', '--schema', 'own.json', '--against', 'old.yaml', file], { cwd });
    expect(await check('converted.yaml')).toMatchObject({ code: 0, stderr: '' });
    expect((await check('left.yaml')).code).toBe(1);
  },
);
