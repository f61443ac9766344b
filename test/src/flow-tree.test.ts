import t from 'tap'
import { treeOf } from '#dist/src/flow-tree.js'

const job = (key: string, needs: (string | null)[] = []) =>
  ({ key, id: `id-${key}`, name: 'work', state: 'blocked', needs }) as const

const shown = (...jobs: ReturnType<typeof job>[]) =>
  treeOf(jobs).map(({ indent, job }) => `${'  '.repeat(indent)}${job.key}`)

t.test('each job stands once, below the deepest of those that it needs', async (t) => {
  t.same(shown(job('c', ['b', 'a']), job('b', ['a']), job('a'), job('d', ['a'])), [
    'a',
    '  b',
    '    c',
    '  d',
  ])
  t.same(shown(job('end', [null]), job('x', ['gone']), job('y', ['x'])), ['x', '  y', 'end'])
  t.same(shown(), [])
  const chain = Array.from({ length: 10_000 }, (_, i) => job(`${i}`, i === 0 ? [] : [`${i - 1}`])).reverse()
  t.equal(treeOf(chain).at(-1)?.indent, 9999, 'a long chain needs no long stack')
})
