import { readFileSync } from 'node:fs'
import type { Snippet } from './pages.js'

/** What a test puts around the snippets of a section, so that they are programs. */
export interface Around {
  /** Goes before and after a snippet that names no file. */
  readonly before?: string
  readonly after?: string
  /** Files beside it. Of a section whose snippets name files, `app.mjs` or `app.ts` is what is run. */
  readonly files?: Readonly<Record<string, string>>
  readonly prints?: RegExp
  /** What it writes to its standard error; nothing, unless it is given. */
  readonly logs?: RegExp
  /** Variables of its environment. */
  readonly env?: Readonly<Record<string, string>>
}

const JOBS = `
import { job } from 'job-reactor'
job('resize', (args) => ({ resized: args.file }))
job('import_orders', () => ({ orders: [] }))
`
const IMPORT = "import { JR } from 'job-reactor'\n"
const STARTED = `
await JR.startDistributor()
await JR.spawnNode({ name: 'worker_1', jobs: './reactor_jobs', store: 'memory', logLevel: 'silent' })
`
const START = IMPORT + STARTED
const STOP = '\nawait JR.stop()\n'
const FILES = { 'reactor_jobs/all.mjs': JOBS }
const APP: Around = { before: START, after: STOP, files: FILES }

const OWN_STORE = Object.fromEntries(
  ['file-store.mjs', 'jobs.mjs', 'log.mjs', 'notes.mjs'].map((file) => [
    file,
    readFileSync(`examples/09-own-store/${file}`, 'utf8'),
  ]),
)

/** Stands in for the database: it knows the statements of the page, and says what it was asked to do. */
const PG = `
  const done = new Set()
  async function query(text, [value] = []) {
    if (text.startsWith('select')) return { rows: [{ orders: 3 }] }
    if (!text.startsWith('insert')) return { rowCount: 1 }
    const rowCount = done.has(value) ? 0 : 1
    done.add(value)
    return { rowCount }
  }
  class Pool {
    on() {}
    query = query
    connect = async () => ({ query, release() {} })
  }
  export default { Pool }`
const DATABASE = {
  'node_modules/pg/package.json': '{ "name": "pg", "type": "module", "exports": "./index.js" }',
  'node_modules/pg/index.js': PG,
}

