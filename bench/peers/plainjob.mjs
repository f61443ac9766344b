// plainjob on SQLite (better-sqlite3). It sets WAL and `synchronous = NORMAL` itself. It asks for new jobs once a second
// by default, which would be its latency: here every 5 ms. It has no results: the worker, which is always on the same
// machine, sends them to the app over the pipe between them.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { startWorker } from '../worker.mjs'
import { packageVersion } from './versions.mjs'

export const plainjob = {
  name: 'plainjob',
  durability: 'SQLite WAL, no fsync at a commit',
  results: 'a pipe from worker to app, not stored',
  packages: ['plainjob', 'better-sqlite3'],
  async start(sample) {
    const { default: Database } = await import('better-sqlite3')
    const { better, defineQueue } = await import('plainjob')
    mkdirSync(sample.dir, { recursive: true })
    const file = join(sample.dir, 'jobs.db')
    const queue = defineQueue({ connection: better(new Database(file)), logger: SILENT })
    const worker = await startWorker(
      sample,
      new URL('./workers/plainjob.mjs', import.meta.url),
      { file },
      (results) => results.forEach(sample.inbox.take),
    )
    const enqueue = async (args) => queue.add('noop', args)
    return {
      enqueue,
      enqueueLarge: enqueue,
      storedUntil: async (args, due) => queue.add('noop', args, { delay: Math.max(0, due - Date.now()) }),
      enqueueMany: async (list) => queue.addMany('noop', list),
      release: worker.release,
      versions: { plainjob: packageVersion('plainjob'), 'better-sqlite3': packageVersion('better-sqlite3') },
    }
  },
}

const SILENT = { error() {}, warn() {}, info() {}, debug() {} }
