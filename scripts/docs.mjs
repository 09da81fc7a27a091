// Writes the generated parts of README.md, docs/rules.md and docs/dialects.md. Run after `npm run build`.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { FINDINGS, listDialects, OPTIMIZERS, RULES } from '../dist/lib/index.js';

/** Replaces what stands between the markers of a page, which is otherwise written by hand. */
function fill(page, name, text) {
  const [start, end] = [`<!-- generated: ${name} -->`, `<!-- end: ${name} -->`];
  const before = readFileSync(page, 'utf8');
  const [from, to] = [before.indexOf(start), before.indexOf(end)];
  if (from < 0 || to < 0) throw new Error(`${page} has no markers for ${name}`);
  writeFileSync(page, `${before.slice(0, from + start.length)}\n${text}\n${before.slice(to)}`);
}

const row = (...cells) => `| ${cells.map((c) => String(c).replaceAll('|', '\\|')).join(' | ')} |`;

const NORMALISES = {
  'after-momentum': 'the averaged step',
  'second-moment': 'by the second moment',
  'gradient-norm': 'the raw gradient, before the momentum',
  never: 'nowhere',
};
const BUFFER = { ema: 'average', sum: 'sum', none: 'none' };

fill(
  'docs/rules.md',
  'rules',
  [
    row('rule', 'holds', 'leaves alone', 'source'),
    row('---', '---', '---', '---'),
    ...RULES.map((r) => row(`\`${r.name}\``, r.holds, r.leaves, r.source)),
  ].join('\n'),
);
fill(
  'docs/rules.md',
  'optimizers',
  [
    row('optimizer', 'normalises', 'buffer', 'second moment', 'weight decay', 'epsilon', 'source'),
    row('---', '---', '---', '---', '---', '---', '---'),
    ...Object.values(OPTIMIZERS).map((o) =>
      row(
        o.title,
        NORMALISES[o.normalises],
        BUFFER[o.buffer],
        o.secondMoment ? 'yes' : 'no',
        o.weightDecay,
        o.epsilonInside ? 'inside the root' : 'outside',
        o.source,
      ),
    ),
  ].join('\n'),
);
const dialects = listDialects();
fill(
  'docs/dialects.md',
  'dialects',
  [
    row('dialect', 'framework', 'read at', 'sample'),
    row('---', '---', '---', '---'),
    ...dialects.map((d) =>
      row(
        `\`${d.name}\``,
        d.framework,
        d.refuses ? `recognised and refused: ${d.refuses}` : d.version,
        d.sample ? `[sample](../${d.sample})` : '',
      ),
    ),
  ].join('\n'),
);

fill(
  'docs/findings.md',
  'findings',
  Object.entries(FINDINGS)
    .map(
      ([code, { severity, title, why, remedy }]) =>
        `## ${code}\n\n*${severity}* | ${title}.\n\n${why}\n\n${remedy}\n`,
    )
    .join('\n'),
);

const example = ['fixtures/hf-trainer/adamw-64-gpus/input.yaml', '--to', '64', '--world', '64'];
const shown = (...more) =>
  spawnSync(process.execPath, ['bin/rebatch.js', ...example, ...more, '--no-color'], { encoding: 'utf8' });
fill('README.md', 'diff', `\`\`\`diff\n${shown('--diff', '-q').stdout.trimEnd()}\n\`\`\``);
fill('README.md', 'table', `\`\`\`text\n${shown().stderr.trimEnd()}\n\`\`\``);
