import t from 'tap'
import { Middlewares } from '#dist/distributor/middleware.js'
import { Feedbacks } from '#dist/distributor/told/feedbacks.js'
import { Ticket } from '#dist/distributor/told/ticket.js'
import { pack } from '#dist/src/bytes/codec.js'
import { packError } from '#dist/src/bytes/error-record.js'
import { JrError } from '#dist/src/errors.js'
import type { Outcome } from '#dist/src/job/record.js'
import { StoppedClock } from '../fixtures/stopped-clock.js'
import { outcome } from '../node/records.js'

function telling() {
  const told: string[] = []
  const feedbacks = new Feedbacks({
    clock: new StoppedClock(),
    instance: 'life-1',
    middleware: new Middlewares(),
    onThrow: (error, { id }) => told.push(`threw ${id}: ${(error as Error).message}`),
    onUnclaimed: (args, { id }) => told.push(`unclaimed ${id}: ${said(args)}`),
    onReplaced: () => {},
    onOutcome: () => {},
  })
  const feedback =
    (word: string) =>
    (args: object, { id }: { id: string }) => {
      told.push(`${word} ${id}: ${said(args)}`)
    }
  const ticket = (id: string, edition = 0) => {
    const made = new Ticket(id, 'work', feedback('success'), feedback('error'), true, edition)
    feedbacks.add(made)
    return made
  }
  const take = (over: Partial<Outcome>, stored = true, node = 'store-1') =>
    feedbacks.take({ type: 'outcome', stored, outcome: outcome(over) }, node)
  return { feedbacks, told, feedback, ticket, take }
}

/** Args as text, of an error its message. */
function said(args: object): string {
  return JSON.stringify(args, (_key, value) => (value instanceof Error ? value.message : value))
}

const done = { args: pack({ sum: 3 }) }
const failed = { state: 'failed', args: pack({ a: 1 }), error: packError(new Error('no luck')) } as const
const settled = () => new Promise((resolve) => setImmediate(resolve))

t.test('an outcome is told to who enqueued the job, and once', (t) => {
  const { told, ticket, take } = telling()
  const [one, two] = [ticket('job-1'), ticket('job-2')]
  take({ seq: 5, id: 'job-1', ...done })
  take({ seq: 6, id: 'job-2', ...failed })
  take({ seq: 5, id: 'job-1', ...done })
  t.same(told, ['success job-1: {"sum":3}', 'error job-2: {"a":1,"error":"no luck"}'])
  t.same([one.status, two.status], ['over', 'over'])
  take({ seq: 5, id: 'job-3', ...done }, true, 'store-2')
  t.equal(told.length, 3, 'another store has numbers of its own')
  t.end()
})

t.test(
  'an outcome that nobody waits for goes to the feedback of its name, or is said to be unclaimed',
  (t) => {
    const { feedbacks, feedback, told, take } = telling()
    take({ seq: 1, id: 'job-1', ...done })
    take({ seq: 2, id: 'job-2', ...done }, false)
    feedbacks.name('work', { success: feedback('named') })
    take({ seq: 3, id: 'job-3', ...done })
    take({ seq: 4, id: 'job-4', ...failed })
    t.same(told, [
      'unclaimed job-1: {"sum":3}',
      'named job-3: {"sum":3}',
      'unclaimed job-4: {"a":1,"error":"no luck"}',
    ])
    t.end()
  },
)

t.test('an outcome of a job that had the id before is not for who waits for this one', (t) => {
  const { told, ticket, take } = telling()
  ticket('mine', 22)
  take({ seq: 1, id: 'mine', edition: 11, ...done })
  take({ seq: 2, id: 'mine', edition: 22, ...done })
  t.same(told, ['unclaimed mine: {"sum":3}', 'success mine: {"sum":3}'])
  t.end()
})

t.test('a schedule is told of each run', (t) => {
  const { told, ticket, take } = telling()
  const each = ticket('each')
  take({ seq: 1, id: 'each', more: true, ...done })
  take({ seq: 2, id: 'each', more: true, slot: 1, ...failed })
  t.not(each.status, 'over')
  take({ seq: 3, id: 'each', slot: 2, ...done })
  t.equal(told.length, 3)
  t.equal(each.status, 'over')
  t.end()
})

t.test('an outcome is handled when its feedback is, and a feedback that fails is said', async (t) => {
  const { feedbacks, told, take } = telling()
  let finish: (error?: Error) => void = () => {}
  feedbacks.name('work', {
    success: () =>
      new Promise<void>((resolve, reject) => {
        finish = (error) => (error === undefined ? resolve() : reject(error))
      }),
    error: () => {
      throw new Error('at once')
    },
  })
  const first = take({ seq: 1, id: 'job-1', ...done })
  t.equal(take({ seq: 1, id: 'job-1', ...done }), first, 'the same after a cut')
  finish()
  await first
  await settled()
  t.equal(take({ seq: 1, id: 'job-1', ...done }), null)
  const second = take({ seq: 2, id: 'job-2', ...done })
  finish(new Error('later'))
  await second
  t.equal(take({ seq: 3, id: 'job-3', ...failed }), null)
  t.same(told, ['threw job-2: later', 'threw job-3: at once'])
})

t.test('a job that is refused ends once, with its args and the reason', async (t) => {
  const { feedbacks, told, ticket } = telling()
  const one = ticket('job-1')
  const accepted = new Promise<void>((resolve, reject) => one.whenAccepted({ resolve, reject }))
  const error = new JrError('JR_NO_SUCH_JOB', 'no node knows it')
  feedbacks.refuse(one, error, { a: 1 }, '')
  feedbacks.refuse(one, error, { a: 1 }, '')
  await t.rejects(accepted, { code: 'JR_NO_SUCH_JOB' })
  t.same(told, ['error job-1: {"a":1,"error":"no node knows it"}'])
  t.equal(feedbacks.waiting, 0)
})

t.test(
  'a node that has lost its store fails what it had accepted above its number, and nothing else',
  (t) => {
    const { feedbacks, told, ticket } = telling()
    const table: [id: string, node: string, number: number, accepted: boolean][] = [
      ['kept', 'n1', 7, true],
      ['lost', 'n1', 8, true],
      ['on-its-way', 'n1', 9, false],
      ['elsewhere', 'n2', 9, true],
    ]
    for (const [id, node, number, accepted] of table) {
      const one = ticket(id)
      one.status = 'sent'
      Object.assign(one, { node, number })
      if (accepted) one.accepted()
    }
    t.equal(feedbacks.loseAbove('n1', 7), 1)
    t.equal(told.length, 1)
    t.match(told[0], /^error lost: .*came back with a store that does not have it/)
    t.equal(feedbacks.waiting, 3)
    t.end()
  },
)

t.test(
  'what was told because somebody here waited is not unclaimed when its sender was an earlier life',
  (t) => {
    const { told, ticket, take } = telling()
    ticket('shared', 5)
    take({ seq: 1, id: 'shared', edition: 5, instance: 'life-0', ...done }, false)
    take({ seq: 1, id: 'shared', edition: 5, instance: 'life-0', ...done })
    t.same(told, ['success shared: {"sum":3}'])
    t.end()
  },
)
