// beanstalkd with its binlog (-b), by the client jackd, which sends commands without waiting for the answers to those
// before. Results: a tube. A worker's connection can hold only one waiting `reserve`, so there are 50 of them, and each
// sends put, delete and the next reserve together; the app reads the results the same way.
import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { startWorker } from '../worker.mjs'
import { connectJackd, reserveAll } from './jackd.mjs'
import { freePort, startServer } from './servers/server.mjs'
import { packageVersion } from './versions.mjs'

const BEANSTALKD = { command: 'beanstalkd', apt: 'beanstalkd' }
const LARGEST = 4 * 1024 * 1024

function syncing(name, flags, durability) {
  return {
    name: `beanstalkd, ${name}`,
    durability,
    results: 'a reply tube, stored alike',
    needs: BEANSTALKD,
    packages: ['jackd'],
    async start(sample) {
      const port = await freePort()
      mkdirSync(sample.dir, { recursive: true })
      const args = ['-l', '127.0.0.1', '-p', String(port), '-b', sample.dir, '-z', String(LARGEST), ...flags]
      await startServer(sample, BEANSTALKD.command, args, { port })
      const put = await connectJackd(port, { use: 'jobs' })
      await reserveAll(port, 'results', 10, (client, { id, payload }) => {
        sample.inbox.take(JSON.parse(payload.toString()))
        client.delete(id).catch(sample.fail)
      })
      const worker = await startWorker(sample, new URL('./workers/beanstalkd.mjs', import.meta.url), { port })
      const enqueue = (args) => put.put(JSON.stringify(args))
      return {
        enqueue,
        enqueueLarge: enqueue,
        // Whole seconds; rounded up, since a job may not be early.
        storedUntil: (args, due) =>
          put.put(JSON.stringify(args), { delay: Math.max(0, Math.ceil((due - Date.now()) / 1000)) }),
        release: worker.release,
        versions: { beanstalkd: serverVersion(), jackd: packageVersion('jackd') },
      }
    },
  }
}

function serverVersion() {
  return /([\d.]+)/.exec(execFileSync(BEANSTALKD.command, ['-v'], { encoding: 'utf8' }))[1]
}

export const beanstalkd = [
  syncing('50 ms', [], 'binlog, fsync every 50 ms'),
  syncing('always', ['-f0'], 'binlog, fsync at each write'),
]
