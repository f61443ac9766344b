import { pack } from '../../src/bytes/codec.js'
import { nowOf } from '../../src/clock.js'
import { JrError } from '../../src/errors.js'
import { nowFor } from '../../src/job/due.js'
import { termsOf } from '../../src/job/terms/agreed.js'
import { othersTurn } from '../../src/others-turn.js'
import { MAX_NOTE_VALUE } from '../../src/rules.js'
import type { ScheduleCourse } from '../../src/schedules/course.js'
import { checkDefinition, type Definition, isByWall } from '../../src/schedules/definition.js'
import { type ScheduleFacts, scheduleFacts } from '../../src/schedules/facts.js'
import { runId } from '../../src/schedules/runs.js'
import {
  courseNote,
  definitionNote,
  goneNotes,
  moveNotes,
  readCourse,
  readSchedules,
  type StoredSchedule,
} from '../../src/schedules/shelves.js'
import type { Answer, Note } from '../../src/store/contract.js'
import type { ScheduleQuery } from '../../src/verbs/schedules.js'
import type { Sender } from '../changes/reach.js'
import type { Executors } from '../executors/executors.js'
import { refusal } from '../session/admit.js'
import type { Keeper, KeeperDeps } from './keeper.js'
import { type Kept, keptOf, takenBy } from './kept.js'

export interface SchedulesDeps extends KeeperDeps {
  readonly keeper: Keeper
  readonly executors: Pick<Executors, 'known' | 'slots'>
}

export type Scheduled = 'created' | 'replaced' | 'unchanged'

/** Schedules of a page that are looked at before all else that the node does has its turn: next slots take time. */
const AT_ONCE = 20

/** What is asked for with the schedules of a node. All that is answered is on the disk. */
export class Schedules {
  readonly #deps: SchedulesDeps

  constructor(deps: SchedulesDeps) {
    this.#deps = deps
  }

  /** The node that has it; null: none that has this node's store. */
  async home(id: string): Promise<Pick<ScheduleCourse, 'home' | 'made'> | null> {
    const { keeper, store } = this.#deps
    const here = keeper.find(id)?.course
    if (here !== undefined || store.neighbours === undefined) return here ?? null
    return readCourse(store, id)
  }

  /** Makes it, or replaces it from now on; one that is the same already stays as it is. */
  async put(id: string, definition: Definition, wanted: boolean, by: Sender): Promise<Scheduled> {
    const { keeper, clock, settings } = this.#deps
    checkDefinition(definition)
    const { length } = pack(definition)
    if (length > MAX_NOTE_VALUE) throw new JrError('JR_ARGS_TOO_LARGE', tooLarge(id, length))
    const there = keeper.find(id)
    if (there !== undefined && there.course.app !== by.name) throw takenBy(id, there.course.app)
    if (there !== undefined && isSame(there.definition, definition)) return this.#touch(there, wanted, by)
    const refused = this.#refusal(definition)
    if (refused !== null) throw refused
    const now = nowOf(clock)
    const made = nowFor({ byWall: isByWall(definition) }, now)
    const course = {
      home: settings.name,
      moves: there?.course.moves ?? 0,
      app: by.name,
      instance: by.instance,
      wanted,
      made,
      behind: [],
      runs: 0,
      skipped: 0,
      pausedAt: there?.course.pausedAt,
      last: there?.course.last,
    }
    const kept = keptOf({ id, definition, course }, now)
    kept.course = { ...course, next: kept.times.after(made) ?? undefined }
    kept.isKnown = there?.isKnown ?? kept.isKnown
    const notes = [courseNote(id, kept.course), definitionNote(id, definition)]
    if (there === undefined) await this.#create(id, notes)
    keeper.add(kept)
    keeper.arm()
    if (there === undefined) return 'created'
    await this.#write(notes)
    return 'replaced'
  }

