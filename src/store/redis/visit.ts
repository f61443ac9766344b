import type { Chance } from '../../chance.js'
import type { Clock } from '../../clock.js'
import { JrError } from '../../errors.js'
import { isPast } from '../../job/kept.js'
import type { StoredJob } from '../../job/record.js'
import type { Surroundings } from '../../surroundings.js'
import type { ListPage, ListQuery, NoteRange, Shelf, StoredNote } from '../contract.js'
import { countTagged, type Indexed, listTagged, type TagCounts } from '../tags.js'
import { type Argument, type Client, connect } from './client.js'
import { nodeKeys, type SharedKeys, sharedKeys } from './keys.js'
import { Lister } from './lister.js'
import { NoteReader } from './note-reader.js'
import { readLanes, readPage } from './page.js'
import { FIRST_CONTACT_MS, persist } from './patience.js'
import { type Readable, Reader } from './reader.js'
import { readScripts, type ScriptName, type Scripts } from './scripts.js'
import type { RedisStoreOptions } from './store.js'

export type VisitOptions = Pick<RedisStoreOptions, 'url' | 'prefix' | 'timeoutMs' | 'extra'>

/**
 * `held`: a node runs under this name. `stopped`: it was stopped, and its jobs are its own until its lease ends.
 * `lost`: its lease has ended; its jobs go to the others, as far as they may have them, or wait for it.
 */
export type LeaseState = 'held' | 'stopped' | 'lost'

/** A node, as Redis knows it. */
export interface StoredNode {
  readonly name: string
  readonly lease: LeaseState
  /** Until its lease ends; negative: since it has ended. */
  readonly leaseMs: number
  /** Jobs of it that wait, that run or ran when it was lost, and that have ended and are kept. */
  readonly waiting: number
  readonly running: number
  readonly ended: number
}

/** What one who does more than look must know of a node. */
export interface Standing {
  readonly shown: StoredNode
  /** It can change nothing any more, whatever it does. */
  readonly fenced: boolean
  readonly epoch: string
  /** Numbers of outcomes given in this epoch by those who are no nodes; empty when the epoch is a node's. */
  readonly given: string
}

/** Nodes that one script looks at: Redis serves nobody else meanwhile. */
const LOOKED_AT_ONCE = 100
/** How often a job is looked for that moves from node to node meanwhile. */
const TRIES = 5

/** Runs what is given with a connection of its own to Redis, which is closed again. */
export async function visiting<T>(
  options: VisitOptions,
  surroundings: Surroundings,
  what: (visit: Visit) => Promise<T>,
): Promise<T> {
  const make = await connect(options.url, options.extra ?? {}, options.timeoutMs)
  const visit = new Visit(options, surroundings, make)
  try {
    return await what(visit)
  } finally {
    visit.close()
  }
}

/** One look at a Redis that nodes share, by one who is no node: it takes no lease, and has no epoch. */
export class Visit implements Surroundings {
  readonly clock: Clock
  readonly chance: Chance
  readonly prefix: string
  readonly shared: SharedKeys
  readonly timeoutMs: number
  /** How long Redis may say nothing. */
  readonly contactMs: number
  /** Another connection like this one's. */
  readonly connect: () => Client
  readonly client: Client
  readonly #scripts: Scripts

  constructor({ prefix, timeoutMs }: VisitOptions, { clock, chance }: Surroundings, make: () => Client) {
    this.clock = clock
    this.chance = chance
    this.prefix = prefix
    this.shared = sharedKeys(prefix)
    this.timeoutMs = timeoutMs
    this.contactMs = Math.min(timeoutMs, FIRST_CONTACT_MS)
    this.connect = make
    this.client = make()
    this.#scripts = readScripts()
  }

  /** All nodes that have jobs here, or had them and may be back, by name. */
  async nodes(): Promise<StoredNode[]> {
    const names = await this.#names()
    const found: StoredNode[] = []
    for (let at = 0; at < names.length; at += LOOKED_AT_ONCE) {
      const standings = await this.#standings(names.slice(at, at + LOOKED_AT_ONCE))
      for (const one of standings) if (one !== null) found.push(one.shown)
    }
    return found
  }

