// The limit: the same shape with nothing else. App, TCP frames of MessagePack, group commit with fsync, a pipe to one
// child, the result kept on disk until the app has it. No retries, no names, no checks, no reconnects.
import { spawn } from 'node:child_process'
import { createServer } from 'node:net'
import { frames, sender } from './frames.mjs'

export async function startBare(dir) {
  const server = createServer({ noDelay: true })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const node = spawn(
    process.execPath,
    [new URL('./node.mjs', import.meta.url).pathname, String(server.address().port), dir],
    {
      stdio: ['ignore', 'inherit', 'inherit'],
    },
  )
  const socket = await new Promise((resolve) => server.once('connection', resolve))
  // It ends by being killed.
  socket.on('error', () => {})
  const waiting = new Map()
  const send = sender(socket)
  frames(socket, (messages) => {
    const done = []
    for (const [id, args] of messages) {
      done.push(id)
      const resolve = waiting.get(id)
      waiting.delete(id)
      resolve(args)
    }
    send([1, done])
  })
  let last = 0
  return {
    pid: node.pid,
    enqueue(args, onResult) {
      waiting.set(++last, onResult)
      send([0, last, args])
    },
    async stop() {
      const exited = new Promise((resolve) => node.once('exit', resolve))
      node.kill('SIGKILL')
      await exited
      server.close()
    },
  }
}
