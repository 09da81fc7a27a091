// Starts a dialect: the schema of the example in docs/write-a-dialect.md, two inputs and three rejects that fit it.
// usage: node scripts/new-dialect.mjs NAME
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { formatSchema } from './format-schemas.mjs';

const name = process.argv[2];
if (!name || !/^[a-z][a-z0-9-]*$/.test(name)) {
  process.stderr.write('usage: node scripts/new-dialect.mjs NAME   (lower case, digits and dashes)\n');
  process.exitCode = 2;
} else {
  const path = `schemas/${name}.schema.json`;
  if (existsSync(path)) throw new Error(`${path} exists`);
  const example = /```json\n([\s\S]*?)```/.exec(readFileSync('docs/write-a-dialect.md', 'utf8'))[1];
  const schema = JSON.parse(example.replaceAll('acme', name).replaceAll('Acme', name));
  schema.dialect.sample = `fixtures/${name}/default-betas/input.yaml`;
  writeFileSync(path, formatSchema(schema));
  for (const [file, text] of Object.entries(fixtures(schema))) {
    mkdirSync(dirname(`fixtures/${name}/${file}`), { recursive: true });
    writeFileSync(`fixtures/${name}/${file}`, text);
  }
  process.stdout.write(`${path} and fixtures/${name} are written. CONTRIBUTING.md has the next steps.\n`);
}

/** Files by their path under fixtures/NAME. A reject is expected at `at`, line:column, with `says` in the message. */
function fixtures({ title }) {
  const config = (batch, ...settings) =>
    [`${name}_version: 1`, `batch: ${batch}`, 'gpus: 1', 'opt:', ...settings.map((s) => `  ${s}`), ''].join(
      '\n',
    );
  const rejects = {
    'half-a-sample.yaml': { at: '2:8', says: `batch must be integer or string or null (${title})` },
    'negative-learning-rate.yaml': { at: '5:7', says: `opt.lr must be > 0 (${title})` },
    'decay-above-1.yaml': { at: '6:11', says: `opt.betas[0] must be < 1 (${title})` },
  };
  return {
    'default-betas/input.yaml': config(256, 'lr: 1.0e-3'),
    'own-betas/input.yaml': config(256, 'lr: 1.0e-3', 'betas: [0.9, 0.95]', 'ema: 0.999'),
    'rejects/half-a-sample.yaml': config(0.5, 'lr: 1.0e-3'),
    'rejects/negative-learning-rate.yaml': config(256, 'lr: -1.0e-3'),
    'rejects/decay-above-1.yaml': config(256, 'lr: 1.0e-3', 'betas: [1.5, 0.95]'),
    'rejects/rejects.json': `${JSON.stringify(rejects, null, 2)}\n`,
  };
}
