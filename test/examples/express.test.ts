import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import t from 'tap'
import { Log } from '../system/harness.js'
import { faultsOf, listenTo, startChromium, withoutChromium } from '../web/chromium.js'

const PHONE = { width: 360, height: 740 }

t.test('13-express', { timeout: 120_000 }, async (t) => {
  const app = spawn(process.execPath, [resolve('examples/13-express/app.mjs')], {
    cwd: t.testdir({ 'jr.config.json': '{ "standbyChildren": 0 }' }),
    env: { PATH: process.env.PATH, PORT: '0' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  t.teardown(() => app.kill('SIGKILL'))
  const [out, errors] = [new Log(), new Log()]
  app.stdout.setEncoding('utf8').on('data', (text: string) => out.add(text))
  app.stderr.setEncoding('utf8').on('data', (text: string) => errors.add(text))
  const closed = once(app, 'close')
  closed.then(() => out.end(`the app has ended: ${errors.tail}`))
  await out.line('Ctrl-C ends it')
  const base = /http:\S+(?=\/$)/.exec(out.lines[0] ?? '')?.[0] ?? ''

  const get = async (path: string) => {
    const response = await fetch(base + path)
    return { status: response.status, json: await response.json() }
  }
  const order = async (body: unknown) => {
    const headers = { 'content-type': 'application/json' }
    const response = await fetch(`${base}/reports`, { method: 'POST', headers, body: JSON.stringify(body) })
    const { status } = response
    return { status, place: response.headers.get('location') ?? '', json: await response.json() }
  }

  await t.test('its routes: a report is ordered, followed and read', async (t) => {
    for (const wrong of [{}, { region: 'North', rows: 0 }, { region: 'North', rows: 1.5 }, { rows: 5 }])
      t.match(await order(wrong), { status: 400, json: { error: /\w/ } })
    for (const none of ['none', 'a'.repeat(300)])
      t.match(await get(`/reports/${none}`), { status: 404, json: { error: /no such report/ } })
    const { status, place } = await order({ region: 'North', rows: 300 })
    t.equal(status, 202)
    const early = await get(`${place}?wait=0.3`)
    t.match(early.json, { state: 'running', progress: { done: Number, rows: 300 }, report: null })
    t.match((await get(`${place}?wait=20`)).json, {
      state: 'completed',
      report: { region: 'North', rows: 300, total: 3897 },
      log: ['300 rows read'],
      error: null,
    })
    const { place: bad } = await order({ region: 'Atlantis', rows: 5 })
    const failed = { state: 'failed', report: null, error: 'nothing was ever sold in Atlantis' }
    t.match((await get(`${bad}?wait=20`)).json, failed)
  })

  await t.test('the dashboard is below its path, and the page has a policy', async (t) => {
    const page = await fetch(`${base}/`)
    t.match(page.headers.get('content-security-policy'), /^default-src 'self';/)
    t.match(await (await fetch(`${base}/jobs-admin/`)).text(), '"/jobs-admin/assets/app.js"')
    t.match(await get('/jobs-admin/api/v1/jobs?state=failed'), {
      status: 200,
      json: { jobs: [{ name: 'report' }] },
    })
  })

  await t.test('its page, in a browser', { skip: withoutChromium }, async (t) => {
    const browser = await startChromium(t)
    const said: string[] = []
    const page = await browser.newPage({ viewport: PHONE })
    page.setDefaultTimeout(20_000)
    listenTo(page, said)
    await page.goto(base)
    const make = page.getByRole('button', { name: 'Make the report' })
    // So many that a slow machine, too, sees it run: it is cancelled then, in the dashboard.
    await page.getByLabel('Rows').fill('2000')
    await make.click()
    await page.getByText(/^\d+ of 2000 rows$/).waitFor()
    t.equal(await page.getByRole('progressbar', { name: 'Progress' }).getAttribute('max'), '2000')
    t.equal(await page.getByRole('status').innerText(), 'The report is being made.')
    const cancel = `${base}/jobs-admin/api/v1/jobs/${new URL(page.url()).hash.slice(1)}/cancel`
    t.equal((await fetch(cancel, { method: 'POST', headers: { 'x-job-reactor': '1' } })).status, 200)
    await page.getByText('The report was cancelled.').waitFor()

    await page.getByLabel('Rows').fill('150')
    await make.click()
    await page.getByText('The report is ready.').waitFor()
    await page.getByText('1,944', { exact: true }).waitFor()
    await page.getByText('150 rows read').waitFor()

    // What looks for faults is put into the page, which its policy forbids. Who comes back finds the report.
    const later = await browser.newPage({ viewport: PHONE, bypassCSP: true })
    await later.goto(page.url())
    await later.getByText('1,944', { exact: true }).waitFor()
    t.same(await faultsOf(later), [], 'light')
    await later.emulateMedia({ colorScheme: 'dark' })
    t.same(await faultsOf(later, ['color-contrast']), [], 'dark')
    t.ok((await later.evaluate<number>('document.documentElement.scrollWidth')) <= PHONE.width)

    await page.getByLabel('Region').selectOption('Atlantis')
    await make.click()
    await page.getByRole('alert').getByText('nothing was ever sold in Atlantis').waitFor()
    t.equal(await page.getByRole('status').innerText(), 'There is no report.')
    t.same(said, [], 'nothing was said on the console')
  })

  await t.test('one Ctrl-C ends it', async (t) => {
    app.kill('SIGINT')
    t.same(await closed, [0, null])
    t.equal(out.lines.at(-1), 'stopped')
    const EXPECTED = ['job:failed', 'web:changed']
    const others = errors.lines.filter((line) => !EXPECTED.some((event) => line.includes(`"${event}"`)))
    t.same(others, [])
  })
})
