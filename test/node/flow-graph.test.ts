import { deepStrictEqual } from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { Graph, type Member } from '#dist/node/flows/graph.js'
import type { Need } from '#dist/src/job/terms/flow.js'
import { afterEnd, atFirst, type FlowShape, flowShapes, type ModelStates } from '../fixtures/flow-model.js'

function graphOf({ failFast, jobs }: FlowShape, states: ModelStates): Graph<Member> {
  const graph = new Graph<Member>(failFast)
  for (const { key, needs } of jobs) graph.add({ key, needs, stands: states.get(key) ?? 'open', left: 0 })
  return graph
}

const statesOf = (graph: Graph<Member>): ModelStates =>
  new Map([...graph.members.values()].map(({ key, stands }) => [key, stands]))

function fails(key: string): Need {
  return { key, onFail: 'fail' }
}

function runs(key: string | null): Need {
  return { key, onFail: 'run' }
}

/** What follows when these end, as text. */
function told(
  failFast: boolean,
  needs: Record<string, Need[]>,
  ends: [string, 'completed' | 'failed' | 'cancelled'][],
) {
  const jobs = Object.entries(needs).map(([key, of]) => ({ key, needs: of }))
  const graph = graphOf({ failFast, jobs }, atFirst({ failFast, jobs }))
  return ends.map(([key, state]) =>
    graph
      .end(graph.members.get(key) as Member, state)
      .map(({ member, becomes, because }) => `${member.key} ${becomes} by ${because}`),
  )
}

t.test('what follows from an end', async (t) => {
  const chain = { a: [], b: [fails('a')], c: [fails('b')], d: [runs('c')] }
  t.same(
    told(false, chain, [
      ['a', 'completed'],
      ['b', 'completed'],
    ]),
    [['b released by a'], ['c released by b']],
  )
  t.same(
    told(false, chain, [['a', 'failed']]),
    [['b failed by a', 'c failed by b', 'd released by c']],
    'and so on down',
  )
  t.same(
    told(false, chain, [['a', 'cancelled']]),
    [['b failed by a', 'c failed by b', 'd released by c']],
    'cancelled is not completed',
  )
  t.same(
    told(true, chain, [['a', 'failed']]),
    [['b failed by a', 'c failed by b', 'd cancelled by a']],
    'failFast',
  )
  const join = { a: [], b: [], c: [fails('a'), runs('b')] }
  t.same(
    told(false, join, [
      ['b', 'failed'],
      ['a', 'completed'],
    ]),
    [[], ['c released by a']],
  )
  t.same(
    told(false, join, [
      ['a', 'failed'],
      ['b', 'completed'],
    ]),
    [['c failed by a'], []],
    'it does not wait for the others',
  )
  const all = { a: [], b: [fails('a')], z: [runs(null)] }
  t.same(told(false, all, [['a', 'failed']]), [['b failed by a', 'z released by b']])
  t.same(
    told(false, { a: [], b: [], z: [{ key: null, onFail: 'fail' }] }, [
      ['a', 'failed'],
      ['b', 'completed'],
    ]),
    [['z failed by a'], []],
  )
  t.same(
    told(false, { a: [], b: [runs('a'), runs('a')] }, [['a', 'completed']]),
    [['b released by a']],
    'said twice',
  )
})

t.test('a job that is needed and is gone has not completed', async (t) => {
  const shape = {
    failFast: false,
    jobs: [
      { key: 'b', needs: [fails('a')] },
      { key: 'c', needs: [runs('a')] },
    ],
  }
  const graph = graphOf(
    shape,
    new Map([
      ['b', 'blocked'],
      ['c', 'blocked'],
    ]),
  )
  t.same(
    graph.settle().map(({ member, becomes }) => [member.key, becomes]),
    [
      ['b', 'failed'],
      ['c', 'released'],
    ],
  )
})

t.test(
  'after any ends all jobs are as the promises say, and so they are when the flow is read anew',
  async () => {
    fc.assert(
      fc.property(flowShapes(12), fc.infiniteStream(fc.nat()), (shape, chance) => {
        let states = atFirst(shape)
        const graph = graphOf(shape, states)
        for (;;) {
          const [at = 0, how = 0] = [...chance.take(2)]
          // Also those that wait are cancelled at times.
          const live = [...states].filter(
            ([, state]) => state === 'open' || (state === 'blocked' && how % 7 === 0),
          )
          const open = [...states].filter(([, state]) => state === 'open')
          const [key, state] = (live.length > 0 ? live : open)[at % Math.max(1, live.length)] ?? []
          if (key === undefined) break
          const as =
            state === 'blocked'
              ? 'cancelled'
              : ((['completed', 'completed', 'failed', 'cancelled'] as const)[how % 4] ?? 'failed')
          const before = states
          states = afterEnd(shape, states, key, as)
          const follows = graph.end(graph.members.get(key) as Member, as)
          deepStrictEqual(statesOf(graph), states)
          const changed = [...states].filter(([one, to]) => one !== key && before.get(one) !== to)
          deepStrictEqual(
            new Set(follows.map(({ member }) => member.key)),
            new Set(changed.map(([one]) => one)),
          )
          // What a start finds when nothing of what follows had been done.
          const late = graphOf(shape, new Map(before).set(key, as))
          late.settle()
          deepStrictEqual(statesOf(late), states, 'read anew')
          deepStrictEqual(
            graph.isOver,
            ![...states.values()].some((one) => one === 'open' || one === 'blocked'),
          )
        }
      }),
      { numRuns: Number(process.env.JR_TEST_RUNS ?? 200) },
    )
  },
)
