import t from 'tap'
import { GivenUp } from '#dist/distributor/nodes/given-up.js'
import { Ledger } from '#dist/distributor/nodes/ledger.js'
import {
  countOf,
  lastNumberOf,
  memberOf,
  refusedWith,
  renumber,
  restOf,
  together,
} from '#dist/distributor/sending/bundle.js'
import { chooseNode, whyNever } from '#dist/distributor/sending/node-choice.js'
import { newJob, type OutJob } from '#dist/distributor/sending/out-job.js'
import {
  headRecord,
  jobRecord,
  readRecords,
  sentRecord,
  spooledOf,
} from '#dist/distributor/sending/spool-records.js'
import { Ticket } from '#dist/distributor/told/ticket.js'
import { JrError } from '#dist/src/errors.js'
import { type EnqueueOptions, parseEnqueueOptions } from '#dist/src/job/enqueue-options.js'

function job(id: string, options: EnqueueOptions = {}, name = 'work', bytes = 10): OutJob {
  const ticket = new Ticket(id, name, null, null, false, options.id === undefined ? 0 : 1)
  return newJob(ticket, Buffer.alloc(bytes), parseEnqueueOptions(options, 0), 0)
}

const ids = (all: readonly OutJob[]) => all.flatMap((first) => [first, ...restOf(first)].map(({ id }) => id))

t.test('jobs together go as the first of them, with the bytes and the numbers of all', async (t) => {
  const all = together([job('a'), job('b', {}, 'work', 5), job('c')])
  t.same([all.id, all.bytes, countOf(all), ids([all])], ['a', 25, 3, ['a', 'b', 'c']])
  renumber(all, 7)
  t.same(
    [all, ...restOf(all)].map(({ ticket }) => ticket.number),
    [7, 8, 9],
  )
  t.equal(lastNumberOf(all), 9)
  t.same(
    [6, 7, 9, 10].map((number) => memberOf(all, number)?.id),
    [undefined, 'a', 'c', undefined],
  )
  const one = job('one')
  t.equal(together([one]), one, 'one alone is nothing else')
  t.match(refusedWith(all, memberOf(all, 8), new JrError('JR_DUPLICATE', 'it is there', { job: 'x' })), {
    code: 'JR_DUPLICATE',
    job: 'x',
    message: "of 3 jobs that were enqueued together none is taken, because of jobs[1] ('work'): it is there",
  })
})

t.test('on their way they count as many, and are accepted and taken out as one', async (t) => {
  const ledger = new Ledger()
  const all = together([job('a'), job('b'), job('c')])
  renumber(all, 1)
  ledger.add(all)
  t.equal(ledger.size, 3)
  t.notOk(ledger.fits(0, { count: 3, bytes: 100 }))
  t.equal(ledger.take(2), undefined, 'not before the last of them is')
  t.equal(ledger.take(3), all)
  t.equal(ledger.size, 0)
})

t.test('what was given up and had come goes back, or is to be forgotten, as a whole', async (t) => {
  const [first, second, third] = ['a', 'c', 'e'].map((id) => together([job(id), job(`${id}2`)])) as [
    OutJob,
    OutJob,
    OutJob,
  ]
  const givenUp = new GivenUp()
  for (const [i, all] of [first, second, third].entries()) {
    renumber(all, 2 * i + 1)
    givenUp.add(all)
  }
  renumber(first, 50)
  const { back, forget } = givenUp.settle(5, (isIt) =>
    [first, second, third].filter((all) => isIt(all)).slice(0, 1),
  )
  t.same(ids(back), ['a', 'a2'])
  t.same(
    [first, ...restOf(first)].map(({ ticket }) => ticket.number),
    [1, 2],
    'as they were given to this node',
  )
  t.same(forget, ['c', 'c2'], 'of the third the last had not come')
  givenUp.add(second)
  givenUp.refused(4)
  t.same(givenUp.settle(9, () => []).forget, [], 'refused by the number of any of them')
})

t.test('a node gets them that may take all of them', async (t) => {
  const node = (name: string, jobs: string[]) => ({
    name,
    connected: true,
    open: true,
    status: 'running' as const,
    free: 1,
    // No more than anything at all.
    hasCredit: (bytes: number) => bytes === 0,
    whyNot: (wish: { readonly name: string }) => (jobs.includes(wish.name) ? null : ('unknown' as const)),
  })
  const all = together([job('a'), job('b', {}, 'other')])
  const [some, both] = [node('some', ['work']), node('both', ['work', 'other'])]
  t.equal(chooseNode(all, [some, both], 0), both)
  t.equal(chooseNode(all, [some], 0), null)
  t.equal(whyNever(all, [some]), 'unknown')
  t.equal(whyNever(all, [some, both]), null)
  const named = together([job('a'), job('b', { node: 'n2' })])
  t.equal(
    chooseNode(named, [node('n1', ['work']), node('n2', ['work'])], 0)?.name,
    'n2',
    'where one of them is to go',
  )
  const home = (...jobs: OutJob[]) =>
    chooseNode(together(jobs), [node('n1', ['work']), node('n2', ['work'])], 0)?.name
  const own = job('x', { id: 'x' })
  const { name } = chooseNode({ ...own, bytes: 0 }, [node('n1', ['work']), node('n2', ['work'])], 0) ?? {}
  t.equal(home(job('a'), own), name, 'the home of the first that has one')
})

t.test('in a spool they are one record: all of them are there after a crash, or none', async (t) => {
  const all = together([job('a', { after: 5 }), job('b', { id: 'b', tags: ['x'] }), job('c')])
  const bytes = Buffer.concat([headRecord('app-1'), jobRecord(all, 0), sentRecord('a', 'n1', 4)])
  const clock = { now: () => 0, mono: () => 0 }
  const [records] = readRecords(bytes).live.values()
  if (records === undefined) return t.fail('they are there')
  const { job: read, node } = spooledOf(records, clock)
  t.same([ids([read]), node, lastNumberOf(read), read.bytes], [['a', 'b', 'c'], 'n1', 6, 30])
  t.match(
    [read, ...restOf(read)],
    [
      { delayMs: 5000 },
      { edition: 1, agreed: { terms: { tags: ['x'] } }, ticket: { number: 5 } },
      { id: 'c', delayMs: null },
    ],
  )
  const whole = bytes.length - sentRecord('a', 'n1', 4).length
  for (let cut = 1; cut < 60; cut++)
    t.equal(readRecords(bytes.subarray(0, whole - cut)).live.size, 0, `${cut} bytes are torn off`)
})
