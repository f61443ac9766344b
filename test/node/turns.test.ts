import fc from 'fast-check'
import t from 'tap'
import { type Linked, Ring } from '#dist/node/order/ring.js'

class One implements Linked<One> {
  next: One | null = null
  previous: One | null = null
  constructor(readonly name: string) {}
}

t.test('those in a ring take turns: as with lists', async () => {
  const step = fc.tuple(fc.nat(7), fc.constantFrom('enter', 'leave', 'served'))
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const all = Array.from({ length: 8 }, (_, i) => new One(`${i}`))
      const ring = new Ring<One>()
      const model: One[] = []
      for (const [which, what] of steps) {
        const one = all[which] as One
        const at = model.indexOf(one)
        ring[what as 'enter' | 'leave' | 'served'](one)
        if (what === 'enter' && at < 0) model.push(one)
        if (what === 'leave' && at >= 0) model.splice(at, 1)
        if (what === 'served' && at >= 0) model.push(...model.splice(at, 1))
        const order: string[] = []
        for (let next = ring.first(); next !== null; next = ring.after(next)) order.push(next.name)
        if (order.join() !== model.map(({ name }) => name).join()) return false
        if (ring.size !== order.length || (one.next !== null) !== model.includes(one)) return false
      }
      return true
    }),
  )
})
