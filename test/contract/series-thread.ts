import { parentPort, workerData } from 'node:worker_threads'
import { runSeries, type Series } from './series.js'

const results = await Promise.all((workerData as Series[]).map(runSeries))
parentPort?.postMessage(results)
