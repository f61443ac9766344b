import { spawnSync } from 'node:child_process'
import { MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics'
// @ts-expect-error: it comes without types
import express from 'express'
import t from 'tap'
import { observe, webHandler } from '#dist/web/index.js'
import { SCHEMAS } from '#dist/web/schemas.js'
import { ROUTES } from '#dist/web/table.js'
import { skipFor } from '../required.js'
import { startApp, startNode, toApp, until } from '../system/harness.js'
import { serve } from './server.js'

interface Schema {
  readonly type?: string | readonly string[]
  readonly required?: readonly string[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly items?: Schema
  readonly enum?: readonly string[]
  readonly $ref?: string
}

/** What of a value is not as its schema says; empty: it is. */
function faults(value: unknown, schema: Schema, path = ''): string[] {
  if (schema.$ref !== undefined) {
    const name = schema.$ref.split('/').at(-1) as keyof typeof SCHEMAS
    return faults(value, SCHEMAS[name] as Schema, path)
  }
  const kind = value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value
  const isType = (type: string) =>
    type === kind || (kind === 'number' && (type === 'integer' || type === 'number'))
  if (schema.type !== undefined && ![schema.type].flat().some((type) => isType(type as string)))
    return [`${path}: ${kind} in place of ${schema.type}`]
  if (schema.enum !== undefined && !schema.enum.includes(value as string)) return [`${path}: ${value}`]
  if (kind === 'array')
    return (value as unknown[]).flatMap((one, i) => faults(one, schema.items ?? {}, `${path}[${i}]`))
  if (kind !== 'object') return []
  const of = value as Record<string, unknown>
  return [
    ...(schema.required ?? []).filter((key) => of[key] === undefined).map((key) => `${path}.${key}: missing`),
    ...Object.entries(schema.properties ?? {}).flatMap(([key, one]) =>
      of[key] === undefined ? [] : faults(of[key], one, `${path}.${key}`),
    ),
  ]
}

const skip = skipFor(
  'promtool',
  spawnSync('promtool', ['--version']).status !== 0 && 'no promtool here (apt-get install prometheus)',
)

t.test('the HTTP API', async (t) => {
  const { app, address } = await startApp(t, { name: 'shop' })
  const web = webHandler(app)
  t.teardown(() => web.stop())
  const { ask, port } = await serve(t, web)
  const api = (method: string, path: string, body?: unknown, headers?: Record<string, string>) =>
    ask(method, `/api/v1${path}`, body, headers)

  t.match(await ask('GET', '/readyz'), {
    status: 503,
    json: { ready: false, why: ['no node has connected yet'] },
  })
  t.match(await api('GET', '/jobs'), { status: 503, json: { code: 'JR_CONNECTION' } })
  t.match(await api('GET', '/overview'), { status: 200, json: { counts: null, nodes: [] } })
  await startNode(t, 'n1', [...toApp(address), '--max-attempts', '1', '--store', 'memory'])
  await app.ready
  t.match(await ask('GET', '/readyz'), { status: 200, json: { ready: true } })
  t.match(await ask('GET', '/healthz'), { status: 200, text: 'ok\n' })

  await t.test('a job from its start to its end', async (t) => {
    const { json } = await api('POST', '/jobs', {
      name: 'echo',
      args: { value: 7 },
      opts: { keepResult: '1h', id: 'mine' },
    })
    t.same(json, { id: 'mine' })
    t.match((await api('GET', '/jobs/mine?wait=20')).json, { state: 'completed', result: { echoed: 7 } })
    const gone = await api('POST', '/jobs', { name: 'echo', args: { value: 8 } })
    t.equal(gone.status, 202)
    const waits = await api('POST', '/jobs', { name: 'waits', args: {} })
    const early = await api('GET', `/jobs/${waits.json.id}?wait=1`)
    t.match(early.json, { state: 'running' }, 'the time is over')
    const late = api('GET', `/jobs/${waits.json.id}?wait=30`)
    t.match((await api('POST', `/jobs/${waits.json.id}/cancel`)).json, { done: true })
    t.match((await late).json, { id: waits.json.id, state: 'cancelled', lastCode: 'JR_CANCELLED' })
    const both = await api('POST', '/jobs', {
      jobs: [
        { name: 'echo', args: { value: 1 } },
        { name: 'echo', args: { value: 2 } },
      ],
    })
    t.equal(both.json.ids.length, 2)
    const flow = await api('POST', '/flows', {
      id: 'f1',
      jobs: { a: { name: 'waits' }, b: { name: 'echo', args: { value: 1 }, needs: ['a'] } },
    })
    t.match(flow, { status: 202, json: { id: 'f1', jobs: { a: String, b: String } } })
    await until(async () => (await api('GET', `/jobs/${flow.json.jobs.a}`)).json?.state === 'running')
    t.match((await api('GET', '/flows/f1')).json, { counts: { blocked: 1, running: 1 } })
  })

  await t.test('each route that looks answers as its schema says', async (t) => {
    app.enqueue('echo', { value: 1 }, { after: 3600, id: 'later' })
    app.enqueue('fails', {}, { id: 'failed' })
    await app.schedule('nightly', { cron: '0 3 * * *' }, 'echo')
    await until(async () => (await api('GET', '/jobs/failed')).json?.state === 'failed')
    const known: Record<string, string> = { id: 'later', node: 'n1', name: 'echo' }
    for (const { method, path, answers } of ROUTES.filter((route) => route.method === 'GET')) {
      const at = path.startsWith('/flows/')
        ? '/flows/f1'
        : path.replaceAll(/\{(\w+)\}/g, (_, name) => known[name] ?? '')
      const { status, json } = await api(method, at)
      t.equal(status, 200, `${path} ${JSON.stringify(json)}`)
      t.same(faults(json, SCHEMAS[answers] as Schema), [], path)
      t.equal((await api('OPTIONS', at)).status, 405)
    }
    const { json: document } = await api('GET', '/openapi.json')
    t.same(
      Object.keys(document.paths).sort(),
      [
        ...new Set(['/openapi.json', '/events', ...ROUTES.map(({ path }) => (path === '' ? '/' : path))]),
      ].sort(),
    )
  })

  await t.test('changes, and what is not one', async (t) => {
    t.match((await api('PATCH', '/jobs/later', { args: { value: 2 }, opts: { priority: -1 } })).json, {
      done: true,
    })
    t.match((await api('GET', '/jobs/later')).json, { args: { value: 2 }, terms: { priority: -1 } })
    t.match(await api('POST', '/jobs/later/retry'), { status: 409, json: { code: 'JR_WRONG_STATE' } })
    t.match(await api('POST', '/jobs/none/run'), { status: 404, json: { code: 'JR_NOT_FOUND' } })
    t.match(await api('POST', '/actions/retry', {}), { status: 422, json: { detail: /all: true/ } })
    const query = { state: ['failed'], name: ['fails'] }
    t.match((await api('POST', '/actions/retry', { query, dryRun: true })).json, { count: 1, dryRun: true })
    t.match((await api('POST', '/actions/destroy', { query })).json, { count: 1, failed: [] })
    t.match((await api('POST', '/actions/cancel', { ids: ['later', 'none'] })).json, {
      count: 1,
      failed: [{ id: 'none', code: 'JR_NOT_FOUND' }],
    })
    t.match((await api('POST', '/names/echo/pause', {})).json, { changed: ['n1'] })
    app.enqueue('echo', { value: 3 }, { id: 'held' })
    await until(async () => /paused by shop/.test((await api('GET', '/jobs/held')).json?.waits?.text))
    t.match(
      (await api('GET', '/names')).json.names.find(({ name }: { name: string }) => name === 'echo'),
      { paused: 'all' },
    )
    t.match((await api('POST', '/names/echo/resume')).json, { changed: ['n1'] })
    t.match((await api('PUT', '/names/echo/limits', { limits: { concurrency: 0 } })).json, {
      status: 422,
      path: /limits/,
    })
    t.match((await api('PUT', '/names/echo/limits', { limits: { concurrency: 9 } })).json, {
      changed: ['n1'],
    })
    t.match((await api('PUT', '/nodes/n1/children', { children: 2 })).json, { children: 2 })
    t.match((await api('POST', '/nodes/n1/drain', { on: true })).json, { changed: true })
    t.match((await api('POST', '/nodes/n1/drain', { on: false })).json, { changed: true })
    t.match((await api('POST', '/schedules/nightly/pause')).json, { done: true })
    t.match((await api('DELETE', '/schedules/nightly')).json, { done: true })
    t.match((await api('DELETE', '/schedules/nightly')).status, 404)
    t.match((await api('POST', '/flows/f1/cancel')).json, { cancelled: 2 })
    const { changes } = (await api('GET', '/audit')).json
    t.match(changes[0], { method: 'POST', path: '/flows/f1/cancel', status: 200, from: '127.0.0.1' })
  })

  await t.test('what is wrong is refused in words', async (t) => {
    const cases: [string, string, unknown, Record<string, string>, number, RegExp][] = [
      ['GET', '/nowhere', undefined, {}, 404, /openapi/],
      ['GET', '/jobs?stat=failed', undefined, {}, 422, /stat: no such field; known: state/],
      ['GET', '/jobs?state=lost', undefined, {}, 422, /expected/],
      ['GET', '/jobs?limit=1000', undefined, {}, 422, /1 to 200/],
      ['GET', '/jobs?after=x', undefined, {}, 422, /after/],
      ['GET', '/jobs/%ff', undefined, {}, 404, /./],
      ['DELETE', '/jobs', undefined, {}, 405, /GET, POST/],
      ['POST', '/jobs', '{', {}, 400, /not JSON/],
      ['POST', '/jobs', [], {}, 422, /object/],
      ['POST', '/jobs', { name: 'echo', args: { value: 1 }, later: 1 }, {}, 422, /later: no such field/],
      ['POST', '/jobs', { name: 'echo', opts: { after: -1 } }, {}, 422, /after/],
      ['POST', '/jobs', { name: 'nobody' }, {}, 422, /JR_NO_SUCH_JOB/],
      ['POST', '/jobs', { name: 'x'.repeat(2 ** 20) }, {}, 413, /maxBody/],
      ['POST', '/jobs', 'name=echo', { 'content-type': 'text/plain' }, 415, /application\/json/],
      ['POST', '/flows', { jobs: { a: { name: 'echo', needs: ['a'] } } }, {}, 422, /JR_BAD_FLOW|needs/],
    ]
    for (const [method, path, body, headers, status, words] of cases) {
      const answer = await api(method, path, body, headers)
      t.equal(answer.status, status, `${method} ${path}: ${answer.text}`)
      t.match(answer.text, words)
      t.match(answer.headers['content-type'], /problem\+json/)
    }
  })

  await t.test('events: what changes, and the end of a job', async (t) => {
    const waits = app.enqueue('waits', {})
    await waits.accepted
    const gone = new AbortController()
    const of = async (
      path: string,
      wanted: string,
      meets: (data: Record<string, unknown> | null) => boolean,
    ) => {
      const response = await fetch(`http://127.0.0.1:${port}/api/v1${path}`, { signal: gone.signal })
      let text = ''
      for await (const part of response.body ?? []) {
        text += Buffer.from(part).toString()
        for (const [, event, data] of text.matchAll(/event: (\w+)\ndata: (.*)\n\n/g))
          if (event === wanted && meets(JSON.parse(data ?? 'null'))) return true
      }
      return false
    }
    const overview = of(
      '/events',
      'overview',
      (data) => Array.isArray(data?.nodes) && data.nodes.length === 1,
    )
    const running = of(`/events?job=${waits.id}`, 'job', (data) => data?.state === 'running')
    t.equal(await overview, true)
    t.equal(await running, true)
    const end = of(`/events?job=${waits.id}`, 'job', (data) => data === null || data.state === 'cancelled')
    await waits.cancel()
    t.equal(await end, true)
    gone.abort()
  })

  await t.test('the numbers are what Prometheus takes', { skip }, async (t) => {
    const { text, headers } = await ask('GET', '/metrics')
    t.match(headers['content-type'], /version=0\.0\.4/)
    const { status, stderr, stdout } = spawnSync('promtool', ['check', 'metrics'], {
      input: text,
      encoding: 'utf8',
    })
    t.equal(status, 0, `${stdout}${stderr}`)
    t.match(text, 'job_reactor_node_up{node="n1"} 1')
    t.match(text, /job_reactor_jobs_ended_total\{node="n1",name="echo",outcome="completed"\} [1-9]/)
    t.match(text, /job_reactor_job_run_seconds_bucket\{node="n1",name="echo",le="\+Inf"\} [1-9]/)
  })

  await t.test('the same numbers as OpenTelemetry metrics', async (t) => {
    class Reader extends MetricReader {
      protected override async onShutdown() {}
      protected override async onForceFlush() {}
    }
    const reader = new Reader()
    const provider = new MeterProvider({ readers: [reader] })
    t.teardown(() => provider.shutdown())
    const stop = observe(provider.getMeter('job-reactor'), app)
    const collected = async () => {
      const { resourceMetrics, errors } = await reader.collect()
      t.same(errors, [])
      const metrics = resourceMetrics.scopeMetrics.flatMap(({ metrics }) => metrics)
      return new Map(metrics.map(({ descriptor, dataPoints }) => [descriptor.name, dataPoints]))
    }
    let metrics = await collected()
    t.match(metrics.get('job_reactor.node_up'), [{ value: 1, attributes: { node: 'n1' } }])
    const echo = (name: string, more = {}) =>
      metrics.get(name)?.find(({ attributes }) => {
        const wanted = { node: 'n1', name: 'echo', ...more }
        return Object.entries(wanted).every(([key, value]) => attributes[key] === value)
      })?.value
    const ended = echo('job_reactor.jobs_ended', { outcome: 'completed' })
    t.ok(Number(ended) > 0)
    t.equal(echo('job_reactor.job_run_seconds.count'), ended)
    t.equal(echo('job_reactor.job_run_seconds.bucket', { le: '+Inf' }), ended)
    t.ok(Number(echo('job_reactor.job_run_seconds.sum')) > 0)
    stop()
    await app.enqueue('echo', { value: 1 }).result()
    metrics = await collected()
    t.equal(echo('job_reactor.jobs_ended', { outcome: 'completed' }), ended, 'nobody looks any more')
  })

  await t.test('in Express, below a path', async (t) => {
    const inside = express()
    inside.use('/reactor', web)
    const mounted = await serve(t, inside)
    t.match((await mounted.ask('GET', '/reactor/api/v1')).json, { name: 'job-reactor', nodes: ['n1'] })
    const page = await mounted.ask('GET', '/reactor/jobs/some-id')
    t.match(page.text, 'src="/reactor/assets/app.js"')
    t.equal(
      (await mounted.ask('GET', '/reactor/assets/app.js', undefined, { 'accept-encoding': 'gzip' })).headers[
        'content-encoding'
      ],
      'gzip',
    )
    t.equal((await mounted.ask('GET', '/reactor/assets/../../package.json')).status, 404)
  })

  await web.stop()
  t.match(await api('GET', '/jobs'), { status: 503, json: { code: 'JR_STOPPED' } })
})
