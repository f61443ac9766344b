// @ts-check
// Notes in memory: on each shelf a value by key.
import { compareKeys, isWithin } from 'job-reactor/store'

export function noteAt({ notes }, { shelf, key }) {
  return notes.get(shelf.name)?.get(key) ?? null
}

export function writeNotes(jobs, notes) {
  for (const { shelf, key, value } of notes) {
    if (value === null) dropNotes(jobs, [{ shelf, key }])
    else if (jobs.notes.has(shelf.name)) jobs.notes.get(shelf.name).set(key, value)
    else jobs.notes.set(shelf.name, new Map([[key, value]]))
  }
}

export function dropNotes({ notes }, names) {
  for (const { shelf, key } of names) notes.get(shelf.name)?.delete(key)
}

/** Those of a range, in order. */
export function notesIn({ notes }, shelf, range) {
  const found = [...(notes.get(shelf.name) ?? [])].flatMap(([key, value]) =>
    isWithin(range, key) ? [{ key, value }] : [],
  )
  return found.sort((a, b) => compareKeys(a.key, b.key))
}
