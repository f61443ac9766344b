import { jetstream } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { runWorker, work } from '../../in-worker.mjs'

runWorker(async ({ port }) => {
  const connection = await connect({ servers: `127.0.0.1:${port}`, noAsyncTraces: true })
  const stream = jetstream(connection)
  const consumer = await stream.consumers.get('jobs', 'jobs')
  return async () => {
    const messages = await consumer.consume({ max_messages: 500 })
    void take(messages, stream)
  }
})

async function take(messages, stream) {
  for await (const message of messages) {
    // Not awaited: up to 500 are under way at once.
    void stream
      .publish('results', JSON.stringify(work(message.json())), { timeout: 60_000 })
      .then(() => message.ack())
  }
}
