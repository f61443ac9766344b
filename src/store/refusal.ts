import type { JobRecord } from '../job/record.js'
import type { Answer, Change, Refusal, Refused, Single } from './changes.js'
import { isTaken, lasting, type NoteName, pathOf } from './notes.js'

/** What has to be known of a store to say whether it can do a change. */
export interface Ground {
  /** Whether the job waits, or runs, at the place of the record. */
  isAt(from: JobRecord, running: boolean): boolean
  /** Whether a job of this id waits or runs. */
  isLive(id: string): boolean
  /** The notes that go with a job of this id that has ended and is kept; null when there is none. */
  kept(id: string): readonly NoteName[] | null
  /** The value of a note; null when there is none. */
  note(name: NoteName): Buffer | null
}

/** What a store does with a change. */
export interface Doing {
  /** Its sender's number counts, whatever the answer is. */
  take(change: Single): void
  /** What carries no notes finds by itself whether it can be done. */
  do(change: Single): 'ok' | 'duplicate' | 'stale'
}

/** Does a change, or changes together, whole or not at all. */
export function performed(change: Change, ground: Ground, doing: Doing): Answer {
  if (change.kind !== 'together') {
    doing.take(change)
    const refusal = change.notes === undefined ? null : refusalOf(change, ground)
    return refusal ?? doing.do(change)
  }
  for (const each of change.changes) doing.take(each)
  const refused = firstRefusal(change.changes, ground)
  if (refused !== null) return refused
  for (const each of change.changes) doing.do(each)
  return 'ok'
}

/** Why a change can't be done; null when it can. */
export function refusalOf(change: Single, ground: Ground): Refusal | null {
  return refusalOfJob(change, ground) ?? takenNote(change, ground)
}

/** Of changes that are to be done together, each after those before it, the first that can't be. */
export function firstRefusal(changes: readonly Single[], ground: Ground): Refused | null {
  const ahead = new Ahead(ground, changes.some(looksAtNotes))
  const last = changes.length - 1
  for (let at = 0; at <= last; at++) {
    const change = changes[at] as Single
    const answer = refusalOf(change, ahead)
    if (answer !== null) return { is: 'refused', at, answer }
    if (at < last) ahead.done(change)
  }
  return null
}

function looksAtNotes({ notes }: Single): boolean {
  return notes?.some(({ unless }) => unless !== undefined) === true
}

function refusalOfJob(change: Single, ground: Ground): 'duplicate' | 'stale' | null {
  switch (change.kind) {
    case 'insert':
      return change.ownId && ground.isLive(change.job.id) ? 'duplicate' : null
    case 'begin':
      return ground.isAt(change.job, false) ? null : 'stale'
    case 'move':
    case 'end':
      return ground.isAt(change.from, change.running) ? null : 'stale'
    case 'remove':
      return ground.kept(change.id) === null ? 'stale' : null
    default:
      return null
  }
}

function takenNote({ notes }: Single, ground: Ground): Refusal | null {
  if (notes === undefined) return null
  for (const note of notes) {
    if (note.unless === undefined) continue
    const value = ground.note(note)
    if (isTaken(note, value)) return { is: 'taken', shelf: note.shelf, key: note.key, value }
  }
  return null
}

/** A store as it will be when changes have been done. */
class Ahead implements Ground {
  readonly #ground: Ground
  /** By id: null when none waits or runs. */
  readonly #live = new Map<string, { readonly seq: number; readonly running: boolean } | null>()
  readonly #kept = new Map<string, readonly NoteName[] | null>()
  readonly #notes = new Map<string, Buffer | null>()
  /** One of the changes depends on notes. */
  readonly #looks: boolean

  constructor(ground: Ground, looks: boolean) {
    this.#ground = ground
    this.#looks = looks
  }

  isAt(from: JobRecord, running: boolean): boolean {
    const live = this.#live.get(from.id)
    if (live === undefined) return this.#ground.isAt(from, running)
    return live?.seq === from.seq && live.running === running
  }

  isLive(id: string): boolean {
    const live = this.#live.get(id)
    return live === undefined ? this.#ground.isLive(id) : live !== null
  }

  kept(id: string): readonly NoteName[] | null {
    const kept = this.#kept.get(id)
    return kept === undefined ? this.#ground.kept(id) : kept
  }

  note(name: NoteName): Buffer | null {
    const value = this.#notes.get(pathOf(name))
    return value === undefined ? this.#ground.note(name) : value
  }

  done(change: Single): void {
    switch (change.kind) {
      case 'insert':
        if (change.ownId) this.#forget(change.job.id)
        this.#live.set(change.job.id, { seq: change.job.seq, running: false })
        break
      case 'begin':
        this.#live.set(change.job.id, { seq: change.job.seq, running: true })
        break
      case 'move':
        this.#live.set(change.to.id, { seq: change.to.seq, running: false })
        break
      case 'end':
        this.#live.set(change.from.id, null)
        if (change.keep !== null) this.#kept.set(change.from.id, lasting(change.notes))
        break
      case 'remove':
        this.#forget(change.id)
    }
    if (!this.#looks || change.notes === undefined) return
    for (const note of change.notes) this.#notes.set(pathOf(note), note.value)
  }

  #forget(id: string): void {
    for (const name of this.kept(id) ?? []) this.#notes.set(pathOf(name), null)
    this.#kept.set(id, null)
  }
}
