import { startNode } from '../../dist/node/index.js'
import { runWorker } from '../in-worker.mjs'

// A paused node takes no jobs either. One without evented children takes them and can't run them; the one that stands by
// begins when it is let.
runWorker(async ({ options, address }) => {
  const node = await startNode({
    ...options,
    children: 0,
    deferredChildren: 1,
    standbyChildren: 1,
    distributors: [address],
  })
  return () => node.resize({ evented: 1 })
})
