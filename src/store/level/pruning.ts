import type { KeptAs } from '../../job/kept.js'
import type { NoteName } from '../notes.js'
import { decodeEnded, notesOfEnded } from '../records.js'
import type { Database, KeyRange } from './database.js'
import { endedBefore, endedPrefix } from './keys.js'
import type { Meta } from './meta.js'
import type { Writer } from './writer.js'

/** Rows that are removed in one turn, and about so many bytes of them. */
const AT_ONCE = { count: 1000, bytes: 4 * 1024 * 1024 } as const

export interface PruningParts {
  readonly db: Database
  readonly meta: Meta
  readonly writer: Writer
}

/** Forgets ended jobs as the contract says. Answers how many. */
export async function prune(
  parts: PruningParts,
  as: KeptAs,
  olderThan: number,
  keep: number,
): Promise<number> {
  const { rows } = parts.meta
  const old = await removeOldest(parts, as, endedBefore(as, olderThan), Number.POSITIVE_INFINITY)
  const more = rows[as] - keep
  return more > 0 ? old + (await removeOldest(parts, as, `${endedPrefix(as)}~`, more)) : old
}

/** Of those in front of a key. They are read before their turn, so that groups of changes need not wait for that. */
async function removeOldest(
  { db, writer }: PruningParts,
  as: KeptAs,
  lt: string,
  most: number,
): Promise<number> {
  let removed = 0
  for (let left = most; left > 0; ) {
    const limit = Math.min(left, AT_ONCE.count)
    const old = await oldest(db, { gt: endedPrefix(as), lt, limit })
    if (old.length === 0) break
    left -= old.length
    removed += await writer.inTurn(async () => {
      // Some may have gone meanwhile.
      const there = await db.hasMany(old.map(({ key }) => key))
      const gone = old.filter((_, i) => there[i])
      if (gone.length > 0) await writer.forget(gone)
      return gone.length
    })
  }
  return removed
}

interface Old {
  readonly key: string
  readonly id: string
  readonly notes: readonly NoteName[]
}

async function oldest(db: Database, range: KeyRange): Promise<Old[]> {
  const old: Old[] = []
  let bytes = 0
  for await (const [key, row] of db.rows(range)) {
    old.push({ key, id: decodeEnded(row).job.id, notes: notesOfEnded(row) })
    bytes += row.length
    if (bytes >= AT_ONCE.bytes) break
  }
  return old
}
