import type { ByteReader } from '../bytes/byte-reader.js'
import type { ByteWriter } from '../bytes/byte-writer.js'
import type { JrError } from '../errors.js'
import { LOG_LEVELS } from '../job/log-lines.js'
import { MAX_FACTS, MAX_TEXT } from '../rules.js'
import { choice, label, readList, text, writeList } from '../wire/fields.js'
import type { MessageSet } from '../wire/frame.js'
import { readJobFields, writeJobFields } from '../wire/job-fields.js'
import {
  readCheckpoint,
  readDone,
  readRun,
  readTell,
  writeDone,
  writeRun,
  writeSaid,
} from './attempt-bytes.js'
import { readDefinition, writeDefinition } from './definition-bytes.js'
import type { ChildMessage, FromChild } from './messages.js'

const REASONS = ['timeout', 'cancel', 'shutdown'] as const
const WHATS = ['accepted', 'outcome', 'taken'] as const
const LONGEST_PATH = 4096
const MAX_JOBS = 100_000
const MAX_NAMES = 100_000

const CODES: Readonly<Record<Exclude<ChildMessage['type'], 'unreadable'>, number>> = {
  init: 1,
  run: 2,
  abort: 3,
  ping: 4,
  'enqueue-reply': 5,
  brought: 6,
  checkpointed: 7,
  ready: 10,
  'start-failed': 11,
  done: 12,
  pong: 13,
  log: 14,
  blocked: 15,
  enqueue: 16,
  fatal: 17,
  stray: 18,
  loading: 19,
  withheld: 20,
  checkpoint: 21,
  tell: 22,
}

/** What children say has numbers from here on. */
const FIRST_OF_CHILD = 10

export const childMessages: MessageSet<ChildMessage> = { code, write, read, salvage }

function code({ type }: ChildMessage): number {
  return type === 'unreadable' ? neverSent() : CODES[type]
}

/** Not what only a node says. */
export function isFromChild(message: ChildMessage): message is FromChild {
  return message.type === 'unreadable' || CODES[message.type] >= FIRST_OF_CHILD
}

function neverSent(): never {
  throw new Error("an 'unreadable' message is never sent")
}

function write(m: ChildMessage, w: ByteWriter): void {
  switch (m.type) {
    case 'run':
      return writeRun(w, m)
    case 'brought':
      w.uint(m.token)
      w.bytes(m.saved)
      return w.bytes(m.given)
    case 'checkpoint':
    case 'tell':
      return writeSaid(w, m)
    case 'checkpointed':
      w.uint(m.token)
      return w.bytes(m.error)
    case 'done':
      return writeDone(w, m)
    case 'init':
      w.text(m.jobs)
      w.flag(m.imports)
      writeList(w, m.withheld, (to, name) => to.text(name))
      w.text(m.dataDir)
      w.text(m.node)
      w.uint(m.maxArgs)
      w.uint(m.maxResult)
      return w.flag(m.mergeJobItself)
    case 'abort':
      w.uint(m.token)
      return w.u8(REASONS.indexOf(m.reason))
    case 'ping':
    case 'pong':
      return
    case 'enqueue-reply':
      w.uint(m.request)
      w.u8(WHATS.indexOf(m.what))
      w.flag(m.ok)
      return w.bytes(m.body)
    case 'ready':
      return writeList(w, m.jobs, writeDefinition)
    case 'log':
      w.uint(m.token)
      w.text(m.id)
      w.text(m.name)
      w.u8(LOG_LEVELS.indexOf(m.level))
      w.text(m.text.slice(0, MAX_TEXT))
      return w.text(m.facts)
    case 'blocked':
      w.text(m.id)
      w.text(m.name)
      return w.uint(m.ms)
    case 'enqueue':
      w.uint(m.request)
      w.uint(m.token)
      w.flag(m.withCompletion)
      return writeJobFields(w, m)
    case 'loading':
      return w.text(m.file)
    case 'withheld':
      return w.text(m.name)
    case 'start-failed':
    case 'fatal':
    case 'stray':
      return w.text(m.message.slice(0, MAX_TEXT))
    case 'unreadable':
      return neverSent()
  }
}