const AROUND: Readonly<Record<string, Around | readonly Around[]>> = {
  'README.md: job-reactor': { prints: /^cat\.png is 320 wide, made by worker_1\n$/ },
  'docs/guide.md: Jobs': {
    files: {
      'app.mjs': `${START}
        console.log(await JR.enqueue('import_orders', { url: 'data:application/json,[1,2]' }).result())${STOP}`,
    },
    prints: /orders: \[ 1, 2 \],\s+count: 2/,
  },
  'docs/order.md: Example': { prints: /^paused by shop since 20\S+Z\n3\n2\n\{ concurrency: 10 \}\n$/ },
  'docs/flows.md: Flows': { prints: /^sunrise\.mp4 \[ 'sunrise\.mp3', 'sunrise\.mp4' \]\n$/ },
  'docs/flows.md: What becomes of a flow': {
    ...APP,
    files: {
      'reactor_jobs/all.mjs': `import { job } from 'job-reactor'
        job('charge', () => { throw new Error('no money') })
        job('pack', () => {})
        job('tell', ({ order }) => ({ told: order }))`,
    },
    prints: /^JR_FLOW_FAILED \[ 'charge', 'pack' \] 4711\n$/,
  },
  'docs/flows.md: Batches': {
    ...APP,
    files: {
      'reactor_jobs/all.mjs': `import { job } from 'job-reactor'
        job('mail', () => ({ sent: true }))
        job('report', () => {})`,
    },
    prints: /^news \{ to: 'ann', sent: true \}\n$/,
  },
  'docs/flows.md: All or none': { prints: /^4711 ann\npack\n$/ },
  'docs/guide.md: Enqueueing': [
    {
      ...APP,
      before: `${START}\nconst onSuccess = (args) => console.log('success', args), onError = console.error\n`,
      prints: /resized: 'cat\.png'/,
    },
    {
      ...APP,
      before: `${START}\nconst onSuccess = () => console.log('one'), onError = console.error\n`,
      prints: /one\none\n/,
    },
  ],
  'docs/guide.md: Feedbacks': {
    before: IMPORT,
    after: `
      await JR.spawnNode({ name: 'worker_1', jobs: './reactor_jobs', store: 'memory', logLevel: 'silent' })
      await JR.enqueue('import_orders', {}, { id: 'mine' }).result()${STOP}`,
    files: FILES,
    prints: /^mine: 0 orders\n$/,
  },
  'docs/guide.md: Middleware': {
    prints: /^greet acme\ngreet: told in no time\n$|^greet: told in no time\ngreet acme\n$/,
  },
  'docs/guide.md: Results for later': {
    ...APP,
    after: `console.log(resized, (await JR.find('cat')).state)${STOP}`,
    prints: /^cat\.png completed\n$/,
  },
  'docs/monitoring.md: An example': {
    ...APP,
    prints: /^worker_1 memory \d true\n60 0\n\[\] \[\]\n\{ children: 2, deferred: \d \}\ntrue\n$/,
  },
  'docs/schedules.md: An example': {
    before: `${START}
      let done
      const ran = new Promise((resolve) => { done = resolve })
      const onSuccess = ({ to }, { schedule }) => done(console.log(schedule, to)), onError = console.error\n`,
    after: `await ran${STOP}`,
    files: { 'reactor_jobs/report.mjs': "import { job } from 'job-reactor'\njob('report', () => {})\n" },
    prints:
      /^(?=[\s\S]*^nightly all$)[\s\S]*^nightly active \d{4}-\d\d-\d\dT0[12]:00:00\.000Z\n[\s\S]*^ping active /m,
  },
  'docs/guide.md: Monitoring': {
    ...APP,
    before: `${START}JR.feedback('resize', { error: () => {} })\nawait JR.enqueue('resize', {}, { maxAttempts: 1 }).result().catch(() => {})\n`,
    files: {
      'reactor_jobs/all.mjs': `import { job } from 'job-reactor'\njob('resize', () => { throw new Error('on purpose') })\n`,
    },
    after: `console.log(jobs.length, job.lastError, next)${STOP}`,
    prints: /^[\s\S]*JR_WRONG_STATE[\s\S]*1 on purpose null\n$/,
  },
  'docs/guide.md: Counts': {
    ...APP,
    before: `${START}await JR.enqueue('resize', { file: 'cat.png' }).result()\n`,
    prints: /^1 0 true true\n$/,
  },
  'docs/guide.md: TypeScript': {
    before: STARTED,
    after: `console.log(width + 1)${STOP}`,
    files: {
      'reactor_jobs/resize.mjs': "import { job } from 'job-reactor'\njob('resize', () => ({ width: 320 }))\n",
    },
    prints: /^321\n$/,
  },
  'docs/unique.md: Unique jobs': [
    { ...APP, prints: /^true\n$/ },
    { ...APP, prints: /^(jr e\n){3}$/ },
    { ...APP, prints: /^JR_DUPLICATE [\w-]+\n$/ },
  ],
  'docs/unique.md: Jobs one after the other': {
    ...APP,
    after: `console.log('both')${STOP}`,
    prints: /^both\n$/,
  },
  'docs/children.md: Children': { prints: /^\[ 'a\.small\.jpg', 'b\.small\.jpg' \]\n$/ },
  'docs/children.md: With the completion of a job': { prints: /^invoice 7\n$/ },
  'docs/what-a-job-says.md: Progress': { prints: /^(?=[\s\S]*^of all: copy 100$)(?=[\s\S]*^100 %$)/m },
  'docs/what-a-job-says.md: Headers': { prints: /^cat\.png is done, ann\n$/ },
  'docs/what-a-job-says.md: How a job ends its attempt': { prints: /^FailJob no such account\n$/ },
  'docs/databases.md: A pool for each child': {
    files: {
      ...DATABASE,
      'app.mjs': `${START}\nconsole.log(await JR.enqueue('count_orders').result())${STOP}`,
    },
    prints: /orders: 3/,
  },
  'docs/databases.md: Twice': {
    files: {
      ...DATABASE,
      'database.mjs': "import pg from 'pg'\nexport const pool = new pg.Pool()\n",
      'app.mjs': `${START}
        const charge = () => JR.enqueue('charge', {}, { id: 'order-4711' }).result()
        console.log((await charge()).charged, (await charge()).charged)${STOP}`,
    },
    prints: /^true false\n$/,
  },
  'docs/deployment.md: What every place needs': {
    before: `${IMPORT}await JR.startDistributor({ port: 0 })`,
    after: "process.kill(process.pid, 'SIGTERM')",
  },
  'docs/deployment.md: Docker': { before: IMPORT },
  'docs/deployment.md: Health': {
    files: {
      'app.mjs': `${STARTED.replace('\n', IMPORT)}
        import { health } from './health.mjs'
        await new Promise((resolve) => health.listen(0, resolve))
        const response = await fetch('http://127.0.0.1:' + health.address().port)
        console.log(response.status, (await response.json())[0].name)
        health.closeAllConnections()
        health.close()${STOP}`,
      ...FILES,
    },
    prints: /^200 worker_1\n$/,
  },
  'docs/typescript.md: tsx': { prints: /resized: 320/, logs: /^/ },
  'docs/typescript.md: CommonJS': { prints: /^\{ width: 320, resized: 320 \}\n$/ },
  'docs/redis.md: Looking at jobs straight in Redis': {
    before: `${IMPORT}const id = 'mine'\n`,
  },
  'docs/store-authors.md: Your own': {
    before: "import { fileStore } from './file-store.mjs'\nconst myStore = () => fileStore('store')",
    after: 'await node.stop()',
    logs: /store:note/,
    files: { ...FILES, ...OWN_STORE },
  },
  'docs/store-authors.md: The tests': {
    before: "import { fileStore as myStore } from './file-store.mjs'\n",
    files: OWN_STORE,
    prints: /# fail 0\n/,
  },
}

