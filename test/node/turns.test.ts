import fc from 'fast-check'
import t from 'tap'
import { type Turn, Turns } from '#dist/node/order/turns.js'

class One implements Turn<One> {
  next: One | null = null
  previous: One | null = null
  constructor(
    readonly priority: number,
    readonly name: string,
  ) {}
}

/** The same with lists. */
class Model {
  readonly rings = new Map<number, One[]>()
  get order(): One[] {
    return [...this.rings].sort(([a], [b]) => a - b).flatMap(([, ring]) => ring)
  }
  ring(one: One): One[] {
    const ring = this.rings.get(one.priority) ?? []
    this.rings.set(one.priority, ring)
    return ring
  }
}

t.test('the lowest priority first, those of one in turn: as with lists', async () => {
  const step = fc.tuple(fc.nat(11), fc.constantFrom('enter', 'leave', 'served'))
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const all = Array.from({ length: 12 }, (_, i) => new One((i % 3) - 1, `${i}`))
      const turns = new Turns<One>()
      const model = new Model()
      for (const [which, what] of steps) {
        const one = all[which] as One
        const ring = model.ring(one)
        const at = ring.indexOf(one)
        if (what === 'enter') {
          turns.enter(one)
          if (at < 0) ring.push(one)
        } else if (what === 'leave') {
          turns.leave(one)
          if (at >= 0) ring.splice(at, 1)
        } else {
          turns.served(one)
          if (at >= 0) ring.push(...ring.splice(at, 1))
        }
        const order: string[] = []
        for (let next = turns.first(); next !== null; next = turns.after(next)) order.push(next.name)
        if (order.join() !== model.order.map(({ name }) => name).join()) return false
        if (turns.size !== order.length || turns.has(one) !== ring.includes(one)) return false
        if (turns.beside(one) !== ring.length) return false
      }
      return true
    }),
  )
})
