import type { Command } from 'commander';
import { type CompletedCommand, type CompletedOption, completedCommands, type Value } from './completed.ts';

// Why not @bomb.sh/tab, which completes commander's programs (bombshell-dev/tab, src/t.ts and src/commander.ts, 0.0.22): it
// never completes a file, which is what most words of this program are; a default command has no options there; its bash
// script needs the package bash-completion; and every Tab starts Node. These scripts need nothing but the shell.

export type Shell = 'bash' | 'zsh' | 'fish' | 'powershell';

/** A completion script, made from the program's commands. */
export const COMPLETIONS: Readonly<Record<Shell, (program: Command) => string>> = {
  bash: (program) => bash(completedCommands(program)),
  zsh: (program) => zsh(completedCommands(program)),
  fish: (program) => fish(completedCommands(program)),
  powershell: (program) => powershell(completedCommands(program)),
};

const isList = (value: Value): value is readonly string[] => Array.isArray(value);
const namesOf = (commands: readonly CompletedCommand[]): string[] => commands.map(({ name }) => name);
const offered = ({ options, words }: CompletedCommand): string[] => [
  ...options.flatMap(({ flags }) => flags),
  ...words,
];

/** `command flag` of every option with a value, by what may follow: most commands share it. */
function byValue(commands: readonly CompletedCommand[]): Map<string, { value: Value; at: string[] }> {
  const found = new Map<string, { value: Value; at: string[] }>();
  for (const { name, options } of commands)
    for (const { flags, value } of options) {
      if (value === 'none') continue;
      const key = String(value);
      const at = found.get(key)?.at ?? [];
      found.set(key, { value, at: [...at, ...flags.map((flag) => `${name} ${flag}`)] });
    }
  return found;
}

function bash(commands: readonly CompletedCommand[]): string {
  const words = commands.map((command) => `    ${command.name}) words="${offered(command).join(' ')}" ;;`);
  const values = [...byValue(commands).values()].map(({ value, at }) => {
    const answer = isList(value) ? `words="${value.join(' ')}"` : value === 'file' ? 'files=1' : ':';
    return `    ${at.map((place) => `"${place}"`).join('|')}) ${answer} ;;`;
  });
  const files = commands.filter((command) => command.words.length === 0);
  const names = namesOf(commands).join(' ');
  return `# rebatch completion bash > /etc/bash_completion.d/rebatch
_rebatch() {
  local IFS=$'\\n'
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}"
  local first=1 command=convert before= words= files=
  case "\${COMP_WORDS[1]}" in --color|--no-color) first=2 ;; esac
  if [ "$COMP_CWORD" -gt "$first" ]; then
    case " ${names} " in *" \${COMP_WORDS[first]} "*) command="\${COMP_WORDS[first]}" ;; esac
  fi
  # --option=value is one word, or three where = breaks words.
  case "$current" in
    =) current= ;;
    --*=*) previous="\${current%%=*}" before="\${current%%=*}=" current="\${current#*=}" ;;
    *) if [ "$previous" = = ]; then previous="\${COMP_WORDS[COMP_CWORD-2]}"; fi ;;
  esac
  case "$command $previous" in
${values.join('\n')}
    *)
      case "$command" in
${words.map((line) => `    ${line}`).join('\n')}
      esac
      case "$command" in ${namesOf(files).join('|')}) files=1 ;; esac
      if [ "$COMP_CWORD" -eq "$first" ]; then words="$words ${names}"; fi ;;
  esac
  COMPREPLY=($(IFS=' '; compgen -P "$before" -W "$words" -- "$current") $(if [ "$files" ]; then compgen -P "$before" -f -- "$current"; fi))
}
complete -o filenames -F _rebatch rebatch
`;
}

