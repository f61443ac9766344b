import { once } from 'node:events'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join, resolve } from 'node:path'
import t from 'tap'
import { levelStore } from '#dist/src/store/level/store.js'
import { record } from '../node/records.js'
import { startApp, startNode } from '../system/harness.js'
import { folder, jr } from './jr.js'

t.test('help and version', async (t) => {
  for (const args of [
    ['--help'],
    ['help'],
    ['node', '--help'],
    ['jobs', '--help'],
    ['demo', '--help'],
    ['doctor', '--help'],
    ['config', '--help'],
  ]) {
    const { code, out, err } = await jr(args)
    t.equal(code, 0, args.join(' '))
    t.match(out, /^jr/)
    t.equal(err, '')
    for (const line of out.split('\n')) if (line.length > 110) t.fail(`too long for a terminal: ${line}`)
  }
  const { out: ofNode } = await jr(['node', '--help'])
  t.match(ofNode, /--max-attempts N\s+Attempts of a job, the first included\. \(10\)/)
  t.match(ofNode, /--no-remove-done-jobs\s+Forget completed jobs\. On by default; this turns it off\./)
  t.equal((await jr([])).code, 2)
  t.match((await jr(['--version'])).out, /^\d+\.\d+\.\d+\n$/)
})

t.test('mistakes are explained', async (t) => {
  const cwd = folder(t)
  const cases: [string[], number, RegExp, Record<string, string>?][] = [
    [['nod'], 2, /no command 'nod'/],
    [['node', '--stroe', 'level'], 2, /unknown flag --stroe; did you mean --store\?/],
    [['node'], 78, /a node needs a name/],
    [
      ['node', '--name', 'n', '--children', 'many'],
      78,
      /flag --children: expected a whole number, 0 or more, got 'many'/,
    ],
    [
      ['node', '--name', 'n', '--store', 'mysql'],
      78,
      /flag --store: expected level, memory, redis, got 'mysql'/,
    ],
    [
      ['node', '--name', 'n', '--backoff', '{bad'],
      78,
      /flag --backoff: expected seconds, .* or an object in JSON, got '\{bad'/,
    ],
    [
      ['node', '--name', 'n', '--backoff', '{"type":"slow","delay":1}'],
      78,
      /flag --backoff: expected seconds/,
    ],
    [['node', '--name', 'n', '--backoff', 'linear:1:2:3'], 78, /flag --backoff: expected seconds/],
    [['node', '--name', 'n'], 78, /environment JR_TIMEOUT: expected seconds/, { JR_TIMEOUT: 'soon' }],
    [['node', '--name', 'n', '--config', 'none.json'], 78, /config file none\.json: ENOENT/],
    [
      ['node', '--name', 'n', '--listen', '127.0.0.1:0', '--jobs', 'none'],
      69,
      /a child did not start: cannot read the job directory .*none \(option jobs\)/,
    ],
    [
      ['node', '--name', 'n', '--listen', '0.0.0.0:0', '--jobs', resolve('test/fixtures/jobs')],
      69,
      /other machines could connect/,
    ],
    [['demo', 'nowhere'], 2, /nowhere is not a folder/],
  ]
  for (const [args, code, message, env] of cases) {
    const result = await jr(args, { cwd, ...(env === undefined ? {} : { env }) })
    t.equal(result.code, code, args.join(' '))
    t.match(result.err, message)
  }
  mkdirSync(join(cwd, 'bad'))
  writeFileSync(join(cwd, 'bad', 'broken.mjs'), 'throw new Error("in the file")')
  const broken = await jr(['node', '--name', 'n', '--listen', '127.0.0.1:0', '--jobs', 'bad'], { cwd })
  t.match(broken.err, /job file .*broken\.mjs: Error: in the file/)
  const [first = ''] = broken.err.split('\n')
  const places = { jobs: join(cwd, 'bad'), dir: join(cwd, 'data/n') }
  t.match(JSON.parse(first), { event: 'node:starting', ...places }, 'its first line says where all is')
})

