import { pack } from '../../src/bytes/codec.js'
import type { PlainAct } from '../../src/verbs/acts.js'
import { CONTROL_VERBS } from '../../src/verbs/controls.js'
import { given, understood } from '../../src/verbs/form.js'
import type { ActQuery, JobQuery } from '../../src/verbs/query.js'
import { STATUS_VERBS } from '../../src/verbs/status.js'
import { type AnswerOf, type AskedOf, VERBS, type VerbName } from '../../src/verbs/table.js'

/** What a user may give, where more is taken than crosses. */
export type GivenTo<V extends VerbName> = V extends 'jobs'
  ? JobQuery
  : V extends `${PlainAct}-all`
    ? ActQuery
    : V extends 'update-all'
      ? ActQuery & Pick<AskedOf<'update-all'>, 'update'>
      : AskedOf<V>

export type Ask = (node: string, verb: string, body: Buffer) => Promise<unknown>

/** What is asked for, checked: a state that does not exist would be met by every job. Throws a TypeError. */
export function askedAs<V extends VerbName>(verb: V, asked: GivenTo<V> | AskedOf<V>): AskedOf<V> {
  const isQuery = !(verb in CONTROL_VERBS || verb in STATUS_VERBS || 'id' in (asked as object))
  return given(VERBS[verb].asks, asked, isQuery ? 'query' : `${verb}: `)
}

/** Asks one node, and checks what it answers. */
export async function request<V extends VerbName>(
  ask: Ask,
  node: string,
  verb: V,
  asked: GivenTo<V> | AskedOf<V>,
): Promise<AnswerOf<V>> {
  const body = pack(askedAs(verb, asked))
  return understood(VERBS[verb].answers, await ask(node, verb, body), `answer to '${verb}'`)
}
