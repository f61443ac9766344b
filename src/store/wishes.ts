import type { NoteName, Shelf, Store } from './contract.js'
import { allNotes } from './notes.js'

/** Jobs that somebody has begun to wait for while they ran, by their ids: as long as the record does not say so. */
const WISHES: Shelf = { name: 'wishes', own: false }

export function wishNote(id: string): NoteName {
  return { shelf: WISHES, key: id }
}

/** The ids of all of them: no more than there are jobs that run. */
export async function readWishes(store: Pick<Store, 'notes'>): Promise<ReadonlySet<string>> {
  const ids = new Set<string>()
  for await (const { key } of allNotes(store, WISHES)) ids.add(key)
  return ids
}
