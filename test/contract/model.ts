import { begun } from '#dist/src/job/record.js'
import type {
  Answer,
  Change,
  Counts,
  Interrupted,
  JobRecord,
  KeptAs,
  Lane,
  LaneHead,
  NoteName,
  NoteRange,
  Outcome,
  ParsedFilter,
  Place,
  Refusal,
  Shelf,
  Single,
  StoredJob,
  StoredNote,
} from '#dist/src/store/index.js'
import { meets, waitingState } from '#dist/src/store/index.js'

/** A store in the fewest words: what every store must answer, with no thought for speed, order of keys, or disks. */
export class Model {
  #jobs: StoredJob[] = []
  #outcomes: Outcome[] = []
  #taken = new Map<string, number>()
  #notes: (NoteName & { readonly value: Buffer })[] = []
  /** The notes that go with ended jobs, by their ids. */
  #going = new Map<string, readonly NoteName[]>()

  apply(change: Change): Answer {
    const undo = this.savepoint()
    if (change.kind !== 'together') {
      const answer = this.#applyOne(change)
      if (answer !== 'ok') undo()
      return answer
    }
    for (const [at, each] of change.changes.entries()) {
      const answer = this.#applyOne(each)
      if (answer === 'ok') continue
      for (const other of change.changes) this.#number(other)
      undo()
      return { is: 'refused', at, answer }
    }
    return 'ok'
  }

  /** What it answers makes undone all that is done from now on, but for numbers that are taken. */
  savepoint(): () => void {
    const [jobs, outcomes, notes] = [[...this.#jobs], [...this.#outcomes], [...this.#notes]]
    const going = new Map(this.#going)
    return () => {
      this.#jobs = jobs
      this.#outcomes = outcomes
      this.#notes = notes
      this.#going = going
    }
  }

  /** Where it is not `ok`, something may have been done. */
  #applyOne(change: Single): 'ok' | Refusal {
    const { notes = [] } = change
    const there = notes.map((note) => {
      const found = note.unless === undefined ? undefined : this.#note(note)
      return found !== undefined && (note.at === undefined || found.value.readDoubleBE() > note.at)
        ? found
        : undefined
    })
    const answer = this.#applyBare(change)
    const taken = there.find((note) => note !== undefined)
    if (answer !== 'ok') return answer
    if (taken !== undefined) return { is: 'taken', ...taken }
    for (const { shelf, key, value } of notes) {
      this.#drop([{ shelf, key }])
      if (value !== null) this.#notes.push({ shelf, key, value })
    }
    return 'ok'
  }

  #number(change: Single): void {
    if (change.kind !== 'insert') return
    const { job, number } = change
    const life = JSON.stringify([job.distributor, job.instance])
    this.#taken.set(life, Math.max(number ?? 0, this.#taken.get(life) ?? 0))
  }

  #applyBare(change: Single): 'ok' | 'duplicate' | 'stale' {
    switch (change.kind) {
      case 'insert': {
        const { job, ownId } = change
        this.#number(change)
        if (ownId && this.#jobs.some((one) => one.job.id === job.id && one.finishedAt === 0))
          return 'duplicate'
        this.#forget(this.#jobs.filter((one) => one.job.id === job.id))
        this.#jobs.push(waits(job))
        return 'ok'
      }
      case 'begin': {
        if (!this.#take(change.job, false)) return 'stale'
        const job = begun(change.job)
        this.#jobs.push({ job, state: 'running', startedAt: change.startedAt, finishedAt: 0 })
        return 'ok'
      }
      case 'move':
        if (!this.#take(change.from, change.running)) return 'stale'
        this.#jobs.push(waits(change.to))
        if (change.outcome !== null) this.#outcomes.push(change.outcome)
        return 'ok'
      case 'end':
        if (!this.#take(change.from, change.running)) return 'stale'
        if (change.keep !== null) {
          this.#jobs.push(change.keep)
          this.#going.set(
            change.from.id,
            (change.notes ?? []).filter(({ value }) => value !== null),
          )
        }
        if (change.outcome !== null) this.#outcomes.push(change.outcome)
        return 'ok'
      case 'remove': {
        const gone = this.#jobs.filter(({ job, finishedAt }) => job.id === change.id && finishedAt > 0)
        this.#forget(gone)
        return gone.length > 0 ? 'ok' : 'stale'
      }
      case 'acknowledge': {
        const { distributor, seqs } = change
        this.#outcomes = this.#outcomes.filter(
          (one) => one.distributor !== distributor || !seqs.includes(one.seq),
        )
        return 'ok'
      }
      case 'note':
        return 'ok'
    }
  }

  load(id: string): StoredJob | null {
    return this.#jobs.find(({ job }) => job.id === id) ?? null
  }

  waiting(lane: Lane, after: Place | null): JobRecord[] {
    const behind = (job: Place) =>
      after === null || job.due > after.due || (job.due === after.due && job.seq > after.seq)
    const found = this.#jobs.filter((one) => isWaiting(one) && one.job.lane === lane && behind(one.job))
    return found.map(({ job }) => job).sort((a, b) => a.due - b.due || a.seq - b.seq)
  }

  lanes(after: Lane | null): LaneHead[] {
    const lanes = new Set(this.#jobs.filter(isWaiting).map(({ job }) => job.lane))
    const heads = [...lanes].map((lane) => ({ lane, due: this.waiting(lane, null)[0]?.due ?? 0 }))
    return heads
      .filter(({ lane }) => after === null || lane > after)
      .sort((a, b) => (a.lane < b.lane ? -1 : 1))
  }

  list(filter: ParsedFilter): StoredJob[] {
    return this.#jobs.filter((one) => meets(filter, one))
  }

  outcomes(distributor: string, after: number): Outcome[] {
    const found = this.#outcomes.filter((one) => one.distributor === distributor && one.seq > after)
    return found.sort((a, b) => a.seq - b.seq)
  }

  taken(distributor: string, instance: string): number {
    return this.#taken.get(JSON.stringify([distributor, instance])) ?? 0
  }

  counts(): Counts {
    const of = (state: string) => this.#jobs.filter((one) => one.state === state).length
    return {
      waiting: this.#jobs.filter(isWaiting).length,
      running: of('running'),
      completed: of('completed'),
      failed: of('failed'),
      cancelled: of('cancelled'),
      outcomes: this.#outcomes.length,
    }
  }

  prune(as: KeptAs, olderThan: number, keep: number): number {
    const ended = this.#jobs.filter((one) => (one.result === undefined ? one.state : 'result') === as)
    const time = (one: StoredJob) => one.result?.until ?? one.finishedAt
    ended.sort((a, b) => time(b) - time(a) || b.job.seq - a.job.seq)
    const gone = ended.filter((one, i) => i >= keep || time(one) < olderThan)
    this.#forget(gone)
    return gone.length
  }

  notes(shelf: Shelf, { prefix = '', after = null, before }: NoteRange): StoredNote[] {
    const order = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b))
    return this.#notes
      .filter(({ shelf: { name }, key }) => name === shelf.name && key.startsWith(prefix))
      .filter(({ key }) => after === null || order(key, after) > 0)
      .filter(({ key }) => before === undefined || order(key, before) < 0)
      .map(({ key, value }) => ({ key, value }))
      .sort((a, b) => order(a.key, b.key))
  }

  #note({ shelf, key }: NoteName) {
    return this.#notes.find((one) => one.shelf.name === shelf.name && one.key === key)
  }

