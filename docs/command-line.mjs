// What the commands say of themselves, as text.
import { EXIT, EXIT_WORDS } from '../dist/cli/exit-codes.js'
import { HELP } from '../dist/cli/help.js'
import { HELPS } from '../dist/cli/helps.js'

export function commands() {
  return block(HELP.slice(0, HELP.indexOf('\n\nExit codes')))
}

export function exits() {
  const rows = Object.entries(EXIT).map(([key, code]) => `| ${code} | ${EXIT_WORDS[key]} |`)
  return ['| exit code | |', '|---|---|', ...rows].join('\n')
}

/** The options of a node have a page of their own. */
export function helps() {
  const own = Object.entries(HELPS).filter(([name]) => name !== 'node')
  return own.map(([name, text]) => `### jr ${name}\n\n${block(text)}`).join('\n\n')
}

function block(text) {
  return `\`\`\`text\n${text.trim()}\n\`\`\``
}
