import type { JobRecord } from '../../src/job/record.js'
import type { Store } from '../../src/store/contract.js'
import type { ReadLane } from './held.js'

/** Reads waiting jobs of a lane without those of a number below `oldest`: fewer than asked for only where no more are left. */
export function readFrom(store: Pick<Store, 'waiting'>, oldest: () => number): ReadLane {
  return async (lane, after, limit, bytes) => {
    const least = oldest()
    if (least === 0) return store.waiting(lane, after, limit, bytes)
    const wanted: JobRecord[] = []
    let read = 0
    for (let from = after; wanted.length < limit && read < bytes; ) {
      const rows = await store.waiting(lane, from, limit - wanted.length, bytes)
      const last = rows.at(-1)
      if (last === undefined) break
      for (const job of rows) {
        if (job.seq < least) continue
        wanted.push(job)
        read += job.args.length
      }
      from = last
    }
    return wanted
  }
}
