import { JR } from 'job-reactor'
import './jobs.ts'

// Node runs TypeScript by itself from 22.18 on; before that, children need the loader that runs this file, too.
const loader = Reflect.get(process.features, 'typescript') ? {} : { import: 'tsx' }

await JR.startDistributor()
await JR.spawnNode({
  name: 'worker_1',
  jobs: new URL('./reactor_jobs', import.meta.url),
  store: 'memory',
  logLevel: 'warn',
  ...loader,
})

// The name, the args and the result are checked: `area` is a number here, and a misspelt name does not compile.
const { area, width } = await JR.enqueue('area', { width: 6, height: 7 }).result()
console.log(`${width} wide, area ${area.toFixed(1)}`)
await JR.stop()
