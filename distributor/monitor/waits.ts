import { type WaitFacts, type WaitReason, waitText } from '../../src/verbs/waits.js'

/** What keeps a job that is due from beginning, beside room and those in front of it. */
export interface JobWait {
  readonly reason: WaitReason
  /** In words: `limit of group acme, 3 of 3 running`. */
  readonly text: string
  /** The group that waits; null: all jobs of the name do, or of the node. */
  readonly group: string | null
  /** When it ends by itself, at the soonest; null: nobody can say. */
  readonly until: Date | null
}

export function waitOf(facts: WaitFacts | null, name: string): JobWait | null {
  if (facts === null) return null
  const { reason, group, opensAt } = facts
  return {
    reason,
    text: waitText(facts, name),
    group,
    until: opensAt === undefined ? null : new Date(opensAt),
  }
}
