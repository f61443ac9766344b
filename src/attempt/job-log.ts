import { json } from '../bytes/plain.js'
import type { Facts } from '../logger.js'
import { MAX_FACTS, MAX_TEXT } from '../rules.js'
import type { Log } from './messages.js'

/** What a line of the log has of its own. */
const OWN = new Set(['time', 'level', 'event', 'node', 'job', 'name', 'text'])

/** Whatever a job logs, it does not fail for it. */
export function asText(text: unknown): string {
  return typeof text === 'string' ? text : json(text)
}

/** What a job logs beside its text, as it goes to the node. */
export function packFacts(facts: unknown): string {
  if (facts === undefined) return ''
  const text = json(facts)
  if (text.startsWith('{') && text.length <= MAX_FACTS) return text
  const cut = text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text
  return JSON.stringify({ facts: cut })
}

/** The line of the node's log: what the job says of it does not hide what the node says. */
export function factsOf({ id, name, text, facts }: Log): Facts {
  const own = { job: id, name, text }
  if (facts === '') return own
  const more = Object.entries(parse(facts)).map(([key, value]) => [
    OWN.has(key) ? `facts.${key}` : key,
    value,
  ])
  return { ...own, ...Object.fromEntries(more) }
}

/** Job code can reach the pipe, and may have written anything. */
function parse(facts: string): object {
  try {
    const value: unknown = JSON.parse(facts)
    return typeof value === 'object' && value !== null ? value : { facts }
  } catch {
    return { facts }
  }
}
