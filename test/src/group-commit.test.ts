import fc from 'fast-check'
import t from 'tap'
import { JrError } from '#dist/src/errors.js'
import type { Answer, SharedChange, Single } from '#dist/src/store/contract.js'
import { GroupCommit } from '#dist/src/store/group-commit.js'
import { StoppedClock } from '../fixtures/stopped-clock.js'
import { record } from '../node/records.js'

/** A commit that the store was given, and that ends when the test says so. */
interface Commit {
  readonly changes: readonly SharedChange[]
  readonly durable: boolean
  readonly written: (() => void) | null
  readonly safe: () => void
  readonly refuse: (error: unknown) => void
}

const tick = () => new Promise((resolve) => setImmediate(resolve))
const insert = (seq: number, bytes = 1): SharedChange => ({
  kind: 'insert',
  job: record({ id: `job-${seq}`, seq, args: Buffer.alloc(bytes) }),
  ownId: false,
  number: seq,
})
const cancel = (seq: number): SharedChange => ({
  kind: 'end',
  from: record({ id: `job-${seq}`, seq }),
  running: false,
  outcome: null,
  keep: null,
})
const taken = (seq: number): SharedChange => ({ kind: 'acknowledge', distributor: 'app', seqs: [seq] })

/** What a change is called in the assertions. */
function nameOf(change: SharedChange): string {
  if (change.kind === 'insert') return `new ${change.job.seq}`
  if (change.kind === 'acknowledge') return `taken ${change.seqs[0]}`
  return change.kind === 'end' ? `end ${change.from.seq}` : change.kind
}

function committing(mayFollow?: () => boolean) {
  const clock = new StoppedClock()
  const commits: Commit[] = []
  const told: string[] = []
  const store = {
    commit: (changes: readonly SharedChange[], durable: boolean, onWritten?: (answers: Answer[]) => void) =>
      new Promise<readonly Answer[]>((resolve, refuse) => {
        const answers: Answer[] = changes.map(() => 'ok')
        const written = onWritten === undefined ? null : () => onWritten(answers)
        commits.push({ changes, durable, written, safe: () => resolve(answers), refuse })
      }),
    ...(mayFollow === undefined ? {} : { mayFollow }),
  }
  const groups = new GroupCommit<SharedChange>(
    store,
    {
      onStored: (changes) => told.push(...changes.map((change) => `stored ${nameOf(change)}`)),
      onDone: (changes) => told.push(...changes.map((change) => `done ${nameOf(change)}`)),
      onFull: (full) => told.push(full ? 'full' : 'room'),
      onFailure: ({ code }) => told.push(code),
    },
    clock,
  )
  const names = () => commits.map(({ changes }) => changes.map(nameOf))
  return { groups, commits, told, clock, names }
}

t.test('what comes in one tick is one group, and what comes while it is written is the next', async (t) => {
  const { groups, commits, told, names } = committing()
  groups.add(insert(1), true)
  groups.add(insert(2), true)
  t.same(names(), [], 'at the end of the tick')
  await tick()
  groups.add(insert(3), true)
  groups.add(insert(4), false)
  await tick()
  t.same(names(), [['new 1', 'new 2']])
  t.same(told, [])
  commits[0]?.safe()
  await tick()
  t.same(names(), [
    ['new 1', 'new 2'],
    ['new 3', 'new 4'],
  ])
  t.same(told, ['stored new 1', 'stored new 2', 'done new 1', 'done new 2'])
  t.same(
    commits.map(({ durable }) => durable),
    [true, true],
  )
})

t.test(
  'a written group lets the next be written, and its new jobs are told when they are safe',
  async (t) => {
    const { groups, commits, told, names } = committing(() => true)
    groups.add(insert(1), true)
    await tick()
    commits[0]?.written?.()
    t.same(told, ['done new 1'])
    groups.add(insert(2), true)
    await tick()
    t.same(names(), [['new 1'], ['new 2']])
    commits[1]?.written?.()
    commits[1]?.safe()
    await tick()
    t.same(told, ['done new 1', 'done new 2'], 'nothing is safe in front of what came before it')
    commits[0]?.safe()
    await tick()
    t.same(told, ['done new 1', 'done new 2', 'stored new 1', 'stored new 2'])
  },
)

t.test('no more than two groups are under way', async (t) => {
  const { groups, names, commits } = committing(() => true)
  for (const seq of [1, 2, 3, 4]) {
    groups.add(insert(seq), true)
    await tick()
  }
  t.same(names(), [['new 1'], ['new 2']])
  commits[0]?.safe()
  await tick()
  t.same(names(), [['new 1'], ['new 2'], ['new 3', 'new 4']])
})

t.test('what is told only when it is safe holds up what comes behind it', async (t) => {
  const { groups, commits, told, names } = committing(() => false)
  groups.add(cancel(1), true)
  groups.add(insert(2), true)
  await tick()
  t.equal(commits[0]?.written, null)
  groups.add(insert(3), true)
  await tick()
  t.same(names(), [['end 1', 'new 2']])
  commits[0]?.safe()
  await tick()
  t.same(told, ['stored end 1', 'stored new 2', 'done end 1', 'done new 2'])
  t.type(commits[1]?.written, 'function', 'the next holds nothing of the kind')
})

