import type { Clock } from '../../src/clock.js'
import { gone, type Note } from '../../src/store/notes.js'
import { heldKey, takeKey } from '../../src/store/unique.js'
import type { NodeSingle } from './journal.js'

/** What becomes of the keys that jobs are the only ones by; undefined where the job has none. */
export function keysAfter(change: NodeSingle, clock: Pick<Clock, 'now'>): readonly Note[] | undefined {
  switch (change.kind) {
    case 'insert':
      if (change.job.agreed.terms.unique === undefined) return undefined
      return takeKey(change.job, clock.now(), change.again === true) ?? undefined
    case 'begin':
      if (change.job.agreed.terms.unique?.until !== 'started') return undefined
      return gone(heldKey(change.job, 'available'))
    case 'end':
      return gone(heldKey(change.from, change.running ? 'running' : 'available'))
    default:
      return undefined
  }
}
