import { JrError } from '../../errors.js'
import type { KeptAs } from '../../job/kept.js'
import type { Lane } from '../../job/lane.js'
import type { JobRecord, Outcome, Place, StoredJob } from '../../job/record.js'
import { type Surroundings, SYSTEM } from '../../surroundings.js'
import type {
  Answer,
  Counts,
  LaneHead,
  Left,
  ListPage,
  ListQuery,
  NeighbourHandlers,
  Neighbours,
  NoteRange,
  Opened,
  SharedChange,
  Shelf,
  Store,
  StoredNote,
} from '../contract.js'
import { Answering } from './answering.js'
import { type Argument, type Client, connect, type RedisExtra } from './client.js'
import { countsOf } from './counts.js'
import { endedBefore, keptRange, sharedKeys, takenKey } from './keys.js'
import { Lease } from './lease.js'
import { Lister } from './lister.js'
import { NoteReader } from './note-reader.js'
import { checkedServer, takeLease } from './opening.js'
import { Reader } from './reader.js'
import { readScripts } from './scripts.js'
import { Sending } from './sending.js'
import { Server } from './server.js'

export interface RedisStoreOptions {
  /** `redis://user:password@host:port/db`, `rediss://` for TLS, or the path of a Unix socket. */
  readonly url: string
  /** Nodes of the same prefix share their jobs; keys of another prefix are not touched. */
  readonly prefix: string
  /** Milliseconds after which a node that does not renew its lease is lost. */
  readonly leaseMs: number
  /** Milliseconds without an answer after which the store has failed. */
  readonly timeoutMs: number
  /** Replicas that must have a group before it is acknowledged. */
  readonly wait: number
  /** Options of ioredis. */
  readonly extra?: RedisExtra
}

/**
 * Jobs in a Redis that several nodes share. What makes it safe:
 *
 * - **One owner.** Each node has its own jobs, and is their only writer, as with any store. It has an epoch, and the
 *   script of every change refuses an epoch that is over. So a node that was paused past its lease changes nothing
 *   that another has taken over: it is told JR_LEASE_LOST with its next change and ends.
 * - **Each group once.** Groups are numbered, and the number of the last one is written by the script that does it,
 *   with its answers and those to the group before, for two may be on their way. So a group whose answer was lost is
 *   simply sent again; and a Redis that has been emptied, or has lost its last writes in a failover, does not go
 *   unnoticed.
 * - **One id, one job.** Rows of jobs are in one hash, whoever has them: the same job that comes to two nodes is a
 *   duplicate at the second, as long as it has not ended.
 * - **Numbers stay with the name.** What a node has taken from each life of each distributor is written by the script
 *   that stores the jobs, under the node's name, and stays there when the jobs are taken over. So a distributor that
 *   comes back to this name, in whatever epoch, is told rightly what it need not send again. A job that it gives to
 *   another node instead carries the number it had: the script looks whether the first node has taken it, and then it
 *   is a duplicate, wherever the job is by now and also when it has ended.
 * - **Taken over once.** A change that takes from a lost neighbour ends the neighbour's epoch, and finds the job with
 *   it or is `stale`, in one script. Of several that try, one succeeds for each job.
 */
export function redisStore(options: RedisStoreOptions, surroundings: Surroundings = SYSTEM): Store {
  return new RedisStore(options, surroundings)
}

/** Jobs that one script forgets: it reads their rows, and Redis serves nobody else meanwhile. */
const PRUNED_AT_ONCE = 100
/** Changes of a group that is worth sending while Redis works on another. */
const MIN_AHEAD = 200
/** How long what a vanished node had taken is remembered, for distributors that come back to its name. */
const KEPT_NUMBERS_MS = 7 * 24 * 3600_000

interface Open {
  readonly server: Server
  readonly sending: Sending
  readonly reader: Reader
  readonly notes: NoteReader
  readonly lease: Lease
  readonly answering: Answering
}

class RedisStore implements Store {
  readonly kind = 'redis'
  readonly neighbours: Neighbours = {
    watch: (handlers: NeighbourHandlers) => this.#watch(handlers),
    left: (node: string, after: string | null) => this.#left(node, after),
    find: (node: string, ids: readonly string[]) => this.#opened().reader.find(node, ids),
    settle: async (node: string) => {
      await this.#ask(() => this.#opened().server.bury(node, KEPT_NUMBERS_MS))
    },
  }
  readonly #options: RedisStoreOptions
  readonly #surroundings: Surroundings
  #open: Open | null = null
  #opening = false

  constructor(options: RedisStoreOptions, surroundings: Surroundings) {
    this.#options = options
    this.#surroundings = surroundings
  }

  /**
   * While Redis works on one group, the next is on its way, if it is large: small ones would cost more than waiting.
   * Replicas are waited for one group at a time.
   */
  mayFollow(changes: number): boolean {
    return this.#options.wait === 0 && changes >= MIN_AHEAD
  }

