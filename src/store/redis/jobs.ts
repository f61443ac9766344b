import type { Surroundings } from '../../surroundings.js'
import type { ListPage, ListQuery, StoredJob } from '../contract.js'
import { Destruction } from './destruction.js'
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
      return visit.reader(node).list(query)
    })
  }

  find(id: string): Promise<{ readonly node: string; readonly stored: StoredJob } | null> {
    return this.#visiting((visit) => visit.find(id))
  }

  destroy(id: string): Promise<boolean> {
    return this.#destroying((destruction) => destruction.one(id))
  }

  destroyAll(node: string, query: Pick<ListQuery, 'state' | 'name'>): Promise<number> {
    return this.#destroying((destruction) => destruction.all(node, query))
  }

  #visiting<T>(what: (visit: Visit) => Promise<T>): Promise<T> {
    return visiting(this.#options, this.#surroundings, what)
  }

  #destroying<T>(what: (destruction: Destruction) => Promise<T>): Promise<T> {
    return this.#visiting(async (visit) => {
      const destruction = new Destruction(visit)
      try {
        return await what(destruction)
      } finally {
        destruction.close()
      }
    })
  }
}
