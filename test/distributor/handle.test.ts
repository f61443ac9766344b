import { getEventListeners } from 'node:events'
import t from 'tap'
import { JobHandle } from '#dist/distributor/told/handle.js'
import { JobHandles } from '#dist/distributor/told/handles.js'
import { ProgressFeed } from '#dist/distributor/told/progress.js'
import { Ticket } from '#dist/distributor/told/ticket.js'
import { systemClock } from '#dist/src/clock.js'

const owner = {
  clock: systemClock,
  cancel: async () => 'not-found' as const,
  watch: () => {},
  explain: () => 'it was never accepted',
  progress: new ProgressFeed(
    { has: () => false, emit: () => {} },
    () => undefined,
    () => [],
  ),
}

function made(count: number) {
  const tickets = Array.from({ length: count }, (_, i) => new Ticket(`j${i}`, 'job', null, null, true))
  return { tickets, handles: tickets.map((ticket) => new JobHandle(ticket, owner)) }
}

t.test('one signal for 200 results: no warning, and nothing is held when they have settled', async (t) => {
  const warnings: Error[] = []
  const heard = (warning: Error) => warnings.push(warning)
  process.on('warning', heard)
  t.teardown(() => process.off('warning', heard))
  const { tickets, handles } = made(200)
  const { signal } = new AbortController()
  const results = handles.map((handle) => handle.result({ signal, timeout: 60_000 }))
  await new Promise(setImmediate)
  t.same(warnings, [])
  t.equal(getEventListeners(signal, 'abort').length, 1)
  for (const ticket of tickets) ticket.ended({ result: ticket.id }, null, false)
  t.equal((await Promise.all(results)).length, 200)
  t.equal(getEventListeners(signal, 'abort').length, 0)
})

t.test('a call that was given up holds nothing of the job', async (t) => {
  const { tickets, handles } = made(2)
  const [ticket] = tickets
  const [handle] = handles
  if (ticket === undefined || handle === undefined) throw new Error('none')
  const given = new AbortController()
  const results = Array.from({ length: 50 }, () => handle.result({ signal: given.signal }))
  t.equal(ticket.resultWaiters?.size, 50)
  given.abort(new Error('enough'))
  for (const result of results) await t.rejects(result, { message: 'enough' })
  t.equal(ticket.resultWaiters?.size, 0)
  await t.rejects(handle.result({ timeout: 1 }), { code: 'JR_TIMEOUT' })
  t.equal(ticket.resultWaiters?.size, 0)
  await t.rejects(handle.result({ signal: given.signal }), { message: 'enough' })
  t.equal(ticket.resultWaiters?.size, 0)
  await t.rejects(new JobHandles(tickets, owner).results({ timeout: 1 }), { code: 'JR_TIMEOUT' })
  t.same(
    tickets.map(({ resultWaiters }) => resultWaiters?.size),
    [0, 0],
  )
})

t.test('a time-out of 31 days, or for ever, does not end at once', async (t) => {
  for (const timeout of [31 * 86_400_000, Number.POSITIVE_INFINITY, 1e300]) {
    const { tickets, handles } = made(1)
    const result = handles[0]?.result({ timeout })
    const first = await Promise.race([result, new Promise((resolve) => setTimeout(resolve, 20, 'waits'))])
    t.equal(first, 'waits')
    tickets[0]?.ended({ result: 7 }, null, false)
    t.same(await result, { result: 7 })
  }
})

t.test('another time-out or signal is refused, with its path', async (t) => {
  const { handles } = made(1)
  const handle = handles[0]
  if (handle === undefined) throw new Error('none')
  for (const timeout of [Number.NaN, -1, '5s' as unknown as number, null as unknown as number]) {
    await t.rejects(handle.result({ timeout }), {
      name: 'TypeError',
      message: /options\.timeout: expected milliseconds/,
    })
    await t.rejects(handle.cancel({ timeout }), TypeError)
  }
  const signal = {} as AbortSignal
  await t.rejects(handle.result({ signal }), { message: /options\.signal: expected an AbortSignal/ })
})
