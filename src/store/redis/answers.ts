import { JrError } from '../../errors.js'
import type { Answer, Refusal, SharedChange, SharedSingle } from '../contract.js'
import type { Group } from './group.js'

/** Bytes of what is told of one refusal, before the value of a note: letter, change, note, length. */
const HEAD = 11
const OK = 'o'.charCodeAt(0)
const NO_ROOM = 'n'.charCodeAt(0)
const TAKEN = 't'.charCodeAt(0)
const REFUSED = 'r'.charCodeAt(0)
const DUPLICATE = 'd'.charCodeAt(0)

/** What the script answered for each change; null: there was no room for the job. */
export function readAnswers({ changes, single }: Group, told: Buffer): (Answer | null)[] {
  const answers = new Array<Answer | null>(changes.length).fill('ok')
  const details = { bytes: told, at: single.length + 1 }
  for (const [i, at] of single.entries()) {
    const letter = told[i]
    if (letter === OK) continue
    const change = changes[at] as SharedChange
    if (letter === NO_ROOM) answers[at] = null
    else if (letter === REFUSED && change.kind === 'together') {
      const place = details.bytes.readUInt32BE(details.at + 1)
      answers[at] = { is: 'refused', at: place, answer: readDetail(details, change.changes[place]) }
    } else if (letter === TAKEN && change.kind !== 'together') answers[at] = readDetail(details, change)
    else answers[at] = letter === DUPLICATE ? 'duplicate' : 'stale'
  }
  return answers
}

function readDetail(
  details: { readonly bytes: Buffer; at: number },
  change: SharedSingle | undefined,
): Refusal {
  const { bytes, at } = details
  const [letter, note, length] = [bytes[at], bytes.readUInt16BE(at + 5), bytes.readUInt32BE(at + 7)]
  details.at += HEAD + length
  if (letter !== TAKEN) return letter === DUPLICATE ? 'duplicate' : 'stale'
  const name = change?.notes?.[note]
  if (name === undefined)
    throw new JrError('JR_STORE', 'Redis says of a note that nobody has sent that it is taken')
  const value = Buffer.from(bytes.subarray(at + HEAD, at + HEAD + length))
  return { is: 'taken', shelf: name.shelf, key: name.key, value }
}
