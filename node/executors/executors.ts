import type { JobDefinition } from '../../src/job/definition.js'
import type { Executor, Slots } from './executor.js'

/** A job, and those that can run it. The first of them says what holds for it. */
export interface Known {
  readonly definition: JobDefinition
  readonly by: readonly Executor[]
}

/** The executors of a node, and whose names are whose. */
export class Executors {
  readonly #all: readonly Executor[]
  #known: ReadonlyMap<string, Known> = new Map()

  constructor(all: readonly Executor[]) {
    this.#all = all
    this.learn()
  }

  /** Call when one of them can run other jobs than before. */
  learn(): void {
    const known = new Map<string, { definition: JobDefinition; by: Executor[] }>()
    for (const executor of this.#all) {
      for (const [name, definition] of executor.jobs) {
        const one = known.get(name)
        if (one === undefined) known.set(name, { definition, by: [executor] })
        else one.by.push(executor)
      }
    }
    this.#known = known
  }

  get definitions(): JobDefinition[] {
    return [...this.#known.values()].map(({ definition }) => definition)
  }

  find(name: string): Known | undefined {
    return this.#known.get(name)
  }

  known(name: string): JobDefinition | undefined {
    return this.#known.get(name)?.definition
  }

  get slots(): Slots {
    let evented = 0
    let deferred = 0
    for (const { slots } of this.#all) {
      evented += slots.evented
      deferred += slots.deferred
    }
    return { evented, deferred }
  }

  /** Whether any of them takes another attempt. */
  hasRoom(deferred: boolean): boolean {
    return free(this.#all, deferred, false) !== null
  }

  hold(on: boolean): void {
    for (const executor of this.#all) executor.hold(on)
  }

  async stop(timeoutMs: number): Promise<void> {
    await Promise.all(this.#all.map((executor) => executor.stop(timeoutMs)))
  }
}

/** The first of them that takes another attempt. */
export function free(executors: readonly Executor[], deferred: boolean, alone: boolean): Executor | null {
  for (const executor of executors) if (executor.hasRoom(deferred, alone)) return executor
  return null
}
