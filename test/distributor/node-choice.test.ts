import t from 'tap'
import { HeldJobs } from '#dist/distributor/sending/held-jobs.js'
import { chooseNode, type Never, whyNever } from '#dist/distributor/sending/node-choice.js'
import { whyHeld } from '#dist/distributor/sending/why-waits.js'
import type { TermOptions } from '#dist/src/job/terms/table.js'
import { agreed } from '../fixtures/record.mjs'

type WhyNot = Exclude<Never, 'ruled-out'> | null
const node = (name: string, over: object = {}, why: WhyNot = null) => ({
  name,
  open: true,
  status: 'running' as const,
  free: 1,
  hasCredit: () => true,
  connected: true,
  whyNot: (): WhyNot => why,
  ...over,
})
type Over = TermOptions & { id?: string; edition?: number }
const wish = ({ id = 'id', edition = 0, ...terms }: Over = {}) => ({
  id,
  name: 'job',
  edition,
  agreed: agreed(terms),
  bytes: 10,
})
const choice = (over: Over, nodes: ReturnType<typeof node>[], turn = 0) =>
  chooseNode(wish(over), nodes, turn)?.name ?? null

t.test('the node for a job', async (t) => {
  const two = [node('a'), node('b', { free: 2 })]
  t.equal(choice({}, two), 'b', 'most free capacity')
  t.equal(choice({ node: 'a' }, two), 'a')
  t.equal(choice({ node: 'c' }, two), 'b', 'a soft pin falls back')
  t.equal(choice({ node: 'c', strictNode: true }, two), null)
  t.equal(choice({ node: 'a', strictNode: true }, [node('a', { open: false }), node('b')]), null)
  t.equal(choice({ notNode: ['b'] }, two), 'a')
  t.equal(choice({ notNode: ['a', 'b'] }, two), null)
  t.equal(choice({}, [node('a', {}, 'childless'), node('b', { hasCredit: () => false })]), null)
  t.equal(choice({}, []), null)
  const alike = [node('a'), node('b'), node('c')]
  t.same(
    [0, 1, 2, 3].map((turn) => choice({}, alike, turn)),
    ['a', 'b', 'c', 'a'],
    'in turns',
  )
})

t.test('an id of your own meets the same node, and waits for it', async (t) => {
  const nodes = ['a', 'b', 'c'].map((name) => node(name))
  const seen = new Set<string | null>()
  for (let i = 0; i < 50; i++) {
    const id = `id-${i}`
    const first = choice({ id, edition: 1 }, nodes)
    seen.add(first)
    t.equal(choice({ id, edition: 1 }, [...nodes].reverse(), 7), first)
    const full = nodes.map((one) => (one.name === first ? node(one.name, { hasCredit: () => false }) : one))
    t.equal(choice({ id, edition: 1 }, full), null)
  }
  t.equal(seen.size, 3)
})

t.test('jobs of a group meet at one node, and wait for it; an id of your own goes before', async (t) => {
  const nodes = ['a', 'b', 'c'].map((name) => node(name))
  const groups = Array.from({ length: 50 }, (_, i) => `group-${i}`)
  const homes = groups.map((group) => choice({ group }, nodes))
  t.equal(new Set(homes).size, 3)
  t.same(
    groups.map((group, i) => choice({ group, id: `id-${i}`, priority: i }, [...nodes].reverse(), i)),
    homes,
  )
  const full = nodes.map((one) => (one.name === homes[0] ? node(one.name, { hasCredit: () => false }) : one))
  t.equal(choice({ group: 'group-0' }, full), null)
  const paused = nodes.map((one) => ({ ...one, free: one.name === homes[0] ? Number.NEGATIVE_INFINITY : 1 }))
  t.equal(choice({ group: 'group-0' }, paused), homes[0], 'also while it is paused')
  const own = { id: 'mine', edition: 1 }
  for (const group of groups) t.equal(choice({ group, ...own }, nodes), choice(own, nodes))
  t.equal(choice({ group: 'group-0', node: 'c' }, nodes), 'c')
})

t.test('a job that no node will ever take, and why', async (t) => {
  const ignorant = node('a', {}, 'unknown')
  const older = node('o', {}, 'terms')
  const childless = node('b', {}, 'childless')
  const able = node('c')
  const never = (over: Over, nodes: ReturnType<typeof node>[]) => whyNever(wish(over), nodes)
  t.equal(never({}, []), null, 'one may come')
  t.equal(never({}, [ignorant]), 'unknown')
  t.equal(never({}, [older, ignorant]), 'terms')
  t.equal(never({}, [older, ignorant, childless]), 'childless')
  t.equal(never({}, [node('p', {}, 'priority'), ignorant, childless]), 'priority')
  t.equal(never({}, [ignorant, childless, able]), null)
  t.equal(never({ notNode: ['c'] }, [ignorant, childless, able]), 'ruled-out')
  t.equal(never({ notNode: ['c'] }, [able, node('d')]), null)
  t.equal(never({}, [node('c', { open: false })]), null, 'it may have room again')
  t.equal(never({ node: 'x' }, [ignorant]), 'unknown', 'a preference is no reason to wait')
  const away = { connected: false }
  t.equal(never({ node: 'c' }, [ignorant, node('c', away)]), null, 'it may come back')
  t.equal(never({ node: 'a' }, [node('a', away, 'childless'), ignorant]), 'unknown')
  t.equal(
    never({ node: 'x', strictNode: true }, [ignorant, able]),
    null,
    'the node that is asked for may come',
  )
  t.equal(never({ node: 'a', strictNode: true }, [ignorant, able]), 'unknown')
  t.equal(never({ node: 'b', strictNode: true }, [childless, able]), 'childless')
})

t.test('why a job is held while nodes drain', async (t) => {
  const draining = node('a', { open: false, status: 'draining' })
  const why = (over: Over, nodes: ReturnType<typeof node>[]) => whyHeld(wish(over), nodes, 'listens')
  t.match(why({}, [draining, node('b', {}, 'unknown')]), /could run it \(a\) drain: they take no new jobs/)
  t.match(why({}, [draining, node('b', { open: false })]), /nodes \(a, b\) none takes it now/)
  t.match(why({ node: 'a', strictNode: true }, [draining, node('b')]), /could run it \(a\) drain/)
  t.match(why({}, [node('a', { status: 'draining' }, 'unknown')]), /no connected node has a job 'job'/)
})

t.test('any number of jobs that are held can be taken out at once', async (t) => {
  const held = new HeldJobs()
  const job = wish() as never
  for (let i = 0; i < 300_000; i++) held.add(job)
  t.equal(held.remove(() => true).length, 300_000)
  t.equal(held.size, 0)
})
