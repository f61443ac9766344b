import { runWorker, work } from '../../in-worker.mjs'
import { reserveAll } from '../jackd.mjs'

runWorker(async ({ port }) => {
  const fail = (error) => {
    throw error
  }
  return () =>
    reserveAll(
      port,
      'jobs',
      50,
      (client, { id, payload }) => {
        client.put(JSON.stringify(work(JSON.parse(payload.toString())))).catch(fail)
        client.delete(id).catch(fail)
      },
      'results',
    )
})
