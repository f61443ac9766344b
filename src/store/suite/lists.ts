import assert from 'node:assert/strict'
import type { Store } from '../contract.js'
import { begin, type Cases, commit, insert, record, using } from './fixtures.js'

/** Lists for people. */
export const LISTS: Cases = {
  'a list comes in pages, each job once': (make) =>
    using(make, async (store) => {
      await commit(
        store,
        ...Array.from({ length: 25 }, (_, i) => insert(record({ id: `j${i}`, seq: i + 1 }))),
      )
      const seen: string[] = []
      let after: string | null = null
      do {
        const page: Awaited<ReturnType<Store['list']>> = await store.list({
          limit: 10,
          ...(after === null ? {} : { after }),
        })
        seen.push(...page.jobs.map(({ job }) => job.id))
        after = page.next
      } while (after !== null)
      assert.equal(seen.length, 25)
      assert.equal(new Set(seen).size, 25)
    }),

  'a page of a list carries no more than about 4 MiB': (make) =>
    using(make, async (store) => {
      const args = Buffer.alloc(1024 * 1024)
      for (let i = 0; i < 6; i++) await commit(store, insert(record({ id: `j${i}`, seq: i + 1, args })))
      const running = record({ id: 'runs', seq: 7, args })
      await commit(store, insert(running), begin(running))
      const pages: string[][] = []
      for (let after: string | undefined; ; ) {
        const page: Awaited<ReturnType<Store['list']>> = await store.list({ limit: 10, after })
        pages.push(page.jobs.map(({ job }) => job.id))
        if (page.next === null) break
        after = page.next
      }
      assert.ok(pages.every((ids) => ids.length <= 4))
      assert.deepEqual(pages.flat().sort(), ['j0', 'j1', 'j2', 'j3', 'j4', 'j5', 'runs'])
    }),
}
