import fc from 'fast-check'
import t from 'tap'
import { KeptRates } from '#dist/node/order/kept-rates.js'
import { type Begun, RateWindow } from '#dist/node/order/rate-window.js'
import type { Rate } from '#dist/src/job/limits.js'
import type { Note, StoredNote } from '#dist/src/store/contract.js'

/** The most that began in a span of this length; times go up. A span has its beginning, and not its end. */
function mostIn(times: readonly number[], perMs: number): number {
  let most = 0
  for (let from = 0, to = 0; to < times.length; to++) {
    while ((times[to] as number) - (times[from] as number) >= perMs) from++
    most = Math.max(most, to - from + 1)
  }
  return most
}

/** A node that begins jobs of a rate, and is killed now and then: all that it had kept is there when it comes back. */
class Killed {
  readonly begun: number[] = []
  #kept: readonly Begun[] = []
  #window: RateWindow
  #asked: readonly Begun[] | null = null
  constructor(readonly rate: Rate) {
    this.#window = new RateWindow(rate)
  }
  /** Begins one if it may; asks if it may ask, and what was asked is kept at some later time. */
  begin(now: number): boolean {
    if (this.#window.isOpen(now)) {
      this.#window.begin(now)
      this.begun.push(now)
      return true
    }
    if (this.#window.asksAt(now) <= now) this.#asked = this.#window.ask(now)
    return false
  }
  written(now: number): void {
    if (this.#asked === null) return
    this.#kept = this.#asked
    this.#asked = null
    this.#window.granted(now)
  }
  /** `landed`: what was on its way to the disk has come there all the same. */
  kill(now: number, landed: boolean): void {
    if (landed && this.#asked !== null) this.#kept = this.#asked
    this.#asked = null
    this.#window = new RateWindow(
      this.rate,
      this.#kept.map(({ last, count }) => ({ last: Math.min(last, now), count })),
    )
  }
}

const rates = fc.record({ limit: fc.integer({ min: 1, max: 40 }), perMs: fc.integer({ min: 1, max: 3000 }) })

t.test('never more than the limit begin in a span, wherever the node is killed', async (t) => {
  const step = fc.tuple(
    fc.integer({ min: 0, max: 400 }),
    fc.constantFrom('begin', 'begin', 'many', 'written', 'kill', 'landed'),
  )
  fc.assert(
    fc.property(rates, fc.array(step, { maxLength: 300 }), (rate, steps) => {
      const node = new Killed(rate)
      let now = 1_000_000
      for (const [later, what] of steps) {
        now += later
        if (what === 'begin') node.begin(now)
        else if (what === 'many') for (let n = 0; n < 100; n++) node.begin(now) || node.written(now)
        else if (what === 'written') node.written(now)
        else node.kill(now, what === 'landed')
      }
      return mostIn(node.begun, rate.perMs) <= rate.limit
    }),
  )
  t.equal(mostIn([0, 5, 10], 10), 2)
})

t.test('of what may begin a thirtieth is lost at most, however it is spread over the span', async () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 90 }), (limit, every) => {
      const rate = { limit, perMs: 10_000 }
      const node = new Killed(rate)
      const spans = 6
      // A few at a time, as many as may in the first span.
      const most = Math.ceil((limit * every) / rate.perMs)
      for (let now = 0; now < spans * rate.perMs; now++) {
        for (let n = 0; n < most && (now >= rate.perMs || now % every === 0); n++)
          node.begin(now) || node.written(now)
      }
      if (mostIn(node.begun, rate.perMs) > limit) throw new Error('too many')
      return mostIn(node.begun, rate.perMs * (spans - 1)) >= (spans - 1) * limit * (1 - 1 / 32) - 2
    }),
    { numRuns: 10 },
  )
})

t.test('a rate that is made lower holds from then on', async (t) => {
  const window = new RateWindow({ limit: 100, perMs: 1000 })
  window.ask(0)
  window.granted(0)
  for (let n = 0; n < 5; n++) window.begin(0)
  window.change({ limit: 3, perMs: 1000 })
  t.notOk(window.isOpen(1))
  t.equal(window.asksAt(1), 1001)
  t.notOk(window.isIdle(1000))
  t.ok(window.isIdle(1001))
})

t.test(
  'what began is read again, by the clocks of the next life, and goes when it counts no more',
  async (t) => {
    const notes = new Map<string, Buffer>()
    const keep = (all: readonly Note[], done: () => void) => {
      for (const { key, value } of all) {
        if (value === null) notes.delete(key)
        else notes.set(key, value)
      }
      done()
    }
    const read = async (_: unknown, { after }: { readonly after?: string | null | undefined }) => {
      const page: StoredNote[] = [...notes].map(([key, value]) => ({ key, value }))
      return after === null ? page : []
    }
    const old: unknown[] = []
    const first = new KeptRates(keep, (owner) => old.push(owner))
    const acme = { name: 'a\0b', group: 'acme' }
    const all = { name: 'a\0b', group: null }
    // The wall clock is a day behind the steady one, that of the next life is not.
    const day = 86_400_000
    const now = { steady: 2 * day, wall: day }
    first.put(
      all,
      60_000,
      [
        { last: 2 * day - 7, count: 3 },
        { last: 2 * day + 900, count: 2 },
      ],
      now,
      () => {},
    )
    first.put(acme, 1000, [{ last: 2 * day, count: 1 }], now, () => {})
    t.equal(notes.size, 2)
    const second = new KeptRates(keep, () => {})
    await second.read(read, { steady: day + 500, wall: day + 500 })
    t.same(
      second.take(all),
      [
        { last: day - 7, count: 3 },
        { last: day + 500, count: 2 },
      ],
      'nothing began later than now',
    )
    t.same(second.take(all), [], 'once')
    t.same(second.take(acme), [{ last: day, count: 1 }])
    const third = new KeptRates(keep, () => {})
    await third.read(read, { steady: day + 2000, wall: day + 2000 })
    t.equal(notes.size, 1, 'that of the group counts no more')
    for (let n = 0; n < 3; n++) {
      const later = { steady: 2 * day + 10_000, wall: day + 10_000 }
      first.put({ name: 'other', group: `${n}` }, 1000, [{ last: later.steady, count: 1 }], later, () => {})
    }
    t.same(old, [acme], 'nor in the life in which it was kept')
  },
)
