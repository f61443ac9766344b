import { connect } from 'node:net'
import t from 'tap'
import { type Rights, type WebOptions, webHandler } from '#dist/web/index.js'
import { randomOf, startApp, startNode, toApp } from '../system/harness.js'
import { serve } from './server.js'

const TOKEN = 'a-token-of-some-length'
const REQUESTS = Number(process.env.JR_TEST_REQUESTS ?? 800)

t.test('who is let in, and what may change something', async (t) => {
  const { app, address } = await startApp(t, { name: 'shop' })
  await startNode(t, 'n1', [...toApp(address), '--store', 'memory'])
  await app.ready
  await app.enqueue('echo', { value: 'private' }, { id: 'later', after: 3600 }).accepted
  await app
    .enqueue('fails', {}, { id: 'failed', maxAttempts: 1 })
    .result()
    .catch(() => {})
  const served = (options: WebOptions = {}) => {
    const web = webHandler(app, options)
    t.teardown(() => web.stop())
    return serve(t, web)
  }
  const stays = async (why: string) =>
    t.match(await app.monitor().load('later'), { state: 'scheduled', args: { value: 'private' } }, why)
  const cancel = ['POST', '/api/v1/jobs/later/cancel', {}] as const

  await t.test('without a token: this machine alone', async (t) => {
    const { ask, port } = await served()
    t.equal((await ask('GET', '/api/v1')).status, 200)
    for (const headers of [
      { host: 'evil.example' },
      { 'x-forwarded-for': '1.2.3.4' },
      { host: `127.0.0.1.evil.example:${port}` },
    ] as Record<string, string>[]) {
      t.equal((await ask('GET', '/api/v1', undefined, headers)).status, 403)
      t.equal((await ask(...cancel, headers)).status, 403)
      t.equal((await ask('GET', '/metrics', undefined, headers)).status, 403)
    }
    const others: Record<string, string>[] = [
      { origin: 'http://evil.example' },
      { 'sec-fetch-site': 'cross-site' },
      { 'x-job-reactor': '', origin: 'null' },
    ]
    for (const headers of others)
      t.equal((await ask(...cancel, headers)).status, 403, JSON.stringify(headers))
    // A connection that is gone at once has no address any more.
    for (let i = 0; i < 20; i++) {
      await new Promise<void>((done) => {
        const socket = connect(port, '127.0.0.1', () => {
          socket.write(
            'POST /api/v1/jobs/later/cancel HTTP/1.1\r\nhost: evil.example\r\nx-job-reactor: 1\r\ncontent-length: 0\r\n\r\n',
          )
          socket.resetAndDestroy()
        }).on('close', () => done())
      })
    }
    await stays('nobody has changed anything')
  })

  await t.test('a token, and two tabs with wrong ones', async (t) => {
    const { ask } = await served({ token: TOKEN })
    const headers = { authorization: `Bearer ${TOKEN}`, host: 'jobs.example' }
    t.match((await ask('GET', '/api/v1', undefined, headers)).json, { rights: { write: true } })
    for (const wrong of [
      {},
      { authorization: 'Bearer wrong-token-wrong' },
      { authorization: TOKEN },
    ] as Record<string, string>[]) {
      t.match(await ask('GET', '/api/v1/jobs', undefined, wrong), {
        status: 401,
        headers: { 'www-authenticate': 'Bearer' },
      })
      t.equal((await ask(...cancel, wrong)).status, 401)
      t.equal((await ask('GET', '/api/v1/events', undefined, wrong)).status, 401)
    }
    await stays('the wrong tokens have changed nothing')
    t.equal((await ask('GET', '/healthz')).status, 200, 'a probe needs none')
  })

  await t.test('rights, read-only, and what is hidden', async (t) => {
    const given: { now: Rights | null } = { now: { read: true, args: false, write: false, user: 'ann' } }
    const { ask } = await served({ authorize: async () => given.now })
    const job = (await ask('GET', '/api/v1/jobs/later')).json
    t.match(job, { id: 'later', redacted: true })
    for (const field of ['args', 'result', 'log', 'lastError']) t.notOk(field in job, field)
    t.match(await ask('GET', '/api/v1/jobs?text=priv'), { status: 403, json: { path: 'text' } })
    t.equal((await ask(...cancel)).status, 403)
    given.now = { read: true, args: true, write: true }
    t.match((await ask('GET', '/api/v1/jobs?text=priv')).json, { jobs: [{ id: 'later' }] })
    given.now = null
    t.equal((await ask('GET', '/api/v1')).status, 401)
    const readOnly = await served({ readOnly: true })
    t.match((await readOnly.ask('GET', '/api/v1')).json, { readOnly: true, rights: { write: false } })
    t.equal((await readOnly.ask(...cancel)).status, 403)
    t.match((await readOnly.ask('GET', '/api/v1/failures')).json.groups, [{ message: /\w/ }])
    const hiding = await served({ redact: ({ args: _, ...rest }) => ({ ...rest, lastError: 'hidden' }) })
    t.match((await hiding.ask('GET', '/api/v1/failures')).json.groups, [{ name: 'fails', message: 'hidden' }])
    t.notOk('args' in (await hiding.ask('GET', '/api/v1/jobs/later')).json)
    t.match(await hiding.ask('GET', '/api/v1/jobs?text=priv'), { status: 403, json: { path: 'text' } })
    await stays('they were not let to')
  })

  await t.test(`${REQUESTS} requests of nobody's (JR_TEST_REQUESTS)`, async (t) => {
    const { ask, port } = await served({ token: TOKEN })
    const local = await served()
    const { pick, below } = fuzz(Number(process.env.JR_TEST_SEED ?? Date.now() % 1e6))
    const parts = [
      'api',
      'v1',
      'jobs',
      'later',
      '%00',
      '%ff',
      '..',
      '%2e%2e',
      '__proto__',
      'x'.repeat(3000),
      'actions',
      'destroy',
      '?state=',
      '?limit=-1',
      '?wait=99',
      '?after=e30',
      'events',
      'assets',
      '{id}',
      '\\',
      '//',
    ]
    const bodies = [
      '',
      '{',
      '[]',
      'null',
      '{"__proto__":{"a":1}}',
      '{"all":true,"query":null}',
      `${'['.repeat(5000)}${']'.repeat(5000)}`,
      '{"ids":[1e999]}',
      '{"name":"echo","args":{"a":1e308}}',
      '\u0000',
    ]
    const statuses = new Map<number, number>()
    for (let i = 0; i < REQUESTS; i++) {
      const path = `/${Array.from({ length: below(6) }, () => pick(parts)).join('/')}`
      const headers: Record<string, string> =
        below(3) === 0 ? { 'content-length': pick(['0', '5', '99999999']) } : {}
      const host = { host: pick(['evil.example', '', `127.0.0.1:${port}@x`]) }
      const to = below(2) === 0 ? ask : local.ask
      const text = pick(bodies)
      const length =
        headers['content-length'] === undefined ? {} : { 'content-length': String(Buffer.byteLength(text)) }
      const { status } = await to(
        pick(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'TRACE']),
        path,
        text,
        { ...host, ...length },
      ).catch(() => ({ status: 0 }))
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
    }
    t.equal(statuses.get(500) ?? 0, 0, JSON.stringify([...statuses]))
    t.equal((await local.ask('GET', '/api/v1')).status, 200)
    await stays('none of them has changed anything')
  })

  t.throws(() => webHandler(app, { token: 'short' }), /token: expected text of 16 characters/)
  t.throws(() => webHandler(app, { base: '/<b>' }), /base: expected a path/)
  t.throws(() => webHandler(app, { readonly: true } as never), /readonly: no such option; known: base/)
})

function fuzz(seed: number) {
  const next = randomOf(seed)
  const below = (n: number) => Math.floor(next() * n)
  const pick = <T>(all: readonly T[]): T => all[below(all.length)] as T
  return { below, pick }
}
