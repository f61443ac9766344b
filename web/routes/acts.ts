import { JrError } from '../../src/errors.js'
import { messageOf } from '../../src/thrown.js'
import { ACTS, type Act, isAct } from '../../src/verbs/acts.js'
import type { JobUpdate } from '../../src/verbs/update.js'
import { checkText, filterOfBody } from '../filters.js'
import { connectedNodes } from '../nodes.js'
import { notFound } from '../problem.js'
import type { Call, Route } from '../route.js'

/** Jobs of a selection. */
const MOST_IDS = 1000

interface Failed {
  readonly id?: string
  readonly node?: string
  readonly code: string
  readonly message: string
}

/** To all jobs that a query meets, or to those of a selection. */
async function act({ reactor, params, body, rights, values }: Call) {
  const { act = '' } = params
  if (!isAct(act)) throw notFound(`no act '${act}'; known: ${Object.keys(ACTS).join(', ')}`)
  const { query, ids, node, dryRun = false, update, all = false } = body
  if (typeof dryRun !== 'boolean') throw new TypeError('dryRun: expected true or false')
  if ((act === 'update') !== (update !== undefined))
    throw new TypeError(
      `update: expected ${act === 'update' ? '{ args, opts }' : 'nothing: the act is no update'}`,
    )
  const what = update as JobUpdate
  if (ids !== undefined) {
    if (query !== undefined || node !== undefined || dryRun)
      throw new TypeError('ids: expected nothing beside it: the jobs are known')
    return { body: { act, dryRun, ...(await toEach(reactor, act, idsOf(ids), what)) } }
  }
  const filter = filterOfBody(query)
  checkText(filter, rights, values)
  if (node !== undefined && typeof node !== 'string') throw new TypeError('node: expected the name of a node')
  if (Object.keys(filter).length === 0 && node === undefined && all !== true)
    throw new TypeError('query: expected which jobs are meant; for all of them, all: true')
  const nodes = node === undefined ? connectedNodes(reactor) : [node]
  const failed: Failed[] = []
  let count = 0
  await Promise.all(
    nodes.map(async (name) => {
      const monitor = reactor.monitor({ node: name })
      try {
        count +=
          act === 'update'
            ? await monitor.updateAll({ ...filter, dryRun }, what)
            : await monitor[`${act}All`]({ ...filter, dryRun })
      } catch (error) {
        failed.push({ node: name, ...whyOf(error) })
      }
    }),
  )
  return { body: { act, dryRun, count, failed } }
}

async function toEach(reactor: Call['reactor'], act: Act, ids: readonly string[], update: JobUpdate) {
  const monitor = reactor.monitor()
  const failed: Failed[] = []
  let count = 0
  // One after the other: a selection is as long as a person has marked it.
  for (const id of ids) {
    try {
      if (await (act === 'update' ? monitor.update(id, update) : monitor[act](id))) count++
      else failed.push({ id, code: 'JR_NOT_FOUND', message: 'no connected node has it' })
    } catch (error) {
      if (error instanceof TypeError) throw error
      failed.push({ id, ...whyOf(error) })
    }
  }
  return { count, failed }
}

function whyOf(error: unknown): { readonly code: string; readonly message: string } {
  if (error instanceof TypeError) throw error
  return { code: error instanceof JrError ? error.code : 'JR_INTERNAL', message: messageOf(error) }
}

function idsOf(ids: unknown): readonly string[] {
  if (Array.isArray(ids) && ids.length <= MOST_IDS && ids.every((id) => typeof id === 'string')) return ids
  throw new TypeError(`ids: expected a list of at most ${MOST_IDS} ids`)
}

export const ACT_ROUTES: readonly Route[] = [
  {
    method: 'POST',
    path: '/actions/{act}',
    says: `Does something to all jobs that a query meets, or to those of a selection: ${Object.keys(ACTS).join(', ')}.`,
    body: {
      query: 'which jobs: the fields of the query string of GET /jobs, in JSON',
      node: 'the jobs of this node alone',
      all: 'true: all jobs, where query has nothing',
      ids: `in place of a query, at most ${MOST_IDS}`,
      dryRun: 'true: change nothing, and count how many jobs are meant',
      update: 'of the act update: { args, opts }',
    },
    answers: 'Acted',
    run: act,
  },
]