  #drop(names: readonly NoteName[]): void {
    for (const name of names) this.#notes = this.#notes.filter((one) => one !== this.#note(name))
  }

  #forget(jobs: readonly StoredJob[]): void {
    this.#jobs = this.#jobs.filter((one) => !jobs.includes(one))
    for (const { job } of jobs) {
      this.#drop(this.#going.get(job.id) ?? [])
      this.#going.delete(job.id)
    }
  }

  /** What a store says when it is opened again. */
  interrupted(): Interrupted[] {
    return this.list({ state: ['running'] }).map(({ job, startedAt }) => ({ job, startedAt }))
  }

  /** Whether a job waits, or runs, where a record says. */
  isAt(from: JobRecord, running: boolean): boolean {
    return this.#find(from, running) >= 0
  }

  #find(from: JobRecord, running: boolean): number {
    return this.#jobs.findIndex(
      (one) => one.job.seq === from.seq && (running ? one.state === 'running' : isWaiting(one)),
    )
  }

  #take(from: JobRecord, running: boolean): boolean {
    const at = this.#find(from, running)
    if (at >= 0) this.#jobs.splice(at, 1)
    return at >= 0
  }
}

function waits(job: JobRecord): StoredJob {
  return { job, state: waitingState(job, Date.now()), startedAt: 0, finishedAt: 0 }
}

function isWaiting({ startedAt, finishedAt }: StoredJob): boolean {
  return startedAt === 0 && finishedAt === 0
}
