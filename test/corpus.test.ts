import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { documentsOf } from './helpers/parse.ts';
import { recognised } from './helpers/recognised.ts';

/** A folder of real configs, one folder a framework; not part of the repository. */
const CORPUS = process.env.REBATCH_CORPUS ?? new URL('../../shared/corpus', import.meta.url).pathname;

/** Which dialects the files of a folder may be read as. */
const DIALECTS_OF: Readonly<Record<string, readonly string[]>> = {
  accelerate: ['accelerate'],
  axolotl: ['axolotl'],
  basicsr: ['basicsr'],
  deepspeed: ['deepspeed'],
  detectron2: ['detectron2'],
  diffusers_like: ['diffusers', 'ai-toolkit'],
  dinov2: ['dinov2'],
  efficientvit: ['efficientvit'],
  fairseq: ['fairseq'],
  fast_llm: ['fast-llm', 'kubernetes'],
  gpt_neox: ['gpt-neox'],
  hf_trainer: ['hf-trainer', 'trl'],
  hydra: ['hydra'],
  json_misc: ['generic'],
  k_diffusion: ['k-diffusion'],
  kohya: ['kohya'],
  ldm: ['latent-diffusion'],
  lightning_cli: ['lightning-cli'],
  litgpt: ['litgpt'],
  llama_factory: ['llama-factory'],
  llm_foundry: ['composer'],
  maxtext: ['maxtext'],
  megatron: ['megatron'],
  nanotron: ['nanotron'],
  nemo: ['nemo'],
  olmo: ['olmo'],
  rtdetr: ['rt-detr'],
  tf_model_garden: ['tf-model-garden'],
  // A trainer of its own that only looks like timm.
  timm: ['generic'],
  torchtune: ['torchtune'],
  ultralytics: ['ultralytics'],
  yacs_other: ['swin', 'slowfast'],
};

/** Files that no dialect may claim: an inference config, and one that stands twice under the same key. */
const UNCLAIMED = [/maxtext__llama3_405b_v5e-64/, /SlowFast__BYOL_SlowR50_8x8/];

if (existsSync(CORPUS)) {
  describe.each(Object.entries(DIALECTS_OF))('%s', (folder, allowed) => {
    const files = readdirSync(join(CORPUS, folder)).filter(
      (f) => /\.(ya?ml|json)$/.test(f) && !UNCLAIMED.some((u) => u.test(f)),
    );
    it.each(files)('%s is recognised', async (file) => {
      const text = readFileSync(join(CORPUS, folder, file), 'utf8');
      const found = (await documentsOf(text, file)).map(recognised);
      for (const dialects of found.length > 1 ? found.filter((d) => d.length) : found) {
        expect(dialects).toHaveLength(1);
        expect(allowed).toContain(dialects[0]);
      }
    });
  });
} else {
  const why = `SKIPPED: no corpus of real configs at ${CORPUS} (REBATCH_CORPUS names another place)`;
  it.skip(why, () => {});
  console.log(why);
}
