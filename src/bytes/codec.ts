// This part of the package has no native code: bytes of others are not parsed by what a mistake could take over.
import { Packr, Unpackr } from 'msgpackr/pack'
import { JrError } from '../errors.js'
import { checkPacked, DEFAULT_LIMITS, type PackedLimits } from './msgpack-check.js'

/**
 * One setting everywhere. No records: what is packed can be read without what was packed before it. Integers beyond
 * 2^32 travel as doubles, so a 64-bit integer on the wire was a BigInt. Buffers are copied out, for a view would keep
 * the whole frame in memory.
 */
const OPTIONS = {
  useRecords: false,
  mapsAsObjects: true,
  moreTypes: false,
  structuredClone: false,
  useBigIntExtension: true,
  copyBuffers: true,
  skipValues: [undefined],
} as const

// The types ask for mutable settings.
const packr = new Packr({ ...OPTIONS, skipValues: [...OPTIONS.skipValues] })
const unpackr = new Unpackr({ ...OPTIONS, skipValues: [...OPTIONS.skipValues] })

/** MessagePack bytes of a value; the buffer is the caller's own. */
export function pack(value: unknown): Buffer {
  return packr.pack(value)
}

/** For bytes that we wrote ourselves. */
export function unpack(bytes: Uint8Array): unknown {
  return unpackr.unpack(bytes)
}

/** For bytes from anywhere: checked before anything is made of them. Throws JR_PROTOCOL. */
export function unpackChecked(bytes: Uint8Array, limits: PackedLimits = DEFAULT_LIMITS): unknown {
  checkPacked(bytes, limits)
  try {
    return unpackr.unpack(bytes)
  } catch (cause) {
    // The library's message quotes what it read.
    throw new JrError('JR_PROTOCOL', `${bytes.length} bytes could not be unpacked`, { cause })
  }
}