t.test('where options come from: flags, environment, config file, defaults', async (t) => {
  const cwd = folder(t)
  writeFileSync(
    join(cwd, 'jr.config.json'),
    JSON.stringify({ name: 'from_file', maxAttempts: 3, timeout: '1m', children: 7 }),
  )
  const env = { JR_MAX_ATTEMPTS: '5', JR_CHILDREN: '6', JR_SECRET_FILE: '/etc/secret' }
  const { code, out } = await jr(['config', '--json', '--children', '4', '--remove-done-jobs=false'], {
    cwd,
    env,
  })
  t.equal(code, 0)
  t.match(JSON.parse(out), {
    name: { value: 'from_file', from: /config file/ },
    timeout: { value: '1m' },
    maxAttempts: { value: 5, from: 'environment' },
    children: { value: 4, from: 'flag' },
    removeDoneJobs: { value: false, from: 'flag' },
    concurrency: { value: 100, from: 'default' },
  })
  t.match((await jr(['config'], { cwd })).out, /maxAttempts +3 +config file jr\.config\.json/)
  writeFileSync(join(cwd, 'jr.config.json'), JSON.stringify({ maxAttempt: 3 }))
  t.match((await jr(['config'], { cwd })).err, /maxAttempt: no such option; did you mean maxAttempts\?/)
})

t.test('doctor without options looks at the machine, and leaves nothing behind', async (t) => {
  const cwd = folder(t)
  const { code, out } = await jr(['doctor', '--json'], { cwd })
  t.equal(code, 0, out)
  const { ok, findings } = JSON.parse(out)
  t.equal(ok, true)
  t.same(
    findings.map(({ check }: { check: string }) => check),
    ['Node.js', 'configuration', 'store', 'jobs', 'address', 'disk', 'clock'],
  )
  t.same(readdirSync(cwd), [])
})

t.test('doctor finds what jr node refuses, in its words', async (t) => {
  const cwd = folder(t)
  const at = (name: string) => join(cwd, name)
  writeFileSync(at('file'), '')
  writeFileSync(at('open.secret'), 'x'.repeat(32), { mode: 0o644 })
  mkdirSync(at('broken'))
  writeFileSync(join(cwd, 'broken', 'a.mjs'), 'throw new Error("in the file")')
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  t.teardown(() => taken.close())
  const { port } = taken.address() as AddressInfo
  const jobs = resolve('test/fixtures/jobs')
  const node = ['--name', 'n', '--listen', '127.0.0.1:0', '--jobs', jobs]
  const there = `127.0.0.1:${port}`
  const all = ['--dir', '/proc/x', '--jobs', 'broken', '--listen', there, '--distribute', there]
  const more = ['--dir', 'file', '--jobs', 'none', '--listen', '0.0.0.0:0']
  const cases: [string[], Record<string, RegExp>][] = [
    [['--children', '2'], { configuration: /a node needs a name/ }],
    [['--name', 'n'], { configuration: /nobody can reach this node/ }],
    [[...node, '--secret-file', 'open.secret'], { configuration: /others can read the secret/ }],
    [[...node, '--import', 'no-such-module'], { configuration: /no module 'no-such-module'/ }],
    [[...node, '--max-args', '32MiB'], { configuration: /option maxFrame: expected at least/ }],
    [
      [...node, ...all],
      {
        store: /cannot make the data directory \/proc\/x/,
        jobs: /job file .*a\.mjs: Error: in the file/,
        address: /EADDRINUSE/,
        distribute: /EADDRINUSE/,
      },
    ],
    [
      [...node, ...more],
      { store: /file/, jobs: /cannot read the job directory/, address: /other machines could connect/ },
    ],
  ]
  for (const [flags, expected] of cases) {
    const { code, out } = await jr(['doctor', '--json', ...flags], { cwd })
    t.equal(code, 1, flags.join(' '))
    const { findings } = JSON.parse(out) as { findings: { check: string; ok: boolean; text: string }[] }
    for (const [check, words] of Object.entries(expected))
      t.match(
        findings.find((finding) => finding.check === check),
        { ok: false, text: words },
        `${check}: ${flags.join(' ')}`,
      )
  }
  t.same(readdirSync(cwd).sort(), ['broken', 'file', 'open.secret'])
})

t.test('doctor beside a store that is there: nothing of it is lost', async (t) => {
  const cwd = folder(t)
  const dir = join(cwd, 'data')
  const store = levelStore({ dir })
  await store.open('n')
  const doctor = async (name: string) => {
    const flags = [
      '--name',
      name,
      '--listen',
      '127.0.0.1:0',
      '--jobs',
      resolve('test/fixtures/jobs'),
      '--dir',
      dir,
    ]
    const { out } = await jr(['doctor', '--json', ...flags], { cwd })
    return JSON.parse(out).findings.find(({ check }: { check: string }) => check === 'store')
  }
  t.match(await doctor('n'), { ok: false, text: /is in use: process \d+ has it/ })
  await store.commit([{ kind: 'insert', job: record(), ownId: false, number: null }], true)
  await store.close()
  t.match(await doctor('other'), { ok: false, text: /belongs to node 'n', not 'other'/ })
  t.match(await doctor('n'), { ok: true })
  await store.open('n')
  t.not(await store.load('job-1'), null)
  await store.close()
})