  async open(node: string): Promise<Opened> {
    if (this.#open !== null || this.#opening)
      throw new JrError('JR_STORE_LOCKED', 'the Redis store is open already')
    this.#opening = true
    let clients: Client[] = []
    try {
      const { url, extra = {}, timeoutMs } = this.#options
      const make = await connect(url, extra, timeoutMs)
      clients = [make(), make(), make()]
      return await this.#begin(node, clients as [Client, Client, Client])
    } catch (error) {
      for (const client of clients) client.close()
      throw error
    } finally {
      this.#opening = false
    }
  }

  async commit(changes: readonly SharedChange[], durable: boolean): Promise<readonly Answer[]> {
    return this.#opened().sending.send(changes, durable)
  }

  async waiting(lane: Lane, after: Place | null, limit: number, maxBytes: number): Promise<JobRecord[]> {
    return this.#opened().reader.waiting(lane, after, limit, maxBytes)
  }

  async lanes(after: Lane | null, limit: number): Promise<LaneHead[]> {
    return this.#opened().reader.lanes(after, limit)
  }

  async load(id: string): Promise<StoredJob | null> {
    return this.#opened().reader.load(id)
  }

  async list(query: ListQuery): Promise<ListPage> {
    return new Lister(this.#opened().server).list(query)
  }

  async outcomes(distributor: string, after: number, limit: number, maxBytes: number): Promise<Outcome[]> {
    return this.#opened().reader.outcomes(distributor, after, limit, maxBytes)
  }

  async taken(distributor: string, instance: string): Promise<number> {
    const { server } = this.#opened()
    return Number((await this.#call('HGET', server.keys.taken, takenKey(distributor, instance))) ?? 0)
  }

  async notes(shelf: Shelf, range: NoteRange, limit: number): Promise<StoredNote[]> {
    return this.#opened().notes.page(shelf, range, limit)
  }

  async countNotes(shelf: Shelf, range: NoteRange): Promise<number> {
    return this.#opened().notes.count(shelf, range)
  }

  async counts(): Promise<Counts> {
    const { keys } = this.#opened().server
    return countsOf(keys, (command, ...args) => this.#call(command, ...args))
  }

  async prune(as: KeptAs, olderThan: number, keep: number): Promise<number> {
    const { server } = this.#opened()
    const before = endedBefore(as, olderThan)
    for (let pruned = 0; ; ) {
      const some = await this.#ask(() => server.prune(keptRange(as), before, keep, PRUNED_AT_ONCE))
      pruned += some
      if (some < PRUNED_AT_ONCE) return pruned
    }
  }

  async close(): Promise<void> {
    const open = this.#open
    if (open === null) return
    this.#open = null
    const { server } = open
    await open.sending.idle()
    const whole = server.broken === null
    server.broken ??= new JrError('JR_STORE_CLOSED', 'the Redis store was closed')
    open.answering.stop()
    await open.lease.stop()
    // Told to the next opening under this name, which need not wait then. The lease itself goes on for its time.
    if (whole) await server.renew(true).catch(() => {})
    server.writer.close()
    server.watcher.close()
  }

  async #begin(node: string, [writer, watcher, ear]: [Client, Client, Client]): Promise<Opened> {
    const { prefix, leaseMs, timeoutMs, wait } = this.#options
    const { clock } = this.#surroundings
    const { notes } = await checkedServer(clock, watcher)
    const scripts = readScripts()
    const { id, fence, epoch, isNew } = await takeLease(watcher, scripts, {
      prefix,
      node,
      leaseMs,
      ...this.#surroundings,
    })
    const shared = sharedKeys(prefix)
    const owner = { name: node, epoch: fence }
    const server = new Server(owner, { prefix, shared, scripts, writer, watcher, timeoutMs, leaseMs, clock })
    const sending = new Sending(server, wait)
    const reader = new Reader(server)
    const lease = new Lease(server, leaseMs)
    const answering = new Answering(server, ear)
    const deaf = await answering.start()
    if (deaf !== null) notes.push(deaf)
    const interrupted = await reader.interrupted(node)
    lease.start()
    this.#open = { server, sending, reader, notes: new NoteReader(server), lease, answering }
    if (isNew) notes.push(`Redis knew no node ${node} under the prefix ${prefix}: it begins empty`)
    return { id, epoch, interrupted, notes }
  }

  #watch(handlers: NeighbourHandlers): void {
    const { lease, answering } = this.#opened()
    lease.watch(handlers)
    answering.answer(handlers.onAct)
  }

  async #left(node: string, after: string | null): Promise<Left | null> {
    const { server, reader } = this.#opened()
    if (after === null && !(await this.#ask(() => server.fence(node)))) return null
    return reader.left(node, after)
  }

  #call(command: string, ...args: Argument[]): Promise<unknown> {
    const { server } = this.#opened()
    return this.#ask(() => server.watcher.call(command, ...args))
  }

  #ask<T>(what: () => Promise<T>): Promise<T> {
    const { server } = this.#opened()
    return server.persist(server.watcher, what)
  }

  #opened(): Open {
    if (this.#open === null) throw new JrError('JR_STORE_CLOSED', 'the Redis store is not open')
    return this.#open
  }
}
