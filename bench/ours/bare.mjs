// The limit of the same shape: frames of MessagePack over TCP, group commit with fsync, a pipe to one child, results kept
// until taken. No retries, names, checks or reconnects. See ./pipeline.
import { startBare } from './pipeline/app.mjs'

export const bare = {
  name: 'bare pipeline, fsync',
  durability: 'group commit, fsync before a job runs',
  results: 'frames; kept on disk until taken',
  cannot: {
    drain: 'runs every job at once',
    delayed: 'has no delays',
    large: 'its frames are not made for them',
  },
  async start(sample) {
    const pipeline = await startBare(sample.dir)
    sample.started(pipeline.pid)
    sample.defer(() => pipeline.stop())
    const enqueue = (args) => pipeline.enqueue(args, sample.inbox.take)
    return { enqueue, enqueueLarge: enqueue, versions: {} }
  },
}
