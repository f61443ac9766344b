import { sleep } from '../../clock.js'
import { JrError } from '../../errors.js'
import type { Answer, SharedChange } from '../contract.js'
import { readAnswers } from './answers.js'
import { isRefusedAsMany } from './failure.js'
import type { Group } from './group.js'
import { FIRST_PAUSE_MS, LONGEST_PAUSE_MS } from './patience.js'
import type { Server } from './server.js'

/** Sends groups of changes until Redis has done them: whole, change by change, or in parts. */
export class Sending {
  readonly #server: Server
  /** How many replicas must have what is to be durable. */
  readonly #replicas: number
  /** Resolves when what was given last is done, or can't be. */
  #last: Promise<unknown> = Promise.resolve()
  /** Resolves when Redis has done the group that was prepared last, or never will. */
  #done: Promise<void> = Promise.resolve()

  constructor(server: Server, replicas: number) {
    this.#server = server
    this.#replicas = replicas
  }

  async send(changes: readonly SharedChange[], durable: boolean): Promise<readonly Answer[]> {
    const { broken } = this.#server
    if (broken !== null) throw broken
    if (changes.length === 0) return []
    const sent = this.#send(changes, durable && this.#replicas > 0)
    this.#last = sent.catch(() => {})
    return sent
  }

  /** Resolves when nothing is being sent any more. */
  async idle(): Promise<void> {
    await this.#last
  }

  /** Resolves with the answers once all changes are done: in parts, when Redis has no memory for new jobs at first. */
  async #send(changes: readonly SharedChange[], wait: boolean): Promise<readonly Answer[]> {
    const server = this.#server
    const answers = new Array<Answer>(changes.length)
    const until = server.clock.mono() + server.timeoutMs
    let left = changes.map((_, i) => i)
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
      const some = left.length === changes.length ? changes : left.map((at) => changes[at] as SharedChange)
      const told = await this.#sendGroup(server.prepare(some), wait)
      for (const [i, at] of left.entries()) answers[at] = told[i] ?? 'stale'
      left = left.filter((_, i) => told[i] === null)
      if (left.length === 0) return answers
      if (server.clock.mono() + pause > until) {
        const text = `Redis has had no memory for more jobs for ${server.timeoutMs} ms (maxmemory)`
        server.broken ??= new JrError('JR_STORE', text)
        throw server.broken
      }
      await sleep(server.clock, pause)
    }
  }

  /**
   * Sends a group at once, also when the one before it is under way: Redis does them in order. When something goes
   * wrong, it waits until the one before is done, and then asks until Redis answers.
   */
  async #sendGroup(group: Group, wait: boolean): Promise<readonly (Answer | null)[]> {
    const server = this.#server
    const before = this.#done
    let done = () => {}
    this.#done = new Promise((resolve) => {
      done = resolve
    })
    let sent = group
    const once = () => (wait ? this.#sendAndWait(sent) : server.commit(sent))
    const send = () =>
      once().catch((error) => {
        if (!isRefusedAsMany(error)) throw error
        sent = server.singly(sent)
        return once()
      })
    try {
      const answer = await send().catch(async () => {
        await before
        return server.persist(server.writer, send)
      })
      server.group = Math.max(server.group, group.number)
      return readAnswers(sent, answer as Buffer)
    } catch (cause) {
      server.broken ??= cause instanceof JrError ? cause : new JrError('JR_STORE', `Redis: ${String(cause)}`)
      throw server.broken
    } finally {
      done()
    }
  }

  /** Too few replicas in time is a failure that may pass: the group is sent again, is only answered, and waits again. */
  async #sendAndWait(group: Group): Promise<unknown> {
    const wanted = this.#replicas
    const { answer, replicas } = await this.#server.commitAndWait(group, wanted, 1000)
    if (replicas >= wanted) return answer
    throw new Error(`NOREPLICAS ${replicas} of ${wanted} replicas have what was written (option redisWait)`)
  }
}
