import type { ByteReader } from '../../bytes/byte-reader.js'
import type { ByteWriter } from '../../bytes/byte-writer.js'
import { formatDuration } from '../../options/duration.js'
import {
  checked,
  FLAG,
  GROUP,
  givenDuration,
  NAME,
  NAMES,
  oneOf,
  type Rule,
  received,
  TAG_LIST,
  wholeFrom,
} from '../../rules.js'
import type { Entry } from '../block.js'
import type { Backoff } from '../retry-policy.js'
import { checkBackoff, readBackoff, writeBackoff } from './backoff.js'
import { checkHeaders, type JobHeaders, readHeaders, writeHeaders } from './headers.js'
import { checkUnique, type GivenUnique, readUnique, showUnique, type Unique, writeUnique } from './unique.js'

/** Something that a job can be asked to be done with. `Given` is what a user may write, `Value` what is made of it. */
export interface Term<Given = unknown, Value = unknown, Unit extends string = string> extends Entry<Value> {
  /** Follows the key where the value is used: durations are `…Ms`. */
  readonly unit: Unit
  /** How its value is written, in the words of PROTOCOL.md. */
  readonly form: string
  /** Throws a TypeError that begins with `where`. */
  parse(given: unknown, where: string): Value
  /** As it could be given: what monitors show. */
  show(value: Value): Given
}

interface Bytes<Value> {
  readonly form: string
  write(w: ByteWriter, value: Value): void
  read(r: ByteReader): Value
}

export function flag(no: number): Term<boolean, boolean, ''> {
  return plain(no, FLAG, { form: '*b*', write: (w, value) => w.flag(value), read: (r) => r.flag() })
}

export function whole(no: number, least: number, most: number): Term<number, number, ''> {
  const write = (w: ByteWriter, value: number) => w.uint(value - least)
  const form = least === 0 ? '*n*' : `*n*, counted from ${least}`
  const rule = wholeFrom(least, most)
  const term = plain(no, rule, { form, write, read: (r) => r.uint() + least })
  // Of -0 it makes 0, as it is read.
  return { ...term, parse: (given, where) => checked(rule, given, where) + 0 }
}

export function name(no: number): Term<string, string, ''> {
  return plain(no, NAME, { form: '*t*', write: (w, value) => w.text(value), read: (r) => r.known() })
}

/** A short text. */
export function text(no: number): Term<string, string, ''> {
  return plain(no, GROUP, { form: '*t*, short', write: (w, value) => w.text(value), read: (r) => r.known() })
}

/** One of some words. */
export function choice<Word extends string>(no: number, words: readonly Word[]): Term<Word, Word, ''> {
  const write = (w: ByteWriter, value: Word) => w.u8(words.indexOf(value))
  const form = `*c* (${words.join(', ')})`
  return plain(no, oneOf(words), { form, write, read: (r) => words[r.u8()] as Word })
}

/** One name, or several. */
export function names(no: number): Term<string | readonly string[], readonly string[], ''> {
  return {
    no,
    unit: '',
    form: '*[t]*',
    parse: (given, where) => {
      if (typeof given === 'string') return [checked(NAME, given, where)]
      if (Array.isArray(given)) for (const [i, one] of given.entries()) checked(NAME, one, `${where}[${i}]`)
      return [...checked(NAMES, given, where)]
    },
    write: writeTexts,
    read: (r, field) => received(NAMES, readTexts(r), field),
    show: same,
  }
}

/** Short texts, each once, in the order in which they are given. */
export function tags(no: number): Term<readonly string[], readonly string[], ''> {
  return {
    no,
    unit: '',
    form: '*[t]*, short',
    parse: (given, where) => [...new Set(checked(TAG_LIST, given, where))],
    write: writeTexts,
    read: (r, field) => received(TAG_LIST, readTexts(r), field),
    show: same,
  }
}

/** Seconds, or text such as `'5m'`; kept in milliseconds. */
export function duration(no: number, rule: Rule<number>): Term<number | string, number, 'Ms'> {
  return {
    no,
    unit: 'Ms',
    form: '*ms*',
    parse: (given, where) => givenDuration(given, where, rule),
    write: (w, value) => w.uint(value),
    read: (r, field) => received(rule, r.uint(), field),
    show: formatDuration,
  }
}

export function backoff(no: number): Term<Backoff, Backoff, ''> {
  const bytes = { write: writeBackoff, read: readBackoff }
  return { no, unit: '', form: 'backoff', parse: checkBackoff, ...bytes, show: same }
}

export function unique(no: number): Term<GivenUnique, Unique, ''> {
  const bytes = { write: writeUnique, read: readUnique }
  return { no, unit: '', form: 'unique', parse: checkUnique, ...bytes, show: showUnique }
}

/** Text under names. */
export function headers(no: number): Term<JobHeaders, JobHeaders, ''> {
  const bytes = { write: writeHeaders, read: readHeaders }
  return { no, unit: '', form: '*[name t, value t]*', parse: checkHeaders, ...bytes, show: same }
}

/** What is kept as it is given. */
function plain<T>(no: number, rule: Rule<T>, bytes: Bytes<T>): Term<T, T, ''> {
  const { form, write, read } = bytes
  return {
    no,
    unit: '',
    form,
    parse: (given, where) => checked(rule, given, where),
    write,
    read: (r, field) => received(rule, read(r), field),
    show: same,
  }
}

function writeTexts(w: ByteWriter, value: readonly string[]): void {
  w.uint(value.length)
  for (const one of value) w.text(one)
}

function readTexts(r: ByteReader): string[] {
  // Each takes a byte at least.
  const length = Math.min(r.uint(), r.left + 1)
  return Array.from({ length }, () => r.known())
}

function same<T>(value: T): T {
  return value
}
