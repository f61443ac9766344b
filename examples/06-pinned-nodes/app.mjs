import { JR } from 'job-reactor'

await JR.startDistributor()
const jobs = new URL('./reactor_jobs', import.meta.url).pathname
for (const name of ['fast_disk', 'many_cores'])
  await JR.spawnNode({ name, jobs, store: 'memory', logLevel: 'warn' })

const where = async (options) => (await JR.enqueue('where', {}, options).result()).node

console.log('preferred:', await where({ node: 'fast_disk' }))
console.log('required: ', await where({ node: 'many_cores', strictNode: true }))
console.log('forbidden:', await where({ notNode: 'many_cores' }))
// A preferred node that is not there is done without; a required one would be waited for.
console.log('elsewhere:', (await where({ node: 'not_there' })) !== 'not_there')
await JR.stop()
