import t from 'tap'
import { withNotes } from '#dist/node/changes/indexes.js'
import type { NodeChange } from '#dist/node/changes/journal.js'
import type { Attempt, AttemptResult } from '#dist/node/run/attempt.js'
import { Sayings } from '#dist/node/run/sayings.js'
import { type JobProgress, Progressing } from '#dist/node/session/progressing.js'
import type { LogLine } from '#dist/src/job/log-lines.js'
import { bytesOfJob } from '#dist/src/job/record.js'
import { memoryStore } from '#dist/src/store/index.js'
import { savedNote } from '#dist/src/store/saved.js'
import type { LinkMessage } from '#dist/src/wire/messages.js'
import { course } from '../fixtures/record.mjs'
import { record } from './records.js'

function sayings() {
  const store = memoryStore()
  const changes: NodeChange[] = []
  const current = new Set<Attempt>()
  const told: JobProgress[] = []
  const made = new Sayings({
    store,
    journal: { add: (change) => changes.push(change) },
    isCurrent: (attempt) => current.has(attempt),
    now: () => 5,
    keepLogs: (name) => (name === 'silent' ? 0 : 3),
    onProgress: (progress) => told.push(progress),
    onError: (error) => {
      throw error
    },
  })
  const begin = (token: number, job = record()) => {
    const attempt = { token, job } as Attempt
    current.add(attempt)
    return attempt
  }
  const end = (attempt: Attempt) => made.heard({ attempt, status: 'failed' } as AttemptResult).attempt.job
  return { made, store, changes, current, told, begin, end }
}

t.test('what a job saves is noted, told when that is done, and known when the attempt is over', async (t) => {
  const { made, changes, current, begin, end } = sayings()
  const [saves, silent, over] = [begin(1), begin(2), begin(3)]
  current.delete(over)
  const told: unknown[] = []
  made.save(saves, Buffer.from('a'), (error) => told.push(error))
  t.match(changes, [{ kind: 'note', notes: [{ ...savedNote('job-1'), value: Buffer.from('a') }] }])
  t.same(told, [], 'it is not on the disk')
  const [change] = changes
  if (change?.kind === 'note') change.done?.('ok')
  t.same(told.splice(0), [null])
  made.save(over, Buffer.from('b'), (error) => told.push(error))
  t.match(told, [{ code: 'JR_STOPPED' }], 'an attempt that counts for nothing')
  t.equal(changes.length, 1)
  t.equal(end(saves).course.saved, true)
  t.equal(end(saves).course.saved, false, 'forgotten with that')
  t.equal(end(silent), silent.job)
})

t.test('the next attempt has what this job has saved, and no other', async (t) => {
  const { made, store } = sayings()
  await store.open('n1')
  await store.commit([{ kind: 'note', notes: [{ ...savedNote('ab'), value: Buffer.from('value') }] }], true)
  t.same(await made.saved('ab'), Buffer.from('value'))
  t.equal(await made.saved('a'), null)
  t.equal(await made.saved('abc'), null)
})

t.test('it goes with the end of the job, or when the job goes on without it', async (t) => {
  const [plain, saved] = [record(), record({ course: course({ saved: true }) })]
  const beside = { running: true, outcome: null, report: null, done: null }
  const cases: [what: string, change: NodeChange, goes: boolean][] = [
    ['it ends', { kind: 'end', from: saved, keep: null, ...beside }, true],
    ['it has none', { kind: 'end', from: plain, keep: null, ...beside }, false],
    ['retried, given back, snoozed', { kind: 'move', from: saved, to: saved, ...beside }, false],
    ['the next slot of a period', { kind: 'move', from: saved, to: plain, ...beside }, true],
    ['an attempt begins', { kind: 'begin', job: saved, startedAt: 1 }, false],
  ]
  for (const [what, change, goes] of cases) {
    const { notes = [] } = withNotes(change, { now: () => 0 }) as { notes?: readonly unknown[] }
    t.same(notes, goes ? [{ ...savedNote('job-1'), value: null }] : [], what)
  }
})

t.test('what a job tells goes to the apps that listen: of its name, or that wait for it', async (t) => {
  const { made, told, begin, end } = sayings()
  const attempt = { ...begin(1, record({ distributor: 'shop' })), attempt: 2 }
  t.equal(made.latest(attempt), null)
  made.progress(attempt, Buffer.from('half'))
  t.match(told, [{ id: 'job-1', name: 'work', attempt: 2, value: Buffer.from('half'), distributor: 'shop' }])
  t.same(made.latest(attempt), Buffer.from('half'))
  const sent: unknown[] = []
  const channel = { writable: true, send: (message: LinkMessage) => sent.push(message) > 0 }
  const appOf = (name: string, watched = '') => new Progressing({ name }, channel, (id) => id === watched)
  const [shop, waits, other] = [appOf('shop'), appOf('b', 'job-1'), appOf('c')]
  const tell = (value: string) => {
    made.progress(attempt, Buffer.from(value))
    for (const app of [shop, waits, other]) app.tell(told.at(-1) as JobProgress)
  }
  tell('nobody listens')
  t.same(sent, [])
  for (const app of [shop, waits, other]) app.listen(true, made.told())
  t.match(
    sent.splice(0),
    Array(2).fill({ type: 'progress', id: 'job-1', value: Buffer.from('nobody listens') }),
  )
  channel.writable = false
  for (const value of ['a', 'b']) tell(value)
  t.same(sent, [])
  channel.writable = true
  shop.drained()
  t.match(sent.splice(0), [{ value: Buffer.from('b') }], 'the latest, when the app reads again')
  shop.drained()
  shop.listen(false, [])
  waits.listen(false, [])
  tell('over')
  t.same(sent, [])
  end(attempt)
  t.equal(made.latest(attempt), null)
  t.same([...made.told()], [])
})

t.test(
  'what a job logs is kept with it, the last of it: in its record when the attempt is over',
  async (t) => {
    const { made, begin, end } = sayings()
    const line = (text: string, facts = '') => ({ level: 'info', text, facts }) as const
    const silent = begin(1, record({ name: 'silent' }))
    made.line(silent, line('a'))
    t.equal(end(silent), silent.job, 'none is kept of this name')
    const first = { ...begin(2), attempt: 1 }
    t.same(made.lines(first.job, first), [])
    for (const text of ['a', 'b', 'c', 'd', 'e', 'f', 'g']) made.line(first, line(text))
    const texts = (lines: readonly LogLine[]) => lines.map(({ text, attempt }) => `${text}${attempt}`)
    t.same(texts(made.lines(first.job, first)), ['e1', 'f1', 'g1'], 'while it runs')
    const waits = end(first)
    t.same(waits.course.lines.at(-1), { at: 5, attempt: 1, level: 'info', text: 'g', facts: '' })
    const second = { ...begin(3, waits), attempt: 2 }
    made.line(second, line('x'.repeat(2000), '{"a":1}'))
    const after = end(second)
    t.same(texts(after.course.lines.slice(0, 2)), ['f1', 'g1'])
    t.match(after.course.lines.at(-1), { text: 'x'.repeat(1024), facts: '' }, 'facts have no room')
    t.same(texts(made.lines(after, undefined)), texts(after.course.lines), 'when it waits')
    t.equal(bytesOfJob(after) - bytesOfJob(first.job), 1026)
  },
)
