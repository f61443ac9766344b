// How long the first 100 jobs of a tag take to find, of 1 % of many waiting jobs, in the level store: `node bench/tags.mjs [jobs]`.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { withNotes } from '../dist/node/changes/indexes.js'
import { FRESH } from '../dist/src/job/course.js'
import { TIMED } from '../dist/src/job/lane.js'
import { agree, NO_TERMS } from '../dist/src/job/terms/agreed.js'
import { levelStore } from '../dist/src/store/index.js'
import { countTagged, listTagged } from '../dist/src/store/tags.js'

const JOBS = Number(process.argv[2] ?? 1_000_000)
const GROUP = 4000
const DUE = Date.now() + 3_600_000
const TAGGED = agree({ tags: ['customer 7', 'import'] }, [])
const args = Buffer.alloc(150, 1)

function insert(n) {
  const agreed = n % 100 === 0 ? TAGGED : NO_TERMS
  const place = { lane: TIMED, due: DUE + (n % 1000), seq: n + 1 }
  const who = { distributor: 'app', instance: 'life', wanted: true, enqueuedAt: DUE, byWall: false }
  const job = { ...place, id: `job-${n}`, edition: 0, name: 'work', ...who, agreed, course: FRESH, args }
  return withNotes({ kind: 'insert', job, ownId: false, number: null, origin: null, started: false }, Date)
}

const dir = mkdtempSync(join(tmpdir(), 'jr-tags-'))
const timed = async (what, work) => {
  const from = performance.now()
  const found = await work()
  console.log(`${what}: ${(performance.now() - from).toFixed(1)} ms`)
  return found
}
try {
  const store = levelStore({ dir, durability: 'os' })
  await store.open('bench')
  await timed(`${JOBS} jobs stored`, async () => {
    for (let n = 0; n < JOBS; n += GROUP)
      await store.commit(
        Array.from({ length: Math.min(GROUP, JOBS - n) }, (_, i) => insert(n + i)),
        true,
      )
  })
  for (let round = 0; round < 5; round++) {
    const query = { tag: 'customer 7', state: ['scheduled'], limit: 100 }
    const { jobs } = await timed('the first 100 of a tag', () => listTagged(store, query))
    if (jobs.length !== Math.min(100, JOBS / 100)) throw new Error(`${jobs.length} jobs found`)
  }
  const counts = await timed('counts of a tag', () => countTagged(store, 'customer 7'))
  console.log(counts)
  await store.close()
} finally {
  rmSync(dir, { recursive: true })
}
