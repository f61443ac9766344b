import { type Checkpoint, DONE_STATUSES, type Done, type Run, type Tell } from '../attempt/messages.js'
import type { ByteReader } from '../bytes/byte-reader.js'
import type { ByteWriter } from '../bytes/byte-writer.js'
import { NO_HEADERS, readHeaders, writeHeaders } from '../job/terms/headers.js'
import { CHECKPOINT, MAX_NAME, MAX_TEXT, PROGRESS, received } from '../rules.js'
import { choice, label, text } from '../wire/fields.js'

/** The two messages of each attempt as bytes. What most of them do not have takes no room. */
const HAS_HEADERS = 1 << 0
const HAS_EDITION = 1 << 1
const FOLLOWS = 1 << 2
const NOTHING = Buffer.alloc(0)

export function writeRun(w: ByteWriter, m: Run): void {
  const { headers, edition, follows } = m
  let flags = headers === NO_HEADERS ? 0 : HAS_HEADERS
  if (edition > 0) flags |= HAS_EDITION
  if (follows) flags |= FOLLOWS
  w.uint(m.token)
  w.u8(flags)
  w.text(m.id)
  w.text(m.name)
  w.uint(m.attempt)
  w.uint(m.maxAttempts)
  w.uint(m.slot)
  w.uint(m.scheduledFor)
  w.uint(m.enqueuedAt)
  w.uint(m.startedAt)
  if (headers !== NO_HEADERS) writeHeaders(w, headers)
  if (edition > 0) w.uint(edition)
  w.bytes(m.args)
}

export function readRun(r: ByteReader): Run {
  const token = r.uint()
  const flags = r.u8()
  return {
    type: 'run',
    token,
    id: label(r.text(), 'id'),
    name: label(r.known(), 'name'),
    attempt: r.uint(),
    maxAttempts: r.uint(),
    slot: r.uint(),
    scheduledFor: r.uint(),
    enqueuedAt: r.uint(),
    startedAt: r.uint(),
    headers: flags & HAS_HEADERS ? readHeaders(r, 'headers') : NO_HEADERS,
    edition: flags & HAS_EDITION ? r.uint() : 0,
    follows: (flags & FOLLOWS) !== 0,
    args: r.bytes(),
  }
}

const TROUBLE = 1 << 3
const RETRY_AFTER = 1 << 4
const HAS_ERROR = 1 << 5

export function writeDone(w: ByteWriter, m: Done): void {
  const { code, message, retryAfterMs, error } = m
  const trouble = code !== '' || message !== ''
  let flags = DONE_STATUSES.indexOf(m.status)
  if (trouble) flags |= TROUBLE
  if (retryAfterMs !== null) flags |= RETRY_AFTER
  if (error.length > 0) flags |= HAS_ERROR
  w.u8(flags)
  w.uint(m.token)
  if (trouble) {
    w.text(code.slice(0, MAX_NAME))
    w.text(message.slice(0, MAX_TEXT))
  }
  if (retryAfterMs !== null) w.uint(retryAfterMs)
  w.bytes(m.args)
  if (error.length > 0) w.bytes(error)
}

export function readDone(r: ByteReader): Done {
  const flags = r.u8()
  return {
    type: 'done',
    status: choice(flags & 7, DONE_STATUSES, 'status'),
    token: r.uint(),
    code: flags & TROUBLE ? text(r.known(), 'code') : '',
    message: flags & TROUBLE ? text(r.text(), 'message', MAX_TEXT) : '',
    retryAfterMs: flags & RETRY_AFTER ? r.uint() : null,
    args: r.bytes(),
    error: flags & HAS_ERROR ? r.bytes() : NOTHING,
  }
}

/** A value of an attempt. */
export function writeSaid(w: ByteWriter, m: Checkpoint | Tell): void {
  w.uint(m.token)
  w.bytes(m.value)
}

export function readCheckpoint(r: ByteReader): Checkpoint {
  const token = r.uint()
  return { type: 'checkpoint', token, value: received(CHECKPOINT, r.bytes(), 'value') }
}

export function readTell(r: ByteReader): Tell {
  const token = r.uint()
  return { type: 'tell', token, value: received(PROGRESS, r.bytes(), 'value') }
}
