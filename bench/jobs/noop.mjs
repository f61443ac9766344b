import { job } from 'job-reactor'

job('noop', (args) => {
  args.y = args.x + 1
  if (args.due !== undefined) args.late = Date.now() - args.due
})

// Its payload stays where it is, as with the peers, whose results hold only what the job returns.
job('large', (args) => {
  args.y = args.x + 1
  args.text = undefined
})

job('heavy', { defer: true }, (args) => {
  const until = performance.now() + args.ms
  let spun = 0
  while (performance.now() < until) spun++
  args.y = args.x + 1
  args.spun = spun
})
