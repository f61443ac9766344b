import type { ByteReader } from '../../bytes/byte-reader.js'
import type { ByteWriter } from '../../bytes/byte-writer.js'
import { JrError } from '../../errors.js'
import { checked, FLAG, GROUP, NAME, received, WHOLE } from '../../rules.js'
import type { Term } from './term.js'

const ON_FAIL = ['fail', 'run'] as const
/** What becomes of a job when one that it needs has not completed: it fails, too, or it runs all the same. */
export type OnFail = (typeof ON_FAIL)[number]

/** A job of its flow that a job needs to have ended. */
export interface Need {
  /** Of the job in the flow; null: all others of the flow. */
  readonly key: string | null
  readonly onFail: OnFail
}

/** The flow that a job is of. */
export interface FlowTerm {
  readonly id: string
  /** Of this job in it. */
  readonly key: string
  /** When one has not completed, the rest is cancelled. */
  readonly failFast: boolean
}

/** The job that has made this one, and may wait for it. */
export interface Parent {
  readonly id: string
  readonly edition: number
}

/** As many as a flow has jobs. */
const MOST_NEEDS = 10_000

/** Which jobs of its flow a job needs. */
export function needs(no: number): Term<readonly Need[], readonly Need[], ''> {
  return {
    no,
    unit: '',
    form: 'needs',
    parse: (given, where) => {
      if (!Array.isArray(given) || given.length === 0 || given.length > MOST_NEEDS)
        throw new TypeError(`${where}: expected 1 to ${MOST_NEEDS} needs`)
      return given.map(({ key, onFail }: Need, i) => {
        if (!ON_FAIL.includes(onFail)) throw new TypeError(`${where}[${i}].onFail: expected fail or run`)
        return { key: key === null ? null : checked(GROUP, key, `${where}[${i}].key`), onFail }
      })
    },
    write: (w, value) => {
      w.uint(value.length)
      for (const { key, onFail } of value) {
        w.text(key ?? '')
        w.u8(ON_FAIL.indexOf(onFail))
      }
    },
    read: (r, field) => {
      const length = r.uint()
      if (length === 0 || length > MOST_NEEDS) throw unexpected(field, `1 to ${MOST_NEEDS} needs`)
      return Array.from({ length }, () => readNeed(r, field))
    },
    show: (value) => value,
  }
}

function readNeed(r: ByteReader, field: string): Need {
  const text = r.text()
  const onFail = ON_FAIL[r.u8()]
  if (onFail === undefined) throw unexpected(field, ON_FAIL.join(' or '))
  return { key: text === '' ? null : received(GROUP, text, field), onFail }
}

export function flow(no: number): Term<FlowTerm, FlowTerm, ''> {
  return {
    no,
    unit: '',
    form: 'flow',
    parse: (given, where) => {
      const { id, key, failFast } = objectAt(given, where) as Partial<FlowTerm>
      return {
        id: checked(GROUP, id, `${where}.id`),
        key: checked(GROUP, key, `${where}.key`),
        failFast: checked(FLAG, failFast, `${where}.failFast`),
      }
    },
    write: (w: ByteWriter, { id, key, failFast }) => {
      w.text(id)
      w.text(key)
      w.flag(failFast)
    },
    read: (r, field) => ({
      id: received(GROUP, r.text(), field),
      key: received(GROUP, r.text(), field),
      failFast: r.flag(),
    }),
    show: (value) => value,
  }
}

export function parent(no: number): Term<Parent, Parent, ''> {
  return {
    no,
    unit: '',
    form: 'parent',
    parse: (given, where) => {
      const { id, edition } = objectAt(given, where) as Partial<Parent>
      return { id: checked(NAME, id, `${where}.id`), edition: checked(WHOLE, edition, `${where}.edition`) }
    },
    write: (w: ByteWriter, { id, edition }) => {
      w.text(id)
      w.uint(edition)
    },
    read: (r, field) => ({
      id: received(NAME, r.text(), field),
      edition: received(WHOLE, r.uint(), field),
    }),
    show: (value) => value,
  }
}

function objectAt(given: unknown, where: string): object {
  if (typeof given === 'object' && given !== null) return given
  throw new TypeError(`${where}: expected an object`)
}

function unexpected(field: string, what: string): JrError {
  return new JrError('JR_PROTOCOL', `field '${field}' of a message: expected ${what}`)
}
