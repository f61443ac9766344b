import type { AnswerOf } from '../../src/verbs/table.js'
import { type Ask, request } from '../monitor/request.js'
import { type Schedule, scheduleOf } from './schedule.js'

/** All schedules of a node, or those of one app. */
export async function listOf(ask: Ask, node: string, app?: string): Promise<Schedule[]> {
  const found: Schedule[] = []
  for (let after: string | null | undefined; after !== null; ) {
    const page: AnswerOf<'schedules'> = await request(ask, node, 'schedules', { app, after })
    found.push(...page.schedules.map((facts) => scheduleOf(facts, node)))
    after = page.next
  }
  return found
}
