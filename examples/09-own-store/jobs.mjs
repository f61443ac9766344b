// @ts-check
// Jobs and outcomes in memory, and what each change does to them. Nothing here depends on anything but its arguments:
// the same changes always give the same jobs.

/**
 * `live`: `{ job, startedAt }` by id, waiting while `startedAt` is 0. `ended`: kept jobs by id. `outcomes`: for each
 * distributor, by number. `taken`: the highest number from each life of each distributor.
 */
export function noJobs() {
  return { live: new Map(), ended: new Map(), outcomes: new Map(), taken: new Map() }
}

export function lifeOf(distributor, instance) {
  return JSON.stringify([distributor, instance])
}

/**
 * Applies one change, whole or not at all.
 * @param {import('job-reactor/store').Change} change
 * @returns {import('job-reactor/store').Answer}
 */
export function apply(jobs, change) {
  const { live, ended, outcomes, taken } = jobs
  switch (change.kind) {
    case 'insert': {
      const { job, ownId, number } = change
      const life = lifeOf(job.distributor, job.instance)
      // Taken even when it is a duplicate: the sender must not send it again.
      if (number !== null) taken.set(life, Math.max(number, taken.get(life) ?? 0))
      if (ownId) {
        if (live.has(job.id)) return 'duplicate'
        // The job of the id before this one has ended, and is kept: it makes way.
        ended.delete(job.id)
      }
      live.set(job.id, { job, startedAt: 0 })
      return 'ok'
    }
    case 'begin':
      if (!isAt(jobs, change.job, false)) return 'stale'
      live.set(change.job.id, { job: change.job, startedAt: change.startedAt })
      return 'ok'
    case 'move':
      if (!isAt(jobs, change.from, change.running)) return 'stale'
      live.set(change.to.id, { job: change.to, startedAt: 0 })
      report(jobs, change.outcome)
      return 'ok'
    case 'end':
      if (!isAt(jobs, change.from, change.running)) return 'stale'
      live.delete(change.from.id)
      if (change.keep !== null) ended.set(change.from.id, change.keep)
      report(jobs, change.outcome)
      return 'ok'
    case 'remove':
      return ended.delete(change.id) ? 'ok' : 'stale'
    case 'acknowledge':
      for (const seq of change.seqs) outcomes.get(change.distributor)?.delete(seq)
      return 'ok'
  }
}

/** Forgets ended jobs that are older, or more, than they may be; answers how many. */
export function prune({ ended }, { state, olderThan, keep }) {
  const all = [...ended.values()].filter((one) => one.state === state)
  all.sort((a, b) => a.finishedAt - b.finishedAt || a.job.seq - b.job.seq)
  const gone = all.filter((one, i) => one.finishedAt < olderThan || i < all.length - keep)
  for (const { job } of gone) ended.delete(job.id)
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
