// Writes man/rebatch.1 from the commands themselves. Run after `npm run build`.
// With --check it writes nothing: it says whether the page is stale, and exits with 1 if so.
import { createProgram } from '../dist/cli.cjs';
import manifest from '../package.json' with { type: 'json' };
import { settle } from './pages.mjs';

/** Text as roff takes it: no line may start with a control character, and a minus sign is no hyphen. */
const roff = (text) =>
  text
    .replace(/\\/g, '\\e')
    .replace(/-/g, '\\-')
    .replace(/\u2019/g, '\\(cq')
    .replace(/^([.'])/gm, '\\&$1');

const program = await createProgram(
  {},
  () => undefined,
  () => true,
);
const help = program.createHelp();
const term = (name, text) => `.TP\n\\fB${roff(name)}\\fR\n${roff(text)}`;
const options = (command) =>
  help.visibleOptions(command).map((o) => term(o.flags, help.optionDescription(o)));
const usage = (command) =>
  `.B rebatch ${roff(command.name())}\n${roff(command.usage())}${command.name() === 'convert' ? '\n.br\n.B rebatch\n[options] <config...>' : ''}`;
const commands = program.commands.map((command) =>
  [
    `.SS ${command.name()}`,
    usage(command),
    '.PP',
    `${roff(command.description())}.`,
    ...help.visibleArguments(command).map((a) => term(a.name(), help.argumentDescription(a))),
    ...options(command).filter((o) => !o.includes('\\-h, \\-\\-help')),
  ].join('\n'),
);

const EXAMPLES = [
  [
    'rebatch run.yaml --to 512 --world 64 --world-to 8 --write',
    'From 64 devices to 8 at the same global batch of 512, in place: the accumulation makes up for the devices, nothing else changes.',
  ],
  [
    'rebatch run.yaml --to 64 --diff',
    'What a global batch of 64 changes: learning rate, averages and step counts follow.',
  ],
  [
    'rebatch check --base origin/main configs/*.yaml',
    'Exits 1 where a batch size changed since and the rest did not follow.',
  ],
  [
    'rebatch verify run.yaml --to 64 --train --report report.html',
    'Runs the averages under old and new settings on the same gradients, trains under every rule, and writes a page.',
  ],
];

const page = [
  `.TH REBATCH 1 "" "rebatch ${manifest.version}" "User Commands"`,
  '.SH NAME',
  'rebatch \\- rewrite a training config for another batch size',
  '.SH SYNOPSIS',
  '.B rebatch\n<config...> \\-\\-to <n> [options]\n.br\n.B rebatch\n<command> [options]',
  '.SH DESCRIPTION',
  roff(program.description()),
  '.SH OPTIONS',
  ...options(program),
  '.SH COMMANDS',
  ...commands,
  '.SH EXAMPLES',
  ...EXAMPLES.map(([command, text]) => term(command, text)),
  '.SH EXIT STATUS',
  term('0', 'Fine.'),
  term('1', 'A check or verification failed.'),
  term('2', 'Usage, unreadable or invalid input, internal error; nothing has been written.'),
  '.SH ENVIRONMENT',
  term(
    'NO_COLOR, FORCE_COLOR',
    'Colour, unless \\-\\-color or \\-\\-no\\-color says it.'.replace(/\\-/g, '-'),
  ),
  term(
    'GITHUB_ACTIONS, GITHUB_STEP_SUMMARY',
    'Under a runner, check prints annotations and appends a table to the summary.',
  ),
  term(
    'NODE_COMPILE_CACHE, NODE_DISABLE_COMPILE_CACHE',
    'Node 22.8 and later keep compiled code between runs, in the folder that the first of them names or in the temporary folder; the second, set to 1, has it compiled every time.',
  ),
  '',
].join('\n');
settle(new Map([['man/rebatch.1', page]]));
