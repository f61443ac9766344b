import type { AnswerOf } from '../../src/verbs/table.js'

/** `waiting`: `scheduled`, `available` or `retryable`, as the clock says. */
export type TagCounts = AnswerOf<'tagged'>

export function sumOf(counts: readonly TagCounts[]): TagCounts {
  const sum = { waiting: 0, running: 0, completed: 0, failed: 0, cancelled: 0 }
  for (const each of counts)
    for (const stands in sum) sum[stands as keyof TagCounts] += each[stands as keyof TagCounts]
  return sum
}
