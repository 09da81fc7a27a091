// Writes the generated parts of README.md and of the pages in docs/. Run after `npm run build`.
// With --check it writes nothing: it names the pages that are stale, and exits with 1.
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FINDINGS, listDialects, OPTIMIZERS, ROLES, RULES } from '../dist/index.cjs';
import { formatSchema } from './format-schemas.mjs';
import { settle } from './pages.mjs';

const ROOT = join(import.meta.dirname, '..');
const pages = new Map();

/** Replaces what stands between the markers of a page, which is otherwise written by hand. */
function fill(page, name, text) {
  const [start, end] = [`<!-- generated: ${name} -->`, `<!-- end: ${name} -->`];
  const before = pages.get(page) ?? readFileSync(page, 'utf8');
  const [from, to] = [before.indexOf(start), before.indexOf(end)];
  if (from < 0 || to < 0) throw new Error(`${page} has no markers for ${name}`);
  pages.set(page, `${before.slice(0, from + start.length)}\n${text}\n${before.slice(to)}`);
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
    row('dialect', 'framework', 'read at', 'tried with its own code', 'sample, in the repository'),
    row('---', '---', '---', '---', '---'),
    ...dialects.map((d) =>
      row(
        `\`${d.name}\``,
        d.framework,
        d.refuses ? `recognised and refused: ${d.refuses}` : d.version,
        d.tried ?? '',
        d.sample ? `\`${d.sample}\`` : '',
      ),
    ),
  ].join('\n'),
);

const { $defs: definitions } = JSON.parse(readFileSync(join(ROOT, 'schemas/roles.schema.json'), 'utf8'));
fill(
  'docs/write-a-dialect.md',
  'definitions',
  [
    row('definition', 'of a field that holds', 'role'),
    row('---', '---', '---'),
    ...Object.entries(definitions).map(([name, { description, role, prefixItems }]) =>
      row(`\`${name}\``, description, role ? fieldsOf(role) : `${prefixItems.length} decays`),
    ),
  ].join('\n'),
);
fill(
  'docs/write-a-dialect.md',
  'roles',
  Object.entries(ROLES)
    .map(([name, { means, fields }]) =>
      [`- \`${name}\`: ${means}.`, ...Object.entries(fields).flatMap(fieldOfRole)].join('\n'),
    )
    .join('\n'),
);

function fieldsOf({ role, ...fields }) {
  return [role, ...Object.entries(fields).map(([field, value]) => `${field} ${value}`)].join(', ');
}

/** What may stand in one field of a role, as lines of a list within a list. */
function fieldOfRole([field, { means, values, type, required }]) {
  const about = [required && 'required', type, means].filter(Boolean).join('; ');
  const value = ([name, meaning]) => `    - \`${name}\`${meaning && `: ${meaning}`}`;
  return [`  - \`${field}\`${about && ` (${about})`}`, ...Object.entries(values ?? {}).map(value)];
}

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

// The config of the README, under the name that a reader's own could have.
const folder = mkdtempSync(join(tmpdir(), 'rebatch-docs-'));
copyFileSync(join(ROOT, 'fixtures/hf-trainer/adamw-64-gpus/input.yaml'), join(folder, 'run.yaml'));
const program = join(ROOT, 'bin/rebatch.js');
const shown = (...args) =>
  spawnSync(process.execPath, [program, 'run.yaml', '--world', '64', '--no-color', ...args], {
    cwd: folder,
    encoding: 'utf8',
  });
const diff = (...args) => `\`\`\`diff\n${shown(...args, '--diff', '-q').stdout.trimEnd()}\n\`\`\``;
fill('README.md', 'table', `\`\`\`text\n${shown('--to', '64').stderr.trimEnd()}\n\`\`\``);
fill('README.md', 'diff', diff('--to', '64'));
fill('README.md', 'devices', diff('--to', '512', '--world-to', '8'));
copyFileSync(join(ROOT, 'fixtures/hf-trainer/torchrun-script/input.sh'), join(folder, 'train.sh'));
const script = spawnSync(
  process.execPath,
  [program, 'train.sh', '--to', '32', '--diff', '-q', '--no-color'],
  {
    cwd: folder,
    encoding: 'utf8',
  },
);
for (const page of ['README.md', 'docs/formats/command-lines.md'])
  fill(page, 'script', `\`\`\`diff\n${script.stdout.trimEnd()}\n\`\`\``);
rmSync(folder, { recursive: true });

const COLUMNS = {
  'not-converted': 'not converted',
  linear: '`linear`',
  ema: '`ema`',
  'noise-aware': '`noise-aware`',
  sqrt: '`sqrt`',
  'keep-lr': '`keep-lr`',
};
const OTHERS = {
  'kappa-lr-converted-momentum': 'trap',
  'sqrt-lr': 'sqrt lr',
  'power-of-b1': 'b1^kappa',
  'sqrt-lr-power-of-b1': 'sqrt lr, b1^kappa',
  literal: '`--literal`',
};
const decimals = (x) => (x < 0.0005 ? String(Number(x.toPrecision(1))) : x.toFixed(x < 0.1 ? 3 : 2));

