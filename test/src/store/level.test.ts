import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdtempSync, readFileSync, rmSync, unlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import t, { type Test } from 'tap'
import { systemClock } from '#dist/src/clock.js'
import { IMMEDIATE } from '#dist/src/job/lane.js'
import { GroupCommit } from '#dist/src/store/group-commit.js'
import { type Answer, type Change, levelStore } from '#dist/src/store/index.js'
import { levelStoreWith } from '#dist/src/store/level/store.js'
import { YOUNG_LIMITS } from '#dist/src/store/level/young.js'
import { record } from '../../node/records.js'
import { until } from '../../system/harness.js'
import { smallDisk, withoutSmallDisk } from '../../system/small-disk.js'

function folder(t: Test): string {
  const dir = mkdtempSync(join(tmpdir(), 'jr-level-'))
  t.teardown(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

t.test('the directory is for one store and one node', async (t) => {
  const dir = folder(t)
  const store = levelStore({ dir })
  await store.open('n1')
  await t.rejects(levelStore({ dir }).open('n1'), {
    code: 'JR_STORE_LOCKED',
    message: /this process has it open already/,
  })
  await store.close()
  await t.rejects(levelStore({ dir }).open('n2'), { code: 'JR_BAD_CONFIG' })
  const again = levelStore({ dir })
  await again.open('n1')
  await again.close()
})

t.test('what is numbered after a backup was brought back is not numbered as before', async (t) => {
  const dir = folder(t)
  const backup = `${dir}-backup`
  t.teardown(() => rmSync(backup, { recursive: true, force: true }))
  const epochOf = async () => {
    const store = levelStore({ dir })
    const { epoch } = await store.open('n1')
    await store.close()
    return epoch
  }
  await epochOf()
  cpSync(dir, backup, { recursive: true })
  const lost = [await epochOf(), await epochOf()]
  rmSync(dir, { recursive: true })
  cpSync(backup, dir, { recursive: true })
  const epoch = await epochOf()
  t.ok(
    lost.every((each) => each < epoch),
    `${epoch} after ${lost.join()}`,
  )
})

t.test('a database that is gone, or damaged, is never an empty one', async (t) => {
  const dir = folder(t)
  const store = levelStore({ dir })
  await store.open('n1')
  await store.commit([{ kind: 'insert', job: record(), ownId: false, number: 1 }], true)
  await store.close()
  const current = join(dir, 'db', 'CURRENT')
  const kept = readFileSync(current)
  unlinkSync(current)
  await t.rejects(levelStore({ dir }).open('n1'), {
    code: 'JR_STORE_CORRUPT',
    message: /CURRENT is not there\. Restore a backup.*npx job-reactor repair/,
  })
  writeFileSync(current, '')
  await t.rejects(levelStore({ dir }).open('n1'), { code: 'JR_STORE_CORRUPT' })
  writeFileSync(current, kept)
  const marker = readFileSync(join(dir, 'node.json'))
  writeFileSync(join(dir, 'node.json'), '{"format":5,"node":"n1","created":"2026-11-01T00:00:00.000Z"}')
  await t.rejects(levelStore({ dir }).open('n1'), {
    code: 'JR_STORE_CORRUPT',
    message: `${dir} has data of format 5; this version of job-reactor reads format 9. Start the version that wrote it, or choose another directory`,
  })
  writeFileSync(join(dir, 'node.json'), marker)
  rmSync(join(dir, 'db'), { recursive: true })
  await t.rejects(levelStore({ dir }).open('n1'), { code: 'JR_STORE_CORRUPT' })
})

t.test('damage that LevelDB mends in silence is refused', async (t) => {
  const dir = folder(t)
  const store = levelStoreWith({ dir }, { ...YOUNG_LIMITS, jobs: 0 })
  await store.open('n1')
  for (let i = 1; i <= 200; i++) {
    const job = record({ id: `j${i}`, seq: i, args: Buffer.alloc(1000, i) })
    await store.commit([{ kind: 'insert', job, ownId: false, number: i }], true)
  }
  await store.close()
  const log =
    spawnSync('sh', ['-c', `ls ${dir}/db/*.log`])
      .stdout.toString()
      .trim()
      .split('\n')
      .at(-1) ?? ''
  const bytes = readFileSync(log)
  bytes.fill(0xff, 60_000, 60_010)
  writeFileSync(log, bytes)
  const refused = {
    code: 'JR_STORE_CORRUPT',
    message: /\.log has an entry at byte \d+ that is not whole.*jr|repair/,
  }
  await t.rejects(levelStore({ dir }).open('n1'), refused)
  await t.rejects(levelStore({ dir }).open('n1'), refused, 'nothing of it was changed')
})

t.test('what was acknowledged is there after kill -9 of the writer', async (t) => {
  for (let round = 0; round < 5; round++) {
    const dir = folder(t)
    const writer = spawn('env', ['-i', process.execPath, resolve('test/fixtures/store-writer.mjs'), dir], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let acknowledged = 0
    let rest = ''
    const enough = new Promise<void>((done) => {
      writer.stdout.setEncoding('utf8').on('data', (text: string) => {
        const lines = (rest + text).split('\n')
        rest = lines.pop() ?? ''
        for (const line of lines) acknowledged = Number(line)
        if (acknowledged > 300 + round * 200) done()
      })
    })
    await enough
    writer.kill('SIGKILL')
    await once(writer, 'close')
    const store = levelStore({ dir })
    await store.open('n1')
    const taken = await store.taken('app', 'life-1')
    t.ok(taken >= acknowledged, `${acknowledged} acknowledged, ${taken} there`)
    for (const n of [1, Math.ceil(acknowledged / 2), acknowledged])
      t.ok(await store.load(`j${n}`), `j${n} is there`)
    await store.close()
  }
})

t.test('when many rows have gone and nothing is written, what is left of them is merged away', async (t) => {
  const dir = folder(t)
  const store = levelStoreWith({ dir }, { ...YOUNG_LIMITS, jobs: 0 }, { rows: 50, idleMs: 20 })
  await store.open('n1')
  const jobs = Array.from({ length: 60 }, (_, i) => record({ id: `j${i}`, seq: i + 1 }))
  const begins = jobs.map((job) => ({ kind: 'begin', job, startedAt: 1 }) as const)
  const ends = jobs.map((from) => ({ kind: 'end', from, running: true, outcome: null, keep: null }) as const)
  await store.commit(
    jobs.map((job) => ({ kind: 'insert', job, ownId: false, number: null })),
    true,
  )
  const log = () => readFileSync(join(dir, 'db', 'LOG'), 'utf8')
  await store.commit([...begins, ...ends], true)
  t.notMatch(log(), /Manual compaction/)
  await until(() => /Manual compaction|Compacting|Level-0 table/.test(log()))
  t.same(await store.waiting(IMMEDIATE, null, 10, 1000), [])
  await store.close()
})

t.test(
  'a full disk: nothing is acknowledged from the first refusal on',
  { skip: withoutSmallDisk() },
  async (t) => {
    const dir = folder(t)
    smallDisk(t, dir, 6)
    const ballast = join(dir, 'ballast')
    const store = levelStore({ dir })
    await store.open('n1')
    writeFileSync(ballast, Buffer.alloc(3 * 1024 * 1024))
    let acknowledged = 0
    const write = async (n: number) => {
      const job = record({ id: `j${n}`, seq: n, args: Buffer.alloc(50_000) })
      await store.commit([{ kind: 'insert', job, ownId: false, number: n }], true)
      acknowledged = n
    }
    await t.rejects(
      async () => {
        for (let n = 1; n < 200; n++) await write(n)
      },
      { code: 'JR_STORE' },
    )
    unlinkSync(ballast)
    await t.rejects(
      write(acknowledged + 2),
      { code: 'JR_STORE' },
      'there is room again, and it is not trusted',
    )
    await store.close()
    const again = levelStore({ dir })
    await again.open('n1')
    for (let n = 1; n <= acknowledged; n++) if ((await again.load(`j${n}`)) === null) t.fail(`j${n} is lost`)
    t.ok(acknowledged > 0)
    await again.close()
  },
)

t.test(
  'a group commit writes what arrives meanwhile as one group, in order, and stops at the first failure',
  async (t) => {
    const groups: number[] = []
    let release: () => void = () => {}
    let failing = false
    const store = {
      commit: async (changes: readonly Change[]) => {
        groups.push(changes.length)
        await new Promise<void>((resolve) => {
          release = resolve
        })
        if (failing) throw new Error('no')
        return changes.map(() => 'ok' as const)
      },
    }
    const seen: string[] = []
    let failure: unknown = null
    const commits = new GroupCommit<Change>(
      store,
      {
        onStored: () => {},
        onDone: (changes) => {
          for (const change of changes) if (change.kind === 'remove') seen.push(change.id)
        },
        onFailure: (error) => {
          failure = error
        },
      },
      systemClock,
    )
    const settle = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
    commits.add({ kind: 'remove', id: '1' }, false)
    commits.add({ kind: 'remove', id: '2' }, false)
    await settle()
    for (const id of ['3', '4', '5']) commits.add({ kind: 'remove', id }, true)
    t.same(groups, [2], 'one at a time')
    release()
    await settle()
    t.same(groups, [2, 3])
    failing = true
    release()
    await settle()
    t.same(seen, ['1', '2'])
    t.match(failure, { code: 'JR_STORE' })
    commits.add({ kind: 'remove', id: '6' }, true)
    await commits.flushed()
    t.same(groups, [2, 3], 'nothing is written after a failure')
  },
)

t.test('a job that was read while it ended does not begin', async (t) => {
  const dir = folder(t)
  const store = levelStoreWith({ dir, durability: 'os' }, { ...YOUNG_LIMITS, jobs: 0 })
  await store.open('n1')
  let found = 0
  let stale = 0
  const rounds = 200
  for (let seq = 1; seq <= rounds; seq++) {
    const job = record({ id: `j${seq}`, seq })
    await store.commit([{ kind: 'insert', job, ownId: false, number: null }], false)
    const before = store.waiting(IMMEDIATE, null, 10, 1000)
    const end = store.commit([{ kind: 'end', from: job, running: false, outcome: null, keep: null }], false)
    const read = [before, Promise.resolve().then(() => store.waiting(IMMEDIATE, null, 10, 1000))]
    await end
    for (const jobs of await Promise.all(read)) found += jobs.length
    const [answer] = await store.commit([{ kind: 'begin', job, startedAt: 1 }], false)
    if (answer === 'stale') stale++
  }
  t.ok(found > 0, 'reads did find it')
  t.equal(stale, rounds)
  await store.close()
})

t.test(
  'a group commit may give a store the next group while it works on one; what follows is in order',
  async (t) => {
    const open: (() => void)[] = []
    const store = {
      mayFollow: (changes: number) => changes >= 200,
      commit: (changes: readonly Change[]) =>
        new Promise<'ok'[]>((resolve) => {
          open.push(() => resolve(changes.map(() => 'ok')))
        }),
    }
    const seen: string[] = []
    const commits = new GroupCommit<Change>(
      store,
      {
        onStored: () => {},
        onDone: (changes) => {
          for (const change of changes) if (change.kind === 'remove') seen.push(change.id)
        },
        onFailure: (error) => t.fail(error.message),
      },
      systemClock,
    )
    const settle = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
    commits.add({ kind: 'remove', id: 'first' }, true)
    await settle()
    commits.add({ kind: 'remove', id: 'second' }, true)
    await settle()
    t.equal(open.length, 1, 'a small one waits')
    for (let i = 0; i < 300; i++) commits.add({ kind: 'remove', id: 'more' }, true)
    await settle()
    t.equal(open.length, 2)
    for (let i = 0; i < 300; i++) commits.add({ kind: 'remove', id: 'last' }, true)
    await settle()
    t.equal(open.length, 2, 'and no third')
    open[1]?.()
    await settle()
    t.same(seen, [], 'the first is not done yet')
    open[0]?.()
    await settle()
    t.same(seen.slice(0, 2), ['first', 'second'])
    t.equal(open.length, 3)
    open[2]?.()
    await commits.flushed()
    t.equal(seen.length, 602)
  },
)

t.test(
  'a group that is written does not keep others from being written, and what is told in order stays so',
  async (t) => {
    const groups: { changes: string[]; written: (() => void) | undefined; safe: () => void }[] = []
    const store = {
      commit: (changes: readonly Change[], _durable: boolean, onWritten?: (answers: Answer[]) => void) =>
        new Promise<Answer[]>((resolve) => {
          const answers = changes.map(() => 'ok' as const)
          const written = onWritten === undefined ? undefined : () => onWritten(answers)
          groups.push({ changes: changes.map(nameOf), written, safe: () => resolve(answers) })
        }),
    }
    const seen: string[] = []
    const say = (what: string) => (changes: readonly Change[]) => {
      seen.push(`${what} ${changes.map(nameOf).join(' ')}`)
    }
    const commits = new GroupCommit<Change>(
      store,
      {
        onStored: say('stored'),
        onDone: say('done'),
        onFailure: (error) => t.fail(error.message),
      },
      systemClock,
    )
    const settle = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
    const add = async (id: string, durable: boolean, kind: 'insert' | 'remove') => {
      const job = record({ id, seq: 1 })
      commits.add(kind === 'insert' ? { kind, job, ownId: false, number: null } : { kind, id }, durable)
      await settle()
    }
    await add('a', true, 'insert')
    await add('b', false, 'remove')
    t.same(seen, [])
    t.equal(groups.length, 1, 'one is written at a time')
    groups[0]?.written?.()
    await settle()
    t.same(seen, ['done a'])
    t.same(groups[1]?.changes, ['b'], 'the next while the disk works')
    groups[1]?.written?.()
    groups[1]?.safe()
    await settle()
    t.same(seen, ['done a', 'done b'], 'what was stored before it is not safe yet')

    // Somebody is told of its end when that is safe.
    await add('c', true, 'remove')
    t.equal(groups[2]?.written, undefined)
    await add('d', false, 'remove')
    t.equal(groups.length, 3)
    let flushed = false
    const flush = commits.flushed().then(() => {
      flushed = true
    })
    groups[0]?.safe()
    groups[2]?.safe()
    await settle()
    t.same(seen.slice(2), ['stored a', 'stored b', 'stored c', 'done c'])
    t.notOk(flushed)
    groups[3]?.written?.()
    await add('e', false, 'remove')
    groups[3]?.safe()
    await flush
    t.same(seen.slice(6), ['done d', 'stored d'], 'who waits does not wait for what came later')
  },
)

function nameOf(change: Change): string {
  return change.kind === 'insert' ? change.job.id : change.kind === 'remove' ? change.id : change.kind
}
