import t from 'tap'
import { Consequences, type ConsequencesDeps } from '#dist/node/changes/consequences.js'
import type { NodeChange, NodeEnd, NodeInsert, NodeSingle, Origin } from '#dist/node/changes/journal.js'
import { moveOf } from '#dist/node/changes/journal.js'
import { agree } from '#dist/src/job/terms/agreed.js'
import type { Answer } from '#dist/src/store/contract.js'
import { takeKey, UNIQUE } from '#dist/src/store/unique.js'
import { outcome, record } from './records.js'

/** What the parts of a node are told, as text. */
function withParts() {
  const told: string[] = []
  const say = (text: string) => void told.push(text)
  const deps = {
    runner: { pump: () => {} },
    scheduler: { add: ({ id }: { id: string }) => say(`waits ${id}`), settle: () => {} },
    series: { follow: () => {} },
    flows: { follow: () => {}, answered: () => false },
    replacing: { follow: () => {} },
    counts: { follow: () => {} },
    sessions: { settle: () => {}, ended: ({ id }: { id: string }) => say(`ended ${id}`) },
    reporter: { publish: () => {} },
    local: { ended: () => {} },
    pruner: { kept: () => {} },
    keeper: { ended: () => {} },
    events: { has: () => false },
    log: { warn: (event: string) => say(event) },
  }
  const consequences = new Consequences(deps as never as ConsequencesDeps)
  const origin: Origin = {
    joined: ({ job }, id) => say(`${job.id} is ${id}`),
    refused: ({ job }, error) => say(`${job.id} refused: ${error.code} ${error.job}`),
    stored: ({ job }) => say(`stored ${job.id}`),
  }
  const insert = (id: string, over: Partial<NodeInsert> = {}): NodeInsert => ({
    ...{ kind: 'insert', job: record({ id }), ownId: false, number: 1, origin, started: false },
    ...over,
  })
  /** What is told of changes of one step, in the order in which a group is safe and is followed. */
  const after = (changes: NodeSingle[], answer: Answer) => {
    told.length = 0
    const group: NodeChange[] = [{ kind: 'together', changes }]
    consequences.follow(group, [answer])
    consequences.accept(group, [answer])
    return told.splice(0)
  }
  return { after, insert, say }
}

t.test('of jobs that come together each waits, and is told to be stored', async (t) => {
  const { after, insert } = withParts()
  t.same(after([insert('a'), insert('b')], 'ok'), ['waits a', 'waits b', 'stored a', 'stored b'])
})

t.test('when one of them can not be taken, it is told of that one, once, and none waits', async (t) => {
  const { after, insert } = withParts()
  const refused = (answer: Answer) => ({ is: 'refused', at: 1, answer }) as Answer
  const own = [insert('a'), insert('b', { ownId: true }), insert('c')]
  t.same(after(own, refused('duplicate')), [
    'b refused: JR_DUPLICATE b',
    ...['stored a', 'stored b', 'stored c'],
  ])
  const job = record({ id: 'b', agreed: agree({ unique: 'key' }, []) })
  const [note] = takeKey(record({ ...job, id: 'other' }), 0, false) ?? []
  const value = note?.value ?? Buffer.alloc(0)
  const taken = { is: 'taken', shelf: UNIQUE, key: 'key', value } as const
  t.same(after([insert('a'), insert('b', { job })], refused(taken)), [
    'b refused: JR_DUPLICATE other',
    ...['stored a', 'stored b'],
  ])
})

t.test('when they have come to a neighbour before, each is told to be that one', async (t) => {
  const { after, insert } = withParts()
  const sentBefore = [{ node: 'n2', number: 1, last: 2 }]
  const again = [insert('a', { sentBefore }), insert('b', { ownId: true, sentBefore })]
  t.same(after(again, { is: 'refused', at: 0, answer: 'duplicate' }), [
    ...['a is a', 'b is b'],
    ...['stored a', 'stored b'],
  ])
})

t.test('an end and what moves with it', async (t) => {
  const { after, say } = withParts()
  const from = record({ id: 'b' })
  const end = (): NodeEnd => ({
    ...{ kind: 'end', from: record({ id: 'a' }), running: true, outcome: null, keep: null },
    report: outcome({ id: 'a' }),
    done: (ok) => say(`end ${ok}`),
  })
  const move = () => moveOf(from, false, { ...from, seq: 9 })
  t.same(after([end(), move()], 'ok'), ['ended a', 'end true', 'waits b'])
  t.same(after([end(), move()], { is: 'refused', at: 1, answer: 'stale' }), ['end false', 'job:stale'])
})
