import { execFile, spawnSync } from 'node:child_process'
import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { parseAllDocuments } from 'yaml'
import { Distributor } from '#dist/distributor/index.js'
import { NODE_OPTIONS } from '#dist/src/options/node-options.js'
import { CLI, folder, jr } from '../cli/jr.js'
import { PAGES, type Snippet, snippetsOf } from './pages.js'

const SNIPPETS = PAGES.flatMap(snippetsOf)
const of = (language: string): Snippet[] => SNIPPETS.filter((snippet) => snippet.language === language)
const one = (file: string): string => SNIPPETS.find((snippet) => snippet.file === file)?.text ?? ''
const CONFIG = of('json').find(({ text }) => text.includes('"distributors"'))?.text ?? ''

/** The words of every `jr` that the pages tell people, units or containers to run, from the command's name on. */
function commands(): { where: string; words: string[] }[] {
  const found: { where: string; words: string[] }[] = []
  const add = (where: string, words: string[]) => {
    // Installed, and not run.
    if (/^p?npm$/.test(words[0] ?? '')) return
    const at = words.findIndex((word) => /(^|\/)jr$|^job-reactor$|cli\/main\.js$/.test(word))
    if (at >= 0) found.push({ where, words: words.slice(at + 1) })
  }
  for (const { page, line, text } of [...of('sh'), ...of('ini')]) {
    for (const row of text.replaceAll('\\\n', ' ').split('\n'))
      add(
        `${page}:${line}`,
        row
          .replace(/^ExecStart=/, '')
          .replace(/\s#.*$/, '')
          .split(/\s+/)
          .filter(Boolean),
      )
  }
  for (const { page, line, text } of of('yaml')) {
    for (const document of parseAllDocuments(text, { version: '1.1' }))
      each(document.toJS(), (words) => add(`${page}:${line}`, words))
  }
  const args = /args: '(.+)'/.exec(one('ecosystem.config.cjs'))?.[1] ?? ''
  found.push({ where: 'ecosystem.config.cjs', words: args.split(' ') })
  return found
}

function each(value: unknown, on: (words: string[]) => void): void {
  if (Array.isArray(value) && value.every((word) => typeof word === 'string')) on(value)
  else if (typeof value === 'object' && value !== null)
    for (const inner of Object.values(value)) each(inner, on)
}

t.test('the commands of the pages are what jr takes', async (t) => {
  const dir = folder(t)
  const config = join(dir, 'worker_1.json')
  writeFileSync(config, CONFIG)
  const envFile = join(dir, 'worker_1.env')
  writeFileSync(envFile, 'SMTP_URL=smtp://mail\n')
  const env = { DATABASE_URL: 'postgres://db', SMTP_URL: 'smtp://mail', JR_NAME: 'worker_1' }
  const found = commands()
  t.ok(found.length > 15, `${found.length} commands`)
  for (const { where, words } of found) {
    const [command = '', ...rest] = words
    const args = rest.map((word) =>
      word.endsWith('.json') ? config : word.endsWith('.env') ? envFile : word,
    )
    if (command === 'node' || command === 'doctor') {
      const { code, err } = await jr(['config', ...args], { cwd: dir, env })
      t.equal(code, 0, `${where}: jr ${words.join(' ')}: ${err}`)
    } else {
      const { out } = await jr([command, '--help'])
      for (const flag of args.filter((word) => word.startsWith('--')))
        t.ok(out.includes(flag), `${where}: jr ${command} takes ${flag}`)
    }
  }
})

t.test('who stops a node waits longer than the node does', async (t) => {
  const shutdown = Number.parseInt(String(NODE_OPTIONS.shutdownTimeout.default), 10)
  t.equal(shutdown, 25)
  const graces = [
    /TimeoutStopSec=(\d+)/.exec(of('ini')[0]?.text ?? '')?.[1],
    Number(/kill_timeout: ([\d_]+)/.exec(one('ecosystem.config.cjs'))?.[1]?.replace('_', '')) / 1000,
    /\n {2}worker_1:\n[\s\S]*?stop_grace_period: (\d+)s/.exec(one('compose.yaml'))?.[1],
    /terminationGracePeriodSeconds: (\d+)/.exec(one('worker.yaml'))?.[1],
  ]
  for (const grace of graces) t.ok(Number(grace) >= shutdown + 10, String(grace))
})

t.test('Kubernetes mounts the secret for root and the group of the pod', async (t) => {
  const documents = parseAllDocuments(one('worker.yaml'), { version: '1.1' })
  t.same(
    documents.flatMap(({ errors }) => errors),
    [],
  )
  const set = documents[1]?.toJS()
  t.match(set.spec.template.spec.volumes, [{ secret: { defaultMode: 0o440 } }])
  t.ok(set.spec.template.spec.securityContext.fsGroup > 0)
})

const skip = spawnSync('systemd-analyze', ['--version']).status === 0 ? false : 'it needs systemd-analyze'

t.test('the unit is one that systemd takes', { skip }, async (t) => {
  const dir = folder(t)
  const unit = join(dir, 'worker_1.service')
  const text = of('ini')[0]?.text ?? ''
  t.match(text, /ExecStart=\/srv\/shop\/node_modules\/\.bin\/jr node /)
  writeFileSync(unit, text.replace(/ExecStart=\S+/, `ExecStart=${process.execPath}`))
  const { stderr } = await promisify(execFile)('systemd-analyze', ['verify', '--man=no', unit])
  t.equal(
    stderr
      .split('\n')
      .filter((line) => line.includes('worker_1.service'))
      .join('\n'),
    '',
  )
})

/** Why no unit can run here; false: one can. */
function noSystemd(): string | false {
  if (process.getuid?.() !== 0) return 'it needs root'
  if (!existsSync('/run/systemd/system')) return 'systemd does not run here'
  return false
}

t.test('systemd runs the unit, and TERM reaches the node', { skip: noSystemd() }, async (t) => {
  const dir = folder(t)
  const call = promisify(execFile)
  const name = `jr-test-${process.pid}.service`
  const unit = join('/run/systemd/system', name)
  const config = join(dir, 'worker_1.json')
  const listen = join(dir, 'node.sock')
  const jobs = resolve('test/fixtures/jobs')
  writeFileSync(join(dir, 'worker_1.env'), 'DATABASE_URL=db\n')
  writeFileSync(
    config,
    JSON.stringify({ name: 'worker_1', jobs, dir: join(dir, 'data'), listen, env: ['DATABASE_URL'] }),
  )
  // What is of the page's machine is of this one: paths, the user, and where the command is.
  const text = (of('ini')[0]?.text ?? '')
    .replace(/^(User|StateDirectory\w*|EnvironmentFile)=.*\n/gm, '')
    .replace(
      /^WorkingDirectory=.*$/m,
      `WorkingDirectory=${dir}\nEnvironmentFile=${join(dir, 'worker_1.env')}`,
    )
    .replace(
      /^ExecStart=\S+ node --config \S+$/m,
      `ExecStart=${process.execPath} ${CLI} node --config ${config}`,
    )
  t.match(text, `${CLI} node --config`)
  writeFileSync(unit, text)
  t.teardown(async () => {
    await call('systemctl', ['stop', name]).catch(() => {})
    rmSync(unit, { force: true })
    await call('systemctl', ['daemon-reload'])
  })
  await call('systemctl', ['daemon-reload'])
  await call('systemctl', ['start', name])
  const app = new Distributor({ nodes: [{ path: listen }], logLevel: 'silent' })
  t.teardown(() => app.stop({ timeout: 0 }))
  await app.start()
  t.match(await app.enqueue('echo', { value: 1 }).result(), { echoed: 1 })
  await call('systemctl', ['stop', name])
  const { stdout } = await call('systemctl', ['show', '-p', 'Result', '-p', 'ExecMainStatus', name])
  t.match(stdout, /Result=success/)
  t.match(stdout, /ExecMainStatus=0/)
})

t.test('each line of the Dockerfile begins with an instruction', async (t) => {
  const lines = one('Dockerfile') || (of('dockerfile')[0]?.text ?? '')
  for (const line of lines.trim().split('\n'))
    t.match(line, /^(#|FROM|RUN|WORKDIR|COPY|USER|ENTRYPOINT|CMD) /)
})
