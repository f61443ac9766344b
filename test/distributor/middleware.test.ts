import t from 'tap'
import { Middlewares } from '#dist/distributor/middleware.js'
import type { OutcomeInfo } from '#dist/distributor/told/ticket.js'
import { aroundJob, job } from '#dist/src/job/defining.js'
import { registry } from '#dist/src/job/registry.js'

const INFO = { id: 'a', name: 'work' } as OutcomeInfo

t.test('jobs go through middleware in order, and what it was given stays as it is', async (t) => {
  const middlewares = new Middlewares()
  t.equal(middlewares.meetsJobs, false)
  const said: string[] = []
  for (const who of ['one', 'two'])
    middlewares.use({
      enqueue: (job, next) => {
        said.push(`${who} ${job.name}`)
        job.args = { ...job.args, [who]: true }
        job.opts.priority = said.length
        next()
        said.push(`${who} after`)
      },
    })
  const [args, opts] = [{ a: 1 }, { tags: ['x'] }]
  const job = middlewares.enqueued('work', args, opts)
  t.same(job, { name: 'work', args: { a: 1, one: true, two: true }, opts: { tags: ['x'], priority: 2 } })
  t.same([args, opts], [{ a: 1 }, { tags: ['x'] }])
  t.same(said, ['one work', 'two work', 'two after', 'one after'])
  t.same(middlewares.enqueued('work', undefined, undefined).args, { one: true, two: true })
})

t.test('middleware may refuse a job by an error, and by nothing else', async (t) => {
  const with1 = (enqueue: (job: object, next: () => void) => unknown) => {
    const middlewares = new Middlewares()
    middlewares.use({ enqueue: enqueue as never })
    return () => middlewares.enqueued('work', {}, {})
  }
  const throws = () => {
    throw new RangeError('not now')
  }
  t.throws(with1(throws), { name: 'RangeError', message: 'not now' })
  t.throws(
    with1(() => {}),
    { name: 'TypeError', message: /'work': middleware did not call next/ },
  )
  t.throws(
    with1(async (_, next) => next()),
    { name: 'TypeError', message: /answered a promise/ },
  )
  for (const wrong of [null, 7, { enqueu: () => {} }, { feedback: 'yes' }])
    t.throws(() => new Middlewares().use(wrong as never), { name: 'TypeError', message: /^use: / })
})

t.test('feedbacks are called within middleware, which may change and keep what they are told', async (t) => {
  const middlewares = new Middlewares()
  const said: unknown[] = []
  const feedback = (args: object) => void said.push(args)
  t.equal(middlewares.tell(feedback, { a: 1 }, INFO), undefined, 'without any nothing is waited for')
  middlewares.use({
    feedback: async (outcome, next) => {
      said.push(`before ${outcome.info.id}`)
      await next()
      said.push('after')
    },
  })
  middlewares.use({
    feedback: (outcome, next) => {
      if (outcome.args.secret === true) return
      outcome.args = { ...outcome.args, seen: true }
      return next()
    },
  })
  said.length = 0
  await middlewares.tell(feedback, { a: 1 }, INFO)
  await middlewares.tell(feedback, { secret: true }, INFO)
  t.same(said, ['before a', { a: 1, seen: true }, 'after', 'before a', 'after'])
  const thrown = middlewares.tell(() => Promise.reject(new Error('in the feedback')), {}, INFO)
  await t.rejects(thrown as Promise<void>, { message: 'in the feedback' })
})

t.test('what is around jobs is around those of its names, whichever was registered first', async (t) => {
  const [all, some, late] = [async () => {}, async () => {}, async () => {}]
  job('first', () => {})
  aroundJob(all)
  aroundJob(['first', 'second'], some)
  job('second', () => {})
  job('third', () => {})
  aroundJob('third', late)
  job('second', () => {})
  const around = (name: string) => registry().jobs.get(name)?.around
  t.same(
    [around('first'), around('second')],
    [
      [all, some],
      [all, some],
    ],
  )
  t.same(around('third'), [all, late])
  t.throws(() => aroundJob('' as never, all), { name: 'TypeError', message: /^aroundJob: a job's name/ })
  t.throws(() => aroundJob('first', 7 as never), {
    name: 'TypeError',
    message: /aroundJob: the last argument/,
  })
})
