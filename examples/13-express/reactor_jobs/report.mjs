import { setTimeout as wait } from 'node:timers/promises'
import { FailJob, job } from 'job-reactor'

const REGIONS = ['North', 'South', 'West']
const PORTION = 50

job('report', { timeout: '1m' }, async ({ region, rows }, ctx) => {
  // Another attempt would find nothing either.
  if (!REGIONS.includes(region)) throw new FailJob(`nothing was ever sold in ${region}`)
  let total = 0
  for (let done = 0; done < rows; ) {
    const until = Math.min(done + PORTION, rows)
    total += await sold(done, until, ctx.signal)
    done = until
    ctx.progress({ done, rows })
    if (done % 500 === 0 || done === rows) ctx.log.info(`${done} rows read`)
  }
  return { report: { region, rows, total, average: total / rows } }
})

/** Stands for a query: what the rows of a table come to. A job that is cancelled waits for no more of them. */
async function sold(from, until, signal) {
  await wait(120, undefined, { signal })
  let sum = 0
  for (let row = from; row < until; row++) sum += 10 + (row % 7)
  return sum
}
