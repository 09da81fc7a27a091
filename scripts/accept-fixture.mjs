// Writes expected.* and plan.json of fixtures from what the built command does now, for a person to review.
// usage: node scripts/accept-fixture.mjs fixtures/<dialect>/<case> -- ARGS...   (arguments are kept in plan.json)
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';

const [folder, ...rest] = process.argv.slice(2);
const path = join(folder, 'plan.json');
const kept = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {};
const args = rest[0] === '--' ? rest.slice(1) : kept.args;
const input = readdirSync(folder).find((f) => f.startsWith('input.'));
const run = (...more) =>
  execFileSync(process.execPath, ['bin/rebatch.js', join(folder, input), '-q', ...args, ...more], {
    encoding: 'utf8',
  });
const { changes, warnings } = JSON.parse(run('--json'));
const plan = {
  args,
  changes: changes.map(({ pointer, part, from, to }) => ({
    pointer,
    ...(part === undefined ? {} : { part }),
    from,
    to,
  })),
  ...(warnings.length ? { warnings: [...new Set(warnings.map((w) => w.code))] } : {}),
};
writeFileSync(path, `${JSON.stringify(plan, null, 2)}\n`);
writeFileSync(join(folder, `expected${extname(input)}`), run());
process.stdout.write(run('--diff'));
