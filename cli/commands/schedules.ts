import type { Distributor, Schedule } from '../../distributor/index.js'
import { formatDuration } from '../../src/options/duration.js'
import { EXIT } from '../exit-codes.js'
import { SCHEDULES_HELP } from '../help.js'
import { type OnNode, onNode } from '../on-node.js'
import { asJson, columns, print, printable } from '../terminal.js'

/** Another node may have it, and be away. */
const WAIT = { wait: '5s' }

const ACTS: Readonly<
  Record<string, { done: string; act: (app: Distributor, id: string) => Promise<unknown> }>
> = {
  pause: { done: 'paused', act: (app, id) => app.pauseSchedule(id, WAIT) },
  resume: { done: 'resumed', act: (app, id) => app.resumeSchedule(id, WAIT) },
  run: { done: 'run', act: (app, id) => app.runSchedule(id, WAIT) },
  remove: { done: 'removed', act: (app, id) => app.unschedule(id, WAIT) },
}

/** `jr schedules`: those of all apps on a node, and what is done to one. */
export function run(argv: string[]): Promise<number> {
  const command = {
    name: 'schedules',
    help: SCHEDULES_HELP,
    most: Number.POSITIVE_INFINITY,
    belong: 'a schedule is shown and changed by the node that runs it',
  }
  return onNode(argv, command, ([verb = 'list', ...ids], flags) => {
    const json = flags.json === true
    if (verb === 'list') {
      if (ids.length > 0) throw new TypeError(`list takes no '${ids[0]}'`)
      return (app, node) => list(app, node, json)
    }
    if (!Object.hasOwn(ACTS, verb))
      throw new TypeError(`no command '${verb}'; expected list, ${Object.keys(ACTS).join(', ')}`)
    if (ids.length === 0) throw new TypeError(`${verb}: expected ids of schedules`)
    return actOn(verb, ids, json)
  })
}

function actOn(verb: string, ids: readonly string[], json: boolean): OnNode {
  return async (app, node) => {
    const { done = '', act } = ACTS[verb] ?? {}
    const met: string[] = []
    for (const id of ids) {
      if (await act?.(app, id)) met.push(id)
      else process.stderr.write(`jr schedules: node ${printable(node)} has no schedule '${printable(id)}'\n`)
    }
    print(json ? asJson({ [done]: met }) : `${met.length} ${done}`)
    return met.length === ids.length ? EXIT.ok : EXIT.failed
  }
}

async function list(app: Distributor, node: string, json: boolean): Promise<number> {
  const schedules = await app.monitor({ node }).schedules()
  if (json) return print(asJson({ node, schedules }))
  if (schedules.length === 0) return print('no schedules')
  const head = ['ID', 'WHEN', 'NAME', 'STATE', 'NEXT', 'RUNS', 'LEFT OUT', 'APP']
  return print(columns([head, ...schedules.map(rowOf)]))
}

function rowOf({ id, when, name, state, next, runs, skipped, app }: Schedule): string[] {
  const first = next[0]?.toISOString() ?? ''
  return [id, wordsOf(when), name, state, first, String(runs), String(skipped), app].map(printable)
}

function wordsOf({ cron, timezone = '', every = 0 }: Schedule['when']): string {
  if (cron !== undefined) return `${cron} ${timezone}`
  return `every ${typeof every === 'number' ? formatDuration(every * 1000) : every}`
}
