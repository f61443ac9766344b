import { PACKAGE_VERSION } from '../../src/package-version.js'
import { overviewOf } from '../overview.js'
import type { Call, Route } from '../route.js'
import { countsByName, oldestOf, storedOf, sumOfCounts } from '../sums.js'

async function failures(call: Call) {
  const name = call.query.get('name')
  const found = await call.reactor.monitor().failures(name === null ? {} : { name })
  if (call.rights.args && call.values.redact === null) return { body: found }
  const groups = found.groups.map(async (group) => ({
    ...group,
    message: call.rights.args ? await messageShown(group.example, call) : '',
  }))
  return { body: { ...found, groups: await Promise.all(groups) } }
}

/** What the app lets be seen of the error of a job. */
async function messageShown(id: string, { reactor, show }: Call): Promise<string> {
  const job = await reactor.monitor().load(id)
  const { lastError } = job === null ? {} : show(job)
  return typeof lastError === 'string' ? lastError : ''
}

export const OVERVIEW_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '',
    says: 'Who serves this, and what the sender may do.',
    answers: 'Service',
    run: ({ reactor, rights, values, clock }) => {
      const { read, args, write, user = null } = rights
      const nodes = reactor.nodes().filter(({ status }) => status !== 'disconnected')
      return {
        body: {
          name: 'job-reactor',
          version: PACKAGE_VERSION,
          at: new Date(clock.now()),
          user,
          rights: { read, args, write },
          readOnly: values.readOnly,
          nodes: nodes.map(({ name }) => name),
        },
      }
    },
  },
  {
    method: 'GET',
    path: '/overview',
    says: 'What waits, runs and fails, how fast, and how the nodes are: all that the first page shows.',
    answers: 'Overview',
    run: async ({ reactor, clock }) => ({ body: await overviewOf(reactor, clock) }),
  },
  {
    method: 'GET',
    path: '/counts',
    says: 'What each node has counted, and all of them together.',
    answers: 'Counts',
    run: async ({ reactor }) => {
      const nodes = await reactor.monitor().counts()
      const all = sumOfCounts(nodes.map(({ all }) => all))
      return {
        body: { nodes, all, names: countsByName(nodes), stored: storedOf(nodes), oldest: oldestOf(nodes) },
      }
    },
  },
  {
    method: 'GET',
    path: '/series',
    says: 'How many jobs have completed and failed in each second of the last minute, minute of the hour, hour of the day.',
    query: { name: 'the jobs of this name alone' },
    answers: 'Series',
    run: async ({ reactor, query }) => {
      const name = query.get('name')
      return { body: await reactor.monitor().series(name === null ? {} : { name }) }
    },
  },
  {
    method: 'GET',
    path: '/failures',
    says: 'The failed jobs that are kept, grouped by name and error, the latest first.',
    query: { name: 'the jobs of this name alone' },
    answers: 'Failures',
    run: failures,
  },
  {
    method: 'GET',
    path: '/audit',
    says: 'The last changes that were made here, the newest first.',
    answers: 'AuditLog',
    run: ({ audit }) => ({ body: { changes: audit.latest } }),
  },
]
