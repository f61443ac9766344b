import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { COMMANDS, type Command, EVERYTHING, NODE, type Tested } from './commands.js'
import { Model } from './model.js'
import type { World } from './steps.js'
import { type Stores, storesWith } from './stores.js'

export interface Series {
  readonly seed: number
  readonly runs: number
  /** Where stores make their folders. */
  readonly dir: string
  /** Null: without a Redis. */
  readonly redisUrl: string | null
  /** When to give up, and to look no further for a shorter sequence that fails; 0: never. */
  readonly limitMs: number
}

/** How a series went, for people. */
export interface SeriesResult {
  readonly runs: number
  readonly commands: number
  /** Empty: all stores answered as the model does. */
  readonly failure: string
}

/** Without young jobs a level store does nothing that it does not do with few of them. */
export function kindsOf(stores: Stores): string[] {
  return Object.keys(stores).filter((kind) => kind !== 'level, nothing young')
}

/** Runs one after the other, each a sequence of commands on new stores. */
export async function runSeries({ seed, runs, dir, redisUrl, limitMs }: Series): Promise<SeriesResult> {
  const all = storesWith(redisUrl)
  let commands = 0
  const run = async (sequence: Iterable<Command>) => {
    const stores = await opened(all, dir)
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
  const limit = limitMs === 0 ? {} : { interruptAfterTimeLimit: limitMs }
  const result = await fc.check(property, { seed, numRuns: runs, ...limit })
  await last
  const { failed, numRuns, errorInstance } = result
  const why = errorInstance instanceof Error ? errorInstance.message : ''
  const again = `Again: JR_TEST_SEED=${seed} JR_TEST_RUNS=${numRuns}`
  const failure = failed ? `${fc.defaultReportMessage(result)}\n${why}\n${again}` : ''
  return { runs: numRuns, commands, failure }
}

async function opened(stores: Stores, dir: string): Promise<Tested[]> {
  const all: Tested[] = []
  for (const kind of kindsOf(stores)) {
    const made = await stores[kind]?.(mkdtempSync(join(dir, 'store-')))
    if (made === undefined) throw new Error(`no store '${kind}'`)
    const { store, reopen } = made
    const { id, epoch } = await store.open(NODE)
    all.push({ kind, store, reopen, id, epoch })
  }
  return all
}
