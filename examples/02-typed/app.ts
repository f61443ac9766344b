import { JR } from 'job-reactor'
import './jobs.js'

await JR.startDistributor()
await JR.spawnNode({
  name: 'worker_1',
  jobs: new URL('./reactor_jobs', import.meta.url),
  store: 'memory',
  logLevel: 'warn',
})

// The name, the args and the result are checked: `area` is a number here, and a misspelt name does not compile.
const { area, width } = await JR.enqueue('area', { width: 6, height: 7 }).result()
console.log(`${width} wide, area ${area.toFixed(1)}`)
await JR.stop()
