import { ByteReader } from '../../bytes/byte-reader.js'
import { ByteWriter } from '../../bytes/byte-writer.js'
import { JrError } from '../../errors.js'
import { byNumber, readBlock } from '../block.js'
import { clash } from './across.js'
import { KeptBlocks } from './kept.js'
import { type AllTerms, INNER_TERMS, TERMS, type TermOptions, type Terms } from './table.js'
import type { Term } from './term.js'
import { keyOfArgs } from './unique.js'

/** What a job was enqueued with: made once, at `enqueue`, and carried as it is. Many jobs may share one. Plain data. */
export interface Agreed {
  readonly terms: Terms
  /** The same as it travels and is stored; empty when there are none. */
  readonly bytes: Buffer
  /** The highest number among them; 0 when there are none. A number that is not known ends what is in `terms`. */
  readonly highest: number
}

/** A term as an option: where it is given, and the field of `Terms` that it is. */
interface Option {
  readonly path: string
  readonly field: keyof Terms
  readonly term: Term
}

const OPTIONS: ReadonlyMap<string, Option> = new Map(
  Object.entries<Term>(TERMS).map(([key, term]) => {
    return [key, { path: `opts.${key}`, field: `${key}${term.unit}` as keyof Terms, term }]
  }),
)
const BY_NUMBER = byNumber<Term>(
  Object.fromEntries(Array.from(OPTIONS.values(), ({ field, term }) => [field, term])),
)

/** What this version says of itself: it knows the terms up to this number. */
export const HIGHEST_TERM = BY_NUMBER.length - 1

export const NO_TERMS: Agreed = Object.freeze({ terms: {}, bytes: Buffer.alloc(0), highest: 0 })

/** False: one of them is of a later version. */
export function areKnown({ highest }: Pick<Agreed, 'highest'>): boolean {
  return highest === 0 || BY_NUMBER[highest] !== undefined
}

const IS_INNER: ReadonlySet<string> = new Set(INNER_TERMS)
const NOT_PART: AllTerms = Object.freeze({})

const writer = new ByteWriter()
/** What has been parsed of the options at hand, each at the number of its term. */
const parsed: unknown[] = []
const kept = new KeptBlocks<Agreed>()

/**
 * Of the options of a job those that are terms; `beside`: the names of the others. `inner`: what follows from what the job is
 * part of. Throws a TypeError with the path of the first that is neither, or not what it may be.
 */
export function agree(options: TermOptions, beside: readonly string[], inner: AllTerms = NOT_PART): Agreed {
  const highest = write(options, beside, inner)
  if (highest === 0) return NO_TERMS
  return writer.peek(
    (bytes, from, end) =>
      kept.find(bytes, from, end) ?? kept.keep(agreedOn(highest, copyOf(bytes, from, end))),
  )
}

/** The same of terms that are given to a job that is there: as bytes. Whether they go with its others is not looked at. */
export function partOf(options: TermOptions, beside: readonly string[]): Buffer {
  return write(options, beside, NOT_PART) === 0 ? NO_TERMS.bytes : writer.peek(copyOf)
}

/** Parses the options, and writes them. Answers the highest number; 0: none is a term. */
function write(options: TermOptions, beside: readonly string[], inner: AllTerms): number {
  parsed.fill(undefined)
  let highest = 0
  for (const key in options) {
    const option = OPTIONS.get(key)
    if (option === undefined || IS_INNER.has(key)) {
      if (beside.includes(key)) continue
      const known = [...beside, ...OPTIONS.keys()].filter((name) => !IS_INNER.has(name)).join(', ')
      throw new TypeError(`opts.${key}: no such option; known: ${known}`)
    }
    highest = Math.max(highest, parse(option, options[key as keyof TermOptions]))
  }
  for (const key in inner) {
    const option = OPTIONS.get(key) as Option
    highest = Math.max(highest, parse(option, inner[key as keyof AllTerms]))
  }
  writer.cut(0)
  for (let no = 1; no <= highest; no++) {
    if (parsed[no] === undefined) continue
    writer.uint(no)
    BY_NUMBER[no]?.entry.write(writer, parsed[no])
  }
  return highest
}

