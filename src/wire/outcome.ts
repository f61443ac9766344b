import type { ByteReader } from '../bytes/byte-reader.js'
import type { ByteWriter } from '../bytes/byte-writer.js'
import { TERMINAL_STATES } from '../job/states.js'
import { choice, label, text } from './fields.js'
import type { OutcomeMessage } from './messages.js'

const MORE = 1 << 2
const STORED = 1 << 3

export function writeOutcome(w: ByteWriter, { stored, outcome }: OutcomeMessage): void {
  w.u8(TERMINAL_STATES.indexOf(outcome.state) | (outcome.more ? MORE : 0) | (stored ? STORED : 0))
  w.uint(outcome.seq)
  w.text(outcome.id)
  w.uint(outcome.edition)
  w.text(outcome.distributor)
  w.text(outcome.instance)
  w.text(outcome.name)
  w.text(outcome.node)
  w.uint(outcome.slot)
  w.uint(outcome.attempt)
  w.uint(outcome.enqueuedAt)
  w.uint(outcome.startedAt)
  w.uint(outcome.finishedAt)
  w.uint(outcome.child)
  w.bytes(outcome.args)
  w.bytes(outcome.error)
}

export function readOutcome(r: ByteReader): OutcomeMessage {
  const flags = r.u8()
  const seq = r.uint()
  const id = label(r.text(), 'id')
  const edition = r.uint()
  const outcome = {
    seq,
    distributor: text(r.known(), 'distributor'),
    instance: text(r.known(), 'instance'),
    id,
    edition,
    name: label(r.known(), 'name'),
    state: choice(flags & 3, TERMINAL_STATES, 'state'),
    node: text(r.known(), 'node'),
    slot: r.uint(),
    more: (flags & MORE) !== 0,
    attempt: r.uint(),
    enqueuedAt: r.uint(),
    startedAt: r.uint(),
    finishedAt: r.uint(),
    child: r.uint(),
    args: r.bytes(),
    error: r.bytes(),
  }
  return { type: 'outcome', stored: (flags & STORED) !== 0, outcome }
}
