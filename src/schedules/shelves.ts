import { pack, unpack } from '../bytes/codec.js'
import { allNotes, type Note, type Noted, type Shelf } from '../store/notes.js'
import { understood } from '../verbs/form.js'
import { COURSE, type ScheduleCourse } from './course.js'
import { DEFINITION, type Definition } from './definition.js'

/** What schedules are, by their ids: written when one is made or replaced. */
export const DEFINITIONS: Shelf = { name: 'schedules', own: false }
/** What has happened to them: written with each run. */
export const COURSES: Shelf = { name: 'courses', own: false }
/**
 * Who has taken a schedule, by its id and how often it was taken: each time one node only. A node that shares its store takes its
 * own ones when it starts, and those of a lost node: so when it comes back while another takes them over, one of the two has each.
 */
export const MOVES: Shelf = { name: 'moves', own: false }

export interface StoredSchedule {
  readonly id: string
  readonly definition: Definition
  readonly course: ScheduleCourse
}

export function courseNote(id: string, course: ScheduleCourse): Note {
  return { shelf: COURSES, key: id, value: pack(course) }
}

export function definitionNote(id: string, definition: Definition): Note {
  return { shelf: DEFINITIONS, key: id, value: pack(definition) }
}

/** All that is kept of a schedule goes. */
export function goneNotes(id: string, { moves }: ScheduleCourse): Note[] {
  const gone = [DEFINITIONS, COURSES].map((shelf) => ({ shelf, key: id, value: null }))
  const moved = [moves, moves - 1].filter((number) => number > 0)
  return [...gone, ...moved.map((number) => ({ shelf: MOVES, key: moveKey(id, number), value: null }))]
}

/** `course.home` takes a schedule; answered with `taken` where another has been faster. */
export function moveNotes(id: string, course: ScheduleCourse): Note[] {
  const { moves } = course
  const taken: Note = { shelf: MOVES, key: moveKey(id, moves), value: Buffer.alloc(0), unless: 'taken' }
  // The one before stays: who is slow finds it.
  const old: Note[] = moves > 2 ? [{ shelf: MOVES, key: moveKey(id, moves - 2), value: null }] : []
  return [taken, ...old, courseNote(id, course)]
}

export async function readCourse(store: Noted, id: string): Promise<ScheduleCourse | null> {
  const [first] = await store.notes(COURSES, { prefix: id }, 1)
  return first?.key === id ? courseOf(first.value) : null
}

/** All schedules that `meets` lets through, in the order of their ids. */
export async function readSchedules(
  store: Noted,
  meets: (id: string, course: ScheduleCourse) => boolean,
): Promise<StoredSchedule[]> {
  const courses = new Map<string, ScheduleCourse>()
  for await (const { key, value } of allNotes(store, COURSES)) {
    const course = courseOf(value)
    if (meets(key, course)) courses.set(key, course)
  }
  const found: StoredSchedule[] = []
  if (courses.size === 0) return found
  for await (const { key: id, value } of allNotes(store, DEFINITIONS)) {
    const course = courses.get(id)
    if (course === undefined) continue
    found.push({ id, course, definition: understood(DEFINITION, unpack(value), 'a kept schedule') })
  }
  return found
}

function courseOf(value: Buffer): ScheduleCourse {
  return understood(COURSE, unpack(value), 'the course of a kept schedule')
}

function moveKey(id: string, moves: number): string {
  return `${id}\0${moves}`
}
