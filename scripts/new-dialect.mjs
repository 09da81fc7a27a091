// Scaffolds a dialect: its schema, from the example in docs/write-a-dialect.md, and an empty fixture.
// usage: node scripts/new-dialect.mjs NAME
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { formatSchema } from './format-schemas.mjs';

const name = process.argv[2];
if (!name || !/^[a-z][a-z0-9-]*$/.test(name)) {
  process.stderr.write('usage: node scripts/new-dialect.mjs NAME   (lower case, digits and dashes)\n');
  process.exitCode = 2;
} else {
  const schema = `schemas/${name}.schema.json`;
  if (existsSync(schema)) throw new Error(`${schema} exists`);
  const example = /```json\n([\s\S]*?)```/.exec(readFileSync('docs/write-a-dialect.md', 'utf8'))[1];
  writeFileSync(schema, formatSchema(JSON.parse(example.replaceAll('acme', name).replaceAll('Acme', name))));
  const folder = `fixtures/${name}/first`;
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}/input.yaml`, `${name}_version: 1\nbatch: 256\ngpus: 1\nopt:\n  lr: 1.0e-3\n`);
  process.stdout.write(
    `${schema} and ${folder}/input.yaml written. Next:\n  npm run build\n  node scripts/accept-fixture.mjs ${folder} -- --to 64\n`,
  );
}
