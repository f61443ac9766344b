import { CancelJob, job } from 'job-reactor'

job('report', (args, ctx) => {
  // Ends the schedule from within; from the app it would be `handle.cancel()`.
  if (ctx.run > 3) throw new CancelJob('the shop is closed')
  return { line: `${args.shop}, ${ctx.run * 7} sold` }
})
