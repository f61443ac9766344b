import { setImmediate as nextTurn } from 'node:timers/promises'
import pg from 'pg'
import { CHANNEL } from '../servers/postgres-listen.mjs'

// A payload of NOTIFY holds less than 8,000 bytes.
const RESULTS_A_PAYLOAD = 100

/** Answers a function that tells results, and resolves once they are told. What is told meanwhile goes together. */
export async function teller(url) {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  let waiting = []
  let told = null
  let last = Promise.resolve()
  return (results) => {
    waiting.push(...results)
    if (told === null) {
      // One query at a time; the next takes all that came meanwhile.
      told = Promise.all([last, nextTurn()]).then(() => {
        const batch = waiting
        waiting = []
        told = null
        return tell(client, batch)
      })
      last = told
    }
    return told
  }
}

function tell(client, results) {
  const payloads = []
  for (let i = 0; i < results.length; i += RESULTS_A_PAYLOAD) {
    payloads.push(JSON.stringify(results.slice(i, i + RESULTS_A_PAYLOAD)))
  }
  const text = `select pg_notify('${CHANNEL}', payload) from unnest($1::text[]) payload`
  return client.query({ name: 'tell', text, values: [payloads] })
}
