import type { NameFacts, NamesOfNode } from '../../src/verbs/controls.js'
import type { Executors } from '../executors/executors.js'
import type { Controls } from './controls.js'

/** What a node says of the names of its jobs: of one of them, or of all that it knows or for which something is set. */
export function namesOf(
  controls: Controls,
  executors: Pick<Executors, 'known' | 'definitions'>,
  only: string | undefined,
): NamesOfNode {
  const all = new Set([...executors.definitions.map(({ name }) => name), ...controls.names()])
  const meant = [...all].filter((name) => only === undefined || name === only).sort()
  const names = meant.map((name) => factsOf(name, controls, executors))
  return { paused: controls.pauseOf(null, null), names }
}

function factsOf(name: string, controls: Controls, executors: Pick<Executors, 'known'>): NameFacts {
  const definition = executors.known(name)
  const { limits: set, groups } = controls.setFor(name)
  return {
    name,
    known: definition !== undefined,
    defer: definition?.defer ?? false,
    timeoutMs: definition?.timeoutMs ?? null,
    maxAttempts: definition?.maxAttempts ?? null,
    limits: definition?.limits ?? null,
    set,
    paused: controls.pauseOf(name, null),
    groups: [...groups].map(([group, said]) => ({ group, ...said })),
  }
}
