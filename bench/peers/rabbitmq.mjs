// RabbitMQ by amqplib. As its documentation advises for work that may not be lost ("Reliability Guide", "Consumer
// Acknowledgements and Publisher Confirms"): durable queues, persistent messages, publisher confirms awaited without
// blocking the next publish, a prefetch of some hundreds, acknowledged after the result is confirmed. Results: a durable
// reply queue, with confirms of its own.
import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { startWorker } from '../worker.mjs'
import { freePort, startServer } from './servers/server.mjs'
import { packageVersion } from './versions.mjs'

// The script on the path changes the user; this one stays.
const RABBITMQ = { command: '/usr/lib/rabbitmq/bin/rabbitmq-server', apt: 'rabbitmq-server' }

export const rabbitmq = {
  name: 'RabbitMQ',
  durability: 'persistent messages, confirmed when on disk',
  results: 'a durable reply queue, stored alike',
  needs: RABBITMQ,
  packages: ['amqplib'],
  cannot: { delayed: 'needs a plugin' },
  async start(sample) {
    const port = await startRabbit(sample)
    const amqp = createRequire(import.meta.url)('amqplib')
    const connection = await amqp.connect(`amqp://127.0.0.1:${port}`, { noDelay: true })
    connection.on('error', sample.fail)
    const channel = await connection.createConfirmChannel()
    const results = await connection.createChannel()
    for (const queue of ['jobs', 'results']) await channel.assertQueue(queue, { durable: true })
    await results.prefetch(1000)
    await results.consume('results', (message) => {
      sample.inbox.take(JSON.parse(message.content.toString()))
      results.ack(message)
    })
    const worker = await startWorker(sample, new URL('./workers/rabbitmq.mjs', import.meta.url), { port })
    const enqueue = (args) =>
      new Promise((resolve, reject) => {
        const body = Buffer.from(JSON.stringify(args))
        channel.sendToQueue('jobs', body, { persistent: true }, (error) =>
          error ? reject(error) : resolve(),
        )
      })
    return {
      enqueue,
      enqueueLarge: enqueue,
      release: worker.release,
      versions: { rabbitmq: serverVersion(), amqplib: packageVersion('amqplib') },
    }
  },
}

async function startRabbit(sample) {
  mkdirSync(sample.dir, { recursive: true })
  const [port, distribution, mapper] = [await freePort(), await freePort(), await freePort()]
  const env = {
    HOME: sample.dir,
    ERL_EPMD_PORT: String(mapper),
    ERL_EPMD_ADDRESS: '127.0.0.1',
  }
  // Otherwise Erlang would leave one behind.
  await startServer(sample, 'epmd', [], { port: mapper, env })
  writeFileSync(join(sample.dir, 'enabled_plugins'), '[].\n')
  await startServer(sample, RABBITMQ.command, [], {
    port,
    signal: 'SIGTERM',
    env: {
      ...env,
      RABBITMQ_NODENAME: 'bench@localhost',
      RABBITMQ_NODE_PORT: String(port),
      RABBITMQ_NODE_IP_ADDRESS: '127.0.0.1',
      RABBITMQ_DIST_PORT: String(distribution),
      RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '-kernel inet_dist_use_interface {127,0,0,1}',
      RABBITMQ_MNESIA_BASE: join(sample.dir, 'mnesia'),
      RABBITMQ_LOG_BASE: join(sample.dir, 'log'),
      RABBITMQ_CONF_ENV_FILE: '/dev/null',
      RABBITMQ_CONFIG_FILE: join(sample.dir, 'none'),
      RABBITMQ_ENABLED_PLUGINS_FILE: join(sample.dir, 'enabled_plugins'),
    },
  })
  return port
}

function serverVersion() {
  const said = execFileSync('dpkg-query', ['-W', '-f', '$' + '{Version}', 'rabbitmq-server'], {
    encoding: 'utf8',
  })
  return /([\d.]+)/.exec(said)[1]
}
