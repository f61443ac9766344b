import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { PoweredFolder } from './undo-log.js'

/** Runs a script of this folder until the power is lost; answers what it has said, a line of JSON each. */
export async function runWriter(
  power: PoweredFolder,
  writer: string,
  ...args: unknown[]
): Promise<unknown[]> {
  const env = ['-i', `PATH=${process.env.PATH}`, ...Object.entries(power.env).map(([k, v]) => `${k}=${v}`)]
  const command = [process.execPath, `test/power/${writer}`, ...args.map(String)]
  const running = spawn('env', [...env, ...command], { stdio: ['ignore', 'pipe', 'inherit'] })
  let said = ''
  running.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  const [code, signal] = await once(running, 'close')
  if (signal !== 'SIGKILL') throw new Error(`${writer} ended (${code ?? signal})`)
  return said
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line))
}
