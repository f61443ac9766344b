import type { Clock } from '../../src/clock.js'
import type { Note, NoteName } from '../../src/store/notes.js'
import { changeKey, heldKey, takeKey } from '../../src/store/unique.js'
import type { NodeSingle } from './journal.js'

/** What becomes of the keys that jobs are the only ones by. */
export function keysAfter(change: NodeSingle, clock: Pick<Clock, 'now'>, notes: Note[]): void {
  switch (change.kind) {
    case 'insert':
      if (change.job.agreed.terms.unique !== undefined)
        notes.push(...takeKey(change.job, clock.now(), change.again === true))
      return
    case 'begin':
      if (change.job.agreed.terms.unique?.until === 'started') gone(heldKey(change.job, 'available'), notes)
      return
    case 'move':
      notes.push(...changeKey(change.from, change.to, clock.now()))
      return
    case 'end':
      gone(heldKey(change.from, change.running ? 'running' : 'available'), notes)
  }
}

function gone(name: NoteName | null, notes: Note[]): void {
  if (name !== null) notes.push({ ...name, value: null })
}
