// NATS JetStream: two file streams of the work-queue kind, one for jobs and one for results. Published without waiting for
// the acknowledgement before, pulled by `consume` with up to 500 at once, acknowledged after the result is stored. The
// server acknowledges what it has written, and syncs later (`sync_interval`, two minutes by default).
import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { startWorker } from '../worker.mjs'
import { freePort, startServer } from './servers/server.mjs'
import { packageVersion } from './versions.mjs'

const NATS = { command: 'nats-server', apt: 'nats-server' }

export const nats = {
  name: 'NATS JetStream',
  durability: 'file streams, acknowledged before fsync',
  results: 'a second stream, stored alike',
  needs: NATS,
  packages: ['@nats-io/jetstream', '@nats-io/transport-node'],
  node: 22,
  cannot: { delayed: 'this server has no delayed messages' },
  async start(sample) {
    const { connect } = await import('@nats-io/transport-node')
    const { jetstream, jetstreamManager } = await import('@nats-io/jetstream')
    const port = await freePort()
    mkdirSync(sample.dir, { recursive: true })
    const file = join(sample.dir, 'nats.conf')
    const store = join(sample.dir, 'jetstream')
    writeFileSync(
      file,
      `listen: "127.0.0.1:${port}"\nmax_payload: 8MB\njetstream { store_dir: "${store}", max_file_store: 4GB }\n`,
    )
    await startServer(sample, NATS.command, ['-c', file], { port })
    const connection = await connect({ servers: `127.0.0.1:${port}`, noAsyncTraces: true })
    const manager = await jetstreamManager(connection)
    for (const name of ['jobs', 'results']) {
      await manager.streams.add({ name, subjects: [name], retention: 'workqueue', storage: 'file' })
      await manager.consumers.add(name, { durable_name: name, ack_policy: 'explicit', max_ack_pending: 5000 })
    }
    const stream = jetstream(connection)
    const results = await (await stream.consumers.get('results', 'results')).consume({ max_messages: 1000 })
    void takeResults(results, sample)
    const worker = await startWorker(sample, new URL('./workers/nats.mjs', import.meta.url), { port })
    const enqueue = (args) => stream.publish('jobs', JSON.stringify(args), { timeout: 60_000 })
    return {
      enqueue,
      enqueueLarge: enqueue,
      release: worker.release,
      versions: {
        'nats-server': serverVersion(),
        '@nats-io/jetstream': packageVersion('@nats-io/jetstream'),
      },
    }
  },
}

async function takeResults(results, sample) {
  for await (const message of results) {
    sample.inbox.take(message.json())
    message.ack()
  }
}

function serverVersion() {
  return /v([\d.]+)/.exec(execFileSync(NATS.command, ['--version'], { encoding: 'utf8' }))[1]
}
