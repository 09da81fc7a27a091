import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { Problem } from '../../src/base/problem.ts';
import { convertConfig } from '../../src/pipe/convert.ts';
import { documentsOf } from '../helpers/parse.ts';
import { drawsOf } from './draw.ts';
import { execute, type Judges, type Kind } from './execute.ts';
import { bashJudge, hasBash, noPython, pythonJudge } from './judges.ts';
import { editedAtRandom, type Read } from './laws.ts';
import type { Format } from './model.ts';

interface Finds {
  readonly read: readonly { name: string; file: string; text: string; says: unknown }[];
  readonly edited: readonly { name: string; format: Read; text: string }[];
  readonly converted: readonly {
    name: string;
    file: string;
    by: number;
    text: string;
    result?: string;
    refused?: string;
  }[];
}
const FINDS: Finds = JSON.parse(readFileSync(new URL('../data/fuzz-finds.json', import.meta.url), 'utf8'));

const missing = noPython() ?? (hasBash() ? undefined : 'there is no bash');
if (missing)
  console.log(
    `SKIPPED fuzzing: ${missing}; with bash, python3 3.11 and its package yaml: npx vitest run test/fuzz`,
  );

let judges: Judges | undefined;
const judged = (): Judges => {
  judges ??= { python: pythonJudge(), bash: bashJudge() };
  return judges;
};
afterAll(() => {
  judges?.python.close();
  judges?.bash.close();
});

describe('what the fuzzer found', () => {
  it.each(FINDS.read)('is read as its own reader does: $name', async ({ file, text, says }) =>
    expect(JSON.parse(JSON.stringify((await documentsOf(text, file))[0]!.data))).toEqual(says),
  );

  it.skipIf(missing).each(FINDS.edited)('can be edited anywhere: $name', async ({ format, text }) => {
    for (let seed = 0; seed < 40; seed++)
      expect(await editedAtRandom(format, text, drawsOf(seed), judged().python)).not.toMatchObject({
        kind: 'broken',
      });
  });

  it.each(FINDS.converted)(
    'is converted, or refused with a reason: $name',
    async ({ file, by, text, result, refused }) => {
      const made = convertConfig({ file, text }, { by, digits: 6 });
      if (refused === undefined) expect((await made).text).toBe(result);
      else
        await expect(made).rejects.toSatisfy((error) => error instanceof Problem && error.code === refused);
    },
  );
});

/** Executions of an ordinary run, which takes half a minute. */
const USUAL: readonly (readonly [Format, Kind, number])[] = [
  ['yaml', 'edits', 1200],
  ['yaml', 'converts', 120],
  ['json', 'edits', 600],
  ['json', 'converts', 80],
  ['toml', 'edits', 600],
  ['toml', 'converts', 80],
  ['python', 'edits', 600],
  ['python', 'converts', 80],
  ['shell', 'converts', 120],
];
const ALL = USUAL.reduce((sum, [, , count]) => sum + count, 0);
/** `REBATCH_FUZZ=1000000 REBATCH_FUZZ_SEED=7 npx vitest run test/fuzz` runs a million from another seed. */
const factor = Number(process.env.REBATCH_FUZZ ?? ALL) / ALL;
const SEED = Number(process.env.REBATCH_FUZZ_SEED ?? 1);
const TOGETHER = 64;

describe.skipIf(missing)('a file of any look', () => {
  it.each(USUAL)(
    '%s, %s: read, edited and proven, and its own reader agrees',
    { timeout: 0 },
    async (format, kind, usual) => {
      const count = Math.ceil(usual * factor);
      const told = new Map<string, number>();
      for (let done = 0; done < count; done += TOGETHER) {
        const seeds = Array.from({ length: Math.min(TOGETHER, count - done) }, (_, i) => SEED + done + i);
        await Promise.all(
          seeds.map(async (seed) => {
            const { text, ending } = await execute(format, kind, seed, judged());
            if (ending.kind === 'broken')
              expect.fail(`${ending.law}, seed ${seed}: ${ending.what}\n--- text\n${text}`);
            told.set(ending.kind, (told.get(ending.kind) ?? 0) + 1);
          }),
        );
      }
      // Most files are none that somebody refuses: otherwise nothing would be tried.
      expect(told.get('held')).toBeGreaterThan(0.7 * count);
      if (factor > 1) console.log(format, kind, Object.fromEntries(told));
    },
  );
});
