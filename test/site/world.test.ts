import { readFileSync } from 'node:fs';
import { createContext, Script } from 'node:vm';
import { rolldown } from 'rolldown';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Answer, Converted, Options, Verified } from '../../site/messages.ts';

const ROOT = new URL('../..', import.meta.url).pathname;

/** What browsers have and ECMAScript has not, as far as the library uses it. Nothing of Node. */
const BROWSER = {
  AbortController,
  MessageChannel,
  TextDecoder,
  TextEncoder,
  URL,
  WebAssembly,
  atob,
  performance,
};

interface Answers {
  answerConvert(question: object): Promise<Answer<Converted>>;
  answerVerify(question: object, control: object): Promise<Answer<Verified>>;
}

let answers: Answers;

beforeAll(async () => {
  const build = await rolldown({ input: `${ROOT}site/answers.ts`, platform: 'browser' });
  const { output } = await build.generate({ format: 'iife', name: 'answers', codeSplitting: false });
  await build.close();
  const world = createContext({ ...BROWSER });
  new Script(`${output[0].code}; globalThis.answers = answers;`).runInContext(world);
  answers = world.answers;
}, 120_000);

function question(fixture: string, options: Options) {
  const file = `${ROOT}fixtures/${fixture}`;
  return { files: { file, text: readFileSync(file, 'utf8'), beside: [] }, options };
}

describe('in a world without Node', () => {
  it.each([
    ['hf-trainer/adamw-64-gpus', 'yaml', { to: 64, world: 64 }],
    ['deepspeed/with-comments', 'json', { to: 16 }],
    ['hf-trainer/torchrun-script', 'sh', { to: 32 }],
    ['nanogpt/own-decays', 'py', { to: 64 }],
    ['torchtitan/default-betas', 'toml', { to: 512 }],
  ] as const)('%s is converted to the byte', async (folder, ending, options) => {
    const answer = await answers.answerConvert(question(`${folder}/input.${ending}`, options));
    const expected = readFileSync(`${ROOT}fixtures/${folder}/expected.${ending}`, 'utf8');
    expect(answer).toMatchObject({ ok: true, value: { text: expected } });
  });

  it('a conversion is verified by the kernel, in slices', { timeout: 60_000 }, async () => {
    const shares: number[] = [];
    const asked = { ...question('nanogpt/own-decays/input.py', { to: 64 }), seed: 0, train: true };
    const answer = await answers.answerVerify(asked, { progress: (share: number) => shares.push(share) });
    expect(answer).toMatchObject({ ok: true, value: { words: ['verified'] } });
    expect(answer.ok && answer.value.report).toContain('WebAssembly SIMD, 1 thread');
    expect(shares).toEqual(shares.toSorted((a, b) => a - b));
    expect(shares.at(-1)).toBe(1);
  });

  it('what is wrong has its line and column', async () => {
    const files = { file: 'run.yaml', text: 'batch_size: 8\nlr: 0.1\nmomentum: 1.5\n', beside: [] };
    const answer = await answers.answerConvert({ files, options: { to: 4 } });
    const place = { line: 3, column: 11, offset: 32 };
    expect(answer).toMatchObject({ ok: false, messages: [{ severity: 'error', place }] });
  });
});
