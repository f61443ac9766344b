import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import t from 'tap'
import { COMPLETIONS, completionFor } from '#dist/cli/completion.js'
import { HELPS } from '#dist/cli/helps.js'
import { why } from '#dist/cli/screen.js'
import { cut } from '#dist/cli/terminal.js'
import { startApp, startNode, until } from '../system/harness.js'
import { CLI, jr } from './jr.js'

t.test('what keeps the jobs of a name from beginning', async (t) => {
  const facts = {
    name: 'a',
    known: true,
    defer: false,
    timeoutMs: null,
    maxAttempts: null,
    running: 0,
    limits: {},
    jobFileLimits: {},
    limitsSet: null,
    paused: null,
    pausedGroups: [],
  }
  const since = new Date(0)
  const waits = { waiting: 3, running: 2 }
  t.equal(why({ waiting: 0, running: 0 }, undefined), '')
  t.equal(why(waits, undefined), 'no child knows it')
  t.equal(why(waits, { ...facts, known: false }), 'no child knows it')
  t.equal(why(waits, facts), '')
  t.equal(why(waits, { ...facts, paused: { since, by: 'ann' } }), 'paused by ann')
  t.match(why(waits, { ...facts, limits: { concurrency: 2 } }), /^limit: concurrency 2/)
  t.equal(why(waits, { ...facts, limits: { concurrency: 3 } }), '')
  t.match(why(waits, { ...facts, limits: { rate: { limit: 1, per: '1m' } } }), /^perhaps its rate: /)
  t.equal(
    why(waits, { ...facts, pausedGroups: [{ group: 'acme', since, by: 'ann' }] }),
    'paused groups: acme',
  )
})