t.test('jr jobs has the secret from where all options come', async (t) => {
  const cwd = folder(t)
  const secret = join(cwd, 'jr.secret')
  writeFileSync(secret, 'x'.repeat(32), { mode: 0o600 })
  const flags = ['--listen', '127.0.0.1:0', '--store', 'memory', '--secret-file', secret]
  const { address } = await startNode(t, 'n1', flags)
  const jobs = (more: string[], env = {}) => jr(['jobs', '--node', address, ...more], { cwd, env })
  t.match(await jobs([]), { code: 69 })
  t.match(await jobs(['--secret-file', secret]), { code: 0, out: 'no jobs\n' })
  t.match(await jobs([], { JR_SECRET_FILE: secret }), { code: 0 })
  writeFileSync(join(cwd, 'jr.config.json'), JSON.stringify({ secretFile: secret }))
  t.match(await jobs([]), { code: 0 })
})

t.test('jr jobs looks at no option but those of Redis', async (t) => {
  const cwd = folder(t)
  const config = (values: object) => writeFileSync(join(cwd, 'jr.config.json'), JSON.stringify(values))
  const looked = () => jr(['jobs', '--redis', '--redis-url', 'redis://127.0.0.1:1'], { cwd })
  config({ env: ['NO_SUCH_VARIABLE'], children: 2, redisTimeout: '100ms' })
  t.match(await looked(), { code: 74, err: /did not answer for 100 ms/ })
  config({ redisTimeout: 'soon' })
  t.match(await looked(), { code: 78, err: /redisTimeout: expected seconds/ })
  config({ childs: 2 })
  t.match(await looked(), { code: 78, err: /childs: no such option/ })
})

t.test('jr names, limits, pause and resume', async (t) => {
  const { address } = await startNode(t, 'n1', ['--listen', '127.0.0.1:0', '--store', 'memory'])
  const at = (...args: string[]) => jr([...args, '--node', address])
  const limits = ['--concurrency', '3', '--group-rate', '5/1s']
  t.match(await at('limits', 'echo', ...limits), {
    code: 0,
    out: /^echo on n1: concurrency 3, group-rate 5\/1s \(set by jr limits since 20.*Z\)\n$/,
  })
  t.match(await at('pause', 'echo', 'acme'), {
    code: 0,
    out: 'group acme of echo on n1 is paused\n',
    err: '',
  })
  const [unknown, names, mine] = await Promise.all([
    at('pause', 'ecko', '--json'),
    at('names'),
    at('limits', 'echo', '--json'),
  ])
  t.match(unknown, { code: 0, err: /no child of the node knows 'ecko'; it is paused all the same/ })
  t.same(JSON.parse(unknown?.out ?? ''), { node: 'n1', name: 'ecko', changed: true })
  t.match(names, { code: 0, out: /^NAME +CHILDREN +RUNNING +LIMITS +PAUSED$/m })
  t.match(names?.out, /^echo +evented +0 +concurrency 3, .* group acme by jr pause since 20\S+Z$/m)
  t.match(JSON.parse(mine?.out ?? ''), {
    names: [{ name: 'echo', limits: { concurrency: 3 }, jobFileLimits: {} }],
  })
  const [resumed, back] = await Promise.all([at('resume', 'echo', 'acme'), at('limits', 'echo', '--default')])
  t.match(resumed, { code: 0, out: 'group acme of echo on n1 is resumed\n' })
  t.match(back, { code: 0, out: 'echo on n1: no limits\n' })
  t.match(await at('resume', 'echo', 'acme'), { code: 1, out: 'group acme of echo on n1 was not paused\n' })
})

