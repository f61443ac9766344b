// How long each page of the dashboard waits for its answers, with very many jobs in the store, and what an open overview costs the node:
// `node bench/pages.mjs [jobs that wait] [jobs that failed]`. It needs chromium.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { chromium } from 'playwright-core'
import { Distributor } from '../dist/distributor/index.js'
import { fill } from './flow.mjs'
import { cpuOf, startFlow, startWeb } from './ours/web.mjs'
import { median } from './statistics.mjs'

const WAITING = Number(process.argv[2] ?? 1_000_000)
const FAILED = Number(process.argv[3] ?? 10_000)
const ROUNDS = 5
const IN_FLIGHT = 4000
const LISTEN_S = 20
const SPAN_S = 5
const SPANS = 6
const PAGES = [
  '',
  'names',
  'jobs',
  'jobs?state=available',
  'jobs?state=failed',
  'jobs?name=noop&state=failed',
  'jobs?text=999',
  'jobs/one-of-them',
  'failures',
  'schedules',
  'flows',
  'nodes',
  'system',
]

const dir = mkdtempSync(join(tmpdir(), 'jr-pages-'))
const web = await startWeb(dir)
const app = new Distributor({ name: 'shop', logLevel: 'silent' })
const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-sync'],
})
try {
  await app.start({ nodes: [web.address] })
  await app.ready
  await app.pause({ name: 'says_when' })
  const from = performance.now()
  await fill({
    count: WAITING,
    inFlight: IN_FLIGHT,
    stored: () => app.enqueue('says_when', { ms: 1 }).accepted,
  })
  await app.enqueue('says_when', { ms: 1 }, { id: 'one-of-them' }).accepted
  const failing = app.enqueueMany(
    'fails',
    Array.from({ length: FAILED }, (_, x) => ({ x: x % 10 })),
    { maxAttempts: 1 },
  )
  await failing.results().catch(() => {})
  console.log(
    `${WAITING} jobs wait and ${FAILED} have failed after ${Math.round((performance.now() - from) / 1000)} s`,
  )

  const page = await (await browser.newContext({ viewport: { width: 1280, height: 900 } })).newPage()
  for (const path of PAGES) await timesOf(page, path)
  await page.close()
  await costOfOverview()
} finally {
  await browser.close()
  await app.stop({ timeout: 0 })
  await web.stop()
  rmSync(dir, { recursive: true, force: true })
}

/** From when the browser asks until it has the answer, of all that the page asks for; the slowest of each load. */
async function timesOf(page, path) {
  const slowest = []
  for (let round = 0; round < ROUNDS; round++) {
    await page.goto(web.base + path)
    await page.getByText('● live').waitFor()
    await page.waitForLoadState('networkidle', { timeout: 1500 }).catch(() => {})
    const asked = await page.evaluate(() =>
      performance
        .getEntriesByType('resource')
        .filter(({ name }) => name.includes('/api/v1/') && !name.endsWith('/events'))
        .map(({ duration }) => duration),
    )
    slowest.push(Math.max(...asked))
  }
  console.log(`/${path}: median ${median(slowest).toFixed(0)} ms, most ${Math.max(...slowest).toFixed(0)} ms`)
}

/** By what the node uses of a processor while nothing else happens, and by what is left of a flow beside it. */
async function costOfOverview() {
  const open = async () => {
    const { body } = await fetch(new URL('api/v1/events', web.base))
    const reader = body.getReader()
    const reading = (async () => {
      while (!(await reader.read()).done);
    })().catch(() => {})
    return async () => {
      await reader.cancel()
      await reading
    }
  }
  const idle = await cpuIn(LISTEN_S)
  const close = await open()
  const listened = await cpuIn(LISTEN_S)
  await close()
  console.log(
    `an open overview: ${(listened - idle).toFixed(1)} ms of a processor a second in the node (${idle.toFixed(1)} without)`,
  )
  const flow = await startFlow(web.address, {})
  const rates = { without: [], open: [] }
  await rate(flow)
  for (let n = 0; n < SPANS; n++) {
    rates.without.push(await rate(flow))
    const close = await open()
    rates.open.push(await rate(flow))
    await close()
  }
  await flow.stop()
  const [without, beside] = [median(rates.without), median(rates.open)]
  console.log(
    `flow: ${Math.round(without)} jobs/s, ${Math.round(beside)} beside an open overview: ${(beside / without).toFixed(3)}; by span ${rates.without.map((one, n) => (rates.open[n] / one).toFixed(2)).join(' ')}`,
  )
}

async function cpuIn(seconds) {
  const before = cpuOf(web.pid)
  await sleep(seconds * 1000)
  return (cpuOf(web.pid) - before) / seconds
}

async function rate(flow) {
  const from = performance.now()
  const before = await flow.ended()
  await sleep(SPAN_S * 1000)
  return ((await flow.ended()) - before) / ((performance.now() - from) / 1000)
}
