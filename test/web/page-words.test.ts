import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import t from 'tap'
import { actQuery, filterOf, jobsPath, queryOf } from '../../web/page/filters.js'
import { bytes, count, duration, fromNow, limits, rate, when } from '../../web/page/format.js'
import { partsOf } from '../../web/page/path-parts.js'
import { branches } from '../../web/page/tree.js'
import type { FlowJob } from '../../web/page/types.js'

t.test('times, sizes and numbers in words', (t) => {
  const NOW = Date.parse('2026-03-29T01:00:00Z')
  const table: readonly (readonly [said: string, as: string])[] = [
    [duration(-5), '0 ms'],
    [duration(0.25), '0.3 ms'],
    [duration(80), '80 ms'],
    [duration(999.7), '1 s'],
    [duration(1234), '1.2 s'],
    [duration(59_700), '1 min'],
    [duration(90_000), '1.5 min'],
    [duration(59.8 * 60_000), '1 h'],
    [duration(23.9 * 3_600_000), '1 d'],
    [duration(36 * 3_600_000), '1.5 d'],
    [fromNow('2026-03-29T00:57:00Z', NOW), '3 min ago'],
    [fromNow('2026-03-29T03:00:00Z', NOW), 'in 2 h'],
    [fromNow('2026-03-29T01:00:00.400Z', NOW), 'now'],
    [fromNow('', NOW), ''],
    [count(1_000_000), '1,000,000'],
    [bytes(0), '0 B'],
    [bytes(1536), '1.5 KiB'],
    [bytes(1024 ** 2 - 1), '1 MiB'],
    [bytes(5000 * 1024 ** 4), '5000 TiB'],
    [rate(0, 1000), '0/s'],
    [rate(3, 60_000), '3/min'],
    [rate(1_500_000, 1000), '1,500,000/s'],
    [when({ cron: '0 6 * * *', timezone: 'Europe/Berlin' }), '0 6 * * * (Europe/Berlin)'],
    [when({ cron: '0 6 * * *' }), '0 6 * * * (UTC)'],
    [when({ every: '5m' }), 'every 5m'],
    [limits({}), 'none'],
    [limits({ concurrency: 3, groupRate: { limit: 2, per: '1s' } }), '3 at once, 2 per 1s for each group'],
  ]
  for (const [said, as] of table) t.equal(said, as)
  t.end()
})

t.test('a list of jobs is its URL', (t) => {
  const odd = { state: 'failed,waiting', name: 'a & b', text: '50% = ü', tag: '#1' }
  t.same(filterOf(new URLSearchParams(queryOf(odd))), odd, 'there and back')
  t.same(
    filterOf(new URLSearchParams('state=&name=x&after=c&whatever=1')),
    { name: 'x' },
    'only what is a filter',
  )
  t.equal(jobsPath({}), 'jobs')
  t.equal(jobsPath({ state: 'failed' }), 'jobs?state=failed')
  t.same(actQuery({}), { all: true }, 'to act on all has to be said')
  t.same(actQuery({ node: 'n1' }), { node: 'n1' })
  t.same(actQuery({ node: 'n1', state: 'failed,waiting', name: 'x' }), {
    node: 'n1',
    query: { state: ['failed', 'waiting'], name: ['x'] },
  })
  t.end()
})

t.test('the parts of a path, whatever somebody has typed', (t) => {
  t.same(partsOf(''), [])
  t.same(partsOf('jobs/a%2Fb/'), ['jobs', 'a/b'])
  t.same(partsOf('jobs/100%'), ['jobs', '100%'], 'what is no encoding stands for itself')
  t.end()
})

t.test('a flow as a tree', (t) => {
  const job = (key: string, ...needs: (string | null)[]): FlowJob => ({
    key,
    id: `id-${key}`,
    name: 'work',
    state: 'blocked',
    needs,
  })
  const drawn = (jobs: readonly FlowJob[]) =>
    branches(jobs).map(({ job, depth, others }) => `${'  '.repeat(depth)}${job.key}|${others.join()}`)

  t.same(drawn([]), [])
  t.same(
    drawn([job('end', null), job('c', 'a', 'b'), job('b', 'a'), job('a'), job('d')]),
    ['a|', '  b|', '    c|a', 'd|', 'end|all others'],
    'each once, below the deepest that it needs',
  )
  t.same(drawn([job('b', 'gone')]), ['b|gone'], 'one that needs what is not listed is there all the same')
  t.end()
})

t.test('the page weighs less than 150 KiB as it is sent, and has the licences of what is in it', (t) => {
  const dir = join('dist', 'web', 'page')
  const files = readdirSync(dir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  const sent = files.map((entry) => gzipSync(readFileSync(join(entry.parentPath, entry.name))).length)
  const all = sent.reduce((sum, size) => sum + size, 0)
  t.ok(all > 10_000 && all < 150 * 1024, `${all} bytes`)
  t.ok(existsSync(join(dir, 'assets', 'app.js')) && existsSync(join(dir, 'assets', 'app.css')))
  const html = readFileSync(join(dir, 'index.html'), 'utf8')
  t.notMatch(html, /<style|style=|<script>|\bon\w+=|https?:/, 'nothing inline, nothing from elsewhere')
  t.match(readFileSync(join(dir, 'assets', 'licences.txt'), 'utf8'), /preact[\s\S]+uplot/)
  t.end()
})
