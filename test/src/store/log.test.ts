import { pbkdf2 } from 'node:crypto'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, unlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { IMMEDIATE, type Lane, TIMED } from '#dist/src/job/lane.js'
import type { Change } from '#dist/src/store/index.js'
import type { Log } from '#dist/src/store/level/log.js'
import { openLog } from '#dist/src/store/level/log-opening.js'
import { RECORD_HEAD, SEGMENT_HEAD } from '#dist/src/store/level/segment.js'
import { levelStoreWith } from '#dist/src/store/level/store.js'
import { YOUNG_LIMITS } from '#dist/src/store/level/young.js'
import { record } from '../../node/records.js'

const SIZE = 4096

function folder(t: Test): string {
  const dir = mkdtempSync(join(tmpdir(), 'jr-log-'))
  t.teardown(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

/** What is asked of a store that is new. */
const NOTHING = { oldest: 1, newest: 0, synced: 0 }

function opened(dir: string, fsync = true, range = NOTHING) {
  return openLog({ dir, size: SIZE, fsync }, range, null)
}

function fill(log: Log, from: number, to: number): void {
  for (let group = from; group <= to; group++) log.append(group, Buffer.alloc(100, group), 0)
}

t.test('what was appended is there again, in order, over several segments', async (t) => {
  const dir = folder(t)
  const { log } = opened(dir)
  log.next()
  const groups: number[] = []
  for (let group = 1; group <= 100; group++) {
    const row = Buffer.alloc(group * 3, group)
    if (!log.hasRoomFor(row.length)) {
      log.seal()
      log.next()
    }
    log.append(group, row, 0)
    groups.push(group)
  }
  t.ok(log.current > 3)
  await log.close()
  const again = opened(dir, true, { oldest: 1, newest: log.current, synced: 0 })
  t.same(again.notes, [])
  t.same(
    again.records.map(({ group }) => group),
    groups,
  )
  t.ok(again.records.every(({ group, row }) => row.equals(Buffer.alloc(group * 3, group))))
  await again.log.close()
})

t.test('files are used again, and what they had before is not met', async (t) => {
  const dir = folder(t)
  const { log } = opened(dir)
  log.next()
  let group = 0
  for (let segment = 0; segment < 20; segment++) {
    while (log.hasRoomFor(100)) fill(log, ++group, group)
    log.seal()
    await log.sync()
    log.free(log.current)
    log.next()
  }
  t.ok(readdirSync(dir).length <= 4, 'few files')
  const last = group + 1
  fill(log, last, last)
  await log.close()
  const { log: again, records } = opened(dir, true, { oldest: log.current, newest: log.current, synced: 0 })
  t.same(
    records.map((each) => each.group),
    [last],
  )
  await again.close()
})

t.test(
  'whatever is left of the end after a power cut: all that was synced, in order, and nothing else',
  async (t) => {
    const dir = folder(t)
    const sizes = fc.array(fc.integer({ min: 0, max: 300 }), { minLength: 1, maxLength: 8 })
    let round = 0
    await fc.assert(
      fc.asyncProperty(
        sizes,
        sizes,
        fc.nat(),
        fc.uint8Array({ maxLength: 40 }),
        async (safe, lost, at, junk) => {
          const one = join(dir, String(++round))
          const { log } = opened(one)
          log.next()
          let group = 0
          for (const size of safe) log.append(++group, Buffer.alloc(size, group), 0)
          await log.sync()
          const file = join(one, '0')
          for (const size of lost) log.append(++group, Buffer.alloc(size, group), 0)
          await log.close()
          // Of what was written later, any part may be there, and junk behind it.
          const bytes = readFileSync(file)
          const safeTo = safe.reduce((sum, size) => sum + RECORD_HEAD + size, SEGMENT_HEAD)
          const end = safeTo + (at % (bytes.length - safeTo - junk.length))
          bytes.fill(0, end)
          bytes.set(junk, end)
          writeFileSync(file, bytes)
          const again = opened(one, true, { oldest: 1, newest: 1, synced: 0 })
          const groups = again.records.map((each) => each.group)
          await again.log.close()
          return (
            groups.length >= safe.length &&
            groups.length <= group &&
            groups.every((each, i) => each === i + 1) &&
            again.records.every(({ row, group }) => row.every((byte) => byte === group % 256))
          )
        },
      ),
      { numRuns: 100 },
    )
  },
)

t.test('a journal that is damaged, or gone, is never an empty one', async (t) => {
  const dir = folder(t)
  const { log } = opened(dir)
  log.next()
  fill(log, 1, 20)
  log.seal()
  log.next()
  fill(log, 21, 30)
  await log.close()
  const range = { oldest: 1, newest: 2, synced: 0 }
  const first = join(dir, '0')
  const second = join(dir, '1')
  const kept = readFileSync(first)
  const damaged = Buffer.from(kept)
  damaged[500] = (damaged[500] ?? 0) ^ 1
  writeFileSync(first, damaged)
  t.throws(() => opened(dir, true, range), {
    code: 'JR_STORE_CORRUPT',
    message: /0 \(segment 1\) ends too early, at byte/,
  })
  const mild = opened(dir, false, range)
  t.match(
    mild.notes.join('\n'),
    /segment 1\) ends too early/,
    'without fsync it may be a power cut, and is said',
  )
  t.same(mild.records.at(-1)?.group, 30)
  await mild.log.close()
  writeFileSync(first, kept)
  unlinkSync(second)
  t.throws(() => opened(dir, true, range), {
    code: 'JR_STORE_CORRUPT',
    message: /the file of segment 2 is not there/,
  })
})

t.test('a torn end goes on, and is said; what was on the disk when more was written is damage', async (t) => {
  const range = { oldest: 1, newest: 1, synced: 0 }
  const damaged = async (synced: boolean) => {
    const dir = folder(t)
    const { log } = opened(dir)
    log.next()
    fill(log, 1, 10)
    if (synced) await log.sync()
    fill(log, 11, 20)
    await log.close()
    const bytes = readFileSync(join(dir, '0'))
    writeFileSync(join(dir, '0'), bytes.fill(0, 600, 610))
    return dir
  }
  const torn = opened(await damaged(false), true, range)
  t.match(
    torn.notes.join(),
    /byte \d+ that is not whole, and a whole one behind it, at byte \d+: \d+ bytes are left out/,
  )
  t.ok(torn.records.length < 10)
  await torn.log.close()
  const safe = await damaged(true)
  t.throws(() => opened(safe, true, range), { code: 'JR_STORE_CORRUPT', message: /a whole one behind it/ })
  await opened(safe, false, range).log.close()
})

t.test('an end that is cut off is told from one that never was', async (t) => {
  const dir = folder(t)
  const { log } = opened(dir)
  log.next()
  fill(log, 1, 20)
  await log.close()
  const file = join(dir, '0')
  const kept = readFileSync(file)
  const { synced } = log
  const end = synced - (RECORD_HEAD + 100)
  const facts = { segment: 1, synced, batch: 0 }
  const range = { oldest: 1, newest: 1, synced: 0 }
  const notesOf = async (bytes: Buffer, known: typeof facts | null) => {
    writeFileSync(file, bytes)
    const again = openLog({ dir, size: SIZE, fsync: true }, range, known)
    await again.log.close()
    return again.notes.join()
  }
  t.equal(await notesOf(kept, facts), '')
  t.match(
    await notesOf(kept.subarray(0, end), facts),
    `is cut off at byte ${end}: ${synced - end} bytes that were on the disk`,
  )
  t.match(
    await notesOf(Buffer.concat([kept.subarray(0, end), Buffer.alloc(SIZE - end)]), facts),
    /124 bytes that were on the disk/,
  )
  t.match(
    await notesOf(kept.subarray(0, end + 9), null),
    `is cut off behind byte ${end}: 9 bytes are left out`,
  )
  writeFileSync(file, kept.subarray(0, end))
  t.throws(() => opened(dir, true, { ...range, synced }), {
    code: 'JR_STORE_CORRUPT',
    message: `ends at byte ${end}; LevelDB has what came after byte ${synced}`,
  })
})

t.test(
  'a power cut that takes the end of the log, back to where it was last synced: what was accepted is there',
  async (t) => {
    // Copies of the folder as it is, at each group. LevelDB has each of its batches on the disk before the next.
    const root = folder(t)
    const dir = join(root, 'store')
    const copy = (name: string) => {
      // A lock goes when any of its files is closed: it is not read.
      cpSync(dir, join(root, name), {
        recursive: true,
        filter: (file) => !file.endsWith('LOCK') && !file.endsWith('.pid'),
      })
    }
    const limits = { ...YOUNG_LIMITS, jobs: 6, outcomes: 4, bytes: 3000, segment: 1500 }
    const store = levelStoreWith({ dir }, limits)
    await store.open('n1')
    const accepted = new Map<string, 'here' | 'ended'>()
    let seq = 0
    let synced = 0
    const insert = (lane: Lane): Change[] => {
      const job = record({
        id: `j${++seq}`,
        seq,
        lane,
        due: lane === TIMED ? 5000 : 1,
        args: Buffer.alloc(40, seq),
      })
      open.push(job)
      accepted.set(job.id, 'here')
      return [{ kind: 'insert', job, ownId: false, number: seq }]
    }
    const open: ReturnType<typeof record>[] = []
    const end = (): Change[] => {
      const from = open.shift()
      if (from === undefined) return []
      accepted.set(from.id, 'ended')
      return [{ kind: 'end', from, running: false, outcome: null, keep: null }]
    }
    /** What must be there after each group that was synced. */
    const must: { jobs: Map<string, string>; group: number }[] = []
    const groups = 36
    for (let group = 1; group <= groups; group++) {
      const durable = group % 3 === 0
      const changes = durable ? [...insert(group % 2 === 0 ? TIMED : IMMEDIATE), ...insert(IMMEDIATE)] : end()
      await store.commit(changes, durable)
      if (durable) synced = group
      copy(String(group))
      must.push({ jobs: new Map(accepted), group: synced })
    }
    await store.close()
    let checked = 0
    for (let group = 1; group <= groups; group++) {
      const { jobs, group: safe } = must[group - 1] as (typeof must)[number]
      for (let log = safe; log <= group; log++) {
        if (log < 1) continue
        const cut = join(root, 'cut')
        cpSync(join(root, String(group)), cut, { recursive: true })
        rmSync(join(cut, 'log'), { recursive: true })
        cpSync(join(root, String(log), 'log'), join(cut, 'log'), { recursive: true })
        const again = levelStoreWith({ dir: cut }, limits)
        await again.open('n1')
        for (const [id, state] of jobs) {
          if (state === 'here' && (await again.load(id)) === null)
            t.fail(`${id} is lost: group ${group}, log ${log}`)
        }
        const { waiting, running } = await again.counts()
        let listed = 0
        for (const lane of [IMMEDIATE, TIMED]) listed += (await again.waiting(lane, null, 1000, 1e6)).length
        if (listed !== waiting || running !== 0)
          t.fail(`${waiting} counted, ${listed} there: group ${group}, log ${log}`)
        await again.close()
        rmSync(cut, { recursive: true })
        checked++
      }
    }
    t.comment(`${checked} power cuts`)
    t.ok(checked > groups)
  },
)

t.test('a job that is gone stays gone, however the journal was cleared up since', async (t) => {
  const dir = folder(t)
  const reopened = async () => {
    const store = levelStoreWith({ dir }, YOUNG_LIMITS)
    await store.open('n1')
    return store
  }
  const insert = (id: string, seq: number, lane: Lane): Change => {
    return { kind: 'insert', job: record({ id, seq, lane }), ownId: false, number: seq }
  }
  const store = await reopened()
  // In the log, in LevelDB, in LevelDB, in the same file of the log.
  await store.commit([insert('gone', 1, IMMEDIATE)], true)
  const from = record({ id: 'gone', seq: 1 })
  const end: Change = { kind: 'end', from, running: false, outcome: null, keep: null }
  await store.commit([end, insert('later', 2, TIMED)], true)
  await store.commit(
    [{ kind: 'begin', job: record({ id: 'later', seq: 2, lane: TIMED }), startedAt: 5 }],
    false,
  )
  await store.commit([insert('young', 3, IMMEDIATE)], true)
  await store.close()
  for (let opening = 1; opening <= 3; opening++) {
    const again = await reopened()
    t.same(await again.load('gone'), null, `opening ${opening}`)
    t.match(await again.counts(), { waiting: 1, running: 1 })
    await again.close()
  }
})

t.test('an attempt that was noted down in two places has begun once', async (t) => {
  const dir = folder(t)
  const limits = { ...YOUNG_LIMITS, bytes: 600, segment: 800 }
  const store = levelStoreWith({ dir }, limits)
  await store.open('n1')
  const insert = (id: string, seq: number, lane: Lane, bytes: number): Change => {
    const job = record({ id, seq, lane, args: Buffer.alloc(bytes) })
    return { kind: 'insert', job, ownId: false, number: null }
  }
  const job = record({ id: 'later', seq: 1, lane: TIMED, args: Buffer.alloc(1) })
  await store.commit([insert('later', 1, TIMED, 1)], true)
  // In the log, in LevelDB, in the same file of the log: it stays when the journal has grown too long.
  await store.commit([{ kind: 'begin', job, startedAt: 5 }, insert('a', 2, IMMEDIATE, 270)], true)
  await store.commit([insert('b', 3, IMMEDIATE, 200), insert('later-2', 4, TIMED, 1)], true)
  await store.commit([insert('c', 5, IMMEDIATE, 100)], true)
  await store.commit([insert('later-3', 6, TIMED, 1)], true)
  await store.close()
  const again = levelStoreWith({ dir }, limits)
  const { interrupted } = await again.open('n1')
  t.same(
    interrupted.map(({ job }) => job.id),
    ['later'],
  )
  await again.close()
})

t.test('a store that is closed waits for the disk', async (t) => {
  const store = levelStoreWith({ dir: folder(t) }, YOUNG_LIMITS)
  await store.open('n1')
  // All threads that could sync are busy for a while.
  const busy = Array.from({ length: 8 }, () => promisify(pbkdf2)('a', 'b', 300_000, 64, 'sha512'))
  const job = record({ id: 'j1', seq: 1 })
  const commit = store.commit([{ kind: 'insert', job, ownId: false, number: null }], true)
  for (let step = 0; step < 20; step++) await null
  await store.close()
  t.same(await commit, ['ok'])
  await Promise.all(busy)
})

t.test(
  'jobs that are over are on the disk with the next that somebody waits for, or soon after',
  async (t) => {
    const store = levelStoreWith({ dir: folder(t) }, YOUNG_LIMITS)
    await store.open('n1')
    const done: string[] = []
    const commit = async (name: string, seq: number, over: boolean) => {
      const job = record({ id: name, seq })
      const insert = { kind: 'insert', job, ownId: false, number: null } as const
      const ended = [
        { kind: 'begin', job, startedAt: 1 },
        { kind: 'end', from: job, running: true, outcome: null, keep: null },
      ] as const
      let written = false
      const answers = await store.commit(over ? [insert, ...ended] : [insert], true, () => {
        written = true
      })
      t.ok(written, 'it was written before')
      t.equal(answers.length, over ? 3 : 1)
      done.push(name)
    }
    const first = commit('first', 1, true)
    const waits = commit('waits', 2, false)
    await Promise.all([first, waits])
    t.same(done, ['first', 'waits'])
    await commit('alone', 3, true)
    const last = commit('last', 4, true)
    for (let step = 0; step < 20; step++) await null
    await store.close()
    await last
    t.same(done, ['first', 'waits', 'alone', 'last'])
  },
)

t.test('who reads while jobs are given rows of their own finds every one of them', async (t) => {
  const dir = folder(t)
  const store = levelStoreWith({ dir, durability: 'os' }, { ...YOUNG_LIMITS, bytes: 1500, segment: 1500 })
  await store.open('n1')
  for (let seq = 1; seq <= 150; seq++) {
    const job = record({ id: `j${seq}`, seq, args: Buffer.alloc(100) })
    const commit = store.commit([{ kind: 'insert', job, ownId: false, number: seq }], false)
    // At each step on the way to the disk.
    const reads = []
    for (let step = 0; step < 12; step++) {
      reads.push(store.waiting(IMMEDIATE, null, 1000, 1e9))
      await null
    }
    await commit
    for (const jobs of await Promise.all(reads))
      if (jobs.length < seq - 1) t.fail(`${jobs.length} of ${seq - 1} found`)
  }
  t.equal((await store.counts()).waiting, 150)
  await store.close()
})
