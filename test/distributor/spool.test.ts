import { spawnSync } from 'node:child_process'
import {
  appendFileSync,
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { Spool } from '#dist/distributor/sending/spool.js'
import { pack } from '#dist/src/bytes/codec.js'
import { SYSTEM } from '#dist/src/surroundings.js'
import { folder } from '../system/harness.js'
import { outJob, record } from './spooled.js'

const SURROUNDINGS = { ...SYSTEM, clock: { ...SYSTEM.clock, now: () => 1000, mono: () => 0 } }

async function opened(dir: string) {
  const errors: string[] = []
  const { spool, jobs } = await Spool.open(dir, SURROUNDINGS, (error) => errors.push(error.message))
  return {
    spool,
    errors,
    ids: jobs.map(({ job, node }) => (node === null ? job.id : `${job.id} on ${node}`)),
  }
}

for (const [name, tail] of [
  ['a torn one', Buffer.from([0, 0, 0, 90, 1, 2, 3, 4, 5])],
  ['zeros', Buffer.alloc(5000)],
] as const) {
  t.test(`a last record that is not whole, ${name}: what was before it is there, and new ones`, async (t) => {
    const dir = folder(t)
    const file = join(dir, 'spool.log')
    const first = await opened(dir)
    for (const id of ['a', 'b', 'c']) first.spool.add(outJob(id), 1000, 0)
    first.spool.sent(outJob('b'), 'n1')
    first.spool.remove('c')
    await first.spool.close()
    appendFileSync(file, tail)
    const second = await opened(dir)
    t.same(second.ids, ['a', 'b on n1'])
    t.equal(second.spool.instance, first.spool.instance)
    second.spool.add(outJob('d'), 1000, 0)
    await second.spool.close()
    const third = await opened(dir)
    t.same(third.ids, ['a', 'b on n1', 'd'])
    await third.spool.close()
    t.same([first.errors, second.errors, third.errors], [[], [], []])
  })
}

t.test('a file of another format is left as it is', async (t) => {
  const dir = folder(t)
  const { spool } = await opened(dir)
  await spool.close()
  const file = join(dir, 'spool.log')
  const later = record(pack(['spool', 1, 'app']))
  writeFileSync(file, later)
  await t.rejects(opened(dir), { code: 'JR_STORE_CORRUPT', message: /spool\.log has format 1; .* reads 5/ })
  await t.rejects(opened(dir), { code: 'JR_STORE_CORRUPT' }, 'the lock was released')
  t.same(readFileSync(file), later)
})

t.test('a spool that is damaged, or gone, is never an empty one', async (t) => {
  const dir = folder(t)
  const file = join(dir, 'spool.log')
  const { spool } = await opened(dir)
  for (const id of ['a', 'b']) {
    spool.add(outJob(id), 1000, 0)
    await new Promise((resolve) => setImmediate(resolve))
  }
  await spool.close()
  const whole = readFileSync(file)
  const refused = { code: 'JR_STORE_CORRUPT', message: /the spool is damaged: .*spool\.log.*move .* away/ }
  for (const at of [10, whole.indexOf('work')]) {
    const bytes = Buffer.from(whole)
    bytes[at] = (bytes[at] ?? 0) ^ 1
    writeFileSync(file, bytes)
    await t.rejects(opened(dir), refused, `byte ${at}`)
    t.same(readFileSync(file), bytes, 'left as it is')
  }
  writeFileSync(file, '')
  await t.rejects(opened(dir), refused, 'empty')
  rmSync(file)
  await t.rejects(opened(dir), { ...refused, message: /spool\.log is not there/ })
  writeFileSync(file, whole.subarray(0, whole.lastIndexOf('work') + 2))
  const { spool: cut, jobs, notes } = await Spool.open(dir, SURROUNDINGS, () => {})
  t.equal(jobs.length, 1)
  t.match(notes, [/its \d+ bytes, from byte \d+ on, are left out/])
  await cut.close()
})

t.test('a folder that cannot be used', async (t) => {
  const dir = folder(t)
  mkdirSync(join(dir, 'spool.log'))
  await t.rejects(opened(dir), { code: 'JR_STORE', message: /EISDIR/ })
  await t.rejects(opened(dir), { code: 'JR_STORE' }, 'the lock was released')
})

t.test('is rewritten when half of it is of no use, and not for what is live', async (t) => {
  const dir = folder(t)
  const file = join(dir, 'spool.log')
  const { spool, errors } = await opened(dir)
  const made = new Set([statSync(file).ino])
  const turn = () => new Promise((resolve) => setImmediate(resolve))
  const args = Buffer.alloc(100_000)
  // 6 MB that stay.
  for (let i = 0; i < 60; i++) spool.add(outJob(`stays${i}`, { args }), 1000, 0)
  for (let i = 0; i < 20; i++) {
    spool.add(outJob(`goes${i}`, { args }), 1000, 0)
    spool.remove(`goes${i}`)
    await turn()
    made.add(statSync(file).ino)
  }
  t.equal(made.size, 1, 'there is nothing to be won yet')
  for (let i = 20; made.size < 2; i++) {
    spool.add(outJob(`goes${i}`, { args }), 1000, 0)
    spool.remove(`goes${i}`)
    await turn()
    made.add(statSync(file).ino)
  }
  t.ok(statSync(file).size < 7e6)
  spool.add(outJob('last', { args }), 1000, 0)
  await spool.close()
  const again = await opened(dir)
  t.same(again.ids, [...Array.from({ length: 60 }, (_, i) => `stays${i}`), 'last'])
  await again.spool.close()
  t.same([...errors, ...again.errors], [])
})

const skip = process.platform === 'win32' && 'the disk is filled by a limit that Windows does not have'
t.test('a record of which only a part could be written: those behind it are there', { skip }, async (t) => {
  const dir = folder(t)
  // Blocks of 512 bytes that a file may have.
  const limited = 'ulimit -f 200; exec env -i "$0" "$@"'
  const command = ['-c', limited, process.execPath, 'test/fixtures/full-spool.mjs', dir]
  const { stdout, status } = spawnSync('sh', command, { encoding: 'utf8' })
  t.equal(status, 0)
  t.match(stdout, /^the spool .* cannot be written: .*only \d+ of \d+ bytes.*\n$/)
  const { spool, ids } = await opened(dir)
  t.same(ids, ['a', 'c'])
  await spool.close()
})

t.test('when it is closed it says that it cannot be written, and writes to no other file', async (t) => {
  const dir = folder(t)
  const { spool, errors } = await opened(dir)
  await spool.close()
  // The number of a file that was closed is given to one of the next.
  const others = Array.from({ length: 20 }, (_, i) => join(dir, `other-${i}`))
  const fds = others.map((other) => openSync(other, 'w'))
  t.teardown(() => {
    for (const fd of fds) closeSync(fd)
  })
  spool.add(outJob('late'), 1000, 0)
  t.match(errors, [/^the spool .*spool\.log cannot be written: /])
  t.ok(others.every((other) => statSync(other).size === 0))
})

t.test('the folder is for its owner alone, and so is what is made above it', async (t) => {
  const dir = join(folder(t), 'above', 'spool')
  const { spool } = await opened(dir)
  await spool.close()
  for (const made of [dir, join(dir, '..')]) t.equal(statSync(made).mode & 0o777, 0o700)
})
