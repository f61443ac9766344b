import type { TerminalState } from '../../job/states.js'
import { decodeEnded } from '../records.js'
import type { Database, KeyRange } from './database.js'
import { endedBefore, endedPrefix, idKey } from './keys.js'
import type { Meta } from './meta.js'
import { RowBatch } from './row-batch.js'
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
  state: TerminalState,
  olderThan: number,
  keep: number,
): Promise<number> {
  const { rows } = parts.meta
  const old = await removeOldest(parts, state, endedBefore(state, olderThan), Number.POSITIVE_INFINITY)
  const more = rows[state] - keep
  return more > 0 ? old + (await removeOldest(parts, state, `${endedPrefix(state)}~`, more)) : old
}

/** Of those in front of a key. They are read before their turn, so that groups of changes need not wait for that. */
async function removeOldest(
  { db, meta, writer }: PruningParts,
  state: TerminalState,
  lt: string,
  most: number,
): Promise<number> {
  let removed = 0
  for (let left = most; left > 0; ) {
    const limit = Math.min(left, AT_ONCE.count)
    const old = await oldest(db, { gt: endedPrefix(state), lt, limit })
    if (old.length === 0) break
    left -= old.length
    removed += await writer.inTurn(async () => {
      // Some may have gone meanwhile.
      const there = await db.hasMany(old.map(({ key }) => key))
      const gone = old.filter((_, i) => there[i])
      if (gone.length === 0) return 0
      const batch = new RowBatch(db)
      for (const { key, id } of gone) batch.del(key).del(idKey(id))
      meta.rows[state] -= gone.length
      await writer.writeRows(batch, false)
      return gone.length
    })
  }
  return removed
}

async function oldest(db: Database, range: KeyRange): Promise<{ key: string; id: string }[]> {
  const old: { key: string; id: string }[] = []
  let bytes = 0
  for await (const [key, row] of db.rows(range)) {
    old.push({ key, id: decodeEnded(row).job.id })
    bytes += row.length
    if (bytes >= AT_ONCE.bytes) break
  }
  return old
}
