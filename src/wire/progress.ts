import type { ByteReader } from '../bytes/byte-reader.js'
import type { ByteWriter } from '../bytes/byte-writer.js'
import { PROGRESS, received } from '../rules.js'
import { label } from './fields.js'
import type { Progress } from './messages.js'

export function writeProgress(w: ByteWriter, { id, name, attempt, value }: Progress): void {
  w.text(id)
  w.text(name)
  w.uint(attempt)
  w.bytes(value)
}

export function readProgress(r: ByteReader): Progress {
  return {
    type: 'progress',
    id: label(r.text(), 'id'),
    name: label(r.known(), 'name'),
    attempt: r.uint(),
    value: received(PROGRESS, r.bytes(), 'value'),
  }
}