function read(code: number, r: ByteReader): ChildMessage | null {
  switch (code) {
    case CODES.run:
      return readRun(r)
    case CODES.done:
      return readDone(r)
    case CODES.brought:
      return { type: 'brought', token: r.uint(), saved: r.bytes(), given: r.bytes() }
    case CODES.checkpoint:
      return readCheckpoint(r)
    case CODES.tell:
      return readTell(r)
    case CODES.checkpointed:
      return { type: 'checkpointed', token: r.uint(), error: r.bytes() }
    case CODES.init:
      return {
        type: 'init',
        jobs: text(r.text(), 'jobs', LONGEST_PATH),
        imports: r.flag(),
        withheld: readList(r, 'withheld', MAX_NAMES, (from) => text(from.text(), 'withheld', MAX_TEXT)),
        dataDir: text(r.text(), 'dataDir', LONGEST_PATH),
        node: label(r.text(), 'node'),
        maxArgs: r.uint(),
        maxResult: r.uint(),
        mergeJobItself: r.flag(),
      }
    case CODES.abort:
      return { type: 'abort', token: r.uint(), reason: choice(r.u8(), REASONS, 'reason') }
    case CODES.ping:
      return { type: 'ping' }
    case CODES.pong:
      return { type: 'pong' }
    case CODES['enqueue-reply']: {
      const request = r.uint()
      return {
        type: 'enqueue-reply',
        request,
        what: choice(r.u8(), WHATS, 'what'),
        ok: r.flag(),
        body: r.bytes(),
      }
    }
    case CODES.ready:
      return { type: 'ready', jobs: readList(r, 'jobs', MAX_JOBS, readDefinition) }
    case CODES.log: {
      const token = r.uint()
      const id = text(r.text(), 'id')
      const name = text(r.known(), 'name')
      const level = choice(r.u8(), LOG_LEVELS, 'level')
      const said = text(r.text(), 'text', MAX_TEXT)
      return { type: 'log', token, id, name, level, text: said, facts: text(r.text(), 'facts', MAX_FACTS) }
    }
    case CODES.blocked:
      return { type: 'blocked', id: label(r.text(), 'id'), name: label(r.known(), 'name'), ms: r.uint() }
    case CODES.enqueue: {
      const request = r.uint()
      const token = r.uint()
      return { type: 'enqueue', request, token, withCompletion: r.flag(), ...readJobFields(r) }
    }
    case CODES.loading:
      return { type: 'loading', file: text(r.text(), 'file', LONGEST_PATH) }
    case CODES.withheld:
      return { type: 'withheld', name: text(r.text(), 'name', MAX_TEXT) }
    case CODES['start-failed']:
      return { type: 'start-failed', message: text(r.text(), 'message', MAX_TEXT) }
    case CODES.fatal:
      return { type: 'fatal', message: text(r.text(), 'message', MAX_TEXT) }
    case CODES.stray:
      return { type: 'stray', message: text(r.text(), 'message', MAX_TEXT) }
    default:
      return null
  }
}

function salvage(code: number, r: ByteReader, error: JrError): ChildMessage {
  switch (code) {
    case CODES.run:
      return { type: 'unreadable', about: { what: 'run', number: r.uint() }, error }
    case CODES.done:
      r.u8()
      return { type: 'unreadable', about: { what: 'done', number: r.uint() }, error }
    case CODES.tell:
      return { type: 'unreadable', about: { what: 'tell', number: r.uint() }, error }
    case CODES.checkpoint:
      return { type: 'unreadable', about: { what: 'checkpoint', number: r.uint() }, error }
    case CODES.enqueue:
      return { type: 'unreadable', about: { what: 'enqueue', number: r.uint() }, error }
    default:
      throw error
  }
}
