import { bytesOfStored, type JobRecord, type StoredJob } from '../job/record.js'
import { isTerminal, type JobState } from '../job/states.js'
import { meets, type ParsedFilter } from '../verbs/query.js'
import {
  LIST_BYTES,
  type ListPage,
  type ListQuery,
  LOOKED_AT,
  type NoteName,
  type Shelf,
  type Store,
} from './contract.js'

/** Jobs by tag: of each job that has tags a note for each of them, under what the job is and its id. */
export const TAGS: Shelf = { name: 'tags', own: true }

/** What a job is, as the index knows it. What of a waiting job the clock decides, it does not. */
const STANDS = { waiting: 'w', running: 'r', completed: 'c', failed: 'f', cancelled: 'x' } as const
export type Stands = keyof typeof STANDS

/** Jobs of the index that are read at once. */
const READ_AT_ONCE = 100

export function standsOf(state: JobState): Stands {
  return state === 'running' || isTerminal(state) ? state : 'waiting'
}

/** The names of the notes of a job that stands so. No tag has a NUL. */
export function tagNotes({ id, agreed }: JobRecord, stands: Stands): NoteName[] {
  return (agreed.terms.tags ?? []).map((tag) => ({ shelf: TAGS, key: tagKey(tag, stands, id) }))
}

export function tagKey(tag: string, stands: Stands, id: string): string {
  return `${tag}\0${STANDS[stands]}\0${id}`
}

/** The beginning of the keys of all jobs of a tag, or of those that stand so. */
function startOf(tag: string, stands: Stands | null): string {
  return stands === null ? `${tag}\0` : `${tag}\0${STANDS[stands]}\0`
}

export type TagCounts = { readonly [S in Stands]: number }

/** How many jobs of a tag there are, by what they are. */
export async function countTagged(store: Pick<Store, 'countNotes'>, tag: string): Promise<TagCounts> {
  const all = Object.keys(STANDS) as Stands[]
  const counts = await Promise.all(
    all.map(
      async (stands) => [stands, await store.countNotes(TAGS, { prefix: startOf(tag, stands) })] as const,
    ),
  )
  return Object.fromEntries(counts) as TagCounts
}

/** What the index is read from. */
export type Indexed = Pick<Store, 'notes' | 'load'>

/** A page of the jobs of a tag, found by the index: as `list` of a store answers, in the order of what they are and their ids. */
export async function listTagged(
  store: Indexed,
  query: ListQuery & { readonly tag: string },
): Promise<ListPage> {
  const { tag, state, after, limit } = query
  const stands = [...new Set(state?.map(standsOf))]
  const prefix = startOf(tag, stands.length === 1 ? (stands[0] ?? null) : null)
  const jobs: StoredJob[] = []
  let [looked, bytes] = [0, 0]
  for (let last = after; ; ) {
    const notes = await store.notes(TAGS, { prefix, after: last }, Math.min(limit, READ_AT_ONCE))
    const found = await Promise.all(notes.map(({ key }) => store.load(idOf(key, tag))))
    for (const [i, { key }] of notes.entries()) {
      last = key
      const stored = found[i] ?? null
      if (stored !== null && isOf(query, key, stored)) {
        jobs.push(stored)
        bytes += bytesOfStored(stored)
      }
      const enough = jobs.length >= limit || bytes >= LIST_BYTES
      if (enough || ++looked >= LOOKED_AT.count) return { jobs, next: key }
    }
    if (notes.length === 0) return { jobs, next: null }
  }
}

/** Behind the tag, NUL, a letter, and NUL. */
function idOf(key: string, tag: string): string {
  return key.slice(tag.length + 3)
}

/** A job that has gone on since the note was read is met where it stands now, or not at all. */
function isOf(filter: ParsedFilter & { readonly tag: string }, key: string, stored: StoredJob): boolean {
  return key.startsWith(startOf(filter.tag, standsOf(stored.state))) && meets(filter, stored)
}
