import type { ByteReader } from '../bytes/byte-reader.js'
import type { ByteWriter } from '../bytes/byte-writer.js'
import type { JrError } from '../errors.js'
import { MAX_TEXT } from '../rules.js'
import { choice, label, readList, text, writeList } from './fields.js'
import type { MessageSet } from './frame.js'
import { readJobFields, readMore, writeJobFields } from './job-fields.js'
import type { Enqueue, LinkMessage } from './messages.js'
import { readOutcome, writeOutcome } from './outcome.js'
import { readProgress, writeProgress } from './progress.js'
import { readKnownJobs, readWelcome, writeKnownJobs, writeWelcome } from './welcome.js'

/** PROTOCOL.md, "Messages": the code of each. */
const CODES: Readonly<Record<Exclude<LinkMessage['type'], 'unreadable'>, number>> = {
  ping: 1,
  pong: 2,
  bye: 3,
  broken: 4,
  enqueue: 10,
  forget: 11,
  cancel: 12,
  watch: 13,
  'outcomes-taken': 14,
  request: 15,
  listen: 16,
  welcome: 20,
  accepted: 21,
  refused: 22,
  outcome: 23,
  reply: 24,
  'node-state': 25,
  joined: 26,
  progress: 27,
}

const STATUSES = ['running', 'paused', 'stopping', 'draining'] as const
/** Ids in one `forget`: each is looked for. */
export const MAX_FORGET = 64

export const linkMessages: MessageSet<LinkMessage> = { code, write, read, salvage }

function code({ type }: LinkMessage): number {
  return type === 'unreadable' ? neverSent() : CODES[type]
}

function neverSent(): never {
  throw new Error("an 'unreadable' message is never sent")
}

function write(message: LinkMessage, w: ByteWriter): void {
  switch (message.type) {
    case 'enqueue':
      w.uint(message.number)
      return writeJobFields(w, message)
    case 'outcome':
      return writeOutcome(w, message)
    case 'accepted':
      return w.uint(message.number)
    case 'joined':
      w.uint(message.number)
      return w.text(message.id)
    case 'outcomes-taken':
      w.uint(message.first)
      return w.uint(message.count)
    case 'listen':
      return w.flag(message.on)
    case 'progress':
      return writeProgress(w, message)
    case 'ping':
    case 'pong':
      return
    case 'bye':
      return w.text(message.reason)
    case 'forget':
      return writeList(w, message.ids, (to, id) => to.text(id))
    case 'cancel':
      w.uint(message.request)
      return w.text(message.id)
    case 'watch':
      w.uint(message.request)
      w.text(message.id)
      return w.text(message.key)
    case 'request':
      w.uint(message.request)
      w.text(message.verb)
      return w.bytes(message.body)
    case 'reply':
      w.uint(message.request)
      w.flag(message.ok)
      return w.bytes(message.body)
    case 'broken':
      w.text(message.code)
      return w.text(message.message.slice(0, MAX_TEXT))
    case 'refused':
      w.uint(message.number)
      w.text(message.code)
      w.text(message.message.slice(0, MAX_TEXT))
      return w.text(message.job)
    case 'welcome':
      return writeWelcome(w, message)
    case 'node-state':
      w.u8(STATUSES.indexOf(message.status))
      writeKnownJobs(w, message.jobs)
      w.uint(message.evented)
      w.uint(message.deferred)
      return w.uint(message.busy)
    case 'unreadable':
      return neverSent()
  }
}

function read(code: number, r: ByteReader): LinkMessage | null {
  switch (code) {
    case CODES.enqueue:
      return readEnqueue(r)
    case CODES.outcome:
      return readOutcome(r)
    case CODES.accepted:
      return { type: 'accepted', number: r.uint() }
    case CODES.joined:
      return { type: 'joined', number: r.uint(), id: readId(r) }
    case CODES['outcomes-taken']:
      return { type: 'outcomes-taken', first: r.uint(), count: r.uint() }
    case CODES.listen:
      return { type: 'listen', on: r.flag() }
    case CODES.progress:
      return readProgress(r)
    case CODES.ping:
      return { type: 'ping' }
    case CODES.pong:
      return { type: 'pong' }
    case CODES.bye:
      return { type: 'bye', reason: text(r.text(), 'reason', MAX_TEXT) }
    case CODES.forget:
      return { type: 'forget', ids: readList(r, 'ids', MAX_FORGET, readId) }
    case CODES.cancel:
      return { type: 'cancel', request: r.uint(), id: readId(r) }
    case CODES.watch:
      return { type: 'watch', request: r.uint(), id: readId(r), key: text(r.text(), 'key') }
    case CODES.request:
      return { type: 'request', request: r.uint(), verb: label(r.known(), 'verb'), body: r.bytes() }
    case CODES.reply:
      return { type: 'reply', request: r.uint(), ok: r.flag(), body: r.bytes() }
    case CODES.broken: {
      const code = text(r.known(), 'code')
      return { type: 'broken', code, message: text(r.text(), 'message', MAX_TEXT) }
    }
    case CODES.refused: {
      const number = r.uint()
      return {
        type: 'refused',
        number,
        code: text(r.known(), 'code'),
        message: text(r.text(), 'message', MAX_TEXT),
        job: text(r.text(), 'job'),
      }
    }
    case CODES.welcome:
      return readWelcome(r)
    case CODES['node-state']: {
      const status = choice(r.u8(), STATUSES, 'status')
      const jobs = readKnownJobs(r)
      return {
        type: 'node-state',
        status,
        jobs,
        evented: r.uint(),
        deferred: r.uint(),
        busy: r.uint(),
      }
    }
    default:
      return null
  }
}

function salvage(code: number, r: ByteReader, error: JrError): LinkMessage {
  switch (code) {
    case CODES.enqueue:
      return { type: 'unreadable', about: { what: 'job', number: r.uint(), more: readMore(r) }, error }
    case CODES.cancel:
    case CODES.watch:
    case CODES.request:
      return { type: 'unreadable', about: { what: 'request', number: r.uint() }, error }
    case CODES.outcome:
      r.u8()
      r.uint()
      return { type: 'unreadable', about: { what: 'outcome', id: readId(r) }, error }
    default:
      throw error
  }
}

function readEnqueue(r: ByteReader): Enqueue {
  const number = r.uint()
  const { job, delayMs, byWall, wanted, heldMs, sentBefore, more = false } = readJobFields(r)
  return { type: 'enqueue', number, job, delayMs, byWall, wanted, heldMs, sentBefore, more }
}

function readId(r: ByteReader): string {
  return label(r.text(), 'id')
}
