import t from 'tap'
import { Ledger } from '#dist/distributor/nodes/ledger.js'
import { SUSPECT } from '#dist/distributor/nodes/suspicion.js'
import { newJob, type OutJob } from '#dist/distributor/sending/out-job.js'
import { Ticket } from '#dist/distributor/told/ticket.js'
import { parseEnqueueOptions } from '#dist/src/job/enqueue-options.js'

function jobOf(number: number, bytes = 10): OutJob {
  const ticket = new Ticket(`j${number}`, 'work', null, null, false)
  ticket.number = number
  return newJob(ticket, Buffer.alloc(bytes), parseEnqueueOptions(undefined, 0), 0)
}

function ledger(...numbers: number[]) {
  const made = new Ledger()
  for (const number of numbers) made.add(jobOf(number))
  const ids = () => [...made].map(({ id }) => id)
  return { made, ids }
}

const nobody = new Set<OutJob>()

t.test('as many jobs and bytes are on their way as the node has said, or one job', async (t) => {
  const { made } = ledger(1, 2)
  const cases: [credit: { count: number; bytes: number }, bytes: number, fits: boolean][] = [
    [{ count: 3, bytes: 30 }, 10, true],
    [{ count: 2, bytes: 30 }, 10, false],
    [{ count: 3, bytes: 30 }, 11, false],
  ]
  for (const [credit, bytes, expected] of cases) t.equal(made.fits(bytes, credit), expected)
  made.remove(() => true)
  t.ok(made.fits(1000, { count: 1, bytes: 1 }), 'one alone may always go')
})

t.test('jobs are accepted up to a number, in order; what they took is free again', async (t) => {
  const { made, ids } = ledger(1, 2, 5, 6)
  const accepted: string[] = []
  for (let job = made.take(5); job !== undefined; job = made.take(5)) accepted.push(job.id)
  t.same([accepted, ids()], [['j1', 'j2', 'j5'], ['j6']])
  t.notOk(made.fits(11, { count: 9, bytes: 20 }))
  t.same(
    made.remove(({ id }) => id === 'j6').map(({ id }) => id),
    ['j6'],
  )
  made.add(jobOf(7))
  t.ok(made.fits(10, { count: 9, bytes: 20 }))
  t.equal(made.first?.id, 'j7')
})

t.test('who was on the way again and again is sent alone, and then not at all', async (t) => {
  const { made, ids } = ledger(1, 2, 3)
  const unsent = new Set([...made].slice(2))
  for (let blame = 1; blame < SUSPECT; blame++) {
    t.equal(made.suspect(1, unsent), null)
    t.notOk(made.begin(), 'not yet')
  }
  made.suspect(1, unsent)
  t.ok(made.begin() && made.careful)
  t.notOk(made.fits(1, { count: 9, bytes: 1000 }), 'nothing goes beside it')
  t.equal(made.suspect(1, nobody)?.id, 'j1', 'it was alone')
  t.same(ids(), ['j2', 'j3'])
  t.ok(made.begin(), 'the next may be it, too')
  made.take(2)
  made.goOn()
  t.ok(made.careful)
  made.take(3)
  made.goOn()
  t.notOk(made.careful)
  t.equal(made.suspect(1, nobody), null)
})
