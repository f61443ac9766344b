import type { Change, JobRecord, Single } from '#dist/src/store/index.js'
import { FAR } from './steps.js'

export function shown(change: Change): string {
  if (change.kind === 'together') return `together(${change.changes.map(shown).join(', ')})`
  const notes = (change.notes ?? []).map(
    ({ shelf, key, value, unless, at }) =>
      `${unless === undefined ? '' : `unless taken at ${at} `}${shelf.name} ${JSON.stringify(key)} ${value?.length ?? 'gone'}`,
  )
  return `${withoutNotes(change)}${notes.length === 0 ? '' : ` [${notes.join(', ')}]`}`
}

function withoutNotes(change: Single): string {
  const job = ({ id, lane, due, seq, course }: JobRecord) =>
    `${JSON.stringify(id)} at ${lane}/${due > FAR - 1 ? `far+${due - FAR}` : due}/${seq}, attempt ${course.attempt}`
  switch (change.kind) {
    case 'insert':
      return `insert(${job(change.job)}${change.ownId ? ', ownId' : ''}, number ${change.number})`
    case 'begin':
      return `begin(${job(change.job)})`
    case 'move':
      return `move(${job(change.from)}${change.running ? ', running' : ''} to ${job(change.to)})`
    case 'end':
      return `end(${job(change.from)}${change.running ? ', running' : ''}, keep ${change.keep?.state ?? 'nothing'}, outcome ${change.outcome?.seq ?? 'none'})`
    case 'remove':
      return `remove(${JSON.stringify(change.id)})`
    case 'acknowledge':
      return `acknowledge(${change.distributor}, ${change.seqs})`
    case 'note':
      return 'note'
  }
}
