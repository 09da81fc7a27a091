// Writes the schemas with one field a line: what fits in 110 columns stands on one line, which biome leaves to the writer.
//   node scripts/format-schemas.mjs            rewrites schemas/
//   node scripts/format-schemas.mjs --check    exits with 1 where a schema is written otherwise
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const WIDTH = 110;

/** A schema's text. */
export function formatSchema(schema) {
  return `${lines(schema, '', 0)}\n`;
}

/** @param taken columns of its line that something else needs: the indent and the key before it, a comma behind it */
function lines(value, indent, taken) {
  const flat = oneLine(value);
  if (taken + flat.length <= WIDTH || value === null || typeof value !== 'object') return flat;
  const inner = `${indent}  `;
  const members = Object.entries(value).map(([key, child], i, all) => {
    const prefix = Array.isArray(value) ? inner : `${inner}${JSON.stringify(key)}: `;
    const comma = i < all.length - 1 ? ',' : '';
    return prefix + lines(child, inner, prefix.length + comma.length) + comma;
  });
  const [open, close] = Array.isArray(value) ? '[]' : '{}';
  return `${open}\n${members.join('\n')}\n${indent}${close}`;
}

function oneLine(value) {
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(oneLine).join(', ')}]`;
  const members = Object.entries(value).map(([key, child]) => `${JSON.stringify(key)}: ${oneLine(child)}`);
  return members.length ? `{ ${members.join(', ')} }` : '{}';
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = new URL('../schemas/', import.meta.url);
  const check = process.argv[2] === '--check';
  for (const name of readdirSync(folder)) {
    const text = readFileSync(new URL(name, folder), 'utf8');
    const formatted = formatSchema(JSON.parse(text));
    if (formatted === text) continue;
    if (check) console.error(`schemas/${name} is not formatted: node scripts/format-schemas.mjs`);
    else writeFileSync(new URL(name, folder), formatted);
    if (check) process.exitCode = 1;
  }
}
