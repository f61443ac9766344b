import { pack } from '../../src/bytes/codec.js'
import { CONTROL_VERBS } from '../../src/verbs/controls.js'
import { given, understood } from '../../src/verbs/form.js'
import { type AnswerOf, type AskedOf, VERBS, type VerbName } from '../../src/verbs/table.js'

export type Ask = (node: string, verb: string, body: Buffer) => Promise<unknown>

/** What is asked for, checked: a state that does not exist would be met by every job. Throws a TypeError. */
export function askedAs<V extends VerbName>(verb: V, asked: AskedOf<V>): AskedOf<V> {
  const isQuery = !('id' in asked || verb in CONTROL_VERBS)
  return given(VERBS[verb].asks, asked, isQuery ? 'query' : `${verb}: `)
}

/** Asks one node, and checks what it answers. */
export async function request<V extends VerbName>(
  ask: Ask,
  node: string,
  verb: V,
  asked: AskedOf<V>,
): Promise<AnswerOf<V>> {
  const body = pack(askedAs(verb, asked))
  return understood(VERBS[verb].answers, await ask(node, verb, body), `answer to '${verb}'`)
}