/** Answers the number of the term; 0: it was not given. */
function parse({ term, path }: Option, value: unknown): number {
  if (value === undefined) return 0
  parsed[term.no] = term.parse(value, path)
  return term.no
}

/** Of one job: with what its args say. */
export function forArgs(agreed: Agreed, args: Buffer): Agreed {
  const { unique } = agreed.terms
  if (unique?.byArgs !== true) return agreed
  return madeOf({ ...agreed.terms, unique: { ...unique, key: keyOfArgs(args) } })
}

/**
 * With some terms in place of those that it has, and without others, by the names of their options. `part`: of `partOf`. Throws
 * a TypeError when they do not go together, JR_PROTOCOL, and JR_UNKNOWN_TERM for one of a later version.
 */
export function changed(agreed: Agreed, part: Buffer, without: readonly string[]): Agreed {
  const given: Record<string, unknown> = {}
  const highest = readBlock(new ByteReader(part), BY_NUMBER, given)
  if (![agreed.highest, highest].every((no) => areKnown({ highest: no })))
    throw new JrError('JR_UNKNOWN_TERM', 'the job has, or is to have, a term of a later version')
  if (INNER_TERMS.some((name) => name in given || without.includes(name)))
    throw new JrError('JR_PROTOCOL', 'what a job is part of does not change')
  const terms: Record<string, unknown> = { ...agreed.terms, ...given }
  for (const name of without) {
    const option = OPTIONS.get(name)
    if (option === undefined) throw new TypeError(`opts.${name}: no such option`)
    delete terms[option.field]
  }
  const broken = clash(terms)
  if (broken !== null) throw new TypeError(broken)
  return madeOf(terms)
}

function madeOf(terms: Terms): Agreed {
  let highest = 0
  writer.cut(0)
  for (const known of BY_NUMBER) {
    const value = known === undefined ? undefined : terms[known.name as keyof Terms]
    if (known === undefined || value === undefined) continue
    highest = known.entry.no
    writer.uint(highest)
    known.entry.write(writer, value)
  }
  return highest === 0 ? NO_TERMS : { terms, bytes: writer.peek(copyOf), highest }
}

function agreedOn(highest: number, bytes: Buffer): Agreed {
  const terms: Record<string, unknown> = {}
  for (const [no, value] of parsed.entries()) {
    if (value !== undefined) terms[BY_NUMBER[no]?.name as string] = value
  }
  const broken = clash(terms)
  if (broken !== null) throw new TypeError(broken)
  return { terms, bytes, highest }
}

/** From the bytes of a block, which are copied. Throws JR_PROTOCOL. */
export function termsOf(bytes: Buffer, from = 0, end = bytes.length): Agreed {
  if (from === end) return NO_TERMS
  return kept.find(bytes, from, end) ?? kept.keep(readAfresh(copyOf(bytes, from, end)))
}

export function readTerms(r: ByteReader): Agreed {
  return r.span(termsOf)
}

/** The same, and `bytes` is kept. */
export function readAfresh(bytes: Buffer): Agreed {
  const terms: Record<string, unknown> = {}
  const highest = readBlock(new ByteReader(bytes), BY_NUMBER, terms)
  const broken = clash(terms)
  if (broken !== null) throw new JrError('JR_PROTOCOL', `terms of a job: ${broken}`)
  return { terms, bytes, highest }
}

/** As they could be given to `enqueue` again. */
export function optionsOf({ terms }: Agreed): AllTerms {
  const options: Record<string, unknown> = {}
  for (const [key, { field, term }] of OPTIONS) {
    const value = terms[field]
    if (value !== undefined) options[key] = term.show(value)
  }
  return options
}

function copyOf(bytes: Buffer, from: number, end: number): Buffer {
  return Buffer.from(bytes.subarray(from, end))
}
