import t from 'tap'
import type { OutJob } from '#dist/distributor/sending/out-job.js'
import { newJob } from '#dist/distributor/sending/out-job.js'
import { Placement, type Receiver } from '#dist/distributor/sending/placement.js'
import { Ticket } from '#dist/distributor/told/ticket.js'
import type { JrError } from '#dist/src/errors.js'
import { type EnqueueOptions, parseEnqueueOptions } from '#dist/src/job/enqueue-options.js'
import { StoppedClock } from '../fixtures/stopped-clock.js'

/** A node that takes jobs as long as it has credit, and notes them. */
class Node implements Receiver {
  readonly connected = true
  readonly open = true
  readonly status = 'running'
  readonly maxArgs = 1000
  readonly facts
  readonly sent: string[] = []
  readonly name
  credit
  asked = 0
  constructor(name: string, credit: number, jobs: string[] = ['work']) {
    this.name = name
    this.credit = credit
    this.facts = { jobs }
  }
  get free() {
    return this.credit
  }
  hasCredit = () => {
    this.asked++
    return this.credit > 0
  }
  isDeferred = () => false
  whyNot = ({ name }: { name: string }) => (this.facts.jobs.includes(name) ? null : ('unknown' as const))
  send({ id }: OutJob) {
    this.credit--
    this.sent.push(id)
  }
}

function placement(nodes: Node[], { maxHeld = 100, maxHeldBytes = 10_000 } = {}) {
  const clock = new StoppedClock()
  const refused: [id: string, code: string, text: string][] = []
  const seen = { held: 0, full: 0 }
  const made = new Placement({
    clock,
    spool: null,
    maxHeld,
    maxHeldBytes,
    nodes: () => nodes,
    refuse: ({ id }: OutJob, { code, message }: JrError) => refused.push([id, code, message]),
    onHeld: () => seen.held++,
    onFull: () => seen.full++,
  })
  return { made, clock, refused, seen }
}

function job(id: string, options: EnqueueOptions = {}, { name = 'work', bytes = 10 } = {}): OutJob {
  const edition = options.id === undefined ? 0 : 1
  const ticket = new Ticket(id, name, null, null, false, edition)
  return newJob(ticket, Buffer.alloc(bytes), parseEnqueueOptions(options, 0), 0)
}

const tick = () => new Promise<void>((resolve) => queueMicrotask(resolve))

t.test('a job goes to the node with room, waits where there is none, and goes when there is', async (t) => {
  const node = new Node('a', 1)
  const { made, refused, seen } = placement([node])
  for (const id of ['j1', 'j2', 'j3']) made.place(job(id))
  t.same(node.sent, ['j1'])
  t.same([made.held, made.heldBytes, seen.held], [2, 20, 2])
  node.credit = 1
  made.release()
  t.same([node.sent, made.held], [['j1', 'j2'], 1], 'the one that came first')
  node.credit = 5
  made.release()
  t.same([node.sent, made.held, refused], [['j1', 'j2', 'j3'], 0, []])
})

t.test('more than may be held, in jobs or in bytes, is refused; what a node had once is not', async (t) => {
  for (const [limits, text] of [
    [{ maxHeld: 2 }, /^2 jobs with 20 bytes of args wait for a node \(options maxHeld, maxHeldBytes\)/],
    [{ maxHeldBytes: 25 }, /^2 jobs with 20 bytes of args/],
  ] as const) {
    const { made, refused, seen } = placement([], limits)
    for (const id of ['j1', 'j2', 'j3']) made.place(job(id))
    t.same(refused, [], 'not before whoever enqueues has the handle')
    await tick()
    t.match(refused, [['j3', 'JR_BACKLOG_FULL', text]])
    t.equal(seen.full, 1)
    made.again(job('j4'))
    t.equal(made.held, 3)
  }
})

t.test('args that are too large for the node are refused there and then', async (t) => {
  const node = new Node('a', 5)
  const { made, refused } = placement([node])
  made.place(job('j1', {}, { bytes: 1001 }))
  await tick()
  t.match(refused, [['j1', 'JR_ARGS_TOO_LARGE', /take 1001 bytes; node a takes 1000/]])
  t.same([node.sent, made.held], [[], 0])
})

t.test('a job that no node will ever take is refused after a moment, and says what they have', async (t) => {
  const nodes = [new Node('a', 5, ['other'])]
  const { made, clock, refused } = placement(nodes)
  made.place(job('j1'))
  made.place(job('j2', { node: 'b', strictNode: true }))
  t.same(refused, [], 'the one that can may be a moment behind')
  clock.fire()
  t.match(refused, [['j1', 'JR_NO_SUCH_JOB', /no connected node \(a\) has a job 'work'; they have: other/]])
  t.equal(made.held, 1, 'the node that it is for may come')
  nodes.push(new Node('b', 5))
  made.release()
  t.same([nodes[1]?.sent, made.held], [['j2'], 0])
})

t.test('no queue is asked when no node has room: there may be as many as jobs', async (t) => {
  const node = new Node('a', 0)
  const { made } = placement([node], { maxHeld: 5000, maxHeldBytes: 1e6 })
  for (let i = 0; i < 2000; i++) made.place(job(`own-${i}`, { id: `own-${i}` }))
  node.asked = 0
  node.credit = 2
  made.release()
  t.same(node.sent, ['own-0', 'own-1'])
  t.ok(node.asked < 10, `asked ${node.asked} times`)
})

t.test('held jobs can be taken out: one by its ticket, some, or all', async (t) => {
  const { made } = placement([])
  const jobs = ['j1', 'j2', 'j3', 'j4'].map((id) => job(id))
  for (const one of jobs) made.place(one)
  const [first, second, third] = jobs
  t.equal(first !== undefined && made.take(first.ticket), first)
  t.equal(first !== undefined && made.take(first.ticket), undefined, 'once')
  t.same(
    made.takeBack(({ id }) => id === 'j2'),
    [second],
  )
  t.equal(made.find(), third)
  t.same(
    made.abandon().map(({ id }) => id),
    ['j3', 'j4'],
  )
  t.equal(made.held, 0)
})