t.test('what jr names, limits, pause and resume can not do, they say', async (t) => {
  const wrong: [string[], RegExp][] = [
    [
      ['pause', '--redis'],
      /^jr pause: expected --node ADDR in place of --redis: limits and pauses belong to each/,
    ],
    [
      ['limits', 'a', '--rate', '100', '--node', 'x:1'],
      /flag --rate: expected N\/TIME, such as 100\/1m, got '100'/,
    ],
    [['limits', 'a', '--none', '--default', '--node', 'x:1'], /expected limits, or --none, or --default/],
  ]
  await Promise.all(
    wrong.map(async ([args, message]) => t.match(await jr(args), { code: 2, err: message }, args.join(' '))),
  )
})

t.test('jr schedules', async (t) => {
  const { address } = await startNode(t, 'n1', ['--listen', '127.0.0.1:0', '--store', 'memory'])
  const { app } = await startApp(t, { name: 'shop', nodes: [address] })
  await app.schedule('nightly', { cron: '0 3 * * *', timezone: 'Europe/Vienna' }, 'echo')
  await app.schedule('a\x1bb', { every: '90m' }, 'echo')
  const at = (...args: string[]) => jr(['schedules', ...args, '--node', address])
  const [table, paused, wrong, none, many] = await Promise.all([
    at(),
    at('pause', 'nightly', 'none', '--json'),
    at('pauze', 'nightly'),
    at('run'),
    jr(['schedules', '--redis']),
  ])
  t.match(table?.out, /^ID +WHEN +NAME +STATE +NEXT +RUNS +LEFT OUT +APP\na\\x1bb +every 90m +echo +active /)
  t.match(
    table?.out,
    /nightly +0 3 \* \* \* Europe\/Vienna +echo +\w+ +20\d\d-.*T0[12]:00:00.000Z +0 +0 +shop/,
  )
  t.match(paused, { code: 1, err: /node n1 has no schedule 'none'/ })
  t.same(JSON.parse(paused?.out ?? ''), { paused: ['nightly'] })
  t.match(wrong, { code: 2, err: /no command 'pauze'; expected list, pause, resume, run, remove/ })
  t.match(none, { code: 2, err: /run: expected ids of schedules/ })
  t.match(many, {
    code: 2,
    err: /in place of --redis: a schedule is shown and changed by the node that runs it/,
  })
  const [state] = (await app.schedules()).filter(({ id }) => id === 'nightly')
  t.equal(state?.state, 'paused')
  t.match(await at('run', 'nightly'), { code: 0, out: '1 run\n' })
  t.match(await at('remove', 'nightly', 'a\x1bb'), { code: 0, out: '2 removed\n' })
  t.match(await at('--json'), { code: 0, out: /"schedules": \[\]/ })
})

t.test('jr flow', async (t) => {
  const { address } = await startNode(t, 'n1', ['--listen', '127.0.0.1:0', '--store', 'memory'])
  const { app } = await startApp(t, { nodes: [address] })
  const opts = { after: '1h' }
  const flow = app.flow({
    id: 'film-7',
    jobs: {
      fetch: { name: 'echo', opts },
      sound: { name: 'echo', needs: ['fetch'] },
      publish: { name: 'facts', needs: ['sound', 'fetch'] },
    },
  })
  await flow.accepted
  const at = (...args: string[]) => jr(['flow', ...args, '--node', address])
  const [tree, json, none, wrong] = await Promise.all([
    at('show', 'film-7'),
    at('show', 'film-7', '--json'),
    at('show', 'film-8'),
    at('shew', 'film-7'),
  ])
  const id = /[\w-]{21}/
  const lines = (tree?.out ?? '').replace(new RegExp(id, 'g'), 'ID').replace(/ +/g, ' ').split('\n')
  t.same(lines, [
    'JOB STATE NAME ID',
    'fetch scheduled echo ID',
    ' sound blocked echo ID',
    ' publish blocked facts ID needs sound, fetch',
    '',
    '3 jobs: 2 blocked, 1 scheduled',
    '',
  ])
  t.match(JSON.parse(json?.out ?? ''), {
    id: 'film-7',
    node: 'n1',
    counts: { blocked: 2, scheduled: 1 },
    jobs: [
      { key: 'fetch', needs: [] },
      { key: 'publish', state: 'blocked' },
      { key: 'sound', needs: ['fetch'] },
    ],
  })
  t.match(none, { code: 1, err: /node n1 has no flow 'film-8'; one that has ended is gone/ })
  t.match(wrong, { code: 2, err: /expected list, show or cancel, got 'shew'/ })
  t.match(await at('cancel', 'film-7'), { code: 0, out: '3 cancelled\n' })
  await t.rejects(flow.result(), { code: 'JR_FLOW_FAILED' })
})