function zsh(commands: readonly CompletedCommand[]): string {
  const quoted = (text: string) => text.replace(/'/g, "'\\''").replace(/[[\]:]/g, '\\$&');
  const action = (value: Value) =>
    isList(value) ? `:value:(${value.join(' ')})` : value === 'file' ? ':file:_files' : ':value: ';
  const spec = ({ flags, value, description }: CompletedOption) => {
    const taken = value === 'none' ? flags : flags.map((flag) => (flag.startsWith('--') ? `${flag}=` : flag));
    const names = taken.length > 1 ? `{${taken.join(',')}}` : (taken[0] ?? '');
    return `        '*'${names}'[${quoted(description)}]${value === 'none' ? '' : action(value)}'`;
  };
  const cases = commands.map(({ name, options, words }) => {
    const rest = words.length ? `'1:word:(${words.join(' ')})'` : "'*:file:_files'";
    return `    ${name})\n      _arguments \\\n${[...options.map(spec), `        ${rest}`].join(' \\\n')} ;;`;
  });
  const names = commands.map(({ name, description }) => `    '${name}:${quoted(description)}'`);
  return `#compdef rebatch
# rebatch completion zsh > "\${fpath[1]}/_rebatch", or: source <(rebatch completion zsh)
_rebatch() {
  local -a commands=(
${names.join('\n')}
  )
  if [[ "\${words[2]}" == --(no-|)color ]] && (( CURRENT > 2 )); then
    words=("\${words[1]}" "\${(@)words[3,-1]}")
    (( CURRENT -= 1 ))
  fi
  if (( CURRENT == 2 )) && [[ "\${words[2]}" != -* ]]; then
    _describe command commands
    _files
    return
  fi
  local command=convert
  if (( CURRENT > 2 && \${commands[(I)\${words[2]}:*]} )); then
    command="\${words[2]}"
    shift words
    (( CURRENT -= 1 ))
  fi
  case "$command" in
${cases.join('\n')}
  esac
}
if [[ "\${funcstack[1]}" == _rebatch ]]; then _rebatch "$@"; else compdef _rebatch rebatch; fi
`;
}

function fish(commands: readonly CompletedCommand[]): string {
  const quoted = (text: string) => `'${text.replace(/[\\']/g, '\\$&')}'`;
  const others = namesOf(commands).filter((name) => name !== 'convert');
  const lines = commands.flatMap(({ name, description, options, words }) => {
    const used =
      name === 'convert'
        ? `not __fish_seen_subcommand_from ${others.join(' ')}`
        : `__fish_seen_subcommand_from ${name}`;
    const complete = (rest: string) => `complete -c rebatch -n ${quoted(used)}${rest}`;
    const flags = options.map(({ flags, value, description }) => {
      const named = flags.map((flag) =>
        flag.startsWith('--') ? ` -l ${flag.slice(2)}` : ` -s ${flag.slice(1)}`,
      );
      const taken = { none: '', file: ' -rF', any: ' -x' };
      const values = isList(value) ? ` -xa ${quoted(value.join(' '))}` : taken[value];
      return complete(`${named.join('')}${values} -d ${quoted(description)}`);
    });
    return [
      `complete -c rebatch -n __fish_use_subcommand -a ${name} -d ${quoted(description)}`,
      ...flags,
      ...(words.length ? [complete(` -xa ${quoted(words.join(' '))}`)] : []),
    ];
  });
  return `# rebatch completion fish > ~/.config/fish/completions/rebatch.fish\n${lines.join('\n')}\n`;
}

function powershell(commands: readonly CompletedCommand[]): string {
  const list = (words: readonly string[]) => words.map((w) => `'${w.replace(/'/g, "''")}'`).join(', ');
  const flags = commands.map((command) => `    '${command.name}' = @(${list(offered(command))})`);
  const values = [...byValue(commands).values()].flatMap(({ value, at }) =>
    isList(value) ? at.map((place) => `    '${place}' = @(${list(value)})`) : [],
  );
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
  $command = if ($typed.Count -and $flags.ContainsKey($typed[0])) { $typed[0] } else { 'convert' }
  $previous = if ($word) { $typed | Select-Object -Last 2 | Select-Object -First 1 } else { $typed | Select-Object -Last 1 }
  $before = ''
  if ($word -match '^(--[^=]+)=(.*)$') { $previous = $Matches[1]; $before = "$previous="; $word = $Matches[2] }
  $words = if ($values.ContainsKey("$command $previous")) { $values["$command $previous"] }
    else { @($flags[$command]) + @(if ($typed.Count -le 1) { $flags.Keys }) }
  $words | Where-Object { $_ -like "$word*" } | ForEach-Object { [System.Management.Automation.CompletionResult]::new("$before$_") }
}
`;
}
