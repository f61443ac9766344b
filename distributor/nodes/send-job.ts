import type { Channel } from '../../src/wire/channel.js'
import type { LinkMessage } from '../../src/wire/messages.js'
import { restOf } from '../sending/bundle.js'
import { enqueueMessage, type Moment, type OutJob } from '../sending/out-job.js'

/**
 * Sends a job, and those that are to be taken together with it behind it, with nothing between them. Answers the one that is larger
 * than a frame that the node takes, behind which nothing was sent; null: none is.
 */
export function sendJob(
  channel: Pick<Channel<LinkMessage>, 'send'>,
  job: OutJob,
  now: Moment,
): OutJob | null {
  const rest = restOf(job)
  if (!channel.send(enqueueMessage(job, now, rest.length > 0))) return job
  for (const [i, each] of rest.entries())
    if (!channel.send(enqueueMessage(each, now, i + 1 < rest.length))) return each
  return null
}
