import type { Client } from './client.js'
import type { Range } from './keys.js'
import type { Script } from './scripts.js'

export interface Row {
  readonly member: string
  /** Null when there is none for this member. */
  readonly row: Buffer | null
}

/** Which part of an ordered set, and where the rows of its members are. */
export interface Part {
  readonly set: string
  readonly rows: string
  readonly range: Range
  readonly limit: number
  readonly maxBytes: number
  /** Characters of a member before the field of its row. */
  readonly skip: number
}

/** A page of an ordered set: `lua/read.lua`. */
export async function readPage(client: Client, script: Script, part: Part): Promise<Row[]> {
  const { set, rows, range, limit, maxBytes, skip } = part
  const args = [range.min, range.max, String(limit), String(maxBytes), String(skip)]
  const flat = (await client.run(script, [set, rows], args)) as (Buffer | null)[]
  const page: Row[] = []
  for (let i = 0; i < flat.length; i += 2) page.push({ member: String(flat[i]), row: flat[i + 1] ?? null })
  return page
}
