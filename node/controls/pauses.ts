import type { Pausable, Said } from '../../src/verbs/controls.js'

/** What a pause is of: null is the node, a group of null is the whole name. */
export type Paused = { readonly name: string; readonly group: string | null } | null

/** What is paused now. */
export class Pauses {
  readonly #names = new Map<string, Said>()
  readonly #groups = new Map<string, Map<string, Said>>()
  #node: Said | null = null
  /** Of the node too, but of this process alone, and not kept. */
  process: Said | null = null

  /** Of the whole node. */
  get node(): Said | null {
    return this.#node ?? this.process
  }

  /** Those that are paused, or of which a group is. */
  get names(): readonly string[] {
    return [...this.#names.keys(), ...this.#groups.keys()]
  }

  /** The paused groups of a name. */
  groupsOf(name: string): ReadonlyMap<string, Said> {
    return this.#groups.get(name) ?? NONE
  }

  /** Kept ones. */
  get(what: Paused): Said | undefined {
    return what === null ? (this.#node ?? undefined) : this.of(what.name, what.group)
  }

  /** Of a group, or with null of the name itself. */
  of(name: string, group: string | null): Said | undefined {
    return group === null ? this.#names.get(name) : this.#groups.get(name)?.get(group)
  }

  put(what: Paused, said: Said): void {
    if (what === null) this.#node = said
    else if (what.group === null) this.#names.set(what.name, said)
    else {
      const groups = this.#groups.get(what.name) ?? new Map<string, Said>()
      this.#groups.set(what.name, groups.set(what.group, said))
    }
  }

  drop(what: Paused): void {
    if (what === null) this.#node = null
    else if (what.group === null) this.#names.delete(what.name)
    else {
      const groups = this.#groups.get(what.name)
      groups?.delete(what.group)
      if (groups?.size === 0) this.#groups.delete(what.name)
    }
  }
}

const NONE: ReadonlyMap<string, Said> = new Map()

export function pausedBy({ name, group }: Pausable): Paused {
  return name === undefined ? null : { name, group: group ?? null }
}
