import fc from 'fast-check'
import t from 'tap'
import { lastFirst } from '#dist/node/flows/view.js'

const job = (key: string, needs: (string | null)[]) =>
  ({ key, id: `id-${key}`, name: 'work', state: 'blocked', needs }) as const

t.test('whoever needs a job is in front of it', async (t) => {
  t.same(lastFirst([job('a', []), job('b', ['a']), job('end', [null]), job('gone', ['not there'])]), [
    'id-end',
    'id-gone',
    'id-b',
    'id-a',
  ])
  const chain = Array.from({ length: 20_000 }, (_, i) => job(`${i}`, i === 0 ? [] : [`${i - 1}`]))
  t.equal(lastFirst(chain)[0], 'id-19999', 'a long chain needs no long stack')
  const edges = fc.array(fc.tuple(fc.nat(9), fc.nat(9)))
  const property = fc.property(
    edges,
    fc.shuffledSubarray([...Array(10).keys()], { minLength: 10 }),
    (pairs, order) => {
      // Needs go from higher to lower: there is no circle.
      const jobs = order.map((i) =>
        job(`${i}`, [
          ...new Set(pairs.filter(([from, to]) => from === i && to < i).map(([, to]) => `${to}`)),
        ]),
      )
      const places = lastFirst(jobs)
      return (
        new Set(places).size === 10 &&
        jobs.every(({ id, needs }) =>
          needs.every((need) => places.indexOf(id) < places.indexOf(`id-${need}`)),
        )
      )
    },
  )
  fc.assert(property)
})
