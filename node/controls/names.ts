import type { JobRecord } from '../../src/job/record.js'
import type { NameFacts, NamesOfNode } from '../../src/verbs/controls.js'
import type { Executors } from '../executors/executors.js'
import type { Controls } from './controls.js'

/** What a node says of the names of its jobs: of one of them, or of all that it knows or for which something is set. */
export function namesOf(
  controls: Controls,
  executors: Pick<Executors, 'known' | 'definitions'>,
  running: Iterable<Pick<JobRecord, 'name'>>,
  only: string | undefined,
): NamesOfNode {
  const counts = new Map<string, number>()
  for (const { name } of running) counts.set(name, (counts.get(name) ?? 0) + 1)
  const all = new Set([...executors.definitions.map(({ name }) => name), ...controls.names()])
  const meant = [...all].filter((name) => only === undefined || name === only).sort()
  const names = meant.map((name) => factsOf(name, counts.get(name) ?? 0, controls, executors))
  return { paused: controls.pauseOf(null, null), names }
}

function factsOf(
  name: string,
  running: number,
  controls: Controls,
  executors: Pick<Executors, 'known'>,
): NameFacts {
  const definition = executors.known(name)
  const { limits: set, groups } = controls.setFor(name)
  return {
    name,
    known: definition !== undefined,
    defer: definition?.defer ?? false,
    timeoutMs: definition?.timeoutMs ?? null,
    maxAttempts: definition?.maxAttempts ?? null,
    running,
    limits: definition?.limits ?? null,
    set,
    paused: controls.pauseOf(name, null),
    groups: [...groups].map(([group, said]) => ({ group, ...said })),
  }
}
