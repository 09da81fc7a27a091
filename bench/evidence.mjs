// Distances of loss paths under every rule, on a noisy quadratic: the evidence behind docs/which-rule.md.
// Rows of FILE are replaced; those of optimizers not measured stay.
// usage: node bench/evidence.mjs [--json FILE] [--width 512] [--problems 4] [--batch 512:16] [--shared] [--only lars,lion] [--seed 1]
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { rolldown } from 'rolldown';

const { values: flags } = parseArgs({
  options: {
    json: { type: 'string' },
    width: { type: 'string', default: '512' },
    problems: { type: 'string', default: '4' },
    batch: { type: 'string', default: '512:16' },
    shared: { type: 'boolean', default: false },
    only: { type: 'string' },
    seed: { type: 'string', default: '1' },
  },
});

const folder = await mkdtemp(join(tmpdir(), 'rebatch-evidence-'));
const input = new URL('../test/lab/evidence.ts', import.meta.url).pathname;
const build = await rolldown({ input, platform: 'node' });
await build.write({ file: join(folder, 'evidence.mjs'), format: 'esm' });
const { EVIDENCE, MORE, FULL, measure } = await import(pathToFileURL(join(folder, 'evidence.mjs')));
await rm(folder, { recursive: true });

const batch = flags.batch.split(':').map(Number);
const kappa = batch[1] / batch[0];
const sizes = {
  ...FULL,
  width: Number(flags.width),
  problems: Number(flags.problems),
  oldSteps: FULL.oldSteps * Math.max(1, kappa),
};
const noise = flags.shared ? 'shared' : 'independent';
/** The published figures are of this batch and this noise. */
const asPublished = flags.batch === '512:16' && !flags.shared;
const round = (x) => Number(x.toPrecision(5));
const wanted = flags.only?.split(',');
const report = [];
for (const entry of [...EVIDENCE, ...MORE]) {
  if (wanted && !wanted.includes(entry.optimizer)) continue;
  const start = performance.now();
  // The learning rates are those of the larger batch's steps: going up, the old run has kappa times as many.
  const settings = { ...entry.settings, lr: entry.settings.lr / Math.max(1, kappa) };
  const measured = await measure({ ...entry, settings }, { batch, sizes, noise, seed: Number(flags.seed) });
  process.stderr.write(`${entry.title}: ${((performance.now() - start) / 1000).toFixed(0)} s\n`);
  for (const [sigma, columns] of measured) {
    const published = asPublished ? entry.rows.find((r) => r.sigma === sigma).published : {};
    const distances = Object.fromEntries(
      [...columns].map(
        ([
          rule,
          {
            pathDistance: { value, standardError },
          },
        ]) => [
          rule,
          { value: round(value), standardError: round(standardError), published: published[rule] },
        ],
      ),
    );
    report.push({ title: entry.title, optimizer: entry.optimizer, sigma, distances });
    const cells = Object.entries(distances).map(
      ([rule, d]) =>
        `${rule} ${d.value.toFixed(4)}+-${d.standardError.toFixed(4)}${d.published === undefined ? '' : ` [${d.published}]`}`,
    );
    process.stdout.write(`${entry.title} sigma ${sigma}: ${cells.join('; ')}\n`);
  }
}
if (flags.json) {
  const measured = new Set(report.map(({ title }) => title));
  const others = existsSync(flags.json) ? JSON.parse(await readFile(flags.json, 'utf8')).rows : [];
  const order = [...EVIDENCE, ...MORE].map(({ title }) => title);
  const rows = [...others.filter(({ title }) => !measured.has(title)), ...report].sort(
    (a, b) => order.indexOf(a.title) - order.indexOf(b.title) || a.sigma - b.sigma,
  );
  await writeFile(flags.json, `${JSON.stringify({ batch, sizes, noise, rows }, null, 2)}\n`);
}
