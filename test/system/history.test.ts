import t from 'tap'
import { check, type Entry } from './history.js'

const submit: Entry = { ev: 'submit', job: 'a', t: 0, due: 10, hash: 'h', max: 2, nodes: ['n1'] }
const accepted: Entry = { ev: 'accepted', job: 'a', t: 5 }
const begin = (over: object = {}): Entry => ({
  ev: 'begin',
  job: 'a',
  t: 20,
  attempt: 1,
  pid: 1,
  node: 'n1',
  hash: 'h',
  ...over,
})
const end = (over: object = {}): Entry => ({
  ev: 'end',
  job: 'a',
  t: 30,
  attempt: 1,
  pid: 1,
  ok: true,
  hash: 'r',
  ...over,
})
const feedback = (over: object = {}): Entry => ({
  ev: 'feedback',
  job: 'a',
  t: 40,
  state: 'completed',
  life: 1,
  hash: 'r',
  ...over,
})
const good = [submit, accepted, begin(), end(), feedback()]

t.test('a good history has no violation', async (t) => {
  t.same(check(good), [])
  const retried = [
    submit,
    accepted,
    begin(),
    end({ ok: false }),
    begin({ t: 50, attempt: 2 }),
    end({ t: 60, attempt: 2 }),
    feedback({ t: 70 }),
  ]
  t.same(check(retried), [])
  const killed = [
    submit,
    accepted,
    begin(),
    { ev: 'fault', t: 25, what: 'kill' } as Entry,
    begin({ t: 50, pid: 2 }),
    end({ t: 60, pid: 2 }),
    feedback({ t: 70 }),
  ]
  t.same(check(killed), [])
})

t.test('every violation is found', async (t) => {
  const late = 100_000
  const cases: Record<string, readonly Entry[]> = {
    I1: [submit, accepted, begin(), end()],
    I2: [begin()],
    I3: [submit, accepted, feedback({ hash: 'r' }), end()],
    I4: [...good, feedback({ t: 41 })],
    'I4 ': [...good, feedback({ t: 41, life: 2, state: 'failed' })],
    I5: [...good, begin({ t: late, attempt: 2 }), end({ t: late + 1, attempt: 2 })],
    I6: [submit, accepted, begin(), begin({ t: 25, pid: 2 }), end(), end({ pid: 2 }), feedback()],
    I7: [submit, accepted, begin({ t: 9 }), end(), feedback()],
    I9: [submit, accepted, begin({ node: 'n2' }), end(), feedback()],
    I10: [submit, accepted, begin({ attempt: 3 }), end({ attempt: 3 }), feedback()],
    I11: [submit, accepted, begin({ hash: 'x' }), end(), feedback()],
    'I11 ': [submit, accepted, begin(), end(), feedback({ hash: 'x' })],
  }
  for (const [rule, history] of Object.entries(cases)) {
    const found = check(history).map((violation) => violation.rule)
    t.ok(found.includes(rule.trim()), `${rule} is found (found: ${found})`)
  }
})
