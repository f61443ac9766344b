import type { Distributor } from '../../distributor/index.js'
import { sleep, systemClock } from '../../src/clock.js'
import { parseDurationMs } from '../../src/options/duration.js'
import { EXIT } from '../exit-codes.js'
import { DRAIN_HELP } from '../help-running.js'
import { onNode } from '../on-node.js'
import { Progress } from '../progress.js'
import { untilStopped } from '../signals.js'
import { asJson, print, printable } from '../terminal.js'

const LOOK_MS = 250
/** Those that wait for a time, and not for room. */
const LATER = ['scheduled', 'retryable'] as const

/** `jr drain`: a node takes no new jobs; waits until it has none. */
export function run(argv: string[]): Promise<number> {
  const command = {
    name: 'drain',
    help: DRAIN_HELP,
    most: 0,
    belong: 'with Redis, stop the node: others take over what waits',
    extra: [
      { name: 'timeout', type: 'string' },
      { name: 'off', type: 'boolean' },
      { name: 'no-wait', type: 'boolean' },
    ],
  } as const
  return onNode(argv, command, (_, flags) => {
    const json = flags.json === true
    if (flags.off === true) return (app, node) => end(app, node, json)
    const timeoutMs =
      typeof flags.timeout === 'string'
        ? parseDurationMs(flags.timeout, 'flag --timeout')
        : Number.POSITIVE_INFINITY
    const wait = flags['no-wait'] === true ? 0 : timeoutMs
    return (app, node) => drain(app, node, wait, json)
  })
}

async function end(app: Distributor, node: string, json: boolean): Promise<number> {
  const changed = await app.monitor({ node }).drain(false)
  print(
    json
      ? asJson({ node, changed })
      : `node ${printable(node)} ${changed ? 'takes jobs again' : 'was not draining'}`,
  )
  return changed ? EXIT.ok : EXIT.failed
}

async function drain(app: Distributor, node: string, timeoutMs: number, json: boolean): Promise<number> {
  const monitor = app.monitor({ node })
  await monitor.drain(true)
  const until = systemClock.mono() + timeoutMs
  const progress = new Progress(process.stderr)
  const leftNow = async () => {
    const { waiting, running } = (await monitor.counts()).stored
    return waiting + running
  }
  const first = await leftNow()
  let left = first
  let isStopped = false
  untilStopped().then(() => {
    isStopped = true
  })
  while (left > 0 && !isStopped && systemClock.mono() < until) {
    progress.update(Math.max(0, first - left), first, `${left} left`)
    await sleep(systemClock, LOOK_MS)
    left = await leftNow()
  }
  progress.end()
  const later = left === 0 ? [] : (await monitor.jobsFor({ state: LATER, limit: 20 })).jobs
  if (json)
    return answer(left, asJson({ node, left, later: later.map(({ id, name, due }) => ({ id, name, due })) }))
  if (left === 0) return answer(0, `node ${printable(node)} is empty`)
  const rows = later.map(
    ({ id, name, due }) => `  ${printable(name)} ${printable(id)}, due ${due.toISOString()}`,
  )
  const words = `node ${printable(node)} has ${left} jobs left, and takes no new ones (jr drain --off ends that)`
  return answer(left, [words, ...(rows.length === 0 ? [] : ['Some wait for a time:', ...rows])].join('\n'))
}

function answer(left: number, text: string): number {
  print(text)
  return left === 0 ? EXIT.ok : EXIT.failed
}
