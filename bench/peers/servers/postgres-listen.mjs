// Neither graphile-worker nor pg-boss brings results back to the app. PostgreSQL's NOTIFY does, without polling.
export const CHANNEL = 'bench_results'

/** Calls `sample.inbox.take` with what the worker tells. */
export async function listen(sample, url) {
  const { default: pg } = await import('pg')
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => {})
  await client.connect()
  sample.defer(() => client.end())
  client.on('notification', ({ payload }) => {
    for (const result of JSON.parse(payload)) sample.inbox.take(result)
  })
  await client.query(`LISTEN ${CHANNEL}`)
}
