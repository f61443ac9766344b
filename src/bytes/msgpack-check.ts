import { JrError } from '../errors.js'
import { MAX_DEPTH, MAX_VALUES } from '../rules.js'

export interface PackedLimits {
  readonly maxDepth: number
  readonly maxNodes: number
}

/** Of args and results: what `packArgs` has let pass. */
export const DEFAULT_LIMITS: PackedLimits = { maxDepth: MAX_DEPTH, maxNodes: MAX_VALUES }

/** Extension types that we write ourselves: a timestamp, undefined, and a large integer. */
const EXT_TIMESTAMP = 0xff
const EXT_UNDEFINED = 0x00
const EXT_BIGINT = 0x42
const MAX_BIGINT_BYTES = 1024
/** The longest nesting that any limit may allow. */
const STACK = 128

const left = new Int32Array(STACK)
/** 1 where the container is a map: then a key is due whenever an even number of items is left. */
const isMap = new Uint8Array(STACK)

/**
 * Walks MessagePack bytes without making anything of them, and throws JR_PROTOCOL unless they are exactly one value
 * of the kinds that we write, within the limits. A few kilobytes can otherwise unpack to gigabytes, to cycles, or to
 * objects that run code when they are looked at.
 */
export function checkPacked(bytes: Uint8Array, limits: PackedLimits = DEFAULT_LIMITS): void {
  const size = bytes.length
  let at = 0
  let nodes = 0
  let depth = 0
  left[0] = 1
  isMap[0] = 0
  for (;;) {
    while (left[depth] === 0) {
      if (depth === 0) {
        if (at !== size) refuse('there are bytes behind the value', at)
        return
      }
      depth--
    }
    const key = isMap[depth] === 1 && ((left[depth] as number) & 1) === 0
    left[depth] = (left[depth] as number) - 1
    if (at >= size) refuse('it ends too early', at)
    if (++nodes > limits.maxNodes) refuse(`it has more than ${limits.maxNodes} values`, at)
    const tag = bytes[at++] as number
    let skip = 0
    let items = -1
    let map = 0
    if (tag <= 0x7f || tag >= 0xe0) {
      if (key) refuse('a key is not text', at)
      continue
    }
    if (tag >= 0xa0 && tag <= 0xbf) {
      at += tag & 0x1f
      if (at > size) refuse('it ends too early', at)
      continue
    }
    if (tag <= 0x8f) {
      items = (tag & 0x0f) * 2
      map = 1
    } else if (tag <= 0x9f) {
      items = tag & 0x0f
    } else {
      switch (tag) {
        case 0xc0:
        case 0xc2:
        case 0xc3:
          break
        case 0xc4:
        case 0xd9:
          skip = 1 + read(bytes, at, 1)
          break
        case 0xc5:
        case 0xda:
          skip = 2 + read(bytes, at, 2)
          break
        case 0xc6:
        case 0xdb:
          skip = 4 + read(bytes, at, 4)
          break
        case 0xca:
        case 0xce:
        case 0xd2:
          skip = 4
          break
        case 0xcb:
        case 0xcf:
        case 0xd3:
          skip = 8
          break
        case 0xcc:
        case 0xd0:
          skip = 1
          break
        case 0xcd:
        case 0xd1:
          skip = 2
          break
        case 0xd4:
          skip = 1 + extension(bytes, at, 1)
          break
        case 0xd5:
        case 0xd6:
        case 0xd7:
        case 0xd8:
          skip = 1 + extension(bytes, at, 2 ** (tag - 0xd4))
          break
        case 0xc7:
          skip = 2 + extension(bytes, at + 1, read(bytes, at, 1))
          break
        case 0xc8:
          skip = 3 + extension(bytes, at + 2, read(bytes, at, 2))
          break
        case 0xdc:
          items = read(bytes, at, 2)
          at += 2
          break
        case 0xdd:
          items = read(bytes, at, 4)
          at += 4
          break
        case 0xde:
          items = read(bytes, at, 2) * 2
          map = 1
          at += 2
          break
        case 0xdf:
          items = read(bytes, at, 4) * 2
          map = 1
          at += 4
          break
        default:
          refuse(`byte 0x${tag.toString(16)} is no value that may be sent`, at)
      }
      if (key && (tag < 0xd9 || tag > 0xdb)) refuse('a key is not text', at)
    }
    if (items >= 0) {
      if (key) refuse('a key is not text', at)
      // Each item takes a byte at least.
      if (items > size - at) refuse('it ends too early', at)
      depth++
      if (depth > limits.maxDepth || depth >= STACK)
        refuse(`it is nested more than ${limits.maxDepth} deep`, at)
      left[depth] = items
      isMap[depth] = map
    } else {
      at += skip
      if (at > size) refuse('it ends too early', at)
    }
  }
}

/** Whether packed bytes begin as those of an object do. */
export function isPackedMap(bytes: Uint8Array): boolean {
  const tag = bytes[0] ?? 0
  return (tag >= 0x80 && tag <= 0x8f) || tag === 0xde || tag === 0xdf
}

function read(bytes: Uint8Array, at: number, width: number): number {
  let value = 0
  for (let i = 0; i < width; i++) value = value * 256 + (bytes[at + i] ?? 0)
  return value
}

/** Answers `length` when an extension of this type and length may come. */
function extension(bytes: Uint8Array, at: number, length: number): number {
  const type = bytes[at]
  if (type === EXT_TIMESTAMP && (length === 4 || length === 8 || length === 12)) return length
  if (type === EXT_UNDEFINED && length === 1) return length
  if (type === EXT_BIGINT && length <= MAX_BIGINT_BYTES) return length
  return refuse(`extension ${type} of ${length} bytes is not one that may be sent`, at)
}

function refuse(why: string, at: number): never {
  throw new JrError('JR_PROTOCOL', `not a value that may be sent: ${why} (at byte ${at})`)
}
