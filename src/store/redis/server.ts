import type { Clock } from '../../clock.js'
import type { JrError } from '../../errors.js'
import type { Lane } from '../../job/lane.js'
import type { SharedChange } from '../contract.js'
import type { Client } from './client.js'
import { type Group, GroupPacker } from './group.js'
import { type NodeKeys, nodeKeys, type Range, type SharedKeys } from './keys.js'
import { type Part, type Row, readLanes, readPage } from './page.js'
import { persist } from './patience.js'
import type { Scripts } from './scripts.js'

/** What is refused once may be refused again: many jobs that are there already, or no memory for new ones. */
const SINGLY_FOR = 20

export interface Owner {
  readonly name: string
  readonly epoch: string
}

/** The scripts as functions, for one opening of one node: which keys and which arguments each takes. */
export class Server {
  readonly clock: Clock
  readonly owner: Owner
  readonly keys: NodeKeys
  readonly shared: SharedKeys
  readonly prefix: string
  readonly timeoutMs: number
  /** For groups of changes alone: what is read must not stand before them. */
  readonly writer: Client
  /** For everything else. */
  readonly watcher: Client
  readonly #scripts: Scripts
  readonly #leaseMs: number
  readonly #packer = new GroupPacker()
  /** Groups up to this one are sent change by change: the ones before them were refused otherwise. */
  #singlyUntil = 0
  /** The number of the last group that is known to have been committed, and of the last that was prepared. */
  group = 0
  #prepared = 0
  /** Why nothing more may be asked of Redis; null while all is well. */
  broken: JrError | null = null

  constructor(
    owner: Owner,
    deps: {
      readonly prefix: string
      readonly shared: SharedKeys
      readonly scripts: Scripts
      readonly writer: Client
      readonly watcher: Client
      readonly timeoutMs: number
      readonly leaseMs: number
      readonly clock: Clock
    },
  ) {
    this.clock = deps.clock
    this.owner = owner
    this.prefix = deps.prefix
    this.shared = deps.shared
    this.keys = nodeKeys(deps.prefix, owner.name)
    this.writer = deps.writer
    this.watcher = deps.watcher
    this.timeoutMs = deps.timeoutMs
    this.#scripts = deps.scripts
    this.#leaseMs = deps.leaseMs
  }

  /**
   * A group of changes, ready to be sent as often as it takes: the second time it is only answered. Groups are done in
   * the order in which they are prepared.
   */
  prepare(changes: readonly SharedChange[]): Group {
    const number = ++this.#prepared
    return this.#pack(number, changes, number <= this.#singlyUntil)
  }

  /** The same group once more, when Redis has refused it because not every job was where it should be. */
  singly({ number, changes }: Group): Group {
    this.#singlyUntil = Math.max(this.#singlyUntil, number + SINGLY_FOR)
    return this.#pack(number, changes, true)
  }

  commit({ keys, args }: Group): Promise<unknown> {
    return this.writer.run(this.#scripts.commit, keys, args)
  }

  commitAndWait({ keys, args }: Group, replicas: number, ms: number) {
    return this.writer.runAndWait(this.#scripts.commit, keys, args, replicas, ms)
  }

  #pack(number: number, changes: readonly SharedChange[], singly: boolean): Group {
    const { leases, jobs, notes } = this.shared
    const { node, waiting, running, ended, outcomes, payloads, taken, notes: own } = this.keys
    const { packed, single, neighbours } = this.#packer.pack(changes, singly)
    const keys = [node, leases, jobs, waiting, running, ended, outcomes, payloads, taken]
    keys.push(notes.names, notes.values, own.names, own.values)
    for (const name of neighbours) {
      const theirs = nodeKeys(this.prefix, name)
      keys.push(theirs.node, theirs.waiting, theirs.running, theirs.outcomes, theirs.payloads, theirs.taken)
      keys.push(theirs.notes.names, theirs.notes.values)
    }
    const args = [this.owner.epoch, String(number - 1), String(number), packed, ...neighbours]
    return { number, changes, single, keys, args }
  }

  /** Asks until Redis answers, the time-out is over, or the store is broken. */
  persist<T>(client: Client, ask: () => Promise<T>, onTrouble?: (reason: string) => void): Promise<T> {
    return persist(this.clock, client, this.timeoutMs, ask, { onTrouble, stopped: () => this.broken })
  }

  renew(closing: boolean): Promise<unknown> {
    const { name, epoch } = this.owner
    const args = [name, epoch, String(this.#leaseMs), String(this.group), closing ? '1' : '0']
    return this.watcher.run(this.#scripts.renew, [this.keys.node, this.shared.leases], args)
  }

  read(part: Part): Promise<Row[]> {
    return readPage(this.watcher, this.#scripts.read, part)
  }

  lanes(after: Lane | null, limit: number): Promise<string[]> {
    return readLanes(this.watcher, this.#scripts.lanes, this.keys.waiting, after, limit)
  }

  async prune(range: Range, before: string, keep: number, limit: number): Promise<number> {
    const { jobs, notes } = this.shared
    const keys = [this.keys.node, jobs, this.keys.ended, notes.names, notes.values]
    const args = [this.owner.epoch, range.min, range.max, before, String(keep), String(limit)]
    return Number(await this.watcher.run(this.#scripts.prune, keys, args))
  }

  /** Whether the lost node's epoch is over. */
  async fence(name: string): Promise<boolean> {
    const keys = [nodeKeys(this.prefix, name).node, this.shared.leases]
    return String(await this.watcher.run(this.#scripts.fence, keys, [name])) === '1'
  }

  async bury(name: string, keepMs: number): Promise<boolean> {
    const { node, waiting, running, ended, outcomes, taken, notes } = nodeKeys(this.prefix, name)
    const mine = this.keys
    const keys = [this.shared.leases, node, waiting, running, ended, outcomes, taken, this.shared.jobs]
    keys.push(mine.ended, mine.notes.names, mine.notes.values, notes.names, notes.values)
    return String(await this.watcher.run(this.#scripts.bury, keys, [name, String(keepMs)])) === '1'
  }
}
