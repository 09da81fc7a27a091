/** A verification in the worker, as `rebatch verify --report` runs it. */

import { compareWithConversion } from '../src/commands/verify/comparisons.ts';
import { conclusionOf } from '../src/commands/verify/report/conclusion.ts';
import { verificationHtml } from '../src/commands/verify/report/html.ts';
import { type NamedVerification, verificationJson } from '../src/commands/verify/report/verification-text.ts';
import { trainConfigs } from '../src/commands/verify/train-configs.ts';
import { verifyComparison } from '../src/commands/verify/verification.ts';
import { Problem } from '../src/index.ts';
import type { Backend, Control } from '../src/lab/backends/backend.ts';
import { cpu } from '../src/lab/backends/cpu.ts';
import { Unavailable } from '../src/lab/backends/unavailable.ts';
import { HERE } from '../src/lab/backends/wasm/perform.ts';
import { wasmBackend, wasmLayers } from '../src/lab/backends/wasm/wasm.ts';
import { byReference, type LayerPaths } from '../src/lab/training.ts';
import { ruleOf } from '../src/pipe/plan.ts';
import type { Answer, Question, Verified } from './messages.ts';
import { refusals, sourceOf } from './sources.ts';

/** Verifies a config against its conversion. @param control progress over all that is run */
export async function verify(
  { files, options, seed, train }: Extract<Question, { ask: 'verify' }>,
  control: Control,
): Promise<Answer<Verified>> {
  const source = sourceOf(files);
  try {
    const comparisons = await compareWithConversion(source, options);
    const { backend, layersOf } = embedded();
    const parts = comparisons.length * (train ? 2 : 1);
    const part = (index: number): Control => ({
      ...control,
      progress: (done) => control.progress?.((index + done) / parts),
    });
    const { noiseScale } = options;
    const settings = { backend, seed, ...(noiseScale === undefined ? {} : { noiseScale }) };
    const training = { ...options, seed, layersOf, rule: ruleOf(options) };
    const named: NamedVerification[] = [];
    for (const [i, comparison] of comparisons.entries()) {
      const at = i * (train ? 2 : 1);
      const verification = await verifyComparison(comparison, settings, part(at));
      const trainings = train ? { trainings: await trainConfigs(comparison, training, part(at + 1)) } : {};
      named.push({ title: files.file, verification, ...trainings });
    }
    const words = named.map(({ verification, trainings }) => conclusionOf(verification, trainings).word);
    return { ok: true, value: { words, report: verificationHtml(named, named.map(verificationJson)) } };
  } catch (error) {
    if (error instanceof Problem) return { ok: false, messages: refusals(error, source) };
    throw error;
  }
}

/** The WebAssembly kernel on this thread; the float64 reference where it does not run. */
function embedded(): { readonly backend: Backend; readonly layersOf: LayerPaths } {
  try {
    return { backend: wasmBackend(HERE), layersOf: wasmLayers(HERE) };
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
    return { backend: cpu, layersOf: byReference };
  }
}
