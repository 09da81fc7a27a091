// Prints a software bill of materials (CycloneDX) of what the package holds: rebatch and the code bundled into it.
//   npm run build && node scripts/sbom.mjs > sbom.cdx.json

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const root = new URL('..', import.meta.url);
const notices = readFileSync(new URL('dist/THIRD-PARTY-NOTICES.txt', root), 'utf8');
const bundled = new Set(
  [...notices.matchAll(/^-{80}\n(\S+) (\S+) \(/gm)].map(([, name, version]) => `${name}@${version}`),
);
const sbom = ['sbom', '--sbom-format', 'cyclonedx', '--package-lock-only'];
const all = JSON.parse(
  execFileSync('npm', sbom, {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
    shell: process.platform === 'win32',
  }),
);

// npm calls the package by its folder, and what is bundled excluded, since package.json has it for development.
all.metadata.component.name = 'rebatch';
all.components = all.components
  .filter(({ name, version }) => bundled.has(`${name}@${version}`))
  .map((component) => ({ ...component, scope: 'required' }));
const refs = new Set([all.metadata.component, ...all.components].map((component) => component['bom-ref']));
all.dependencies = all.dependencies
  .filter(({ ref }) => refs.has(ref))
  .map(({ ref, dependsOn = [] }) => ({ ref, dependsOn: dependsOn.filter((other) => refs.has(other)) }));
const missing = [...bundled].filter(
  (name) => !all.components.some((one) => `${one.name}@${one.version}` === name),
);
if (missing.length) throw new Error(`bundled, and not in package-lock.json: ${missing.join(', ')}`);
process.stdout.write(`${JSON.stringify(all, null, 2)}\n`);
