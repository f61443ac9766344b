import type { Distributor } from '../../distributor/index.js'
import { systemClock } from '../../src/clock.js'
import { toJson } from '../../src/to-json.js'
import { EXIT } from '../exit-codes.js'
import { TOP_HELP } from '../help-running.js'
import { onNode } from '../on-node.js'
import { screenOf, snapshot } from '../screen.js'
import { untilStopped } from '../signals.js'
import { cut, paintFor, print } from '../terminal.js'

const EVERY_MS = 1000
/** The other screen of a terminal, without a cursor; and back. */
const ENTER = '\x1b[?1049h\x1b[?25l'
const LEAVE = '\x1b[?25h\x1b[?1049l'

/** `jr top`: the same as `jr status`, again each second. */
export function run(argv: string[]): Promise<number> {
  const belong = 'ask the nodes'
  return onNode(
    argv,
    { name: 'top', help: TOP_HELP, most: 0, belong, several: true },
    (_, flags) => (app) => (flags.json === true ? lines(app) : process.stdout.isTTY ? live(app) : once(app)),
  )
}

async function once(app: Distributor): Promise<number> {
  return print(screenOf(await snapshot(app), paintFor(process.stdout)))
}

/** One JSON value a line, until it is stopped. */
async function lines(app: Distributor): Promise<number> {
  const end = untilEnd()
  for (;;) {
    print(toJson(await snapshot(app)))
    if (await end.within(EVERY_MS)) return EXIT.ok
  }
}

async function live(app: Distributor): Promise<number> {
  const { stdout, stdin } = process
  const end = untilEnd()
  const keys = (key: Buffer) => {
    // q, Ctrl-C, Escape.
    if (['q', '\x03', '\x1b'].includes(key.toString())) end.stop()
  }
  stdout.write(ENTER)
  if (stdin.isTTY) stdin.setRawMode(true).on('data', keys)
  try {
    for (;;) {
      const shot = await Promise.race([snapshot(app), end.over])
      if (shot === null) return EXIT.ok
      const text = screenOf(shot, paintFor(stdout))
      const rows = [`${new Date(systemClock.now()).toISOString()}   q ends`, '', ...text.split('\n')]
      const shown = rows
        .slice(0, Math.max(3, stdout.rows - 1))
        .map((row) => `${cut(row, stdout.columns)}\x1b[K`)
      stdout.write(`\x1b[H${shown.join('\n')}\x1b[J`)
      if (await end.within(EVERY_MS)) return EXIT.ok
    }
  } finally {
    stdout.write(LEAVE)
    if (stdin.isTTY) stdin.setRawMode(false).off('data', keys).pause()
  }
}

/** Ends at the first INT or TERM, or when somebody calls `stop`. */
function untilEnd(): { stop(): void; readonly over: Promise<null>; within(ms: number): Promise<boolean> } {
  let stop = () => {}
  const asked = new Promise<void>((resolve) => {
    stop = resolve
  })
  const over = Promise.race([untilStopped(), asked]).then(() => null)
  const within = (ms: number) =>
    new Promise<boolean>((resolve) => {
      const timer = systemClock.setTimer(ms, () => resolve(false))
      over.then(() => {
        timer.cancel()
        resolve(true)
      })
    })
  return { stop, over, within }
}
