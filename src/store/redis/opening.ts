import { type Clock, sleep } from '../../clock.js'
import { JrError } from '../../errors.js'
import { epochOfMs } from '../../job/numbers.js'
import type { Surroundings } from '../../surroundings.js'
import type { Client } from './client.js'
import { describeHolder, isGone, ownHolder } from './holder.js'
import { nodeKeys, sharedKeys } from './keys.js'
import { FIRST_CONTACT_MS, persist } from './patience.js'
import type { Scripts } from './scripts.js'
import { checkServer, parseInfo } from './server-facts.js'

export interface Taken {
  readonly id: string
  /** As the scripts know it. */
  readonly fence: string
  /** As a node knows it. */
  readonly epoch: number
  readonly isNew: boolean
}

interface Wanted extends Surroundings {
  readonly prefix: string
  readonly node: string
  readonly leaseMs: number
}

type Answer = { readonly taken: Taken } | { readonly held: { ms: number; holder: string; epoch: string } }

export interface Checked {
  /** Empty when Redis does not let this user ask. */
  readonly version: string
  /** What a person should know. */
  readonly notes: string[]
}

/** Rejects with JR_BAD_CONFIG for a Redis that would lose jobs by itself. */
export async function checkedServer(
  clock: Clock,
  client: Client,
  contactMs = FIRST_CONTACT_MS,
): Promise<Checked> {
  try {
    const info = await persist(clock, client, contactMs, () => client.call('INFO'))
    const facts = parseInfo(String(info))
    return { version: facts.get('redis_version') ?? '', notes: checkServer(facts) }
  } catch (error) {
    if (error instanceof JrError && /NOPERM/.test(error.message)) {
      const note = 'Redis does not let this user ask INFO: see to it that maxmemory-policy is noeviction'
      return { version: '', notes: [note] }
    }
    throw error
  }
}

/**
 * Takes the lease of a node. A holder that is known to be gone is succeeded at once; for another this waits once until
 * its lease should end. Rejects with JR_STORE_LOCKED when it has been renewed by then.
 */
export async function takeLease(client: Client, scripts: Scripts, what: Wanted): Promise<Taken> {
  const take = (gone: string) => askForLease(client, scripts, what, gone)
  let answer = await take('')
  if ('held' in answer && isGone(answer.held.holder)) answer = await take(answer.held.epoch)
  if ('held' in answer) {
    await sleep(what.clock, answer.held.ms + 1)
    answer = await take('')
  }
  if ('taken' in answer) return answer.taken
  const who = describeHolder(answer.held.holder)
  throw new JrError('JR_STORE_LOCKED', `${who} runs as node '${what.node}': give each node a name of its own`)
}

async function askForLease(
  client: Client,
  scripts: Scripts,
  { prefix, node, leaseMs, clock, chance }: Wanted,
  gone: string,
): Promise<Answer> {
  const keys = nodeKeys(prefix, node)
  const args = [node, chance.id(), String(leaseMs), ownHolder(), gone]
  const answer = await persist(clock, client, FIRST_CONTACT_MS, () =>
    client.run(
      scripts.open,
      [keys.node, sharedKeys(prefix).leases, keys.taken, keys.notes.names, keys.notes.values],
      args,
    ),
  )
  const [word, first = '', second = '', third = ''] = (answer as Buffer[]).map(String)
  if (word === 'open')
    return { taken: { id: first, fence: second, epoch: epochOfMs(Number(second)), isNew: third === '1' } }
  return { held: { ms: Number(first), holder: second, epoch: third } }
}
