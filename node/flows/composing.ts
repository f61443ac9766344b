import { unpackError } from '../../src/bytes/error-record.js'
import type { Clock } from '../../src/clock.js'
import { dependencyFailed, JrError } from '../../src/errors.js'
import { membershipOf } from '../../src/job/flow.js'
import type { JobRecord, Outcome } from '../../src/job/record.js'
import { inFront } from '../../src/job/series.js'
import type { TerminalState } from '../../src/job/states.js'
import { MAX_NOTE_VALUE } from '../../src/rules.js'
import {
  type FlowNote,
  flowBytes,
  flowNote,
  headNote,
  isMuch,
  leftBytes,
  resultNote,
} from '../../src/store/flow-notes.js'
import type { Note, NoteName } from '../../src/store/notes.js'
import { moveOf, type NodeEnd, type NodeInsert, type NodeSingle } from '../changes/journal.js'
import { type ConclusionDeps, endedWithoutRun } from '../run/conclusion.js'
import type { Flow, Part } from './flow.js'
import type { Follows } from './graph.js'

export interface ComposingDeps extends ConclusionDeps {
  readonly clock: Pick<Clock, 'now'>
  /** What a job has left is in its note; and in memory, while there is room, for those that begin soon. */
  readonly keepResult: (part: Part, result: Buffer) => void
}

/** The end of a job of a flow. */
export interface Head {
  readonly part: Part
  readonly end: NodeEnd
  /** Jobs that come with it. */
  readonly more: readonly NodeInsert[]
  /** The store has it already, without what follows. */
  readonly isWritten: boolean
}

/** What follows for a job, whose record is known. */
export interface Following extends Follows<Part> {
  readonly record: JobRecord
}

/** Of one change: far fewer than a change may have. */
const NOTES_AT_ONCE = 500
/** The notes of a flow with up to so many jobs go with the end of its last one. */
const SMALL = 200

/**
 * The changes that are one step: the end of a job, if that is why, all that follows for others of its flow, and the notes that say
 * how they have ended.
 */
export function changesOf(
  flow: Flow,
  head: Head | null,
  follows: readonly Following[],
  deps: ComposingDeps,
): NodeSingle[] {
  const changes: NodeSingle[] = head === null || head.isWritten ? [] : [head.end, ...head.more]
  const ended: { readonly part: Part; readonly end: NodeEnd }[] = head === null ? [] : [head]
  const errors = new Map<string, Error>()
  for (const follow of follows) {
    const { member, record, becomes } = follow
    if (becomes === 'released') {
      const to = inFront(record, deps.seq())
      Object.assign(member, { seq: to.seq })
      changes.push(moveOf(record, false, to))
      continue
    }
    const error = errorOf(flow, head, follow, errors)
    errors.set(member.key, error)
    const end = endedWithoutRun(record, 'blocked', becomes, error, deps.clock.now(), deps)
    changes.push(end)
    ended.push({ part: member, end })
  }
  const notes = isGone(flow)
    ? Object.values(goneNotes(flow)).flat()
    : ended.flatMap(({ part, end }) => endNotes(flow, part, end, deps))
  const [first] = changes
  // The notes of the end of a job that is kept would go with that.
  if (changes.length === 1 && first?.kind === 'end' && (first.keep === null || isGone(flow)))
    return [Object.assign(first, { notes: [...(first.notes ?? []), ...notes] })]
  for (let at = 0; at < notes.length; at += NOTES_AT_ONCE)
    changes.push({ kind: 'note', notes: notes.slice(at, at + NOTES_AT_ONCE), done: null })
  return changes
}

/** It has ended, and nothing of it is kept: what is left of a larger one goes afterwards. */
function isGone(flow: Flow): boolean {
  return flow.graph.isOver && (!flow.isFamily || flow.parentGone) && isSmall(flow)
}

export function isSmall({ graph }: Flow): boolean {
  return graph.members.size <= SMALL
}

/** All notes of a flow, to go. */
export function goneNotes({ name, graph, isFamily }: Flow): {
  readonly ofJobs: readonly Note[]
  readonly head: readonly Note[]
} {
  const notes: Note[] = []
  for (const { key, isApart } of graph.members.values()) {
    notes.push(noteOf(flowNote(name, key), null))
    if (isApart) notes.push(noteOf(resultNote(name, key), null))
  }
  return { ofJobs: notes, head: isFamily ? [] : [noteOf(headNote(name), null)] }
}

