import { job } from 'job-reactor'

job('import', async ({ pages }, ctx) => {
  let { page, rows } = ctx.saved ?? { page: 1, rows: 0 }
  const first = page
  while (page <= pages) {
    rows += await importPage(page)
    page++
    // On the disk before the next page begins: whatever ends this attempt, the next one goes on from here.
    await ctx.checkpoint({ page, rows })
    // What an import may meet at night: the first attempt does not survive its fourth page.
    if (ctx.attempt === 1 && page === 5) process.kill(process.pid, 'SIGKILL')
  }
  return { rows, first, attempts: ctx.attempt }
})

/** Stands for a page of a shop's orders, written to a database. */
async function importPage(page) {
  return 10 + page
}
