import { JrError } from '../../src/errors.js'
import { type LogLine, lastLines, lineOf } from '../../src/job/log-lines.js'
import type { JobRecord } from '../../src/job/record.js'
import type { Store } from '../../src/store/contract.js'
import { savedNote, savedOf } from '../../src/store/saved.js'
import type { Journal } from '../changes/journal.js'
import type { JobProgress } from '../session/progressing.js'
import type { Attempt, AttemptResult } from './attempt.js'

/** What a job has said in an attempt. */
interface Said {
  readonly attempt: Attempt
  /** It has saved something for its next attempt. */
  saved: boolean
  /** How far it is; null: it has not told. */
  progress: Buffer | null
  /** What it has logged last, within twice the number that is kept; null: nothing, or none is. */
  lines: LogLine[] | null
}

export interface SayingsDeps {
  readonly store: Pick<Store, 'notes'>
  readonly journal: Pick<Journal, 'add'>
  /** The attempt still counts for something. */
  readonly isCurrent: (attempt: Attempt) => boolean
  readonly now: () => number
  /** How many lines of a job of this name are kept. */
  readonly keepLogs: (name: string) => number
  readonly onError: (error: unknown) => void
  readonly onProgress: (progress: JobProgress) => void
}

/** What jobs say while they run, by the tokens of their attempts. Jobs that say nothing are not in here. */
export class Sayings {
  readonly #deps: SayingsDeps
  readonly #said = new Map<number, Said>()

  constructor(deps: SayingsDeps) {
    this.#deps = deps
  }

  /** Saves a value in place of the one of before. `done` is called when it is on the disk, or is not to be. */
  save(attempt: Attempt, value: Buffer, done: (error: JrError | null) => void): void {
    const { journal, isCurrent } = this.#deps
    const { job } = attempt
    if (!isCurrent(attempt)) {
      return done(new JrError('JR_STOPPED', `this attempt of '${job.name}' is over: it can save nothing`))
    }
    this.#of(attempt).saved = true
    const notes = [{ ...savedNote(job.id), value }]
    journal.add({ kind: 'note', notes, done: () => done(null) }, true)
  }

  /** In memory alone, while the job runs. */
  progress(attempt: Attempt, value: Buffer): void {
    // A view would keep the whole read that it came in.
    const progress = Buffer.from(value)
    this.#of(attempt).progress = progress
    this.#deps.onProgress(progressOf(attempt, progress))
  }

  /** A line of the log, with the job until that is kept no longer: in its record with the end of the attempt. */
  line(attempt: Attempt, { level, text, facts }: Pick<LogLine, 'level' | 'text' | 'facts'>): void {
    const { now, keepLogs } = this.#deps
    const most = keepLogs(attempt.job.name)
    if (most === 0) return
    const said = this.#of(attempt)
    said.lines ??= []
    said.lines.push(lineOf({ at: now(), attempt: attempt.attempt, level, text, facts }))
    // Not with each line: that would cost as much as all of them.
    if (said.lines.length >= 2 * most) said.lines.splice(0, said.lines.length - most)
  }

  /** What a job has logged last, in this attempt too; undefined: none runs. */
  lines(job: JobRecord, attempt: Attempt | undefined): readonly LogLine[] {
    return this.#linesOf(job, attempt === undefined ? null : (this.#said.get(attempt.token)?.lines ?? null))
  }

  #linesOf({ name, course }: JobRecord, more: readonly LogLine[] | null): readonly LogLine[] {
    return more === null ? course.lines : lastLines(course.lines, more, this.#deps.keepLogs(name))
  }

  /** The latest that those that run have told. */
  *told(): Iterable<JobProgress> {
    for (const { attempt, progress } of this.#said.values())
      if (progress !== null) yield progressOf(attempt, progress)
  }

  /** What this attempt has told last; null: nothing, or there is none. */
  latest(attempt: Attempt | undefined): Buffer | null {
    return attempt === undefined ? null : (this.#said.get(attempt.token)?.progress ?? null)
  }

  /** What a job has saved in earlier attempts; null: nothing. */
  async saved(id: string): Promise<Buffer | null> {
    const { store, onError } = this.#deps
    try {
      return await savedOf(store, id)
    } catch (error) {
      onError(error)
      return null
    }
  }

  /** The result of an attempt that is over: of its job it is known now what that has said. */
  heard(result: AttemptResult): AttemptResult {
    const { attempt } = result
    const said = this.#said.get(attempt.token)
    if (said === undefined) return result
    this.#said.delete(attempt.token)
    const { job } = attempt
    const saved = said.saved || job.course.saved
    const lines = this.#linesOf(job, said.lines)
    if (saved === job.course.saved && lines === job.course.lines) return result
    return { ...result, attempt: { ...attempt, job: { ...job, course: { ...job.course, saved, lines } } } }
  }

  /** The attempt counts for nothing. Answers whether it has saved something. */
  revoked(attempt: Attempt): boolean {
    const saved = this.#said.get(attempt.token)?.saved === true
    this.#said.delete(attempt.token)
    return saved
  }

  #of(attempt: Attempt): Said {
    const there = this.#said.get(attempt.token)
    if (there !== undefined) return there
    const made: Said = { attempt, saved: false, progress: null, lines: null }
    this.#said.set(attempt.token, made)
    return made
  }
}

function progressOf({ job, attempt }: Attempt, value: Buffer): JobProgress {
  const { id, name, distributor } = job
  return { id, name, attempt, value, distributor }
}
