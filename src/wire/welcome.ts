import type { ByteReader } from '../bytes/byte-reader.js'
import type { ByteWriter } from '../bytes/byte-writer.js'
import { LEAST_PRIORITY, PRIORITY, received } from '../rules.js'
import { choice, label, readList, writeList } from './fields.js'
import type { KnownJob, Welcome } from './messages.js'

const UNKNOWN_JOB = ['fail', 'wait'] as const
const MAX_JOBS = 100_000

export function writeWelcome(w: ByteWriter, message: Welcome): void {
  w.uint(message.taken)
  w.uint(message.creditJobs)
  w.uint(message.creditBytes)
  w.uint(message.maxArgs)
  writeKnownJobs(w, message.jobs)
  w.u8(UNKNOWN_JOB.indexOf(message.unknownJob))
  w.uint(message.evented)
  w.uint(message.deferred)
  w.flag(message.alone)
  w.uint(message.terms)
  w.uint(message.minPriority - LEAST_PRIORITY)
  w.uint(message.maxPriority - LEAST_PRIORITY)
}

export function readWelcome(r: ByteReader): Welcome {
  return {
    type: 'welcome',
    taken: r.uint(),
    creditJobs: r.uint(),
    creditBytes: r.uint(),
    maxArgs: r.uint(),
    jobs: readKnownJobs(r),
    unknownJob: choice(r.u8(), UNKNOWN_JOB, 'unknownJob'),
    evented: r.uint(),
    deferred: r.uint(),
    alone: r.flag(),
    terms: r.uint(),
    minPriority: received(PRIORITY, r.uint() + LEAST_PRIORITY, 'minPriority'),
    maxPriority: received(PRIORITY, r.uint() + LEAST_PRIORITY, 'maxPriority'),
  }
}

export function writeKnownJobs(w: ByteWriter, jobs: readonly KnownJob[]): void {
  writeList(w, jobs, writeKnown)
}

export function readKnownJobs(r: ByteReader): KnownJob[] {
  return readList(r, 'jobs', MAX_JOBS, readKnown)
}

function writeKnown(w: ByteWriter, { name, defer }: KnownJob): void {
  w.text(name)
  w.flag(defer)
}

function readKnown(r: ByteReader): KnownJob {
  return { name: label(r.known(), 'jobs'), defer: r.flag() }
}
