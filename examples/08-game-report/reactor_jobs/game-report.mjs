import { renameSync, writeFileSync } from 'node:fs'
import { job } from 'job-reactor'

job('game_report', { timeout: '1m', maxAttempts: 5 }, async ({ api, pages, file }, ctx) => {
  const numbers = Array.from({ length: pages }, (_, page) => page)
  const fetched = await Promise.all(
    numbers.map(async (page) => {
      const response = await fetch(`${api}/matches?page=${page}`, { signal: ctx.signal })
      if (!response.ok) throw new Error(`page ${page}: status ${response.status}`)
      return response.json()
    }),
  )
  const matches = fetched.flat()
  // A job may run twice: it writes beside the file and puts it in place, so that a second run changes nothing.
  writeFileSync(`${file}.new`, matches.map((match) => `${JSON.stringify(match)}\n`).join(''))
  renameSync(`${file}.new`, file)
  const sum = (key) => matches.reduce((total, match) => total + match[key], 0)
  return { rows: matches.length, players: sum('players'), minutes: sum('minutes') }
})
