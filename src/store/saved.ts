import type { NoteName, Shelf, Store } from './contract.js'

/** What a job has saved for its next attempt: of jobs that have not ended, by their ids. */
const SAVED: Shelf = { name: 'saved', own: false }

export function savedNote(id: string): NoteName {
  return { shelf: SAVED, key: id }
}

/** Null: it has saved nothing. */
export async function savedOf(store: Pick<Store, 'notes'>, id: string): Promise<Buffer | null> {
  const [first] = await store.notes(SAVED, { prefix: id }, 1)
  return first?.key === id ? first.value : null
}
