import { type FailuresOfNode, MOST_GROUPS } from '../../src/verbs/failures.js'

/** Failed jobs of one name whose last errors have the same code and like messages. */
export interface FailureGroup {
  readonly name: string
  /** Of the error; empty: it had none. */
  readonly code: string
  /** The first line, with `…` for what was in quotes and `#` for each word with a digit. */
  readonly message: string
  readonly count: number
  /** When the first and the last of them had failed. */
  readonly first: Date
  readonly last: Date
  /** The id of the newest. */
  readonly example: string
}

/** The failed jobs that are kept, grouped. */
export interface Failures {
  /** Those with the newest failure first; at most 200. */
  readonly groups: readonly FailureGroup[]
  /** Failed jobs that were looked at, at most 20,000 of a node. */
  readonly looked: number
  /** There are more jobs, or more groups. */
  readonly more: boolean
}

export function failuresOf({ groups, looked, more }: FailuresOfNode): Failures {
  const dated = groups.map(({ first, last, ...group }) => ({
    ...group,
    first: new Date(first),
    last: new Date(last),
  }))
  return { groups: dated, looked, more }
}

/** Those of all nodes together. */
export function sumOfFailures(all: readonly Failures[]): Failures {
  const merged = new Map<string, FailureGroup>()
  for (const group of all.flatMap(({ groups }) => groups)) {
    const key = JSON.stringify([group.name, group.code, group.message])
    const other = merged.get(key)
    merged.set(key, other === undefined ? group : both(group, other))
  }
  const groups = [...merged.values()].sort((a, b) => b.last.getTime() - a.last.getTime())
  return {
    groups: groups.slice(0, MOST_GROUPS),
    looked: all.reduce((sum, { looked }) => sum + looked, 0),
    more: groups.length > MOST_GROUPS || all.some(({ more }) => more),
  }
}

function both(one: FailureGroup, other: FailureGroup): FailureGroup {
  const [older, newer] = one.last < other.last ? [one, other] : [other, one]
  const first = older.first < newer.first ? older.first : newer.first
  return { ...newer, count: one.count + other.count, first }
}
