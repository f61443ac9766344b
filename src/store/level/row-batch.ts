import { type Database, withSum } from './database.js'

type Batch = ReturnType<Database['batch']>

/** Changes of rows that LevelDB is given as one. Most groups change none, and then there is no batch. */
export class RowBatch {
  readonly #db: Pick<Database, 'batch'>
  #batch: Batch | null = null

  constructor(db: Pick<Database, 'batch'>) {
    this.#db = db
  }

  get isEmpty(): boolean {
    return this.#batch === null
  }

  put(key: string, row: Buffer): this {
    this.#begun().put(key, withSum(key, row))
    return this
  }

  del(key: string): this {
    this.#begun().del(key)
    return this
  }

  async write(sync: boolean): Promise<void> {
    await this.#begun().write({ sync })
  }

  #begun(): Batch {
    this.#batch ??= this.#db.batch()
    return this.#batch
  }
}
