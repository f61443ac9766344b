import { job } from 'job-reactor'

job('noop', (args) => {
  args.y = args.x + 1
})
