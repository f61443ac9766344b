import { crc32 } from 'node:zlib'
import type { OutJob } from '#dist/distributor/sending/out-job.js'
import { Ticket } from '#dist/distributor/told/ticket.js'
import { NO_TERMS } from '#dist/src/job/terms/agreed.js'

/** A job for a spool. */
export function outJob(id: string, fields: Partial<OutJob> = {}): OutJob {
  const args = fields.args ?? Buffer.from('args')
  return {
    ticket: new Ticket(id, 'work', null, null, false),
    id,
    edition: 0,
    name: 'work',
    since: 0,
    suspicion: 0,
    delayMs: null,
    runAt: null,
    agreed: NO_TERMS,
    sentBefore: [],
    bundle: null,
    ...fields,
    args,
    bytes: args.length,
  }
}

/** Bytes as a record with the right checksum, whatever they say. */
export function record(body: Buffer): Buffer {
  const prefix = Buffer.alloc(8)
  prefix.writeUInt32BE(body.length, 0)
  prefix.writeUInt32BE(crc32(body), 4)
  return Buffer.concat([prefix, body])
}