t.test('several that are done together count as what they are', async (t) => {
  const { groups, commits } = committing()
  groups.add({ kind: 'together', changes: [insert(1), insert(2)] as Single[] }, true)
  await tick()
  t.type(commits[0]?.written, 'function', 'new jobs')
  groups.add({ kind: 'together', changes: [insert(3), cancel(1)] as Single[] }, true)
  commits[0]?.safe()
  await tick()
  t.equal(commits[1]?.written, null, 'one of them is told only when it is safe')
})

t.test('what apps have taken waits for company, but not for ever', async (t) => {
  const { groups, names, commits, clock } = committing()
  groups.add(taken(1), false)
  await tick()
  t.same(names(), [])
  groups.add(insert(2), true)
  await tick()
  t.same(names(), [['taken 1', 'new 2']])
  commits[0]?.safe()
  await tick()
  while (clock.timers.length > 0) clock.fire()
  groups.add(taken(3), false)
  await tick()
  t.equal(names().length, 1)
  clock.fire()
  t.same(names()[1], ['taken 3'])
  groups.add(taken(4), false)
  commits[1]?.safe()
  const flushed = groups.flushed()
  await tick()
  t.same(names()[2], ['taken 4'], 'who waits until all is safe does not wait for company')
  commits[2]?.safe()
  await flushed
})

t.test('a large group goes in parts', async (t) => {
  const { groups, commits } = committing()
  for (let seq = 1; seq <= 9000; seq++) groups.add(insert(seq), true)
  for (let seq = 9001; seq <= 9006; seq++) groups.add(insert(seq, 2 << 20), true)
  for (let at = 0; at < 6; at++) {
    await tick()
    commits[at]?.safe()
  }
  await tick()
  t.same(
    commits.map(({ changes }) => changes.length),
    [4000, 4000, 1002, 2, 2],
  )
})

t.test('who adds too much is told, and told again when half of it is safe', async (t) => {
  const { groups, commits, told } = committing()
  for (let seq = 1; seq <= 18; seq++) groups.add(insert(seq, 2 << 20), true)
  t.same(told, ['full'])
  for (let at = 0; !told.includes('room') && at < 9; at++) {
    await tick()
    commits[at]?.safe()
    await tick()
  }
  t.equal(told.filter((word) => word.startsWith('stored')).length, 10)
  t.equal(told.filter((word) => word === 'full').length, 1)
})

t.test('after a refusal nothing is told and nothing is written', async (t) => {
  for (const how of ['store', 'handler'] as const) {
    const { groups, commits, told, names } = committing()
    groups.add(insert(1), true)
    await tick()
    groups.add(insert(2), true)
    const flushed = groups.flushed()
    if (how === 'store') commits[0]?.refuse(new JrError('JR_STORE', 'the disk is full'))
    else {
      told.push = () => {
        Reflect.deleteProperty(told, 'push')
        throw new Error('a handler failed')
      }
      commits[0]?.safe()
    }
    await flushed
    await tick()
    t.same(told, ['JR_STORE'], how)
    groups.add(insert(3), true)
    await tick()
    await groups.flushed()
    t.same(names(), [['new 1']])
    t.same(told, ['JR_STORE'])
  }
})

t.test('each change is told once, in order, whenever the store is done', async () => {
  const step = fc.constantFrom('insert', 'cancel', 'taken', 'written', 'safe', 'tick', 'timer')
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), fc.boolean(), async (steps, follows) => {
      const { groups, commits, told, clock, names } = committing(() => follows)
      const added: string[] = []
      let safe = 0
      const written = new Set<Commit>()
      // Groups are done in the order in which they were given.
      const write = () => {
        const next = commits.slice(safe).find((commit) => !written.has(commit))
        if (next === undefined || next.written === null) return
        written.add(next)
        next.written()
      }
      const add = (change: SharedChange) => {
        added.push(nameOf(change))
        groups.add(change, change.kind !== 'acknowledge')
      }
      for (const [at, one] of steps.entries()) {
        if (one === 'insert') add(insert(at))
        else if (one === 'cancel') add(cancel(at))
        else if (one === 'taken') add(taken(at))
        else if (one === 'written') write()
        else if (one === 'safe') commits[safe]?.safe()
        else if (one === 'timer' && clock.timers.length > 0) clock.fire()
        if (one === 'safe' && safe < commits.length) safe++
        await tick()
      }
      const flushed = groups.flushed()
      let rest = true
      flushed.then(() => {
        rest = false
      })
      for (await tick(); rest; await tick()) commits[safe++]?.safe()
      const said = (word: string) =>
        told.filter((line) => line.startsWith(word)).map((line) => line.slice(word.length + 1))
      if (JSON.stringify(said('done')) !== JSON.stringify(added)) return false
      if (JSON.stringify(said('stored')) !== JSON.stringify(added)) return false
      return JSON.stringify(names().flat()) === JSON.stringify(added)
    }),
    { numRuns: 200 },
  )
})
