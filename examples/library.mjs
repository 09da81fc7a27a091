// The library: the same pipe as the command line, on texts. node examples/library.mjs
import { check, convert, explain, lint, placeOf, verify } from 'rebatch';

const run = {
  file: 'run.yaml',
  text: `per_device_train_batch_size: 8
learning_rate: 2.0e-05
adam_beta2: 0.95
warmup_steps: 100
`,
};

/** A refused input is a value, not an exception: a code, a place, a sentence. */
function valueIn(outcome) {
  if (outcome.ok) return outcome.value;
  const { code, place, message } = outcome.problem;
  console.log(code, place?.line, message);
  process.exit(1);
}

// Convert: the new text, and every change with its formula.
const { text, changes } = valueIn(await convert(run, { to: 64, world: 1 }));
for (const { pointer, from, to, formula } of changes)
  console.log(`${pointer}: ${from} -> ${to}  (${formula})`);

// Check: is the second a conversion of the first? Here only the batch was changed:
const forgotten = { file: 'new.yaml', text: run.text.replace('batch_size: 8', 'batch_size: 64') };
const { pass, findings } = valueIn(await check(run, forgotten, { world: 1 }));
console.log(pass, findings.length, findings[0].code, placeOf(forgotten.text, findings[0].offset).line);

// The same, with the expected values written in: that is the conversion.
const fixed = valueIn(await check(run, forgotten, { fix: true }));
console.log(fixed.text === text);

// A file on its own.
const own = valueIn(await lint({ ...run, text: run.text.replace('2.0e-05', '2e-5') }));
console.log(own.findings[0].message);

// Explain: how long each average remembers.
const { fields } = valueIn(await explain(run, { to: 64, world: 1 }));
for (const { pointer, role, memory } of fields)
  if (memory) console.log(`${pointer}: ${role}, half-life ${memory.halfLifeSamples.toFixed(1)} samples`);

// Verify: the same noise under both settings.
const [verified] = valueIn(await verify({ ...run, file: 'run.yaml' }, { to: 4, world: 1 }));
console.log(verified.pass, verified.averages.map(({ of, verdict }) => `${of} ${verdict}`).join(', '));

// A value out of range.
const wrong = await convert({ ...run, text: run.text.replace('0.95', '1.5') }, { to: 64 });
if (!wrong.ok) console.log(wrong.problem.code, wrong.problem.place?.line, wrong.problem.message);
