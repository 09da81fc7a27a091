import type { Command, Option } from 'commander';
import { listDialects } from '../../dialect/dialect.ts';
import { optimizerNames } from '../../optimizers/find.ts';
import { RULES } from '../../rules/index.ts';

export type Shell = 'bash' | 'zsh' | 'fish' | 'powershell';

/** A completion script, made from the program's commands. */
export const COMPLETIONS: Readonly<Record<Shell, (program: Command) => string>> = {
  bash,
  zsh,
  fish,
  powershell,
};

const DIALECTS = listDialects().map(({ name }) => name);

/** Values of options that do not declare choices, because their own errors say more. */
const NAMES: Readonly<Record<string, readonly string[]>> = {
  '--dialect': DIALECTS,
  '--rule': RULES.map(({ name }) => name),
  '--optimizer': optimizerNames(),
};
/** Values of a command's first argument. */
const WORDS: Readonly<Record<string, readonly string[]>> = { schema: DIALECTS };

/** What a shell has to know of a command. */
interface Completed {
  readonly name: string;
  readonly description: string;
  readonly options: readonly Option[];
  /** Values of its first argument, if it is not a file. */
  readonly words: readonly string[];
}

function completed(program: Command): Completed[] {
  const help = program.createHelp();
  return program.commands.map((command) => ({
    name: command.name(),
    description: command.description(),
    options: [...help.visibleOptions(command), ...program.options.filter((o) => /color/.test(o.long ?? ''))],
    words: command.registeredArguments[0]?.argChoices ?? WORDS[command.name()] ?? [],
  }));
}

const flagsOf = ({ short, long }: Option): string[] => [short, long].flatMap((flag) => flag ?? []);
const takesValue = (option: Option): boolean => option.required || option.optional;
const chosen = (option: Option): readonly string[] => option.argChoices ?? NAMES[option.long ?? ''] ?? [];

function bash(program: Command): string {
  const commands = completed(program);
  const flags = commands.map(
    ({ name, options, words }) =>
      `    ${name}) words="${[...options.flatMap(flagsOf), ...words].join(' ')}" ;;`,
  );
  const values = uniqueChoices(commands).map(
    ([flag, choices]) =>
      `    ${flag}) COMPREPLY=($(compgen -W "${choices.join(' ')}" -- "$current")); return ;;`,
  );
  return `# rebatch completion bash > /etc/bash_completion.d/rebatch
_rebatch() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" command=convert words word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case " ${commands.map(({ name }) => name).join(' ')} " in *" $word "*) command="$word"; break ;; esac
  done
  case "$previous" in
${values.join('\n')}
  esac
  case "$command" in
${flags.join('\n')}
  esac
  [ "$COMP_CWORD" -eq 1 ] && words="$words ${commands.map(({ name }) => name).join(' ')}"
  COMPREPLY=($(compgen -W "$words" -- "$current") $(compgen -f -- "$current"))
}
complete -o filenames -F _rebatch rebatch
`;
}

/** Every option with fixed choices, once. */
function uniqueChoices(commands: readonly Completed[]): [string, readonly string[]][] {
  const all = commands.flatMap(({ options }) => options).filter((o) => chosen(o).length);
  const byFlag = new Map<string, Set<string>>();
  for (const option of all)
    for (const flag of flagsOf(option))
      byFlag.set(flag, new Set([...(byFlag.get(flag) ?? []), ...chosen(option)]));
  return [...byFlag].map(([flag, choices]) => [flag, [...choices]]);
}

function zsh(program: Command): string {
  const quoted = (text: string) => text.replace(/'/g, "'\\''").replace(/[[\]:]/g, '\\$&');
  const commands = completed(program);
  const cases = commands.map(({ name, options, words }) => {
    const specs = options.map((option) => {
      const flags = flagsOf(option);
      const value = chosen(option).length ? `:value:(${chosen(option).join(' ')})` : ':value:_files';
      const names = flags.length > 1 ? `{${flags.join(',')}}` : (flags[0] ?? '');
      return `        ${names}'[${quoted(option.description)}]${takesValue(option) ? value : ''}'`;
    });
    const rest = words.length ? `'*:word:(${words.join(' ')})'` : "'*:file:_files'";
    return `    ${name})\n      _arguments \\\n${[...specs, `        ${rest}`].join(' \\\n')} ;;`;
  });
  const names = commands.map(({ name, description }) => `    '${name}:${quoted(description)}'`);
  return `#compdef rebatch
# rebatch completion zsh > "\${fpath[1]}/_rebatch"
_rebatch() {
  local -a commands=(
${names.join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    _files
    return
  fi
  local command="\${words[2]}"
  (( \${commands[(I)$command:*]} )) || command=convert
  case "$command" in
${cases.join('\n')}
  esac
}
_rebatch "$@"
`;
}

function fish(program: Command): string {
  const quoted = (text: string) => `'${text.replace(/[\\']/g, '\\$&')}'`;
  const commands = completed(program);
  const names = commands.map(({ name }) => name).join(' ');
  const lines = commands.flatMap(({ name, description, options, words }) => {
    const used =
      name === 'convert'
        ? `not __fish_seen_subcommand_from ${names.replace('convert ', '')}`
        : `__fish_seen_subcommand_from ${name}`;
    const flags = options.map((option) => {
      const long = option.long ? ` -l ${option.long.slice(2)}` : '';
      const short = option.short ? ` -s ${option.short.slice(1)}` : '';
      const value = chosen(option).length
        ? ` -xa ${quoted(chosen(option).join(' '))}`
        : takesValue(option)
          ? ' -r'
          : '';
      return `complete -c rebatch -n ${quoted(used)}${short}${long}${value} -d ${quoted(option.description)}`;
    });
    const choices = words.length
      ? [`complete -c rebatch -n ${quoted(used)} -xa ${quoted(words.join(' '))}`]
      : [];
    return [
      `complete -c rebatch -n __fish_use_subcommand -a ${name} -d ${quoted(description)}`,
      ...flags,
      ...choices,
    ];
  });
  return `# rebatch completion fish > ~/.config/fish/completions/rebatch.fish\n${lines.join('\n')}\n`;
}

function powershell(program: Command): string {
  const list = (words: readonly string[]) => words.map((w) => `'${w.replace(/'/g, "''")}'`).join(', ');
  const commands = completed(program);
  const flags = commands.map(
    ({ name, options, words }) => `    '${name}' = @(${list([...options.flatMap(flagsOf), ...words])})`,
  );
  const values = uniqueChoices(commands).map(([flag, choices]) => `    '${flag}' = @(${list(choices)})`);
  return `# rebatch completion powershell | Out-String | Invoke-Expression
Register-ArgumentCompleter -Native -CommandName rebatch -ScriptBlock {
  param($word, $ast, $cursor)
  $flags = @{
${flags.join('\n')}
  }
  $values = @{
${values.join('\n')}
  }
  $typed = @($ast.CommandElements | Select-Object -Skip 1 | ForEach-Object { $_.ToString() })
  $command = $typed | Where-Object { $flags.ContainsKey($_) } | Select-Object -First 1
  if (-not $command) { $command = 'convert' }
  $previous = if ($word) { $typed | Select-Object -Last 2 | Select-Object -First 1 } else { $typed | Select-Object -Last 1 }
  $words = if ($previous -and $values.ContainsKey($previous)) { $values[$previous] }
    else { @($flags[$command]) + @(if ($typed.Count -le 1) { $flags.Keys }) }
  $words | Where-Object { $_ -like "$word*" } | ForEach-Object { [System.Management.Automation.CompletionResult]::new($_) }
}
`;
}
