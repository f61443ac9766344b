import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { Spool } from '#dist/distributor/sending/spool.js'
import { SYSTEM } from '#dist/src/surroundings.js'
import { folder } from '../system/harness.js'

const opened = (dir: string) => Spool.open(dir, SYSTEM, () => {})

const OPEN = `
  import { Spool } from './dist/distributor/sending/spool.js'
  import { SYSTEM } from './dist/src/surroundings.js'
  Spool.open(process.argv[1], SYSTEM, () => {}).then(
    () => console.log('opened'),
    ({ code }) => console.log(code),
  )
`

/** Another process, started by this command, opens the spool: answers what it finds; it ends, as if killed, with `end`. */
async function openedBy(
  t: Test,
  command: readonly string[],
  dir: string,
): Promise<{ readonly found: string; end(): Promise<unknown> }> {
  const [program = '', ...before] = command
  const held = "process.stdin.resume().on('end', () => process.kill(process.pid, 'SIGKILL'))"
  const args = [...before, '--input-type=module', '-e', `${OPEN}\n${held}`, dir]
  const child = spawn(program, args, { env: { PATH: process.env.PATH }, stdio: ['pipe', 'pipe', 'inherit'] })
  t.teardown(() => child.kill('SIGKILL'))
  const exited = once(child, 'exit')
  const [said] = await Promise.race([once(child.stdout, 'data'), exited])
  return {
    found: String(said).trim(),
    end() {
      child.stdin.end()
      return exited
    },
  }
}

/** Longer than the name of a socket may be. */
const longFolder = (t: Test) => join(folder(t), 'spool'.repeat(30))

const APART = ['unshare', '-n']
const noApart =
  spawnSync('unshare', ['-n', 'true']).status === 0
    ? false
    : 'no network of its own can be had here (unshare -n)'

for (const [what, way, skip] of [
  ['beside it', [], false],
  ['in another network', APART, noApart],
] as const) {
  t.test(
    `one app has the folder, and no process ${what}; a killed one has it no more`,
    { skip },
    async (t) => {
      const dir = longFolder(t)
      const command = [...way, process.execPath]
      const { spool } = await opened(dir)
      const first = await openedBy(t, command, dir)
      t.equal(first.found, 'JR_STORE_LOCKED')
      await t.rejects(opened(dir), { code: 'JR_STORE_LOCKED' })
      await Promise.all([first.end(), spool.close()])
      const second = await openedBy(t, command, dir)
      t.equal(second.found, 'opened')
      await t.rejects(opened(dir), { code: 'JR_STORE_LOCKED' })
      await second.end()
    },
  )
}

t.test('of three at once one has the folder, and nothing piles up', async (t) => {
  const dir = longFolder(t)
  const all = await Promise.all(Array.from({ length: 3 }, () => openedBy(t, [process.execPath], dir)))
  t.same(all.map((one) => one.found).sort(), ['JR_STORE_LOCKED', 'JR_STORE_LOCKED', 'opened'])
  await Promise.all(all.map((one) => one.end()))
  await (await opened(dir)).spool.close()
  t.equal(readdirSync(dir).filter((name) => /lock/i.test(name)).length, 1)
  const copy = `${dir}-copy`
  cpSync(dir, copy, { recursive: true })
  await (await opened(copy)).spool.close()
})
