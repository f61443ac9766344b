import t from 'tap'
import { Saving } from '#dist/child/saving.js'
import type { Run } from '#dist/src/attempt/messages.js'
import { unpack } from '#dist/src/bytes/codec.js'
import { packError } from '#dist/src/bytes/error-record.js'
import { JrError } from '#dist/src/errors.js'

const NOTHING = Buffer.alloc(0)

t.test('one value of an attempt is on its way; of those that come meanwhile the last waits', async (t) => {
  const sent: [token: number, value: unknown][] = []
  const saving = new Saving({ send: (token, value) => sent.push([token, unpack(value)]) })
  const run = (token: number) => ({ token }) as Run
  const told: string[] = []
  const save = (token: number, value: unknown) =>
    saving.save(run(token), value).then(
      () => told.push(`${value} is saved`),
      ({ code }) => told.push(`${value}: ${code}`),
    )
  const saves = [save(1, 'a'), save(1, 'b'), save(1, 'c'), save(2, 'other')]
  t.same(sent.splice(0), [
    [1, 'a'],
    [2, 'other'],
  ])
  saving.answered(1, NOTHING)
  await saves[0]
  t.same(told.splice(0), ['a is saved'])
  t.same(sent.splice(0), [[1, 'c']])
  saving.answered(1, packError(new JrError('JR_STOPPED', 'over')))
  await Promise.all(saves.slice(0, 3))
  t.same(told.splice(0), ['b: JR_STOPPED', 'c: JR_STOPPED'])
  save(2, 'last')
  saving.over(2)
  t.same(sent.splice(0), [[2, 'last']], 'before the node hears of the end')
  saving.answered(2, NOTHING)
  saving.answered(3, NOTHING)
  t.same(sent, [])
})

t.test('what can not be saved is refused at once, with its path', async (t) => {
  const saving = new Saving({ send: () => t.fail('sent') })
  const bad: [unknown, string, RegExp][] = [
    [{ at: { fn: () => {} } }, 'JR_VALUE_NOT_SERIALIZABLE', /^ctx\.checkpoint: value\.at\.fn is a function/],
    [new Date(Number.NaN), 'JR_VALUE_NOT_SERIALIZABLE', /^ctx\.checkpoint: value is an invalid Date/],
    [
      Buffer.alloc(65_536),
      'JR_VALUE_TOO_LARGE',
      /^ctx\.checkpoint: value takes 655\d\d bytes; 65536 are allowed/,
    ],
  ]
  for (const [value, code, message] of bad)
    t.throws(() => saving.save({ token: 1 } as Run, value), { code, message })
})
