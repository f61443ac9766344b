import { existsSync, readFileSync } from 'node:fs'
import { type Browser, chromium, type Page } from 'playwright-core'
import type { Test } from 'tap'
import { skipFor } from '../required.js'

const CHROMIUM = '/usr/bin/chromium'
/** A browser that calls nobody by itself. */
const ARGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]
const AXE = readFileSync('node_modules/axe-core/axe.min.js', 'utf8')

/** For the `skip` of a test that needs the browser. */
export const withoutChromium = skipFor(
  'chromium',
  !existsSync(CHROMIUM) && 'no chromium here (apt-get install chromium)',
)

/** A browser that is closed with the test. */
export async function startChromium(t: Test): Promise<Browser> {
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ARGS })
  t.teardown(() => browser.close())
  return browser
}

/** What pages say on their consoles and throw, into `said`. What the browser itself says of an answer that is no success is left out. */
export function listenTo(page: Page, said: string[]): void {
  page.on('console', (line) => {
    if (!/Failed to load resource/.test(line.text())) said.push(line.text())
  })
  page.on('pageerror', (error) => said.push(String(error)))
}

/**
 * What of a page shuts somebody out: serious and critical findings, of all rules or of these alone. It is put into the page, whose
 * policy forbids that: the context needs `bypassCSP`.
 */
export async function faultsOf(page: Page, rules: readonly string[] | null = null): Promise<string[]> {
  await page.evaluate(AXE)
  return page.evaluate(async (rules) => {
    const { axe } = globalThis as never as {
      axe: {
        run(of: object): Promise<{ violations: { id: string; impact: string; nodes: { html: string }[] }[] }>
      }
    }
    const { violations } = await axe.run(rules === null ? {} : { runOnly: rules })
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)
  }, rules)
}
