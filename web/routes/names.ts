import type { JobNameFacts, NodesAnswer, PauseOptions, SetBy } from '../../distributor/index.js'
import type { GivenLimits } from '../../src/job/limits.js'
import type { Call, Route } from '../route.js'
import { countsByName } from '../sums.js'

/** What became of a change on each node. */
function answerOf({ changed, unchanged, failed }: NodesAnswer) {
  const why = failed.map(({ node, error }) => ({
    node,
    code: (error as { code?: string }).code ?? 'JR_INTERNAL',
    message: error.message,
  }))
  return { body: { changed, unchanged, failed: why } }
}

interface OnNodes {
  readonly name: string
  readonly paused: 'all' | 'some' | 'none'
  readonly nodes: readonly (JobNameFacts & { readonly node: string })[]
}

async function names({ reactor }: Pick<Call, 'reactor'>) {
  const [facts, counts] = await Promise.all([reactor.names(), reactor.monitor().counts()])
  const counted = new Map(countsByName(counts).map((one) => [one.name, one]))
  const by = new Map<string, OnNodes['nodes'][number][]>()
  for (const { node, names } of facts)
    for (const one of names) by.set(one.name, [...(by.get(one.name) ?? []), { ...one, node }])
  for (const name of counted.keys()) if (!by.has(name)) by.set(name, [])
  const nodes = facts.map(({ node, paused }): { node: string; paused: SetBy | null } => ({ node, paused }))
  const all = [...by].map(([name, some]) => {
    const { name: _, ...counts } = counted.get(name) ?? { name }
    return { name, paused: pausedOn(some), counts: 'waiting' in counts ? counts : null, nodes: some }
  })
  return { nodes, names: all.sort((a, b) => (a.name < b.name ? -1 : 1)) }
}

function pausedOn(some: OnNodes['nodes']): OnNodes['paused'] {
  const paused = some.filter((one) => one.paused !== null).length
  if (paused === 0) return 'none'
  return paused === some.length ? 'all' : 'some'
}

const ON_NODE = 'on this node alone; else on all that have connected'

export const NAME_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/names',
    says: 'The names of jobs that nodes know, or have counted: limits and pauses on each node, and counts of all nodes.',
    answers: 'Names',
    run: async (call) => ({ body: await names(call) }),
  },
  ...(['pause', 'resume'] as const).map(
    (verb): Route => ({
      method: 'POST',
      path: `/names/{name}/${verb}`,
      says: verb === 'pause' ? 'Begins no job of the name, or of one of its groups.' : 'Ends such a pause.',
      body: { group: 'the jobs of this group alone', node: ON_NODE },
      answers: 'NodesAnswer',
      run: async ({ reactor, params, body }) =>
        answerOf(await reactor[verb]({ ...body, name: params.name } as PauseOptions)),
    }),
  ),
  {
    method: 'PUT',
    path: '/names/{name}/limits',
    says: 'Sets the limits of a name in place of those of its job file.',
    body: {
      limits:
        '{ concurrency, rate: { limit, per }, groupConcurrency, groupRate }; null: those of the job file',
      node: ON_NODE,
    },
    answers: 'NodesAnswer',
    run: async ({ reactor, params, body }) => {
      const { limits, node } = body as { limits?: GivenLimits | null; node?: string }
      if (limits === undefined) throw new TypeError('limits: expected an object, or null')
      return answerOf(await reactor.setLimits(params.name ?? '', limits, node === undefined ? {} : { node }))
    },
  },
]

/** Of whole nodes. */
export const PAUSE_ROUTES: readonly Route[] = (['pause', 'resume'] as const).map((verb) => ({
  method: 'POST',
  path: `/nodes/{node}/${verb}`,
  says: verb === 'pause' ? 'Begins no job on the node.' : 'Ends such a pause.',
  body: {},
  answers: 'NodesAnswer',
  run: async ({ reactor, params }: Call) => answerOf(await reactor[verb]({ node: params.node ?? '' })),
}))
