import { execFile } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { folder, startApp, startNode, toApp } from './harness.js'

const JR = pathToFileURL(resolve('dist/index.js')).href
const READS = `import { job } from '${JR}'
job('read', ({ name }) => ({ value: process.env[name] ?? null, there: name in process.env }))
`

function jobFolder(t: Test, files: Record<string, string>): string {
  const dir = join(folder(t), 'jobs')
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(dir, name, '..'), { recursive: true })
    writeFileSync(join(dir, name), text)
  }
  return dir
}

t.test('variables that jr node passes on, by name, from a file and from the config file', async (t) => {
  const { app, address } = await startApp(t)
  const root = folder(t)
  const jobs = jobFolder(t, { 'read.mjs': READS })
  writeFileSync(join(root, '.env'), 'FROM_FILE="a = b"\nBOTH=file\n# nothing\n')
  writeFileSync(join(root, 'jr.json'), JSON.stringify({ env: { FROM_CONFIG: 'c' }, store: 'memory' }))
  const read = async (node: string, name: string) =>
    (await app.enqueue('read', { name }, { node, strictNode: true }).result()).value
  const own = { BOTH: 'env', DATABASE_URL: 'db', WITHHELD_ONE: 'secret' }
  const flags = ['--env', 'BOTH,DATABASE_URL', '--env-file', join(root, '.env'), '--store', 'memory']
  const one = await startNode(t, 'n1', [...toApp(address), '--jobs', jobs, ...flags], own)
  await startNode(t, 'n2', [...toApp(address), '--jobs', jobs, '--config', join(root, 'jr.json')], own)
  t.equal(await read('n1', 'DATABASE_URL'), 'db')
  t.equal(await read('n1', 'FROM_FILE'), 'a = b')
  t.equal(await read('n1', 'BOTH'), 'env')
  t.equal(await read('n2', 'FROM_CONFIG'), 'c')
  t.equal(await read('n2', 'DATABASE_URL'), null)

  const withheld = await app
    .enqueue('read', { name: 'WITHHELD_ONE' }, { node: 'n1', strictNode: true })
    .result()
  t.match(withheld, { value: null, there: false })
  const line = await one.line('env:withheld', 'WITHHELD_ONE')
  t.match(line, /--env NAME/)
  t.notMatch(line, 'secret')
  await read('n1', 'WITHHELD_ONE')
  await read('n1', 'NOBODY_HAS_IT')
  t.equal(one.log.filter((text) => text.includes('env:withheld')).length, 1, 'once a name, and no other')
})

t.test('variables of a spawned node: an object with undefined values, or names', async (t) => {
  const { app } = await startApp(t)
  const jobs = pathToFileURL(jobFolder(t, { 'read.mjs': READS }))
  process.env.JOB_TEST_VARIABLE = 'here'
  t.teardown(() => {
    delete process.env.JOB_TEST_VARIABLE
  })
  const common = { jobs, store: 'memory', logLevel: 'silent' } as const
  await app.spawnNode({ ...common, name: 'n1', env: process.env })
  await app.spawnNode({ ...common, name: 'n2', env: { ONE: 'a, b', TWO: undefined } })
  await app.spawnNode({ ...common, name: 'n3', env: ['JOB_TEST_VARIABLE'] })
  const read = (node: string, name: string) =>
    app.enqueue('read', { name }, { node, strictNode: true }).result()
  t.match(await read('n1', 'JOB_TEST_VARIABLE'), { value: 'here' })
  t.match(await read('n2', 'JOB_TEST_VARIABLE'), { value: null })
  t.match(await read('n2', 'ONE'), { value: 'a, b' })
  t.match(await read('n2', 'TWO'), { value: null, there: false })
  t.match(await read('n3', 'JOB_TEST_VARIABLE'), { value: 'here' })
  const missing = app.spawnNode({ ...common, name: 'n4', env: ['JOB_TEST_NOWHERE'] })
  await t.rejects(missing, { message: /env: this process has no variable JOB_TEST_NOWHERE to pass on/ })
})

t.test('tests, types and folders of others are no job files', async (t) => {
  const { app } = await startApp(t)
  const broken = "throw new Error('loaded')"
  const jobs = jobFolder(t, {
    'read.mjs': READS,
    'read.test.mjs': broken,
    'read.spec.js': broken,
    'read.test.ts': broken,
    'read.d.ts': broken,
    '__tests__/a.mjs': broken,
    'node_modules/a/index.js': broken,
    '.git/a.js': broken,
    'deep/er/other.mjs': `import { job } from '${JR}'\njob('other', () => ({ deep: true }))`,
  })
  await app.spawnNode({ name: 'n1', jobs, store: 'memory', logLevel: 'silent' })
  t.match(await app.enqueue('read', { name: 'PATH' }).result(), { there: true })
  t.match(await app.enqueue('other').result(), { deep: true })
})

