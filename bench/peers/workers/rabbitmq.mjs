import { createRequire } from 'node:module'
import { runWorker, work } from '../../in-worker.mjs'

const amqp = createRequire(import.meta.url)('amqplib')

runWorker(async ({ port }) => {
  const connection = await amqp.connect(`amqp://127.0.0.1:${port}`, { noDelay: true })
  const channel = await connection.createConfirmChannel()
  await channel.prefetch(500)
  return () =>
    channel.consume('jobs', (message) => {
      const body = Buffer.from(JSON.stringify(work(JSON.parse(message.content.toString()))))
      channel.sendToQueue('results', body, { persistent: true }, (error) => {
        if (error) throw error
        channel.ack(message)
      })
    })
})
