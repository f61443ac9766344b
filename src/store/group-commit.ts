import { JrError } from '../errors.js'
import type { Answer, SharedChange } from './contract.js'

/** A store, as far as it is written to. One without neighbours is given no change that is for them. */
export interface Committer {
  commit(changes: readonly SharedChange[], durable: boolean): Promise<readonly Answer[]>
  /**
   * Whether the next group may be given while one is under way: of so many changes, `durable` when somebody waits for
   * the disk. They are done in the order in which they were given. Absent: one at a time.
   */
  mayFollow?(changes: number, durable: boolean): boolean
  /** A commit is work for this thread, and not for a disk or a network: what others can do meanwhile is begun first. */
  readonly busy?: boolean
}

export interface GroupCommitHandlers<C extends SharedChange> {
  /** A group is on disk. */
  readonly onCommitted: (changes: readonly C[], answers: readonly Answer[]) => void
  /** The store refused a group, of which nothing is known now. Called once. */
  readonly onFailure: (error: JrError) => void
}

/** A group that is larger waits its turn in parts: a commit must not hold up heartbeats. */
const MAX_CHANGES = 4000
const MAX_BYTES = 4 * 1024 * 1024
/** Groups that are under way at most. */
const DEPTH = 2
/** Longer than a job that follows at once takes to come. */
const PATIENCE_MS = 20

/**
 * Commits changes in groups: at most one is being written, and the next holds all that arrived meanwhile. So the
 * slower the disk, the larger the groups, and one fsync serves them all. A store may want the next group while it works
 * on one: where it is at the end of a network, or where a group has to be written and not to wait for the disk.
 */
export class GroupCommit<C extends SharedChange> {
  readonly #store: Committer
  readonly #handlers: GroupCommitHandlers<C>
  #next: C[] = []
  #durable = false
  #started = false
  /** Runs for what is not urgent. Not cleared by a group that came before: with each job there would be a new one. */
  #idle: NodeJS.Timeout | null = null
  /** Groups that are being written, and the last of them. */
  #writing = 0
  #last: Promise<void> = Promise.resolve()
  #failed: JrError | null = null
  #waiters: (() => void)[] = []

  constructor(store: Committer, handlers: GroupCommitHandlers<C>) {
    this.#store = store
    this.#handlers = handlers
  }

  /** Joins the next group. `durable`: somebody will be told that it is on disk. Ignored after a failure. */
  add(change: C, durable: boolean): void {
    if (this.#failed !== null) return
    this.#next.push(change)
    this.#durable ||= durable
    if (this.#started || !this.#mayWrite) return
    // What was taken need not be noted at once: a group of its own would stand in the way of the next job.
    if (change.kind === 'acknowledge') this.#idle ??= setTimeout(this.#waited, PATIENCE_MS)
    else this.#begin()
  }

  #begin(): void {
    this.#started = true
    // At the end of what is being done now, so that all of a frame, and all frames of a read, share a group. A disk takes
    // longer than a child, so it begins first; where this thread does the work, children are sent their jobs before it.
    if (this.#store.busy === true) process.nextTick(setImmediate, this.#start)
    else setImmediate(this.#start)
  }

  /** Resolves when everything added before has been committed, or can't be any more. */
  async flushed(): Promise<void> {
    if (this.#idle !== null && !this.#started) this.#begin()
    while ((this.#writing > 0 || this.#next.length > 0) && this.#failed === null) {
      await new Promise<void>((resolve) => this.#waiters.push(resolve))
    }
  }

  readonly #waited = (): void => {
    this.#idle = null
    if (!this.#started) this.#start()
  }

  readonly #start = (): void => {
    this.#started = false
    if (this.#mayWrite) this.#write()
  }

  get #mayWrite(): boolean {
    if (this.#writing === 0) return true
    if (this.#writing >= DEPTH || this.#next.length === 0) return false
    return this.#store.mayFollow?.(this.#next.length, this.#durable) === true
  }

  #write(): void {
    if (this.#next.length === 0 || this.#failed !== null) return this.#release()
    const group = this.#take()
    const durable = this.#durable
    if (this.#next.length === 0) this.#durable = false
    this.#writing++
    const before = this.#last
    const answered = this.#store.commit(group, durable)
    this.#last = before
      .then(() => answered)
      .then(
        (answers) => this.#committed(group, answers),
        (cause) => this.#fail(cause),
      )
    // It is looked at when the one before is done.
    answered.catch(() => {})
  }

  #committed(group: readonly C[], answers: readonly Answer[]): void {
    if (this.#failed !== null) return
    this.#writing--
    try {
      this.#handlers.onCommitted(group, answers)
    } catch (cause) {
      return this.#fail(cause)
    }
    this.#release()
    if (this.#mayWrite) this.#write()
  }

  #take(): C[] {
    const all = this.#next
    let count = 0
    for (let bytes = 0; count < all.length && count < MAX_CHANGES && bytes < MAX_BYTES; count++) {
      const change = all[count] as SharedChange
      if (change.kind === 'insert') bytes += change.job.args.length
      else if (change.kind === 'end' || change.kind === 'move') bytes += change.outcome?.args.length ?? 0
    }
    if (count === all.length) {
      this.#next = []
      return all
    }
    this.#next = all.slice(count)
    return all.slice(0, count)
  }

  #fail(cause: unknown): void {
    if (this.#failed !== null) return
    this.#writing = 0
    this.#next = []
    this.#failed =
      cause instanceof JrError
        ? cause
        : new JrError('JR_STORE', `a commit failed: ${String(cause)}`, { cause })
    this.#release()
    this.#handlers.onFailure(this.#failed)
  }

  #release(): void {
    const waiters = this.#waiters
    this.#waiters = []
    for (const wake of waiters) wake()
  }
}
