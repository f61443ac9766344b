import type { BrowserContext, Page } from 'playwright-core'
import t from 'tap'
import { webHandler } from '#dist/web/index.js'
import { startApp, startNode, toApp, until } from '../system/harness.js'
import { faultsOf, listenTo, startChromium, withoutChromium } from './chromium.js'
import { serve } from './server.js'

const FAILED = 10_000
const PAGES = [
  '',
  'names',
  'jobs',
  'jobs/later',
  'jobs/odd',
  'failures',
  'schedules',
  'flows',
  'flows/f1',
  'nodes',
  'system',
  'none',
]
/** What has colours of its own: the others have the same. JR_TEST_ALL=1: all of them. */
const IN_DARK = process.env.JR_TEST_ALL === undefined ? ['', 'jobs', 'jobs/later', 'nodes'] : PAGES
const PHONE = { width: 360, height: 740 }
const DESK = { width: 1280, height: 900 }
const TOKEN = 'a-token-of-some-length'

t.test('the dashboard in a browser', { skip: withoutChromium, timeout: 200_000 }, async (t) => {
  const { app, address } = await startApp(t, { name: 'shop' })
  await startNode(t, 'n1', [...toApp(address), '--max-attempts', '1', '--store', 'memory'])
  await app.ready
  const web = webHandler(app)
  t.teardown(() => web.stop())
  const { port } = await serve(t, web)
  const base = `http://127.0.0.1:${port}/`
  const browser = await startChromium(t)
  const said: string[] = []
  const open = async (
    options: Parameters<typeof browser.newContext>[0] = {},
  ): Promise<{ page: Page; context: BrowserContext }> => {
    const context = await browser.newContext({ viewport: DESK, ...options })
    const page = await context.newPage()
    page.setDefaultTimeout(20_000)
    listenTo(page, said)
    return { page, context }
  }

  const failing = app.enqueueMany(
    'fails_without',
    Array.from({ length: FAILED }, (_, i) => ({ order: i })),
  )
  app.enqueue('fails', {}, { id: 'odd' })
  app.enqueue('echo', { value: 'as it was' }, { id: 'later', after: 3600 })
  await app.schedule('nightly', { cron: '0 3 * * *', timezone: 'Europe/Vienna' }, 'echo')
  const flow = app.flow({
    id: 'f1',
    jobs: { first: { name: 'waits' }, second: { name: 'echo', args: { value: 1 }, needs: ['first'] } },
  })
  await flow.accepted
  await failing.accepted
  await until(async () => (await app.monitor().failures()).looked === FAILED + 1)

  const { page } = await open()

  await t.test('a failed job among many is found, and all like it are retried', async (t) => {
    await page.goto(`${base}jobs?state=failed`)
    await page.getByLabel('Name', { exact: true }).fill('fails')
    await page.getByRole('button', { name: 'Find' }).click()
    await page.getByRole('link', { name: 'odd' }).click()
    await page.getByRole('heading', { name: /fails odd/ }).waitFor()
    t.match(await page.locator('.trouble').first().innerText(), /\w/, 'why it failed is there')
    await page.getByRole('link', { name: 'Failures' }).click()
    await page.getByRole('button', { name: 'Retry all of fails_without like it' }).first().click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('heading', { name: 'Retry 10,000 failed jobs of fails_without' }).waitFor()
    await dialog.getByRole('button', { name: 'Retry 10,000' }).click()
    await page.getByText('10,000 retried').waitFor()
  })

  await t.test('a name is paused, and its jobs wait for that', async () => {
    await page.goto(`${base}names`)
    await page.getByRole('button', { name: 'Pause echo' }).click()
    await page.getByText('echo is paused').waitFor()
    app.enqueue('echo', { value: 2 }, { id: 'held' })
    await page.goto(`${base}jobs?name=echo&state=available`)
    await page.getByRole('cell', { name: /paused by shop/ }).waitFor()
    await page.goto(`${base}names`)
    await page.getByRole('button', { name: 'Resume echo' }).click()
    await page.getByText('echo goes on').waitFor()
  })

  await t.test('a waiting job is edited, and another one is enqueued like it', async (t) => {
    await page.goto(`${base}jobs/later`)
    await page.getByRole('button', { name: 'Edit' }).click()
    await page.getByLabel('Args (JSON)').fill('{ "value": ')
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByRole('dialog').getByRole('alert').waitFor()
    await page.getByLabel('Args (JSON)').fill('{ "value": "as it is" }')
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText('It has other args').waitFor()
    t.same((await app.monitor().load('later'))?.args, { value: 'as it is' })
    await page.getByLabel('Args', { exact: true }).getByText('as it is').waitFor()
    await page.getByRole('button', { name: 'Enqueue again' }).click()
    await page.getByLabel('Options (JSON)').fill('{ "id": "again", "after": 3600 }')
    await page.getByRole('dialog').getByRole('button', { name: 'Enqueue' }).click()
    await page.getByText('again', { exact: true }).waitFor()
    t.same((await app.monitor().load('again'))?.args, { value: 'as it is' })
  })

  await t.test('the number of children is changed, and seen', async () => {
    await page.goto(`${base}nodes`)
    await page.getByRole('button', { name: 'Number of children' }).click()
    await page.getByLabel(/Evented/).fill('3')
    await page.getByRole('button', { name: 'Set' }).click()
    await page.getByText('n1 has 3 evented and 0 deferred children').waitFor()
    const evented = page.getByRole('cell', { name: 'evented', exact: true })
    await evented.nth(2).waitFor()
  })

  await t.test('a flow is followed as it goes on', async () => {
    await page.goto(`${base}flows`)
    await page.getByRole('link', { name: 'f1' }).click()
    await page.getByText('blocked').first().waitFor()
    await flow.jobs.first.cancel()
    await page
      .getByText(/no connected node has a flow 'f1' that has not ended|failed/)
      .first()
      .waitFor()
  })

  await t.test('keys, and a theme that is kept', async (t) => {
    await page.goto(base)
    await page.getByText('● live').waitFor()
    await page.keyboard.press('?')
    await page.getByRole('dialog').waitFor()
    await page.keyboard.press('Escape')
    await page.locator('dialog').waitFor({ state: 'detached' })
    await page.keyboard.press('/')
    await page.locator('input[name="text"]:focus').waitFor()
    await page.getByLabel('Colours').selectOption('dark')
    await page.reload()
    t.equal(await page.evaluate('document.documentElement.dataset.theme'), 'dark')
    await page.getByLabel('Colours').selectOption('auto')
  })

  await t.test(
    'no page breaks its policy, says something on the console, or shuts somebody out',
    async (t) => {
      app.flow({
        id: 'f1',
        jobs: { first: { name: 'waits' }, second: { name: 'echo', args: { value: 1 }, needs: ['first'] } },
      })
      for (const path of PAGES) {
        await page.goto(base + path)
        await page.getByText('● live').waitFor()
      }
      // What looks for faults is put into the page, which its policy forbids.
      for (const colorScheme of ['light', 'dark'] as const) {
        const { page, context } = await open({ colorScheme, bypassCSP: true })
        for (const path of colorScheme === 'light' ? PAGES : IN_DARK) {
          await page.goto(base + path)
          await page.getByRole('heading', { level: 1 }).waitFor()
          await page.getByText('● live').waitFor()
          const found = await faultsOf(page, colorScheme === 'light' ? null : ['color-contrast'])
          t.same(found, [], `${colorScheme} /${path}`)
          await page.setViewportSize(PHONE)
          const wide = await page.evaluate<number>('document.documentElement.scrollWidth')
          t.ok(wide <= PHONE.width, `/${path} is ${wide} wide on a phone`)
          await page.setViewportSize(DESK)
        }
        await context.close()
      }
    },
  )

  await t.test('a token, rights, and a server that goes away', async (t) => {
    const locked = webHandler(app, { token: TOKEN })
    const server = await serve(t, locked)
    const { page } = await open()
    await page.goto(`http://127.0.0.1:${server.port}/jobs`)
    await page.getByLabel('Token').fill('a-wrong-token-of-some-length')
    await page.getByRole('button', { name: 'Go on' }).click()
    await page.getByText('That is not the token').waitFor()
    await page.getByLabel('Token').fill(TOKEN)
    await page.getByRole('button', { name: 'Go on' }).click()
    await page.getByRole('heading', { name: 'Jobs' }).waitFor()
    await page.getByText('● live').waitFor()
    await locked.stop()
    await page.getByText(/the server is away/).waitFor()
    const looking = webHandler(app, { authorize: () => ({ read: true, args: false, write: false }) })
    t.teardown(() => looking.stop())
    const other = await serve(t, looking)
    await page.goto(`http://127.0.0.1:${other.port}/jobs/later`)
    await page.getByText('you have no right to see them').waitFor()
    t.equal(await page.getByRole('button').count(), 1, 'none but the one that skips to the page')
  })

  t.same(said, [], 'nothing was said on the console')
})
