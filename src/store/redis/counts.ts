import type { TerminalState } from '../../job/states.js'
import type { Counts } from '../contract.js'
import type { Argument } from './client.js'
import { endedRange, type NodeKeys } from './keys.js'

/** `call`: asks Redis. */
export async function countsOf(
  keys: NodeKeys,
  call: (command: string, ...args: Argument[]) => Promise<unknown>,
): Promise<Counts> {
  const ended = (state: TerminalState) => {
    const { min, max } = endedRange(state)
    return call('ZLEXCOUNT', keys.ended, min, max)
  }
  const answers = await Promise.all([
    call('ZCARD', keys.waiting),
    call('HLEN', keys.running),
    ended('completed'),
    ended('failed'),
    ended('cancelled'),
    call('ZCARD', keys.outcomes),
  ])
  const [waiting = 0, running = 0, completed = 0, failed = 0, cancelled = 0, outcomes = 0] =
    answers.map(Number)
  return { waiting, running, completed, failed, cancelled, outcomes }
}
