import { join } from 'node:path'
import { JrError } from '../../errors.js'
import { epochAt } from '../../job/numbers.js'
import type { Surroundings } from '../../surroundings.js'
import type { Opened } from '../contract.js'
import type { DirectoryLock } from '../directory-lock.js'
import { factsFor, gone, isEmpty, mendIfBroken, missingBatches } from './belonging.js'
import { Compaction, type CompactionLimits } from './compaction.js'
import type { Database } from './database.js'
import { Groups } from './groups.js'
import { META_KEY } from './keys.js'
import { LateLook } from './late-look.js'
import type { Log, LogOptions } from './log.js'
import { openLog } from './log-opening.js'
import { writeMarker } from './marker.js'
import { decodeMeta, type Meta, newMeta } from './meta.js'
import { NoteReader } from './note-reader.js'
import { Notes } from './notes.js'
import { openDatabase } from './opening.js'
import { Reader } from './reader.js'
import { recover } from './recovery.js'
import { Rows } from './rows.js'
import { Taken } from './taken.js'
import { Witness } from './witness.js'
import { Writer } from './writer.js'
import { Young, type YoungLimits } from './young.js'

/** What a store consists of while it is open. */
export interface Parts {
  readonly db: Database
  readonly log: Log
  readonly witness: Witness
  readonly lateLook: LateLook
  readonly lock: DirectoryLock
  readonly meta: Meta
  readonly taken: Taken
  readonly writer: Writer
  readonly reader: Reader
  readonly notes: NoteReader
  readonly compaction: Compaction
}

export interface Wanted {
  readonly dir: string
  readonly node: string
  /** What is accepted survives a power cut. */
  readonly fsync: boolean
  readonly limits: YoungLimits
  readonly tidy: CompactionLimits
  readonly surroundings: Surroundings
  /** What is found damaged while it is open. */
  readonly onDamage: (damage: string) => void
}

/** Rejects with what `open` rejects with; nothing stays open then. */
export async function openParts(what: Wanted): Promise<{ readonly parts: Parts; readonly opened: Opened }> {
  const { dir, node, fsync, limits, tidy, surroundings } = what
  const { clock } = surroundings
  const { db, lock, marker, notes: said, unseen } = await openDatabase(dir, node)
  let log: Log | null = null
  let witness: Witness | null = null
  try {
    const before = await known(db, what, marker === null)
    const facts = factsFor(dir, marker !== null)
    const options: LogOptions = {
      dir: join(dir, 'log'),
      size: limits.segment,
      fsync,
      onSynced: () => witness?.more(),
    }
    const found = openLog(options, before.log, facts, marker?.synced)
    log = found.log
    if (marker === null && !isEmpty(before, found.records)) throw gone(join(dir, 'node.json'))
    const missing = missingBatches(before, facts, found.records)
    // The next epoch is on disk before anything is numbered by it: with the checkpoint.
    const meta: Meta = { ...before, epoch: nextEpoch(before.epoch, clock.now()) }
    const mended = await mendIfBroken(db, meta)
    const groups = new Groups(limits.bytes)
    const young = new Young(limits, groups)
    const rows = new Rows(db, young)
    const notes = new Notes(db, groups, limits)
    const taken = new Taken(db)
    const onBatch = () => witness?.more()
    const writer = new Writer({ db, log, meta, young, groups, rows, notes, taken, clock, onBatch })
    const { changes } = writer
    const interrupted = await recover({ db, young, groups, notes, taken, changes }, found.records)
    await writer.checkpoint()
    witness = Witness.open(dir, clock, () => ({
      segment: found.log.current,
      synced: found.log.synced,
      batch: writer.certain,
    }))
    if (marker?.synced !== fsync) writeMarker(dir, { node, synced: fsync })
    const reader = new Reader({ db, young, attempts: changes.attempts, rows })
    const compaction = new Compaction(db, tidy, clock)
    const lateLook = new LateLook(unseen, clock, what.onDamage)
    const noteReader = new NoteReader(db, notes.young)
    const jobs = { taken, writer, reader, notes: noteReader }
    const parts = { db, log, witness, lateLook, lock, meta, ...jobs, compaction }
    const all = [...said, ...missing, ...mended, ...found.notes]
    return { parts, opened: { id: meta.id, epoch: meta.epoch, interrupted, notes: all } }
  } catch (error) {
    witness?.close()
    await log?.close()
    await db.close()
    await lock.release()
    throw error
  }
}

/** What the store has known of itself so far. */
async function known(db: Database, { dir, node, surroundings }: Wanted, isNew: boolean): Promise<Meta> {
  const row = await db.get(META_KEY)
  if (row === undefined && !isNew) {
    throw new JrError('JR_STORE_CORRUPT', `${join(dir, 'db')} is empty, although a node has used it`)
  }
  const meta = row === undefined ? newMeta(surroundings.chance.id(), node) : decodeMeta(row)
  if (meta.node === node) return meta
  throw new JrError('JR_BAD_CONFIG', `${dir} belongs to node '${meta.node}', not '${node}'`)
}

/** By the clock, so that it does not come again from a backup; counted on from the last where the clock was set back. */
function nextEpoch(last: number, now: number): number {
  const time = epochAt(now)
  return time > last ? time : last + 1
}
