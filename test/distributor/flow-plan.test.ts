import fc from 'fast-check'
import t from 'tap'
import { type Needing, needsOf } from '#dist/distributor/flows/plan.js'

t.test('what each job of a flow needs, and what becomes of it when that has not completed', async (t) => {
  const jobs = {
    a: {},
    b: { needs: ['a', 'a'] },
    c: { needs: { a: 'run', b: 'fail', d: undefined } },
    d: { needs: [] },
  }
  t.same(
    [...needsOf(jobs as Needing)],
    [
      ['a', []],
      ['b', [{ key: 'a', onFail: 'fail' }]],
      [
        'c',
        [
          { key: 'a', onFail: 'run' },
          { key: 'b', onFail: 'fail' },
        ],
      ],
      ['d', []],
    ],
  )
})

t.test('needs that lead nowhere are refused with their path', async (t) => {
  const many = Object.fromEntries(Array.from({ length: 10_001 }, (_, i) => [`j${i}`, {}]))
  const cases: [unknown, string][] = [
    [{}, 'jobs: expected 1 to 10000 jobs, got 0'],
    [many, 'jobs: expected 1 to 10000 jobs, got 10001'],
    [
      { '': {} },
      "jobs: expected keys that are text of 1 to 128 characters, without NUL and without half of a surrogate pair, got ''",
    ],
    [{ a: { needs: ['b'] } }, "jobs.a.needs: the flow has no job 'b'"],
    [{ 'a-1': { needs: [7] } }, 'jobs["a-1"].needs: the flow has no job 7'],
    [{ a: { needs: { b: 'run' } } }, "jobs.a.needs: the flow has no job 'b'"],
    [{ a: { needs: 'b' } }, "jobs.a.needs: expected a list of keys, or 'run' or 'fail' by key, got 'b'"],
    [{ a: {}, b: { needs: { a: 'wait' } } }, "jobs.b.needs.a: expected 'run' or 'fail', got 'wait'"],
    [{ a: { needs: ['a'] } }, "jobs.a.needs: a job can't need itself"],
    [
      { x: { needs: ['a'] }, a: { needs: ['b'] }, b: { needs: ['c'] }, c: { needs: ['a'] }, d: {} },
      'jobs.a.needs: it needs itself in the end: a → b → c → a',
    ],
  ]
  for (const [jobs, message] of cases)
    t.throws(() => needsOf(jobs as Needing), { code: 'JR_BAD_FLOW', message })
})

t.test('whatever needs whom: a circle is found if there is one, and only then', async () => {
  const edges = fc.array(fc.tuple(fc.nat(7), fc.nat(7)), { maxLength: 12 })
  const property = fc.property(edges, (pairs) => {
    const needs = Array.from({ length: 8 }, (_, i) =>
      pairs.filter(([from]) => from === i).map(([, to]) => `${to}`),
    )
    const reach = (from: number, seen: Set<number>): Set<number> => {
      for (const to of needs[from] ?? []) if (!seen.has(Number(to))) reach(Number(to), seen.add(Number(to)))
      return seen
    }
    const circular = needs.some((_, i) => reach(i, new Set()).has(i))
    const jobs = Object.fromEntries(needs.map((some, i) => [`${i}`, { needs: some }]))
    try {
      return needsOf(jobs).size === 8 && !circular
    } catch (error) {
      const [, path] = /in the end: (.*)/.exec((error as Error).message) ?? []
      const keys = path?.split(' → ') ?? []
      const isOne = keys.every((key, i) => i === 0 || needs[Number(keys[i - 1])]?.includes(key))
      const itself = /can't need itself/.test((error as Error).message)
      return circular && (itself || (isOne && keys.length > 2 && keys[0] === keys.at(-1)))
    }
  })
  fc.assert(property, { numRuns: 300 })
})
