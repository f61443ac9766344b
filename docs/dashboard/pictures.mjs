// Makes the pictures of the dashboard: a node, jobs of some kinds, and Chromium. `npm run build && node docs/dashboard/pictures.mjs`
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'
import { Distributor } from '../../dist/index.js'

const here = dirname(fileURLToPath(import.meta.url))
const root = join(here, '../..')
const JOBS = `
import { job } from '${join(root, 'dist/index.js')}'
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
job('resize', async () => { await sleep(30); return { width: 320 } })
job('call_api', { concurrency: 2, rate: { limit: 90, per: '1m' } }, async ({ host, ok }) => {
  await sleep(120)
  if (!ok) throw Object.assign(new Error(\`no answer from \${host}\`), { code: 'ETIMEDOUT' })
})
job('charge', ({ order }) => { throw new Error(\`card of order \${order} was declined\`) })
job('import', async ({ rows }, ctx) => {
  for (let row = 0; row <= rows; row += 5) {
    ctx.progress(row)
    if (row % 25 === 0) ctx.log.info('rows are in', { rows: row })
    await sleep(rows * 4)
  }
  return { rows }
})
job('report', () => {})
`
const PAGES = {
  overview: '',
  names: 'names',
  jobs: 'jobs',
  job: 'jobs/import-orders',
  'failed-job': 'jobs/charge-17',
  failures: 'failures',
  schedules: 'schedules',
  flows: 'flows',
  flow: 'flows/order-17',
  nodes: 'nodes',
  system: 'system',
}
const LOOKS = {
  light: { colorScheme: 'light', viewport: { width: 1180, height: 760 } },
  dark: { colorScheme: 'dark', viewport: { width: 1180, height: 760 } },
  phone: { colorScheme: 'light', viewport: { width: 390, height: 760 } },
}

const dir = mkdtempSync(join(tmpdir(), 'jr-pictures-'))
mkdirSync(join(dir, 'jobs'))
writeFileSync(join(dir, 'jobs/all.mjs'), JOBS)
const flags = [
  '--name',
  'worker_1',
  '--jobs',
  join(dir, 'jobs'),
  '--dir',
  join(dir, 'data'),
  '--children',
  '2',
]
const node = spawn(
  process.execPath,
  [join(root, 'dist/cli/main.js'), 'node', ...flags, '--listen', '127.0.0.1:0', '--web', '127.0.0.1:0'],
  { stdio: ['ignore', 'pipe', 'ignore'] },
)
const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-sync'],
})
const app = new Distributor({ name: 'shop', logLevel: 'error' })
try {
  const [said] = await once(node.stdout, 'data')
  const [, address, base] = /listening on (\S+), dashboard at (\S+)/.exec(String(said)) ?? []
  await app.start({ nodes: [address] })
  await app.ready
  await fill()
  for (const [look, options] of Object.entries(LOOKS)) {
    const page = await (await browser.newContext(options)).newPage()
    for (const [name, path] of Object.entries(PAGES)) {
      await page.goto(base + path)
      await page.getByText('● live').waitFor()
      // The page has what it asks for, and its chart.
      await page.waitForLoadState('networkidle', { timeout: 1500 }).catch(() => {})
      await page.screenshot({ path: join(here, `${name}-${look}.png`) })
    }
  }
} finally {
  await browser.close()
  await app.stop({ timeout: 0 })
  node.kill('SIGTERM')
  await once(node, 'exit')
  rmSync(dir, { recursive: true, force: true })
}

async function fill() {
  const tags = ['photos']
  app.enqueueMany(
    'resize',
    Array.from({ length: 400 }, (_, i) => ({ file: `cat-${i}.png` })),
    { tags },
  )
  for (let i = 0; i < 40; i++)
    app.enqueue(
      'call_api',
      { host: `10.0.0.${i % 4}`, ok: i % 3 > 0 },
      { group: `tenant-${i % 5}`, maxAttempts: 2, backoff: 1 },
    )
  for (let i = 0; i < 9; i++)
    app.enqueue('charge', { order: 10 + i }, { id: `charge-${10 + i}`, maxAttempts: 3, backoff: 0.3 })
  app.enqueueMany('report', [{ of: 'orders' }, { of: 'returns' }], { after: '3h' })
  await app.enqueue('import', { rows: 100 }, { id: 'import-orders', keepResult: '1h' }).accepted
  await app.schedule('nightly', { cron: '0 3 * * *', timezone: 'Europe/Vienna' }, 'report')
  await app.schedule('ping', { every: '10m' }, 'report')
  await app.flow({
    id: 'order-17',
    jobs: {
      fetch: { name: 'import', args: { rows: 400 } },
      small: { name: 'resize', args: {}, needs: ['fetch'] },
      large: { name: 'resize', args: {}, needs: ['fetch'] },
      tell: { name: 'report', needs: ['small', 'large'] },
    },
  }).accepted
  const failed = async () =>
    (await app.monitor().failures()).groups.some(({ name, count }) => name === 'charge' && count === 9)
  while (!(await failed())) await new Promise((resolve) => setTimeout(resolve, 200))
}
