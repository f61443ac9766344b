// The job: runs in a child process of the node.
import { job } from 'job-reactor'

job('greet', async (args) => {
  args.greeting = `Hello, ${args.name}!`
})
