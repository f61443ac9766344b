import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { COMMANDS, type Command, EVERYTHING, NODE, type Tested, type World } from './commands.js'
import { Model } from './model.js'
import { STORES } from './stores.js'

/** Without young jobs a level store does nothing that it does not do with few of them. */
const KINDS = Object.keys(STORES).filter((kind) => kind !== 'level, nothing young')
const RUNS = Number(process.env.JR_TEST_RUNS ?? 1000)
/** With a number of its own it takes what that takes; else the time that a test may take. */
const TIME_MS = process.env.JR_TEST_RUNS === undefined ? 20_000 : 0
const SEED = Number(process.env.JR_TEST_SEED ?? Date.now() % 1_000_000)
/** A run mostly waits for files to be opened and closed, so some go side by side: each a series with a seed of its own, and the only one when that is given. */
const SERIES = process.env.JR_TEST_SEED === undefined ? 4 : 1
/** What survives here is tested elsewhere: a disk of memory will do. */
const BASE = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()

async function opened(dir: string): Promise<Tested[]> {
  const all: Tested[] = []
  for (const kind of KINDS) {
    const made = await STORES[kind]?.(mkdtempSync(join(dir, 'store-')))
    if (made === undefined) throw new Error(`no store '${kind}'`)
    const { store, reopen } = made
    const { id, epoch } = await store.open(NODE)
    all.push({ kind, store, reopen, id, epoch })
  }
  return all
}

/** A series of runs, each a sequence of commands on new stores. Answers how it went, for people. */
async function series(seed: number, numRuns: number, dir: string) {
  let commands = 0
  const run = async (sequence: Iterable<Command>) => {
    const stores = await opened(dir)
    const world: World = { model: new Model(), places: [], told: [], seq: 0 }
    try {
      await fc.asyncModelRun(() => ({ model: world, real: stores }), sequence)
      for (const command of EVERYTHING) await command.run(world, stores)
      for (const _ of sequence) commands++
    } finally {
      for (const { store } of stores) await store.close()
    }
  }
  // When the time is over the last run is not waited for: it must not go on without its folder.
  let last: Promise<unknown> = Promise.resolve()
  const property = fc.asyncProperty(
    fc.commands(COMMANDS, { maxCommands: 30, size: '+1' }),
    async (sequence) => {
      const running = run(sequence)
      last = running.catch(() => {})
      await running
    },
  )
  const limit = TIME_MS === 0 ? {} : { interruptAfterTimeLimit: TIME_MS }
  const result = await fc.check(property, { seed, numRuns, ...limit })
  await last
  const { failed, numRuns: runs, errorInstance } = result
  const why = errorInstance instanceof Error ? errorInstance.message : ''
  const again = `Again: JR_TEST_SEED=${seed} JR_TEST_RUNS=${runs}`
  return {
    failed,
    runs,
    commands,
    text: failed ? `${fc.defaultReportMessage(result)}\n${why}\n${again}` : '',
  }
}

t.test(`${KINDS.join('; ')} answer as the model does (seed ${SEED})`, async (t) => {
  t.setTimeout(240_000 + RUNS * 100)
  const dir = mkdtempSync(join(BASE, 'jr-model-'))
  t.teardown(() => rmSync(dir, { recursive: true, force: true }))
  const all = await Promise.all(
    Array.from({ length: SERIES }, (_, i) => series(SEED + i, Math.ceil(RUNS / SERIES), dir)),
  )
  for (const { failed, text } of all) if (failed) t.fail(text)
  const total = (of: 'runs' | 'commands') => all.reduce((sum, one) => sum + one[of], 0)
  t.comment(`${total('runs')} runs (of ${RUNS}; JR_TEST_RUNS), ${total('commands')} commands`)
  t.ok(total('commands') > 0)
})
