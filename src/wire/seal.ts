import { createCipheriv, createSecretKey, hkdfSync, type KeyObject, timingSafeEqual } from 'node:crypto'
import { JrError } from '../errors.js'

/** Bytes that a seal adds to a frame. */
export const SEAL_BYTES = 16
const NO_BYTES = Buffer.alloc(0)

/** The seals of one connection, a key for each direction. */
export interface Seals {
  readonly ours: Seal
  readonly theirs: Seal
}

/** `hellos`: all that the dialler and the dialled side have said, in this order; the nonces are in them. */
export function sealsOf(secret: Uint8Array, hellos: readonly Uint8Array[], dialled: boolean): Seals {
  const key = (who: string) =>
    createSecretKey(
      Buffer.from(
        hkdfSync('sha256', secret, Buffer.concat(hellos), `job-reactor 2 frames of the ${who}`, 32),
      ),
    )
  const dialler = new Seal(key('dialler'))
  const other = new Seal(key('dialled'))
  return dialled ? { ours: dialler, theirs: other } : { ours: other, theirs: dialler }
}

/**
 * The seals of the frames of one direction: AES-256-GCM over no text, the frame as its additional data, the number of the
 * frame as the nonce. For a frame of 64 bytes HMAC-SHA256 takes less (3.5 µs, and not 4.9), for one of 64 KiB three times as much
 * (53 µs, and not 16): the large ones decide, as many messages share a frame when there is much to send.
 */
export class Seal {
  readonly #key: KeyObject
  /** Never the same twice under one key. */
  readonly #nonce = Buffer.alloc(12)
  #count = 0

  constructor(key: KeyObject) {
    this.#key = key
  }

  /** The seal of the next frame. */
  next(frame: Uint8Array): Buffer {
    this.#nonce.writeUIntBE(this.#count++, 6, 6)
    const cipher = createCipheriv('aes-256-gcm', this.#key, this.#nonce)
    cipher.setAAD(frame)
    cipher.update(NO_BYTES)
    cipher.final()
    return cipher.getAuthTag()
  }

  /** Throws JR_AUTH unless this is the next frame, as it was sent. */
  check(frame: Uint8Array, seal: Uint8Array): void {
    if (timingSafeEqual(this.next(frame), seal)) return
    throw new JrError('JR_AUTH', 'a frame is not the one that the peer sent: somebody between changed it')
  }
}
