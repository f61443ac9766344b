import type { Surroundings } from '../../surroundings.js'
import { connect } from './client.js'
import { answerChannel } from './keys.js'
import { checkedServer } from './opening.js'
import { FIRST_CONTACT_MS, persist } from './patience.js'
import { readScripts } from './scripts.js'
import type { VisitOptions } from './visit.js'

export interface Examined {
  /** Empty when Redis does not let this user ask. */
  readonly version: string
  /** The median of a few writes, there and back. */
  readonly writeMs: number
  /** What a person should know. */
  readonly notes: readonly string[]
}

const WRITES = 20
/** The key that is written goes by itself, should this process end before it is removed. */
const KEPT_MS = 10_000

/**
 * Does in Redis what a node will do: writes and reads keys of the prefix, runs a script, listens. Leaves nothing behind.
 * Rejects with JR_STORE when Redis can't be reached or refuses; with JR_BAD_CONFIG when it would lose jobs by itself.
 */
export async function examineRedis(
  options: VisitOptions,
  { clock, chance }: Surroundings,
): Promise<Examined> {
  const { url, prefix, timeoutMs, extra = {} } = options
  const make = await connect(url, extra, timeoutMs)
  const [client, ear] = [make(), make()]
  const contactMs = Math.min(timeoutMs, FIRST_CONTACT_MS)
  const ask = <T>(what: () => Promise<T>) => persist(clock, client, contactMs, what)
  try {
    const { version, notes } = await checkedServer(clock, client, contactMs)
    const id = chance.id()
    const key = `{${prefix}}:doctor:${id}`
    const times: number[] = []
    for (let i = 0; i < WRITES; i++) {
      const from = clock.mono()
      await ask(() => client.call('SET', key, id, 'PX', String(KEPT_MS)))
      times.push(clock.mono() - from)
    }
    await ask(() => client.call('DEL', key))
    const none = ['-', '+', '1', '1', '0']
    await ask(() => client.run(readScripts().read, [key, key], none))
    const channel = answerChannel(prefix, id)
    await persist(clock, ear, contactMs, () => ear.listen(channel, () => {}))
    await ask(() => client.call('PUBLISH', channel, ''))
    const writeMs = times.sort((a, b) => a - b)[WRITES / 2] ?? 0
    return { version, writeMs, notes }
  } finally {
    client.close()
    ear.close()
  }
}
