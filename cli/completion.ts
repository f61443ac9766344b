import { HELPS } from './helps.js'

export const SHELLS = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof SHELLS)[number]

/** Verbs that come after a command. */
const WORDS: Readonly<Record<string, readonly string[]>> = {
  jobs: ['show', 'logs', 'retry', 'run', 'update', 'cancel', 'destroy', 'nodes'],
  schedules: ['pause', 'resume', 'run', 'remove'],
  flow: ['list', 'show', 'cancel'],
  names: ['pause', 'resume', 'limit'],
  children: ['recycle'],
  completion: [...SHELLS],
}

/** The commands, and what may come after each: verbs and flags. */
export const COMPLETIONS: Readonly<Record<string, readonly string[]>> = Object.fromEntries(
  Object.entries(HELPS).map(([command, text]) => {
    const flags = [...new Set([...text.matchAll(/(?<![\w-])--[a-z][a-z-]*/g)].map(([flag]) => flag))]
    return [command, [...(WORDS[command] ?? []), ...new Set([...flags, '--help'])]]
  }),
)

/** A script that a shell reads. */
export function completionFor(shell: Shell): string {
  const commands = Object.keys(COMPLETIONS)
  const each = Object.entries(COMPLETIONS)
  switch (shell) {
    case 'bash':
      return `_jr() {
  local word="\${COMP_WORDS[COMP_CWORD]}" words
  if [ "$COMP_CWORD" -eq 1 ]; then
    words="${commands.join(' ')}"
  else
    case "\${COMP_WORDS[1]}" in
${each.map(([command, words]) => `      ${command}) words="${words.join(' ')}" ;;`).join('\n')}
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -o default -F _jr jr job-reactor`
    case 'zsh':
      return `#compdef jr job-reactor
_jr() {
  if (( CURRENT == 2 )); then
    compadd -- ${commands.join(' ')}
    return
  fi
  case "$words[2]" in
${each.map(([command, words]) => `    ${command}) compadd -- ${words.join(' ')} ;;`).join('\n')}
  esac
  _files
}
_jr "$@"`
    case 'fish':
      return each
        .flatMap(([command, words]) =>
          ['jr', 'job-reactor'].flatMap((name) => [
            `complete -c ${name} -n __fish_use_subcommand -f -a ${command}`,
            `complete -c ${name} -n '__fish_seen_subcommand_from ${command}' -a '${words.join(' ')}'`,
          ]),
        )
        .join('\n')
  }
}
