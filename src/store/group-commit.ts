import type { Clock, Timer } from '../clock.js'
import { JrError } from '../errors.js'
import { WINDOWS, Window } from '../window.js'
import { bytesOf, checkBounds, type Waiting } from './carried.js'
import type { Answer, SharedChange } from './contract.js'

/** A store, as far as it is written to. One without neighbours is given no change that is for them. */
export interface Committer {
  commit(
    changes: readonly SharedChange[],
    durable: boolean,
    onWritten?: (answers: readonly Answer[]) => void,
  ): Promise<readonly Answer[]>
  /**
   * Whether the next group, of so many changes, may be given while one is under way. They are done in the order in which
   * they were given. Absent: one at a time.
   */
  mayFollow?(changes: number): boolean
  /** A commit is work for this thread, and not for a network: what others can do meanwhile is begun first. */
  readonly busy?: boolean
}

export interface GroupCommitHandlers<C extends Waiting> {
  /** New jobs of a group are safe: their senders may be told. */
  readonly onStored: (changes: readonly C[], answers: readonly Answer[]) => void
  /**
   * A group is done: written, or safe when it holds what somebody is told only then. Groups come in order. New jobs may
   * be done before they are stored.
   */
  readonly onDone: (changes: readonly C[], answers: readonly Answer[]) => void
  /** Whether so much waits for the store that no more should come. It may come all the same. */
  readonly onFull?: (full: boolean) => void
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
 * slower the store, the larger the groups. A group that has been written, and is on its way to the disk, does not keep
 * the next from being written; one fsync serves all that wait for it. A store at the end of a network may want the next
 * group while it works on one.
 */
export class GroupCommit<C extends Waiting> {
  readonly #store: Committer
  readonly #handlers: GroupCommitHandlers<C>
  readonly #clock: Clock
  #next: C[] = []
  /** What was added, and is not yet as safe as it is to be. */
  readonly #window = new Window(WINDOWS.changes)
  #full = false
  /** Somebody will be told that one of the next is safe; of one that is no new job. */
  #durable = false
  #strict = false
  #started = false
  /** Runs for what is not urgent. Not cleared by a group that came before: with each job there would be a new one. */
  #idle: Timer | null = null
  /** Groups that are not done, and the last of those that are not safe. */
  #writing = 0
  #last: Promise<void> = Promise.resolve()
  #failed: JrError | null = null
  /** Changes so far, and those that are as safe as they are to be. */
  #added = 0
  #settled = 0
  #waiters: (() => void)[] = []

  constructor(store: Committer, handlers: GroupCommitHandlers<C>, clock: Clock) {
    this.#store = store
    this.#handlers = handlers
    this.#clock = clock
  }

  /**
   * Joins the next group. `durable`: somebody will be told that it is safe. Ignored after a failure. Throws a TypeError for
   * notes beyond their bounds.
   */
  add(change: C, durable: boolean): void {
    if (this.#failed !== null) return
    checkBounds(change)
    this.#next.push(change)
    this.#added++
    const bytes = bytesOf(change)
    if (!this.#full && !this.#window.fits(bytes)) this.#setFull(true)
    this.#window.add(bytes)
    this.#durable ||= durable
    this.#strict ||= durable && !isNew(change)
    if (this.#started || !this.#mayWrite) return
    // What was taken need not be noted at once: a group of its own would stand in the way of the next job.
    if (change.kind === 'acknowledge') this.#idle ??= this.#clock.setTimer(PATIENCE_MS, this.#waited)
    else this.#begin()
  }

  #begin(): void {
    this.#started = true
    // At the end of what is being done now, so that all of a frame, and all frames of a read, share a group. A network
    // takes longer than a child, so it begins first; where this thread does the work, children are sent their jobs
    // before it, and the quickest of them have answered: their jobs' beginning and end are one group.
    if (this.#store.busy === true) setImmediate(setImmediate, this.#start)
    else setImmediate(this.#start)
  }

  /** Resolves when everything added before is as safe as it is to be, or can't be any more. */
  async flushed(): Promise<void> {
    if (this.#idle !== null && !this.#started) this.#begin()
    const added = this.#added
    while (this.#settled < added && this.#failed === null) {
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
    return this.#store.mayFollow?.(this.#next.length) === true
  }

  #write(): void {
    if (this.#next.length === 0 || this.#failed !== null) return
    const { group, bytes } = this.#take()
    const durable = this.#durable
    let done = false
    // Of what is told only when it is safe, nothing that comes behind it may be told before.
    const onWritten = this.#strict
      ? undefined
      : (answers: readonly Answer[]) => {
          done = true
          this.#done(group, answers)
          if (this.#next.length > 0 && !this.#started) this.#begin()
        }
    if (this.#next.length === 0) {
      this.#durable = false
      this.#strict = false
    }
    this.#writing++
    const before = this.#last
    const answered = this.#store.commit(group, durable, onWritten)
    this.#last = before
      .then(() => answered)
      .then(
        (answers) => this.#safe(group, bytes, answers, done),
        (cause) => this.#fail(cause),
      )
    // It is looked at when the one before is safe.
    answered.catch(() => {})
  }

  #safe(group: readonly C[], bytes: number, answers: readonly Answer[], done: boolean): void {
    if (this.#failed !== null) return
    this.#tell(this.#handlers.onStored, group, answers)
    if (!done) this.#done(group, answers)
    this.#settled += group.length
    this.#window.remove(bytes, group.length)
    if (this.#full && this.#window.isHalfEmpty) this.#setFull(false)
    this.#release()
    if (!this.#started && this.#mayWrite) this.#write()
  }

  #done(group: readonly C[], answers: readonly Answer[]): void {
    if (this.#failed !== null) return
    this.#writing--
    this.#tell(this.#handlers.onDone, group, answers)
  }

  #tell(
    handler: (changes: readonly C[], answers: readonly Answer[]) => void,
    group: readonly C[],
    answers: readonly Answer[],
  ): void {
    try {
      handler(group, answers)
    } catch (cause) {
      this.#fail(cause)
    }
  }

  #setFull(full: boolean): void {
    this.#full = full
    this.#handlers.onFull?.(full)
  }

  #take(): { readonly group: C[]; readonly bytes: number } {
    const all = this.#next
    let count = 0
    let bytes = 0
    for (; count < all.length && count < MAX_CHANGES && bytes < MAX_BYTES; count++) {
      bytes += bytesOf(all[count] as C)
    }
    if (count === all.length) {
      this.#next = []
      return { group: all, bytes }
    }
    this.#next = all.slice(count)
    return { group: all.slice(0, count), bytes }
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

function isNew(change: SharedChange): boolean {
  return change.kind === 'together' ? change.changes.every(isNew) : change.kind === 'insert'
}
