// Two apps (here in one process) and two nodes that serve both. Nodes and apps come and go as they like.
import { Distributor } from 'job-reactor'
import { startNode } from 'job-reactor/node'

const shop = new Distributor({ name: 'shop', port: 0 })
const office = new Distributor({ name: 'office', port: 0 })
const distributors = [await shop.start(), await office.start()]

const jobs = new URL('./reactor_jobs', import.meta.url).pathname
const options = { jobs, distributors, store: 'memory', logLevel: 'warn' }
const nodes = await Promise.all(['node_1', 'node_2'].map((name) => startNode({ name, ...options })))
await Promise.all([shop.ready, office.ready])

const numbers = [1, 2, 3, 4, 5, 6, 7, 8]
const results = await Promise.all(
  numbers.map((n) => (n % 2 ? shop : office).enqueue('square', { n }).result()),
)
console.log(results.map(({ squared }) => squared).join(' '))

await Promise.all(nodes.map((node) => node.stop()))
await Promise.all([shop.stop(), office.stop()])