function endNotes(flow: Flow, part: Part, { report }: NodeEnd, { keepResult }: ComposingDeps): Note[] {
  const { key, id, name } = part
  const { failFast } = flow.graph
  const needed = report !== null && (flow.isFamily || flow.graph.isNeeded(key))
  const left = needed ? leftOf(report) : null
  part.hasResult = left !== null
  if (left !== null) keepResult(part, left)
  const notes = notesOfEnd(flow.name, key, { stands: part.stands as TerminalState, id, name, failFast }, left)
  part.isApart = notes.length > 1
  return notes
}

function notesOfEnd(flow: string, key: string, note: Omit<FlowNote, 'result'>, left: Buffer | null): Note[] {
  if (left === null || !isMuch(left))
    return [noteOf(flowNote(flow, key), flowBytes({ ...note, result: left }))]
  return [
    noteOf(flowNote(flow, key), flowBytes({ ...note, result: 'apart' })),
    noteOf(resultNote(flow, key), left),
  ]
}

function noteOf({ shelf, key }: NoteName, value: Buffer | null): Note {
  return { shelf, key, value }
}

function leftOf({ args, error }: Outcome): Buffer {
  const fits = args.length + error.length < MAX_NOTE_VALUE - SLACK
  return leftBytes({ args: fits ? args : null, error })
}

/** Of the end of a job whose flow is not known yet: whoever needs it finds it when that is read. */
export function lateNotes(end: NodeEnd): Note[] {
  const of = membershipOf(end.from)
  if (of === null || end.report === null) return []
  const { id, name, agreed } = end.from
  const failFast = agreed.terms.flow?.failFast === true
  return notesOfEnd(of.flow, of.key, { stands: stateOf(end), id, name, failFast }, leftOf(end.report))
}

/** Of lengths in a note. */
const SLACK = 64

function errorOf(
  flow: Flow,
  head: Head | null,
  { member, becomes, because }: Follows<Part>,
  errors: ReadonlyMap<string, Error>,
): JrError {
  if (becomes === 'cancelled') {
    const text = `job ${member.id} ('${member.name}') was cancelled, as '${because}' of its flow has not completed (failFast)`
    return new JrError('JR_CANCELLED', text)
  }
  const need = flow.part(because)
  const { id, name } = need ?? { id: 'that is lost', name: because }
  const cause = errors.get(because) ?? (head?.part.key === because ? causeOf(head.end) : null)
  return dependencyFailed(member.name, { key: because, id, name, state: need?.stands ?? 'gone' }, cause)
}

function causeOf({ report }: NodeEnd): Error | null {
  if (report === null || report.error.length === 0) return null
  try {
    return unpackError(report.error)
  } catch {
    // Whoever is told of that outcome unpacks it too, and says so.
    return null
  }
}

/** An end that has waited is told behind what was told meanwhile: outcomes are delivered in the order of their numbers. */
export function renumber(end: NodeEnd, seq: () => number): void {
  if (end.report === null) return
  const report = { ...end.report, seq: seq() }
  Object.assign(end, { report, outcome: end.outcome === null ? null : report })
}

/** Nobody is told, and nothing is kept: it has gone to another node. */
export function isForgotten({ report, keep }: NodeEnd): boolean {
  return report === null && keep === null
}

/** Of one that nobody is told of: it has not completed here. */
export function stateOf({ report, keep }: NodeEnd): TerminalState {
  return report?.state ?? keep?.state ?? 'cancelled'
}

/** Jobs that are cancelled at once. */
const AT_ONCE = 100

/** All jobs of a flow that wait to run, or run. */
export async function cancelAll({ graph }: Flow, cancel: (id: string) => Promise<unknown>): Promise<void> {
  const open = [...graph.members.values()].filter(({ stands }) => stands === 'open')
  for (let at = 0; at < open.length; at += AT_ONCE)
    await Promise.all(open.slice(at, at + AT_ONCE).map(({ id }) => cancel(id)))
}
