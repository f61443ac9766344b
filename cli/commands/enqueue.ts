import type { Distributor, JobHandle } from '../../distributor/index.js'
import { acceptedWithin } from '../../distributor/told/accepting.js'
import { systemClock } from '../../src/clock.js'
import type { EnqueueOptions } from '../../src/job/enqueue-options.js'
import type { JobArgs } from '../../src/job/types.js'
import { parseDurationMs } from '../../src/options/duration.js'
import { EXIT } from '../exit-codes.js'
import { ENQUEUE_HELP } from '../help-running.js'
import { onNode } from '../on-node.js'
import { asJson, print, printable } from '../terminal.js'

/** A job that no node takes is not waited for. */
const ACCEPT_MS = 10_000

/** `jr enqueue`: enqueues a job, and waits for its result if it is asked to. */
export function run(argv: string[]): Promise<number> {
  const command = {
    name: 'enqueue',
    help: ENQUEUE_HELP,
    most: 2,
    belong: 'a job is given to a node',
    several: true,
    extra: [
      { name: 'opts', type: 'string' },
      { name: 'wait', type: 'boolean' },
      { name: 'timeout', type: 'string' },
    ],
  } as const
  return onNode(argv, command, ([name, json], flags) => {
    if (name === undefined) throw new TypeError('expected the name of a job')
    const args = objectOf(json ?? '{}', 'the args')
    const opts = objectOf(typeof flags.opts === 'string' ? flags.opts : '{}', 'flag --opts')
    const wait = flags.wait === true
    const timeout =
      typeof flags.timeout === 'string'
        ? parseDurationMs(flags.timeout, 'flag --timeout')
        : Number.POSITIVE_INFINITY
    return (app) => enqueue(app, name, args, opts, wait ? timeout : null, flags.json === true)
  })
}

async function enqueue(
  app: Distributor,
  name: string,
  args: JobArgs,
  opts: EnqueueOptions,
  timeout: number | null,
  json: boolean,
): Promise<number> {
  const handle = app.enqueue(name, args, opts)
  const acceptMs = Math.min(timeout ?? Number.POSITIVE_INFINITY, ACCEPT_MS)
  await acceptedWithin(handle, acceptMs, 'the job', systemClock)
  if (timeout === null) return print(json ? asJson({ id: handle.id }) : printable(handle.id))
  return ended(handle, timeout, json)
}

async function ended(handle: JobHandle, timeout: number, json: boolean): Promise<number> {
  const { id } = handle
  try {
    const result = await handle.result({ timeout })
    return print(json ? asJson({ id, result }) : asJson(result))
  } catch (error) {
    const { message, code = '' } = error as Error & { readonly code?: string }
    if (json) print(asJson({ id, error: { code, message } }))
    else
      process.stderr.write(
        `jr enqueue: job ${printable(id)}: ${printable(message)}${code === '' ? '' : ` (${code})`}\n`,
      )
    return EXIT.failed
  }
}

function objectOf(text: string, what: string): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new TypeError(`${what}: expected an object in JSON, got '${text}': ${(error as Error).message}`)
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value }
  throw new TypeError(`${what}: expected an object in JSON, such as '{"file":"cat.png"}', got '${text}'`)
}
