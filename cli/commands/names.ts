import type { JobNameFacts, SetBy } from '../../distributor/index.js'
import { NAMES_HELP } from '../help.js'
import { limitWords, setWords } from '../limit-words.js'
import { onNode } from '../on-node.js'
import { asJson, columns, print, printable } from '../terminal.js'

/** Other ways to commands of their own. */
const VERBS: Readonly<Record<string, () => Promise<(argv: string[]) => Promise<number>>>> = {
  pause: async () => (await import('./pause.js')).run,
  resume: async () => (await import('./pause.js')).resume,
  limit: async () => (await import('./limits.js')).run,
}

/** `jr names`: the names that a node knows, with what is set for each. */
export async function run(argv: string[]): Promise<number> {
  const [verb = '', ...rest] = argv
  const other = Object.hasOwn(VERBS, verb) ? VERBS[verb] : undefined
  if (other !== undefined) return (await other())(rest)
  return onNode(argv, { name: 'names', help: NAMES_HELP, most: 0 }, (_words, flags) => async (app, node) => {
    const [found] = await app.names({ node })
    if (flags.json === true) return print(asJson(found))
    const { paused = null, names = [] } = found ?? {}
    const whole = paused === null ? [] : [`node ${printable(node)}: ${pausedWords(paused)}`]
    if (names.length === 0) return print([...whole, 'no names'].join('\n'))
    const rows = names.map((one) =>
      [one.name, kindOf(one), String(one.running), limitWords(one), pausesOf(one)].map(printable),
    )
    return print(
      [...whole, columns([['NAME', 'CHILDREN', 'RUNNING', 'LIMITS', 'PAUSED'], ...rows])].join('\n'),
    )
  })
}

function kindOf({ known, defer }: JobNameFacts): string {
  if (!known) return 'none knows it'
  return defer ? 'deferred' : 'evented'
}

function pausesOf({ paused, pausedGroups }: JobNameFacts): string {
  const groups = pausedGroups.map((one) => `group ${one.group} ${setWords(one)}`)
  return [...(paused === null ? [] : [setWords(paused)]), ...groups].join('; ')
}

function pausedWords(paused: SetBy): string {
  return `paused ${setWords(paused)}`
}
