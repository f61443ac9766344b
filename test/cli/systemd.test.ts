import { spawn, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import t from 'tap'
import { watchdogMs } from '#dist/cli/systemd.js'
import { skipFor } from '../required.js'
import { folder, startNode } from '../system/harness.js'

t.test('the watchdog of a unit is told twice in its time, by the process that it watches', async (t) => {
  const env = { NOTIFY_SOCKET: '/run/systemd/notify', WATCHDOG_USEC: '30000000' }
  t.equal(watchdogMs(env, 5), 15_000)
  t.equal(watchdogMs({ ...env, WATCHDOG_PID: '5' }, 5), 15_000)
  t.equal(watchdogMs({ ...env, WATCHDOG_PID: '6' }, 5), null, 'another process is watched')
  t.equal(watchdogMs({ NOTIFY_SOCKET: '/run/x' }, 5), null)
  t.equal(watchdogMs({ WATCHDOG_USEC: '30000000' }, 5), null)
  t.equal(watchdogMs({ ...env, WATCHDOG_USEC: 'soon' }, 5), null)
})

/** What systemd does with its socket: Node has no such sockets. */
const LISTENER = `
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print('listening', flush=True)
while True:
    data, ancillary, _, _ = s.recvmsg(4096, socket.CMSG_SPACE(4))
    for level, kind, fd in ancillary:
        socket.close(int.from_bytes(fd, sys.byteorder))
    print(data.decode().replace('\\n', ' '), flush=True)
`

function missing(): string | false {
  for (const command of ['systemd-notify', 'python3'])
    if (spawnSync(command, ['--version']).status !== 0)
      return `no ${command} here (apt-get install systemd python3)`
  return false
}

t.test(
  'a node tells its unit when it is ready, that it lives, and when it stops',
  { skip: skipFor('systemd', missing()) },
  async (t) => {
    const socket = join(folder(t), 'notify')
    const listener = spawn('python3', ['-c', LISTENER, socket], { stdio: ['ignore', 'pipe', 'inherit'] })
    t.teardown(() => listener.kill('SIGKILL'))
    const heard: string[] = []
    const waiting: (() => void)[] = []
    createInterface(listener.stdout).on('line', (line) => {
      heard.push(line)
      for (const look of waiting.splice(0)) look()
    })
    const hear = async (...parts: string[]) => {
      while (!heard.some((line) => parts.every((part) => line.includes(part))))
        await new Promise<void>((resolve) => waiting.push(resolve))
    }
    await hear('listening')
    const env = { NOTIFY_SOCKET: socket, WATCHDOG_USEC: '1000000' }
    const node = await startNode(t, 'unit', ['--listen', '127.0.0.1:0', '--store', 'memory'], env)
    await hear('READY=1', 'STATUS=node ', ' is ready, listening on 127.0.0.1:')
    await hear('WATCHDOG=1')
    node.process.kill('SIGTERM')
    await hear('STOPPING=1')
    t.match(await node.exited, { code: 0 })
  },
)
