import type { Lane } from '../../job/lane.js'
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
  /** Whether members are places: the field of a row is the id then, else the member. */
  readonly places: boolean
}

/** The first place of each lane after one of them: `lua/lanes.lua`. */
export async function readLanes(
  client: Client,
  script: Script,
  set: string,
  after: Lane | null,
  limit: number,
) {
  return ((await client.run(script, [set], [after ?? '', String(limit)])) as Buffer[]).map(String)
}

/** A page of an ordered set: `lua/read.lua`. */
export async function readPage(client: Client, script: Script, part: Part): Promise<Row[]> {
  const { set, rows, range, limit, maxBytes, places } = part
  const args = [range.min, range.max, String(limit), String(maxBytes), places ? '1' : '0']
  const flat = (await client.run(script, [set, rows], args)) as (Buffer | null)[]
  const page: Row[] = []
  for (let i = 0; i < flat.length; i += 2) page.push({ member: String(flat[i]), row: flat[i + 1] ?? null })
  return page
}
