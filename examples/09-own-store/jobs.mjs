// @ts-check
// Jobs and outcomes in memory, and what each change does to them. Nothing here depends on anything but its arguments:
// the same changes always give the same jobs.
import { firstRefusal, keptAs, keptBy, lasting, refusalOf } from 'job-reactor/store'
import { dropNotes, noteAt, writeNotes } from './notes.mjs'

/**
 * `live`: `{ job, startedAt }` by id, waiting while `startedAt` is 0. `ended`: kept jobs by id. `outcomes`: for each
 * distributor, by number. `taken`: the highest number from each life of each distributor. `notes`: values by key, on each
 * shelf. `going`: the notes that go with an ended job, by its id.
 */
export function noJobs() {
  const [live, ended, outcomes, taken, notes, going] = Array.from({ length: 6 }, () => new Map())
  return { live, ended, outcomes, taken, notes, going }
}

export function lifeOf(distributor, instance) {
  return JSON.stringify([distributor, instance])
}

/**
 * Applies one change, whole or not at all. Whether it can be done is decided first: `refusalOf` knows the rules of the contract.
 * @param {import('job-reactor/store').Change} change
 * @returns {import('job-reactor/store').Answer}
 */
export function apply(jobs, change) {
  const ground = groundOf(jobs)
  const changes = change.kind === 'together' ? change.changes : [change]
  // Taken whatever the answer is: the sender must not send it again.
  for (const each of changes) if (each.kind === 'insert') take(jobs, each)
  const refusal =
    change.kind === 'together' ? firstRefusal(change.changes, ground) : refusalOf(change, ground)
  if (refusal !== null) return refusal
  for (const each of changes) {
    doTo(jobs, each)
    writeNotes(jobs, each.notes ?? [])
  }
  return 'ok'
}

/** @param {import('job-reactor/store').Single} change */
function doTo(jobs, change) {
  const { live, ended, outcomes, going } = jobs
  switch (change.kind) {
    case 'insert':
      // If a job of the id before this one has ended, and is kept, it makes way.
      if (change.ownId) forget(jobs, change.job.id)
      live.set(change.job.id, { job: change.job, startedAt: 0 })
      return
    case 'begin':
      live.set(change.job.id, { job: change.job, startedAt: change.startedAt })
      return
    case 'move':
      live.set(change.to.id, { job: change.to, startedAt: 0 })
      report(jobs, change.outcome)
      return
    case 'end':
      live.delete(change.from.id)
      if (change.keep !== null) {
        ended.set(change.from.id, change.keep)
        going.set(change.from.id, lasting(change.notes))
      }
      report(jobs, change.outcome)
      return
    case 'remove':
      forget(jobs, change.id)
      return
    case 'acknowledge':
      for (const seq of change.seqs) outcomes.get(change.distributor)?.delete(seq)
  }
}

/**
 * What `refusalOf` has to know.
 * @returns {import('job-reactor/store').Ground}
 */
function groundOf(jobs) {
  return {
    isAt: (from, running) => isAt(jobs, from, running),
    isLive: (id) => jobs.live.has(id),
    kept: (id) => jobs.going.get(id) ?? null,
    note: (name) => noteAt(jobs, name),
  }
}

function take({ taken }, { job, number }) {
  const life = lifeOf(job.distributor, job.instance)
  if (number !== null) taken.set(life, Math.max(number, taken.get(life) ?? 0))
}

/** An ended job is kept no longer, and its notes go with it. */
function forget(jobs, id) {
  jobs.ended.delete(id)
  dropNotes(jobs, jobs.going.get(id) ?? [])
  jobs.going.delete(id)
}

/** Of ended jobs that are kept as this forgets those that are older, or more, than they may be; answers how many. */
export function prune(jobs, { as, olderThan, keep }) {
  const all = [...jobs.ended.values()].filter((one) => keptAs(one) === as)
  all.sort((a, b) => keptBy(a) - keptBy(b) || a.job.seq - b.job.seq)
  const gone = all.filter((one, i) => keptBy(one) < olderThan || i < all.length - keep)
  for (const { job } of gone) forget(jobs, job.id)
  return gone.length
}

/** Whether a job is where a change says. Its number will do: none is ever used twice. */
function isAt({ live }, from, running) {
  const found = live.get(from.id)
  return found?.job.seq === from.seq && found.startedAt > 0 === running
}

function report({ outcomes }, outcome) {
  if (outcome === null) return
  const all = outcomes.get(outcome.distributor) ?? new Map()
  outcomes.set(outcome.distributor, all.set(outcome.seq, outcome))
}