/** One program: the files of its folder, and the one to run, if it is run. */
export interface Program {
  readonly title: string
  readonly files: Readonly<Record<string, string>>
  readonly main: string | null
  readonly around: Around
  /** Why it is only checked. */
  readonly notRun: string | null
}

/** The programs of a page: the snippets of a section that name files are one, and any other snippet is one by itself. */
export function programsOf(snippets: readonly Snippet[]): Program[] {
  const sections = new Map<string, Snippet[]>()
  for (const snippet of snippets.filter(
    ({ language, partOf }) => /^[jt]s$/.test(language) && partOf === null,
  )) {
    const section = `${snippet.page}: ${snippet.heading}`
    sections.set(section, [...(sections.get(section) ?? []), snippet])
  }
  return [...sections].flatMap(([section, all]) => {
    const files = all.filter(({ file }) => file !== null)
    const alone = all.filter(({ file }) => file === null)
    const units = files.length === 0 ? alone : [files, ...alone]
    const given = [AROUND[section] ?? {}].flat()
    return units.map((unit, index) => {
      const around = given[index] ?? {}
      return Array.isArray(unit) ? project(section, unit, around) : fragment(section, unit, around)
    })
  })
}

function project(title: string, snippets: readonly Snippet[], around: Around): Program {
  const own = snippets.map(({ file, text }) => [file, text])
  const files: Record<string, string> = { ...around.files, ...Object.fromEntries(own) }
  const main = Object.keys(files).find((file) => /^app\.\w+$/.test(file)) ?? null
  return { title, files, main, around, notRun: snippets[0]?.notRun ?? null }
}

function fragment(section: string, snippet: Snippet, around: Around): Program {
  const main = snippet.language === 'ts' ? 'app.ts' : 'app.mjs'
  const text = [around.before, snippet.text, around.after].filter(Boolean).join('\n')
  const title = `${section}, line ${snippet.line}`
  return { title, files: { ...around.files, [main]: text }, main, around, notRun: snippet.notRun }
}
