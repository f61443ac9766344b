import { PACKAGE_VERSION } from '../../src/package-version.js'
import { overviewOf } from '../overview.js'
import type { Route } from '../route.js'
import { countsByName, oldestOf, storedOf, sumOfCounts } from '../sums.js'

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
    run: async ({ reactor, query, rights }) => {
      const name = query.get('name')
      const found = await reactor.monitor().failures(name === null ? {} : { name })
      if (rights.args) return { body: found }
      return { body: { ...found, groups: found.groups.map((group) => ({ ...group, message: '' })) } }
    },
  },
  {
    method: 'GET',
    path: '/audit',
    says: 'The last changes that were made here, the newest first.',
    answers: 'AuditLog',
    run: ({ audit }) => ({ body: { changes: audit.latest } }),
  },
]
