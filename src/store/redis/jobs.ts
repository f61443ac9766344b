import type { StoredJob } from '../../job/record.js'
import { timetableOf } from '../../schedules/definition.js'
import { type ScheduleFacts, scheduleFacts } from '../../schedules/facts.js'
import { readSchedules } from '../../schedules/shelves.js'
import type { Surroundings } from '../../surroundings.js'
import type { Act, ActAnswer } from '../../verbs/acts.js'
import type { ParsedActQuery } from '../../verbs/query.js'
import type { ParsedUpdate } from '../../verbs/update.js'
import type { ListPage, ListQuery } from '../contract.js'
import type { TagCounts } from '../tags.js'
import { Acting } from './acting.js'
import { type StoredNode, type Visit, type VisitOptions, visiting } from './visit.js'

export type { LeaseState, StoredNode, VisitOptions } from './visit.js'

/**
 * What a monitor asks of a Redis that nodes share, straight and without a node. Each call has a connection of its own,
 * so there is nothing to close.
 */
export class RedisJobs {
  readonly #options: VisitOptions
  readonly #surroundings: Surroundings

  constructor(options: VisitOptions, surroundings: Surroundings) {
    this.#options = options
    this.#surroundings = surroundings
  }

  nodes(): Promise<StoredNode[]> {
    return this.#visiting((visit) => visit.nodes())
  }

  list(node: string, query: ListQuery): Promise<ListPage> {
    return this.#visiting(async (visit) => {
      await visit.mustKnow(node)
      return visit.list(node, query)
    })
  }

  /** Of each node. */
  countTagged(tag: string): Promise<TagCounts[]> {
    return this.#visiting(async (visit) => {
      const nodes = await visit.nodes()
      return Promise.all(nodes.map(({ name }) => visit.countTagged(name, tag)))
    })
  }

  /** Of all nodes. */
  schedules(): Promise<{ readonly facts: ScheduleFacts; readonly home: string }[]> {
    return this.#visiting(async (visit) => {
      const now = this.#surroundings.clock.now()
      const stored = await readSchedules({ notes: (...asked) => visit.sharedNotes(...asked) }, () => true)
      return stored.map((one) => {
        const times = timetableOf(one.definition, one.course.made)
        return { facts: scheduleFacts({ ...one, times }, now), home: one.course.home }
      })
    })
  }

  find(id: string): Promise<{ readonly node: string; readonly stored: StoredJob } | null> {
    return this.#visiting((visit) => visit.find(id))
  }

  /** `update`: goes with that act. */
  act(act: Act, id: string, update?: ParsedUpdate): Promise<ActAnswer> {
    return this.#acting(act, update, (acting) => acting.one(id))
  }

  actOnAll(act: Act, node: string, query: ParsedActQuery, update?: ParsedUpdate): Promise<number> {
    return this.#acting(act, update, (acting) => acting.all(node, query))
  }

  #visiting<T>(what: (visit: Visit) => Promise<T>): Promise<T> {
    return visiting(this.#options, this.#surroundings, what)
  }

  #acting<T>(act: Act, update: ParsedUpdate | undefined, what: (acting: Acting) => Promise<T>): Promise<T> {
    return this.#visiting(async (visit) => {
      const acting = new Acting(visit, act, update)
      try {
        return await what(acting)
      } finally {
        acting.close()
      }
    })
  }
}