/** A distance with its standard error and the published figure; in bold where none is smaller. */
function distance({ value, standardError, published }, least) {
  const figure = `${decimals(value)} +- ${decimals(standardError)}`;
  return `${value <= least ? `**${figure}**` : figure}${published === undefined ? '' : ` (${published})`}`;
}

for (const [name, file] of [
  ['evidence', 'full'],
  ['evidence-more', 'more'],
  ['evidence-up', 'up'],
]) {
  const { rows } = JSON.parse(readFileSync(join(ROOT, `bench/evidence/${file}.json`), 'utf8'));
  const lines = rows.map(({ title, sigma, distances }) => {
    const least = Math.min(...Object.values(distances).map(({ value }) => value));
    const others = Object.keys(OTHERS).filter((rule) => distances[rule]);
    return row(
      title,
      sigma,
      Number((sigma ** 2 / (2 * Math.exp(2))).toPrecision(2)),
      ...Object.keys(COLUMNS).map((rule) => distance(distances[rule], least)),
      others.map((rule) => `${OTHERS[rule]} ${distance(distances[rule], least)}`).join('; '),
    );
  });
  const titles = ['optimizer', 'sigma', 'N', ...Object.values(COLUMNS), 'others'];
  fill('docs/which-rule.md', name, [row(...titles), row(...titles.map(() => '---')), ...lines].join('\n'));
}

/** A distance on a network: standard error over seeds, difference of the last losses in nats, seeds where fewer. */
function onNetwork({ distance, error, gap, seeds }, least) {
  const figure = `${distance.toFixed(3)}${error === null ? '' : ` +- ${error.toFixed(3)}`}`;
  const last = gap === null ? 'diverged' : `${gap < 0 ? '' : '+'}${gap.toFixed(3)}`;
  return `${distance <= least ? `**${figure}**` : figure} (${last})${seeds < SEEDS ? ` [${seeds}]` : ''}`;
}

/** The least and the most of some distances in floors, with what `rebatch follow` says of the runs. */
function inFloors(found) {
  if (found.length === 0) return ['', ''];
  const floors = found.map(({ floor, column }) => column.distance / floor);
  const figure = (x) => (x < 9.95 ? x.toFixed(1) : x.toFixed(0));
  const [least, most] = [Math.min(...floors), Math.max(...floors)].map(figure);
  const verdicts = found.flatMap(({ column }) => column.follow);
  return [
    least === most ? least : `${least} to ${most}`,
    `${verdicts.filter((v) => v === 'follows').length} of ${verdicts.length}`,
  ];
}

const SEEDS = 4;
const networks = JSON.parse(readFileSync(join(ROOT, 'bench/networks/results.json'), 'utf8'));
const tables = [];
const summary = [];
for (const optimizer of new Set(networks.map((r) => r.optimizer))) {
  const { title } = OPTIMIZERS[optimizer];
  const rows = networks.filter((r) => r.optimizer === optimizer);
  const names = [...new Set(rows.flatMap(({ columns }) => Object.keys(columns)))];
  const titles = ['network, schedule', 'batch', 'floor', ...names];
  const lines = rows.map(({ task, schedule, batch: [old, to], floor, seeds, columns }) => {
    const least = Math.min(...Object.values(columns).map(({ distance }) => distance));
    const cells = names.map((name) => (columns[name] ? onNetwork(columns[name], least) : ''));
    const few = seeds < SEEDS ? ` [${seeds}]` : '';
    return row(`${task}, ${schedule}`, `${old} to ${to}`, `${floor.toFixed(3)}${few}`, ...cells);
  });
  tables.push([`**${title}**\n`, row(...titles), row(...titles.map(() => '---')), ...lines].join('\n'));
  for (const name of names) {
    const found = rows.filter((r) => r.columns[name]).map((r) => ({ ...r, column: r.columns[name] }));
    const [down, up] = [
      found.filter(({ batch: [b, to] }) => to < b),
      found.filter(({ batch: [b, to] }) => to > b),
    ];
    summary.push(row(title, name, ...inFloors(down), ...inFloors(up)));
  }
}
const heads = ['optimizer', 'converted by', 'down, in floors', '`follow`', 'up, in floors', '`follow`'];
fill(
  'docs/which-rule.md',
  'networks-summary',
  [row(...heads), row(...heads.map(() => '---')), ...summary].join('\n'),
);
fill('docs/which-rule.md', 'networks', tables.join('\n\n'));

// What an editor offers in a settings file.
const SETTINGS = 'schemas/rebatch.config.schema.json';
const settings = JSON.parse(readFileSync(SETTINGS, 'utf8'));
settings.$defs.rule.enum = RULES.map((r) => r.name);
settings.$defs.dialectName.enum = listDialects().map((d) => d.name);
settings.$defs.ignore.items.enum = Object.keys(FINDINGS);
settings.$defs.severity.propertyNames.enum = Object.keys(FINDINGS);
pages.set(SETTINGS, formatSchema(settings));

settle(pages);