t.test('commands for those who run nodes', async (t) => {
  const { address, log } = await startNode(t, 'n1', [
    '--listen',
    '127.0.0.1:0',
    '--max-attempts',
    '1',
    '--store',
    'memory',
  ])
  const env = { JR_NODE: address }
  const { app } = await startApp(t, { name: 'shop', nodes: [address] })
  await app.ready
  const run = async (...args: string[]) => {
    const result = await jr(args, { env })
    return { ...result, json: args.includes('--json') && result.out !== '' ? JSON.parse(result.out) : null }
  }

  await t.test('enqueue', async (t) => {
    t.match((await run('enqueue', 'echo', '{"value":5}', '--wait', '--json')).json, {
      id: String,
      result: { echoed: 5 },
    })
    t.match(await run('enqueue', 'fails', '{}', '--wait'), { code: 1, err: /jr enqueue: job \S+: .+/ })
    t.match(await run('enqueue', 'echo', '{"value":6}', '--opts', '{"id":"mine","after":"1h"}'), {
      code: 0,
      out: /^mine\n$/,
    })
    t.match(await run('enqueue', 'nobody', '{}'), { code: 69, err: /nobody/ })
    t.match(await run('enqueue', 'echo', '[1]'), { code: 2, err: /the args: expected an object in JSON/ })
    t.match(await run('enqueue'), { code: 2, err: /expected the name of a job/ })
  })

  await t.test('status, nodes, failures, and top where there is no terminal', async (t) => {
    const waits = app.enqueue('waits', {})
    await until(async () => (await app.monitor().load(waits.id))?.state === 'running')
    const { out } = await run('status')
    t.match(out, /n1 +running +1 +1 +1/)
    t.match(out, new RegExp(`${waits.id} +waits +1 `))
    t.match(out, /fails +n1 /)
    t.match((await run('status', '--json')).json, { nodes: [{ node: 'n1' }], counts: [{ node: 'n1' }] })
    t.match((await run('nodes', '--json')).json, [{ node: 'n1', paused: null }])
    t.match((await run('failures')).out, /^JOBS +NAME[\s\S]*\n1 +fails /)
    t.match((await run('failures', 'echo')).out, 'no failed job is kept')
    t.match((await run('top')).out, /^NODES\n/)
    await waits.cancel()
  })

  await t.test('children', async (t) => {
    t.match((await run('children', '2', '--json')).json, { most: { children: 2, deferred: 0 } })
    t.match((await run('children')).out, /is to have 2 evented and 0 deferred children\nPID/)
    t.match(await run('children', 'many'), { code: 2, err: /expected how many children, got 'many'/ })
    t.match(await run('children', 'recycle', '1'), { code: 1, err: /no such child/ })
  })

  await t.test('flow list, and other ways to pause', async (t) => {
    const flow = app.flow({
      id: 'f1',
      jobs: { a: { name: 'waits' }, b: { name: 'echo', args: { value: 1 }, needs: ['a'] } },
    })
    await flow.accepted
    t.match((await run('flow', 'list')).out, /f1 +.*1 blocked/)
    await flow.cancel()
    t.match((await run('names', 'pause', 'echo')).out, 'echo on n1 is paused')
    t.match((await run('names', 'resume', 'echo')).out, 'echo on n1 is resumed')
  })

  await t.test('drain', async (t) => {
    t.match(await run('drain', '--timeout', '1ms'), {
      code: 1,
      out: /has 1 jobs left[\s\S]*echo mine, due 20/,
    })
    t.match(await run('enqueue', 'echo', '{}', '--wait', '--timeout', '1s'), {
      code: 69,
      err: /no node has taken the job/,
    })
    await app.monitor().destroy('mine')
    t.match(await run('drain'), { code: 0, out: /node n1 is empty/ })
    t.match(await run('drain', '--off'), { code: 0, out: /takes jobs again/ })
    t.match(await run('drain', '--off'), { code: 1, out: /was not draining/ })
    t.ok(log.length > 0)
  })

  await t.test('jobs of several nodes, and flags that come twice', async (t) => {
    const other = await startNode(t, 'n2', ['--listen', '127.0.0.1:0', '--store', 'memory'])
    const on = async (address: string, id: string) =>
      t.equal(
        (await run('enqueue', 'echo', '{}', '--opts', `{"id":"${id}","after":60}`, '--node', address)).code,
        0,
      )
    await on(address, 'on-first')
    await on(other.address, 'on-second')
    const both = ['--node', address, '--node', other.address]
    const { out, code } = await run('jobs', '--state', 'failed', '--state', 'scheduled', ...both)
    t.equal(code, 0)
    for (const [id, node] of [
      ['on-first', 'n1'],
      ['on-second', 'n2'],
    ])
      t.match(out, new RegExp(`${id} +echo .* ${node}$`, 'm'))
    t.match((await run('jobs', '--state', 'scheduled')).out, /on-first/, 'JR_NODE says where')
    t.same(
      new Set((await run('nodes', '--json', ...both)).json.map(({ node }: { node: string }) => node)),
      new Set(['n1', 'n2']),
    )
    t.match(await run('jobs', 'cancel', '--all', ...both), { code: 0, out: '2 cancelled\n' })
    t.match(await run('drain', ...both), { code: 2, err: /this command asks one node/ })
  })

  await t.test('web: it says where it is, and ends at the first INT with a page open', async (t) => {
    t.match(await run('web', '--listen', '0.0.0.0:0'), {
      code: 2,
      err: /can be reached from other machines: give a token/,
    })
    const web = spawn(process.execPath, [CLI, 'web', '--node', address, '--listen', '127.0.0.1:0'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    t.teardown(() => web.kill('SIGKILL'))
    const [said] = await once(web.stdout, 'data')
    const url = String(said).trim()
    await until(async () => (await fetch(`${url}readyz`)).status === 200)
    const events = await fetch(`${url}api/v1/events`)
    t.equal(events.status, 200)
    web.kill('SIGINT')
    t.same(await once(web, 'exit'), [0, null])
    await events.body?.cancel().catch(() => {})
  })
})

t.test('a line is cut where the terminal ends, and its colours end there, too', (t) => {
  const bold = '\x1b[1mNODES\x1b[0m and more'
  t.equal(cut('NODES and more', 7), 'NODES a')
  t.equal(cut(bold, 7), '\x1b[1mNODES\x1b[0m a')
  t.equal(cut(bold, 3), '\x1b[1mNOD\x1b[0m')
  t.equal(cut(bold, 0), '\x1b[1m\x1b[0m')
  t.equal(cut('🐈🐈🐈', 2), '🐈🐈')
  t.equal(cut('', 5), '')
  t.end()
})

t.test('what a command says of itself fits into a terminal', (t) => {
  for (const [name, text] of Object.entries(HELPS)) {
    t.match(text, new RegExp(`^jr ${name}: `))
    t.same(
      text.split('\n').filter((line) => line.length > 110),
      [],
    )
  }
  t.end()
})

t.test('shells complete commands, verbs and flags', async (t) => {
  t.match(COMPLETIONS, {
    drain: ['--node', '--timeout'],
    flow: ['list', 'show', 'cancel'],
    node: [/--/],
  } as never)
  const script = `${completionFor('bash')}
COMP_WORDS=(jr dr); COMP_CWORD=1; _jr; echo "\${COMPREPLY[@]}"
COMP_WORDS=(jr drain --t); COMP_CWORD=2; _jr; echo "\${COMPREPLY[@]}"
COMP_WORDS=(jr flow li); COMP_CWORD=2; _jr; echo "\${COMPREPLY[@]}"`
  const { stdout, status } = spawnSync('bash', ['-c', script], { encoding: 'utf8' })
  t.equal(status, 0)
  t.equal(stdout, 'drain\n--timeout\nlist\n')
  t.match(completionFor('zsh'), /^#compdef jr job-reactor\n[\s\S]*drain\) compadd -- .*--timeout/)
  for (const name of ['jr', 'job-reactor'])
    t.match(
      completionFor('fish'),
      new RegExp(`complete -c ${name} -n '__fish_seen_subcommand_from drain' -a '.*--timeout`),
    )
  t.equal((await jr(['completion', 'tcsh'])).code, 2)
  const listed = [...(await jr(['--help'])).out.matchAll(/^ {2}jr ([a-z]+) {2,}/gm)].map(([, name]) => name)
  t.same(Object.keys(COMPLETIONS).sort(), [...listed, 'resume'].sort(), 'they are all that the help has')
})
