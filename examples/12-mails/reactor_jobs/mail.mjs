import { job } from 'job-reactor'

job('mail', ({ to }) => {
  if (!to.endsWith('@example.com')) throw new Error(`no mail to ${to}`)
})

job('report', ({ subject }, ctx) => {
  const { completed, failed, failures } = ctx.others
  const why = Object.values(failures).map(({ error }) => error.message)
  return { report: `${subject}: ${completed} sent, ${failed} not: ${why.join('; ')}` }
})
