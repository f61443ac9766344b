import { pack, unpack } from '../../bytes/codec.js'
import type { Change } from '../contract.js'
import type { Database } from './database.js'
import type { JournalEntries } from './journal.js'
import { takenKey } from './keys.js'
import type { RowBatch } from './row-batch.js'

/** Lives of distributors that are held in memory beside those whose rows are behind. */
const LIVES = 1000

interface Life {
  readonly distributor: string
  readonly instance: string
  readonly key: string
  number: number
}

/** The highest number taken from each life of a distributor. */
export class Taken {
  readonly #db: Database
  readonly #lives = new Map<string, Life>()
  /** By the group that is being built. */
  readonly #changed = new Set<Life>()
  /** Their rows say less: the journal has the numbers. */
  readonly #ahead = new Set<Life>()
  #last: Life | null = null

  constructor(db: Database) {
    this.#db = db
  }

  /** Of how many lives the rows are behind. */
  get ahead(): number {
    return this.#ahead.size
  }

  async number(distributor: string, instance: string): Promise<number> {
    const key = takenKey(distributor, instance)
    return this.#lives.get(key)?.number ?? (await this.#read(key))
  }

  /** Reads what is not known of the lives of these changes. */
  async lookUp(changes: readonly Change[]): Promise<void> {
    if (this.#lives.size > LIVES + this.#ahead.size) this.#forget()
    for (const change of changes) {
      if (change.kind === 'together') await this.lookUp(change.changes)
      if (change.kind !== 'insert' || change.number === null) continue
      const { distributor, instance } = change.job
      if (this.#isLast(distributor, instance)) continue
      const key = takenKey(distributor, instance)
      const life = this.#lives.get(key) ?? { distributor, instance, key, number: await this.#read(key) }
      this.#lives.set(key, life)
      this.#last = life
    }
  }

  take(distributor: string, instance: string, number: number): void {
    const life = this.#life(distributor, instance)
    if (life === undefined)
      throw new Error(`the life ${instance} of distributor ${distributor} was not looked up`)
    if (number > life.number) life.number = number
    this.#changed.add(life)
  }

  /** What the group has changed is told to the journal. */
  writeTo(journal: Pick<JournalEntries, 'taken'>): void {
    for (const life of this.#changed) {
      journal.taken(life.distributor, life.instance, life.number)
      this.#ahead.add(life)
    }
    this.#changed.clear()
  }

  /** Everything that rows don't have yet becomes rows. */
  writeRows(batch: RowBatch): void {
    for (const life of new Set([...this.#ahead, ...this.#changed])) batch.put(life.key, pack(life.number))
    this.#changed.clear()
    this.#ahead.clear()
  }

  /** The journal, which is being read again, has this. */
  async found(distributor: string, instance: string, number: number): Promise<void> {
    const key = takenKey(distributor, instance)
    if (number <= (this.#lives.get(key)?.number ?? (await this.#read(key)))) return
    const life = { distributor, instance, key, number }
    this.#lives.set(key, life)
    this.#ahead.add(life)
  }

  async #read(key: string): Promise<number> {
    const row = await this.#db.get(key)
    return row === undefined ? 0 : (unpack(row) as number)
  }

  /** Most jobs of a group come from one sender. */
  #isLast(distributor: string, instance: string): boolean {
    return this.#last?.instance === instance && this.#last.distributor === distributor
  }

  #life(distributor: string, instance: string): Life | undefined {
    if (!this.#isLast(distributor, instance))
      this.#last = this.#lives.get(takenKey(distributor, instance)) ?? null
    return this.#last ?? undefined
  }

  #forget(): void {
    this.#last = null
    for (const [key, life] of this.#lives) if (!this.#ahead.has(life)) this.#lives.delete(key)
  }
}
