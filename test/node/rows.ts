import { Gates, type GatesOptions } from '#dist/node/order/gates.js'
import type { Rules } from '#dist/node/order/rules.js'
import { Scheduler, type SchedulerOptions } from '#dist/node/order/scheduler.js'
import type { Lane } from '#dist/src/job/lane.js'
import { comparePlaces, type JobRecord, type Place } from '#dist/src/job/record.js'
import type { LaneHead } from '#dist/src/store/contract.js'
import type { StoppedClock } from '../fixtures/stopped-clock.js'

export const at = (time: number) => ({ steady: time, wall: time })

/** A store's lanes as sorted arrays, and a count of the reads. */
export class Rows {
  readonly all: JobRecord[] = []
  reads = 0
  put(job: JobRecord): void {
    this.all.push(job)
    this.all.sort(comparePlaces)
  }
  remove(id: string): void {
    this.all.splice(
      this.all.findIndex((job) => job.id === id),
      1,
    )
  }
  lanes = async (after: Lane | null, limit: number): Promise<LaneHead[]> => {
    const heads = new Map<Lane, number>()
    for (const { lane, due } of this.all) if (!heads.has(lane)) heads.set(lane, due)
    const lanes = [...heads].map(([lane, due]) => ({ lane, due })).sort((a, b) => (a.lane < b.lane ? -1 : 1))
    return lanes.filter(({ lane }) => after === null || lane > after).slice(0, limit)
  }
  read = async (lane: Lane, after: Place | null, limit: number): Promise<JobRecord[]> => {
    this.reads++
    const rows = this.all.filter(
      (job) => job.lane === lane && (after === null || comparePlaces(job, after) > 0),
    )
    return rows.slice(0, limit)
  }
}

/** Nothing holds. */
export const NO_RULES: Rules = { names: () => [], limitsOf: () => undefined, pausedSince: () => null }

/** Gates that nothing keeps closed, unless `over` says so; and a scheduler of them. */
export function scheduler(
  rows: Rows,
  clock: StoppedClock,
  jobs = 8,
  over: Partial<GatesOptions> = {},
  setAside: SchedulerOptions['setAside'] = (job) => {
    throw new Error(`${job.id} is set aside`)
  },
) {
  const seen = { due: 0 }
  const gates: Gates = new Gates({
    rules: NO_RULES,
    clock,
    knows: () => true,
    running: () => [],
    read: async () => [],
    keep: (_, done) => done(),
    onOpen: (owner) => made.opened(owner),
    onClose: (name) => made.closed(name),
    ...over,
  })
  const made: Scheduler = new Scheduler({
    lanes: rows.lanes,
    read: rows.read,
    clock,
    limits: { jobs, read: jobs, bytes: 1 << 20 },
    gates,
    setAside,
    onDue: () => {
      seen.due++
    },
    onError: (error) => {
      throw error
    },
  })
  return { made, seen, gates }
}

/** Ids of so many jobs, in the order in which they begin: fewer when there was nothing to take `patience` times. */
export async function begun(
  made: Scheduler,
  rows: Rows,
  clock: StoppedClock,
  count: number,
  patience: number,
): Promise<string[]> {
  const order: string[] = []
  for (let idle = 0; order.length < count && idle < patience; ) {
    const job = made.take(false, at(clock.time))
    if (job === null) {
      idle++
      await new Promise(setImmediate)
    } else {
      order.push(job.id)
      rows.remove(job.id)
    }
    made.settle()
  }
  return order
}