  /** False: there is none here. Runs that have begun go on. */
  async remove(id: string): Promise<boolean> {
    return this.#each(id, async (kept) => {
      this.#deps.keeper.remove(kept)
      this.#deps.keeper.arm()
      await this.#write(goneNotes(id, kept.course))
    })
  }

  /** No slot of it is run until it is resumed. */
  async pause(id: string): Promise<boolean> {
    const { keeper, clock, journal } = this.#deps
    return this.#each(id, async (kept) => {
      if (kept.course.pausedAt === undefined) {
        kept.course = { ...kept.course, pausedAt: clock.now() }
        keeper.wake(kept)
        keeper.arm()
        keeper.write(kept)
      }
      await journal.flushed()
    })
  }

  /** Slots that have come meanwhile are not run. */
  async resume(id: string): Promise<boolean> {
    const { keeper, clock, journal } = this.#deps
    return this.#each(id, async (kept) => {
      const { pausedAt, next, ...course } = kept.course
      if (pausedAt !== undefined) {
        kept.since = nowFor(kept, nowOf(clock))
        const later = next === undefined ? undefined : (kept.times.after(kept.since) ?? undefined)
        kept.course = { ...course, next: later }
        keeper.write(kept)
        keeper.wake(kept)
        keeper.arm()
      }
      await journal.flushed()
    })
  }

  /** One run at once, beside its slots. Answers the id of its job; null: there is no such schedule here. */
  async runNow(id: string): Promise<string | null> {
    const { keeper, clock, journal } = this.#deps
    let job: string | null = null
    await this.#each(id, async (kept) => {
      let slot = clock.now()
      while (kept.unended.has(runId(id, slot))) slot++
      job = keeper.begin(kept, slot, {})
      await journal.flushed()
    })
    return job
  }

  async list({ app, after, limit }: ScheduleQuery & { limit: number }): Promise<{
    readonly schedules: ScheduleFacts[]
    readonly next: string | null
  }> {
    const { keeper, clock } = this.#deps
    const schedules: ScheduleFacts[] = []
    for (const id of keeper.ids) {
      if (after !== undefined && id <= after) continue
      const kept = keeper.find(id)
      if (kept === undefined || (app !== undefined && kept.course.app !== app)) continue
      schedules.push(scheduleFacts(kept, nowFor(kept, nowOf(clock))))
      if (schedules.length >= limit) return { schedules, next: id }
      if (schedules.length % AT_ONCE === 0) await othersTurn()
    }
    return { schedules, next: null }
  }

  /** Those that this node has in its store. */
  async start(): Promise<void> {
    const { keeper, store, settings } = this.#deps
    const own = await readSchedules(store, (_, { home }) => home === settings.name)
    keeper.start(store.neighbours === undefined ? own : await this.#take(own))
  }

  stop(): void {
    this.#deps.keeper.stop()
  }

  /** What a lost node has left of schedules, as far as it is this node's part. Answers whether some are left to others. */
  async adopt(lost: string, mine: (id: string) => boolean): Promise<boolean> {
    const { keeper, store } = this.#deps
    const all = await readSchedules(store, (_, { home }) => home === lost)
    const own = all.filter(({ id, definition }) => mine(id) && this.#refusal(definition) === null)
    keeper.addAll(await this.#take(own))
    return own.length < all.length
  }

  /** Those of them that no other node has taken meanwhile. */
  async #take(stored: readonly StoredSchedule[]): Promise<StoredSchedule[]> {
    const home = this.#deps.settings.name
    const taken = stored.map(({ course, ...one }) => {
      return { ...one, course: { ...course, home, moves: course.moves + 1 } }
    })
    const answers = await Promise.all(taken.map(({ id, course }) => this.#ask(moveNotes(id, course))))
    return taken.filter((_, i) => answers[i] === 'ok')
  }

  async #touch(kept: Kept, wanted: boolean, by: Sender): Promise<Scheduled> {
    const { keeper, journal } = this.#deps
    const { course } = kept
    // Outcomes go to the life of the app that has called last.
    if (course.wanted !== wanted || (wanted && course.instance !== by.instance)) {
      kept.course = { ...course, wanted, instance: by.instance }
      keeper.write(kept)
    }
    await journal.flushed()
    return 'unchanged'
  }

  /** Nodes that share a store may be asked for the same at once. */
  async #create(id: string, [first, ...others]: readonly Note[]): Promise<void> {
    if (first === undefined) return
    const answer = await this.#ask([{ ...first, unless: 'taken' }, ...others])
    if (answer === 'ok') return
    throw new JrError('JR_CONNECTION', `schedule '${id}' is being made already`)
  }

  async #each(id: string, what: (kept: Kept) => Promise<unknown>): Promise<boolean> {
    const kept = this.#deps.keeper.find(id)
    if (kept === undefined) return false
    await what(kept)
    return true
  }

  async #write(notes: readonly Note[]): Promise<void> {
    await this.#ask(notes)
  }

  async #ask(notes: readonly Note[]): Promise<Answer> {
    const { journal } = this.#deps
    const answer = await new Promise<Answer>((done) => journal.add({ kind: 'note', notes, done }, true))
    await journal.flushed()
    return answer
  }

  #refusal({ name, args, terms }: Definition): JrError | null {
    const { settings, executors } = this.#deps
    const job = { id: '', edition: 0, name, args, agreed: termsOf(terms) }
    return refusal(job, settings, executors.known(name), executors.slots)
  }
}

function isSame(a: Definition, b: Definition): boolean {
  return pack(a).equals(pack(b))
}

function tooLarge(id: string, bytes: number): string {
  return `schedule '${id}' takes ${bytes} bytes with its args; a node keeps ${MAX_NOTE_VALUE} of each`
}
