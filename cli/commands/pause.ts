import type { NodeNames, PauseOptions } from '../../distributor/index.js'
import { EXIT } from '../exit-codes.js'
import { PAUSE_HELP, RESUME_HELP } from '../help.js'
import { onNode } from '../on-node.js'
import { asJson, print, printable } from '../terminal.js'

type Verb = 'pause' | 'resume'

const HELP = { pause: PAUSE_HELP, resume: RESUME_HELP }
const DONE = { pause: 'is paused', resume: 'is resumed' }
const SO_ALREADY = { pause: 'was paused already', resume: 'was not paused' }

/** `jr pause`: a name, a group of it, or the node begins no job. */
export function run(argv: string[]): Promise<number> {
  return change('pause', argv)
}

/** `jr resume`: ends a pause. Exits with 1 if there was none. */
export function resume(argv: string[]): Promise<number> {
  return change('resume', argv)
}

function change(verb: Verb, argv: readonly string[]): Promise<number> {
  return onNode(argv, { name: verb, help: HELP[verb], most: 2 }, ([name, group], flags) => {
    const what = { ...(name === undefined ? {} : { name }), ...(group === undefined ? {} : { group }) }
    return async (app, node) => {
      const { changed } = await app[verb]({ ...what, node })
      const isChanged = changed.length > 0
      const [found] = await app.names({ node })
      if (flags.json === true) print(asJson({ node, ...what, changed: isChanged }))
      else print(`${wordsFor(what, node)} ${(isChanged ? DONE : SO_ALREADY)[verb]}`)
      for (const note of notesOn(verb, what, found)) process.stderr.write(`jr ${verb}: ${note}\n`)
      return isChanged || verb === 'pause' ? EXIT.ok : EXIT.failed
    }
  })
}

function wordsFor({ name, group }: PauseOptions, node: string): string {
  if (name === undefined) return `node ${printable(node)}`
  return `${group === undefined ? '' : `group ${printable(group)} of `}${printable(name)} on ${printable(node)}`
}

/** What a person may not expect. */
function notesOn(verb: Verb, { name, group }: PauseOptions, found: NodeNames | undefined): string[] {
  if (name === undefined || found === undefined) return []
  const facts = found.names.find((one) => one.name === name)
  if (verb === 'pause')
    return facts?.known === true
      ? []
      : [`no child of the node knows '${printable(name)}'; it is paused all the same`]
  const still = [
    ...(found.paused === null ? [] : ['the node is paused as a whole']),
    ...(group === undefined || (facts?.paused ?? null) === null
      ? []
      : [`${printable(name)} is paused as a whole`]),
  ]
  return still.map((one) => `${one}: its jobs wait until that is resumed, too`)
}
