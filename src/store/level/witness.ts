import { closeSync, existsSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import type { Clock, Timer } from '../../clock.js'
import { syncDirectory } from '../../sync-directory.js'

/** What is on the disk for certain, of the log and of LevelDB. */
export interface Facts {
  /** The segment that is written to, and up to which byte of it all is there. */
  readonly segment: number
  readonly synced: number
  /** The last batch. */
  readonly batch: number
}

/**
 * A file beside the two that says how far each of them had come: else an end that is cut off could not be told from one
 * that never was. Written in a pause, and not waited for: it may say less than there is, and never more. There are two
 * places, written by turns, so that one is whole whenever the power goes:
 *
 *     magic (8)  turn (4)  segment (4)  synced (4)  batch (6)  checksum (4)
 */
const MAGIC = Buffer.from('JR-SAFE\n')
const SIZE = 30
const PLACES = [0, 512] as const
/** Under load there are hundreds of syncs a second. */
const PAUSE_MS = 50

export class Witness {
  readonly #fd: number
  readonly #clock: Clock
  readonly #facts: () => Facts
  #turn: number
  #last = ''
  #timer: Timer | null = null

  private constructor(fd: number, turn: number, clock: Clock, facts: () => Facts) {
    this.#fd = fd
    this.#clock = clock
    this.#turn = turn
    this.#facts = facts
  }

  /** `facts`: what is known when it is to be written. All that is known then is written before this returns. */
  static open(dir: string, clock: Clock, facts: () => Facts): Witness {
    const file = fileIn(dir)
    const isNew = !existsSync(file)
    const turn = isNew ? 0 : (newestOf(readFileSync(file))?.turn ?? 0)
    const witness = new Witness(openSync(file, isNew ? 'w' : 'r+'), turn, clock, facts)
    witness.#write()
    fsyncSync(witness.#fd)
    if (isNew) syncDirectory(dir)
    return witness
  }

  /** More is on the disk than before. */
  more(): void {
    if (this.#timer !== null) return
    this.#timer = this.#clock.setTimer(PAUSE_MS, () => {
      this.#timer = null
      this.#write()
    })
    this.#timer.unref()
  }

  close(): void {
    this.#timer?.cancel()
    this.#timer = null
    this.#write()
    closeSync(this.#fd)
  }

  #write(): void {
    const facts = this.#facts()
    const text = JSON.stringify(facts)
    if (text === this.#last) return
    this.#last = text
    this.#turn++
    writeSync(this.#fd, placeOf(this.#turn, facts), 0, SIZE, PLACES[this.#turn % 2])
  }
}

/** Null when there is no such file; 'damaged' when nothing in it is whole. */
export function readWitness(dir: string): Facts | 'damaged' | null {
  const file = fileIn(dir)
  return existsSync(file) ? (newestOf(readFileSync(file))?.facts ?? 'damaged') : null
}

function fileIn(dir: string): string {
  return join(dir, 'safe')
}

function placeOf(turn: number, { segment, synced, batch }: Facts): Buffer {
  const place = Buffer.alloc(SIZE)
  MAGIC.copy(place)
  place.writeUInt32BE(turn, 8)
  place.writeUInt32BE(segment, 12)
  place.writeUInt32BE(synced, 16)
  place.writeUIntBE(batch, 20, 6)
  place.writeUInt32BE(crc32(place.subarray(0, SIZE - 4)), SIZE - 4)
  return place
}

function newestOf(file: Buffer): { readonly turn: number; readonly facts: Facts } | null {
  let newest: { turn: number; facts: Facts } | null = null
  for (const at of PLACES) {
    const place = file.subarray(at, at + SIZE)
    if (place.length < SIZE || !place.subarray(0, MAGIC.length).equals(MAGIC)) continue
    if (place.readUInt32BE(SIZE - 4) !== crc32(place.subarray(0, SIZE - 4))) continue
    const turn = place.readUInt32BE(8)
    if (newest !== null && newest.turn > turn) continue
    const facts = {
      segment: place.readUInt32BE(12),
      synced: place.readUInt32BE(16),
      batch: place.readUIntBE(20, 6),
    }
    newest = { turn, facts }
  }
  return newest
}
