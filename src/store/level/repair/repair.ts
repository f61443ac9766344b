import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { JrError } from '../../../errors.js'
import { makePrivateDirectory } from '../../../private-directory.js'
import type { Surroundings } from '../../../surroundings.js'
import { messageOf } from '../../../thrown.js'
import { DirectoryLock } from '../../directory-lock.js'
import { factsFor, missingBatches } from '../belonging.js'
import { Database, withoutSum, withSum } from '../database.js'
import { GROUPS, groupKey, META_KEY } from '../keys.js'
import { readLog } from '../log-opening.js'
import { readMarker, UnknownFormat, writeMarker } from '../marker.js'
import { decodeMeta, encodeMeta, type Meta, newMeta } from '../meta.js'
import { openLevelDb } from '../opening.js'
import { RowBatch } from '../row-batch.js'
import type { LogRecord } from '../segment.js'
import { type Facts, Witness } from '../witness.js'
import { YOUNG_LIMITS } from '../young.js'
import { rejoin } from './joining.js'
import { Merge } from './merge.js'
import { type Say, sourcesIn } from './salvage.js'

/** Rows that are written at once. */
const PART = 1000

export interface Repaired {
  /** The name of the node whose store it is. */
  readonly node: string
  /** What the copy has. `entries`: of the journal; what young jobs there are is in them. */
  readonly kept: {
    readonly jobs: number
    readonly ended: number
    readonly outcomes: number
    readonly entries: number
  }
  /** What is gone, or was damaged, a line each. Empty: nothing is. */
  readonly gone: readonly string[]
  /** Ids of jobs of which nothing but the id is left. */
  readonly lost: readonly string[]
}

export interface RepairOptions {
  /** The directory of a node that does not run. Nothing in it is changed but its lock. */
  readonly dir: string
  /** Where the copy is made: not there yet, or empty. */
  readonly to: string
  /** Files that have been read, of how many. */
  readonly onProgress: (done: number, of: number) => void
}

/**
 * Makes a copy of a store with all of it that is whole. Rejects with JR_STORE_LOCKED while a node has it, JR_BAD_CONFIG
 * when there is no store or the copy can't go there, JR_STORE_CORRUPT when it is of another format.
 */
export async function repair(options: RepairOptions, surroundings: Surroundings): Promise<Repaired> {
  const { dir, to } = options
  if (!['db', 'log', 'node.json'].some((name) => existsSync(join(dir, name))))
    throw new JrError('JR_BAD_CONFIG', `${dir} has no store`)
  if (existsSync(to) && readdirSync(to).length > 0)
    throw new JrError('JR_BAD_CONFIG', `${to} is not empty: the copy needs a directory of its own`)
  const lock = new DirectoryLock(dir)
  await lock.take()
  try {
    return await copyWhole(options, surroundings)
  } finally {
    await lock.release()
  }
}

async function copyWhole(
  { dir, to, onProgress }: RepairOptions,
  { clock, chance }: Surroundings,
): Promise<Repaired> {
  const gone: string[] = []
  const say: Say = (text) => gone.push(text)
  const named = nodeIn(dir, say)
  makePrivateDirectory(to)
  const place = join(to, 'db.new')
  const db = new Database(await openLevelDb(place, true))
  let meta: Meta
  let lost: readonly string[]
  let entries: number
  try {
    await copyRows(dir, to, db, { say, onProgress })
    const before = await metaIn(db, say)
    entries = await copyJournal(dir, before ?? newMeta('', ''), db, say)
    const joined = await rejoin(db)
    const node = named ?? before?.node
    if (node === undefined) throw new JrError('JR_STORE_CORRUPT', `${dir}: nothing says whose store it is`)
    const { log, batch, ...fresh } = newMeta(chance.id(), node)
    meta = { ...(before ?? fresh), node, rows: joined.rows, log, batch }
    lost = joined.lost
    await db
      .batch()
      .put(META_KEY, withSum(META_KEY, encodeMeta(meta)))
      .write({ sync: true })
  } finally {
    await db.close()
  }
  renameSync(place, join(to, 'db'))
  Witness.open(to, clock, () => ({ segment: 0, synced: 0, batch: 0 })).close()
  // Without it, the copy is no store: it is written when all else is on the disk.
  writeMarker(to, { node: meta.node, synced: true })
  const { live, outcomes, completed, failed, cancelled } = meta.rows
  return {
    node: meta.node,
    kept: { jobs: live, ended: completed + failed + cancelled, outcomes, entries },
    gone,
    lost,
  }
}

/** Null when nothing beside the rows says it. */
function nodeIn(dir: string, say: Say): string | null {
  try {
    const marker = readMarker(dir)
    if (marker !== null) return marker.node
    say(`${join(dir, 'node.json')} is not there`)
  } catch (error) {
    if (error instanceof UnknownFormat) throw error
    say(messageOf(error))
  }
  return null
}

/** Rows that are what was written. */
async function copyRows(
  dir: string,
  to: string,
  db: Database,
  { say, onProgress }: { readonly say: Say; readonly onProgress: RepairOptions['onProgress'] },
): Promise<void> {
  const place = join(to, 'scratch')
  const scratch = await openLevelDb(place, true)
  try {
    const merge = new Merge(scratch)
    const sources = sourcesIn(join(dir, 'db'), say)
    for (const [i, { versions }] of sources.entries()) {
      for (const version of versions()) await merge.add(version)
      onProgress(i + 1, sources.length)
    }
    let batch = db.batch()
    for await (const [key, row] of merge.versions()) {
      if (row === null) batch.del(key)
      else if (withoutSum(key, row) !== null) batch.put(key, row)
      else say(`the row ${JSON.stringify(key)} is not what was written`)
      if (batch.length < PART) continue
      await batch.write()
      batch = db.batch()
    }
    await batch.write()
  } finally {
    await scratch.close()
    rmSync(place, { recursive: true, force: true })
  }
}

/** What the store knew of itself. */
async function metaIn(db: Database, say: Say): Promise<Meta | null> {
  const row = await db.get(META_KEY)
  if (row !== undefined) return decodeMeta(row)
  say('what the store knew of itself is gone: for apps it is another store')
  return null
}

/** Entries of the log become rows: there they are found again at the start. Answers how many. */
async function copyJournal(dir: string, meta: Meta, db: Database, say: Say): Promise<number> {
  const facts = factsIn(dir, say)
  const log = join(dir, 'log')
  if (existsSync(log)) {
    const { segments, records, damage, notes } = readLog(
      { dir: log, size: YOUNG_LIMITS.segment },
      meta.log,
      facts,
    )
    for (const text of [...damage, ...notes]) say(text)
    const behind = segments.flatMap((segment) => segment.behind)
    for (const text of missingIn(meta, facts, [...records, ...behind])) say(text)
    for (const { group, row } of [...records, ...behind]) {
      await new RowBatch(db).put(groupKey(group), row).write(false)
    }
  } else say(`${log} is not there: young jobs are gone`)
  let entries = 0
  for await (const _ of db.rows(GROUPS)) entries++
  return entries
}

function factsIn(dir: string, say: Say): Facts | null {
  try {
    return factsFor(dir, true)
  } catch (error) {
    say(messageOf(error))
    return null
  }
}

function missingIn(
  meta: Meta,
  facts: Facts | null,
  records: readonly Pick<LogRecord, 'batch'>[],
): readonly string[] {
  try {
    return missingBatches(meta, facts, records)
  } catch (error) {
    return [messageOf(error)]
  }
}
