import type { TerminalState } from '../../src/job/states.js'
import type { Need } from '../../src/job/terms/flow.js'

/** How a job of a flow stands: it waits for others of it, or it waits or runs as any job does, or it has ended. */
export type Stands = 'blocked' | 'open' | TerminalState

/** A job of a flow, as far as what follows from ends needs it. */
export interface Member {
  readonly key: string
  stands: Stands
  readonly needs: readonly Need[]
  /** Needs that have not ended. */
  left: number
}

/** What follows for a job from the end of another. */
export interface Follows<M> {
  readonly member: M
  readonly becomes: 'released' | 'failed' | 'cancelled'
  /** The key of the job that is why. */
  readonly because: string
}

interface Dependent<M> {
  readonly member: M
  readonly onFail: Need['onFail']
}

/**
 * The jobs of one flow that has not ended, and who needs whom. The one place that decides what follows from an end; it does
 * nothing else.
 *
 * - A need that has not completed, whatever the reason, fails its dependent at once (`'fail'`), or counts as ended (`'run'`).
 * - A dependent is released when its last need has ended.
 * - With `failFast` nothing is released once one has not completed: what does not fail for its needs is cancelled.
 */
export class Graph<M extends Member> {
  readonly failFast: boolean
  /** By key, in the order in which they came. */
  readonly members = new Map<string, M>()
  readonly #dependents = new Map<string, Dependent<M>[]>()
  /** The one that needs all others. */
  #last: Dependent<M> | null = null
  /** How many have not ended. */
  #open = 0
  /** The first that has not completed. */
  #failed: string | null = null

  constructor(failFast: boolean) {
    this.failFast = failFast
  }

  get isOver(): boolean {
    return this.#open === 0
  }

  /** Nothing is to run any more: one has not completed, and that cancels the rest. */
  get isCancelled(): boolean {
    return this.failFast && this.#failed !== null
  }

  /** Somebody waits for it, and will see how it has ended. */
  isNeeded(key: string): boolean {
    const last = this.#last?.member
    // Who needs all others is told only of those that have not completed.
    if (last !== undefined && !hasEnded(last) && this.members.get(key)?.stands !== 'completed') return true
    return this.#dependents.get(key)?.some(({ member }) => !hasEnded(member)) === true
  }

  add(member: M): void {
    this.members.set(member.key, member)
    member.left = member.needs.length
    if (!hasEnded(member)) this.#open++
    for (const { key, onFail } of member.needs) {
      if (key === null) this.#last = { member, onFail }
      else this.#needed(key).push({ member, onFail })
    }
  }

  /** It is of the flow no more, and had no needs but all others. */
  remove(member: M): void {
    this.members.delete(member.key)
    if (!hasEnded(member)) this.#open--
    // Nothing follows for it any more.
    member.stands = 'cancelled'
    if (this.#last?.member === member) this.#last = null
  }

  /** A job has ended. What follows comes in an order in which each is behind the one that is why. */
  end(member: M, state: TerminalState): readonly Follows<M>[] {
    if (hasEnded(member)) return []
    const follows: Follows<M>[] = []
    this.#end(member, state)
    this.#spread([[member.key, state === 'completed']], follows)
    return follows
  }

  /** What should have followed from all that have ended so far; one that is needed and is not there has not completed. */
  settle(): readonly Follows<M>[] {
    const follows: Follows<M>[] = []
    const ended: [key: string, completed: boolean][] = []
    for (const member of this.members.values()) {
      member.left = member.needs.length
      if (!hasEnded(member)) continue
      ended.push([member.key, member.stands === 'completed'])
      if (member.stands !== 'completed') this.#failed ??= member.key
    }
    for (const key of this.#dependents.keys()) if (!this.members.has(key)) ended.push([key, false])
    this.#spread(ended, follows)
    return follows
  }

  #needed(key: string): Dependent<M>[] {
    const there = this.#dependents.get(key)
    if (there !== undefined) return there
    const made: Dependent<M>[] = []
    this.#dependents.set(key, made)
    return made
  }

  #end(member: M, state: TerminalState): void {
    member.stands = state
    this.#open--
    if (state !== 'completed') this.#failed ??= member.key
  }

  /** Goes on with what follows from what follows. */
  #spread(ended: [key: string, completed: boolean][], follows: Follows<M>[]): void {
    const fails = ({ member, onFail }: Dependent<M>, because: string, completed: boolean) => {
      if (completed || onFail === 'run') return false
      this.#end(member, 'failed')
      follows.push({ member, becomes: 'failed', because })
      ended.push([member.key, false])
      return true
    }
    let because = ''
    for (const [key, completed] of ended) {
      because = key
      const last = this.#last === null || this.#last.member.key === key ? [] : [this.#last]
      for (const dependent of last)
        if (dependent.member.stands === 'blocked') fails(dependent, key, completed)
      for (const dependent of this.#dependents.get(key) ?? []) {
        if (dependent.member.stands !== 'blocked' || fails(dependent, key, completed)) continue
        if (--dependent.member.left === 0) this.#release(dependent.member, key, follows)
      }
    }
    const last = this.#last?.member
    if (last?.stands === 'blocked' && this.#open === 1) this.#release(last, because, follows)
    if (this.isCancelled) this.#cancel(follows)
  }

  #release(member: M, because: string, follows: Follows<M>[]): void {
    if (this.isCancelled) return
    member.stands = 'open'
    follows.push({ member, becomes: 'released', because })
  }

  #cancel(follows: Follows<M>[]): void {
    for (const member of this.members.values()) {
      if (member.stands !== 'blocked') continue
      this.#end(member, 'cancelled')
      follows.push({ member, becomes: 'cancelled', because: this.#failed ?? '' })
    }
  }
}

export function hasEnded({ stands }: Pick<Member, 'stands'>): boolean {
  return stands !== 'blocked' && stands !== 'open'
}
