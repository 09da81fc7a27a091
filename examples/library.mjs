// The library: the same pipe as the command line, on texts. node examples/library.mjs
import { check, checkAlone, convert, explain, Problem } from 'rebatch';

const config = `per_device_train_batch_size: 8
learning_rate: 2.0e-05
adam_beta2: 0.95
warmup_steps: 100
`;

// Convert: the new text, and every change with its formula.
const { text, changes } = await convert(config, 'run.yaml', { to: 64, world: 1 });
for (const { pointer, from, to, formula } of changes)
  console.log(`${pointer}: ${from} -> ${to}  (${formula})`);

// Check: does the second follow from the first? Somebody changed the batch alone:
const forgotten = config.replace('batch_size: 8', 'batch_size: 64');
const { pass, findings } = await check(
  { file: 'old.yaml', text: config },
  { file: 'new.yaml', text: forgotten },
  { world: 1 },
);
console.log(pass, findings.length, findings[0].code, findings[0].place.line);

// The same, with the expected values written in: that is the conversion.
const fixed = await check(
  { file: 'old.yaml', text: config },
  { file: 'new.yaml', text: forgotten },
  { fix: true },
);
console.log(fixed.text === text);

// A file by itself.
const alone = await checkAlone({ file: 'run.yaml', text: config.replace('2.0e-05', '2e-5') });
console.log(alone.findings[0].message);

// Explain: how long each average remembers.
const { fields } = await explain(config, 'run.yaml', { to: 64, world: 1 });
for (const { pointer, role, memory } of fields)
  if (memory) console.log(`${pointer}: ${role}, half-life ${memory.halfLifeSamples.toFixed(1)} samples`);

// What is wrong with an input is thrown as a Problem: a code, a place, a sentence.
try {
  await convert(config.replace('0.95', '1.5'), 'run.yaml', { to: 64 });
} catch (error) {
  if (!(error instanceof Problem)) throw error;
  console.log(error.code, error.place.line, error.message);
}