  /** How one node stands; null for one that Redis does not know. */
  async standing(name: string): Promise<Standing | null> {
    return (await this.#standings([name]))[0] ?? null
  }

  /** Rejects with JR_CONNECTION for a node that Redis does not know. */
  async mustKnow(name: string): Promise<void> {
    if ((await this.standing(name)) !== null) return
    const names = await this.#names()
    const known = names.length === 0 ? 'it knows none' : `it knows ${names.slice(0, 10).join(', ')}`
    throw new JrError(
      'JR_CONNECTION',
      `Redis knows no node '${name}' under the prefix ${this.prefix}: ${known}`,
    )
  }

  /** What is there of one node. */
  reader(node: string): Reader {
    return new Reader(this.#readable(node))
  }

  /** A page of its jobs. */
  list(node: string, query: ListQuery): Promise<ListPage> {
    const readable = this.#readable(node)
    const { tag } = query
    if (tag === undefined) return new Lister(readable).list(query)
    const notes = new NoteReader(readable)
    const reader = new Reader(readable)
    const indexed: Indexed = {
      notes: (shelf, range, limit) => notes.page(shelf, range, limit),
      load: (id) => reader.load(id),
    }
    return listTagged(indexed, { ...query, tag })
  }

  /** Of a shelf that all nodes share. */
  sharedNotes(shelf: Shelf, range: NoteRange, limit: number): Promise<StoredNote[]> {
    return new NoteReader(this.#readable('')).page(shelf, range, limit)
  }

  countTagged(node: string, tag: string): Promise<TagCounts> {
    const notes = new NoteReader(this.#readable(node))
    return countTagged({ countNotes: (shelf, range) => notes.count(shelf, range) }, tag)
  }

  #readable(node: string): Readable {
    const { prefix, shared, client: watcher } = this
    const keys = nodeKeys(prefix, node)
    return {
      owner: { name: node },
      keys,
      prefix,
      shared,
      watcher,
      clock: this.clock,
      read: (part) => readPage(watcher, this.#scripts.read, part),
      lanes: (after, limit) => readLanes(watcher, this.#scripts.lanes, keys.waiting, after, limit),
      persist: (_client, ask) => this.ask(ask),
    }
  }

  /** One job, and the node that has it; null when none has. */
  async find(id: string): Promise<{ readonly node: string; readonly stored: StoredJob } | null> {
    for (let tries = 0; tries < TRIES; tries++) {
      const row = (await this.ask(() => this.client.call('HGET', this.shared.jobs, id))) as Buffer | null
      if (row === null) return null
      const nodes = await this.#names()
      const places = await Promise.all(nodes.map((node) => this.reader(node).stands(id, row)))
      for (const [i, stored] of places.entries()) {
        if (stored !== null && isPast(stored, this.clock.now())) return null
        if (stored !== null) return { node: nodes[i] ?? '', stored }
      }
    }
    return null
  }

  run(name: ScriptName, keys: readonly string[], args: readonly Argument[]): Promise<unknown> {
    return this.ask(() => this.client.run(this.#scripts[name], keys, args))
  }

  /** Asks until Redis answers. `what` must be safe to run twice. Rejects with JR_STORE when it does not in time. */
  ask<T>(what: () => Promise<T>): Promise<T> {
    return persist(this.clock, this.client, this.contactMs, what)
  }

  close(): void {
    this.client.close()
  }

  async #names(): Promise<string[]> {
    const names = await this.ask(() => this.client.call('ZRANGE', this.shared.leases, '0', '-1'))
    return (names as Buffer[]).map(String).sort()
  }

  async #standings(names: readonly string[]): Promise<(Standing | null)[]> {
    const keys = names.flatMap((name) => {
      const { node, waiting, running, ended } = nodeKeys(this.prefix, name)
      return [node, waiting, running, ended]
    })
    const rows = (await this.run('nodes', [this.shared.leases, ...keys], names)) as (Buffer | number)[][]
    return rows.map((row, i) => {
      const [left = '', state = '', epoch = '', given = '', ...counts] = row.map(String)
      if (left === '') return null
      const [waiting = 0, running = 0, ended = 0] = counts.map(Number)
      const fenced = state === 'fenced'
      const lease = fenced ? 'lost' : (state as LeaseState)
      const shown = { name: names[i] ?? '', lease, leaseMs: Number(left), waiting, running, ended }
      return { shown, fenced, epoch, given }
    })
  }
}