const LOADER = `import { register } from 'node:module'
register('data:text/javascript,' + encodeURIComponent(\`
  import { readFileSync } from 'node:fs'
  import { fileURLToPath } from 'node:url'
  import ts from '${pathToFileURL(resolve('node_modules/typescript/lib/typescript.js')).href}'
  export async function load(url, context, next) {
    if (!/[.]m?ts$/.test(url)) return next(url, context)
    const compilerOptions = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 }
    const { outputText } = ts.transpileModule(readFileSync(fileURLToPath(url), 'utf8'), { compilerOptions })
    return { format: 'module', source: outputText, shortCircuit: true }
  }
\`))
`

t.test('job files in TypeScript where Node does not run them', async (t) => {
  const { app } = await startApp(t)
  // An enum is more than types: Node itself runs none, in any version.
  const typed = `import { job } from '${JR}'\nenum Kind { one = 7 }\njob('typed', () => ({ kind: Kind.one as number }))`
  const jobs = jobFolder(t, { 'a.ts': typed, 'b.mts': 'export {}', 'c.d.ts': 'export {}' })
  const options = { name: 'n1', jobs, store: 'memory', logLevel: 'silent' } as const
  const runs = Reflect.get(process.features, 'typescript')
    ? /a\.ts/
    : /has 2 job files in TypeScript .*--import tsx/
  await t.rejects(app.spawnNode(options), { code: 'JR_CHILD_START', message: runs })

  await t.rejects(app.spawnNode({ ...options, import: 'no-such-loader' }), {
    message: /option import: no module 'no-such-loader' in .*npm install no-such-loader/,
  })
  const root = folder(t)
  mkdirSync(join(jobs, '../node_modules/a-loader'), { recursive: true })
  writeFileSync(join(jobs, '../node_modules/a-loader/package.json'), '{ "main": "index.mjs" }')
  writeFileSync(join(jobs, '../node_modules/a-loader/index.mjs'), LOADER)
  writeFileSync(join(root, 'loader.mjs'), LOADER)
  writeFileSync(join(jobs, 'b.mts'), 'export {}')
  const imports = [['a-loader'], join(root, 'loader.mjs')]
  for (const [i, one] of imports.entries()) {
    const node = await app.spawnNode({ ...options, name: `n${i + 2}`, import: one })
    t.match(await app.enqueue('typed').result(), { kind: 7 })
    await node.stop()
  }
})

t.test('variables that the config file names reach a spawned node', async (t) => {
  const root = folder(t)
  const jobs = jobFolder(t, { 'read.mjs': READS })
  writeFileSync(join(root, 'jr.config.json'), JSON.stringify({ env: ['DATABASE_URL'], store: 'memory' }))
  const script = `
    import { JR } from '${JR}'
    await JR.startDistributor()
    const spawned = (name, more) => JR.spawnNode({ name, jobs: ${JSON.stringify(jobs)}, logLevel: 'silent', ...more })
    await spawned('n1')
    await spawned('n2', { env: ['OTHER'] })
    const read = async (node, name) => (await JR.enqueue('read', { name }, { node, strictNode: true }).result()).value
    console.log(await read('n1', 'DATABASE_URL'), await read('n2', 'DATABASE_URL'), await read('n2', 'OTHER'))
    await JR.stop()`
  const options = {
    cwd: root,
    timeout: 60_000,
    env: { PATH: process.env.PATH, DATABASE_URL: 'db', OTHER: 'other' },
  }
  const args = ['--input-type=module', '-e', script]
  t.equal((await promisify(execFile)(process.execPath, args, options)).stdout, 'db null other\n')
  writeFileSync(join(root, 'jr.config.json'), JSON.stringify({ env: ['NOT_THERE'] }))
  await t.rejects(promisify(execFile)(process.execPath, args, options), {
    message: /config file jr\.config\.json: env: this process has no variable NOT_THERE/,
  })
})

t.test(
  'what job code prints is in the log at every level; what it logs with facts has them as fields',
  async (t) => {
    const { app, address } = await startApp(t)
    const speaks = `import { job } from '${JR}'
job('speaks', (args, ctx) => {
  console.log('printed')
  ctx.log.info('hidden')
  ctx.log.error('told', { width: 320, name: 'cat', password: 'secret' })
})
`
    const jobs = jobFolder(t, { 'speaks.mjs': speaks })
    const flags = [...toApp(address), '--jobs', jobs, '--store', 'memory', '--log-level', 'error']
    const node = await startNode(t, 'n1', flags)
    const { id } = app.enqueue('speaks')
    const printed = JSON.parse(await node.line('printed'))
    t.match(printed, {
      level: 'info',
      event: 'child:output',
      node: 'n1',
      job: id,
      name: 'speaks',
      text: 'printed',
    })
    const told = JSON.parse(await node.line('told'))
    t.match(told, {
      event: 'job:log',
      job: id,
      name: 'speaks',
      text: 'told',
      width: 320,
      'facts.name': 'cat',
    })
    t.equal(told.password, '[redacted]')
    t.notMatch(node.log.join(), /hidden/)
  },
)
