import t from 'tap'
import { PROTOCOL } from '#dist/src/wire/handshake.js'
import type { Peer } from '#dist/src/wire/messages.js'
import { OneEach } from '#dist/src/wire/one-each.js'

const peer = (role: Peer['role'], instance = 'life'): Peer => ({
  role,
  name: 'name',
  instance,
  packageVersion: '0',
  protocol: PROTOCOL,
  pid: 1,
  maxFrame: 1,
})

/** A connection of one side, as that side sees it. */
class Connection {
  open = true
  destroy(): void {
    this.open = false
  }
}

t.test(
  'of two connections the one that the node has dialled stays, on both sides, whichever comes first',
  async (t) => {
    for (const [us, them] of [
      ['node', 'distributor'],
      ['distributor', 'node'],
    ] as const) {
      const byNode = us === 'node'
      const [there, other] = [new Connection(), new Connection()]
      const first = new OneEach()
      first.enter(peer(them), byNode, there)
      t.equal(first.isTaken(peer(them), !byNode), true, `${us}: it is there`)
      t.equal(first.isTaken(peer(them, 'another life'), !byNode), false)
      const second = new OneEach()
      second.enter(peer(them), !byNode, other)
      t.equal(second.isTaken(peer(them), byNode), false, `${us}: it comes`)
      second.enter(peer(them), byNode, there)
      t.same([there.open, other.open], [true, false])
    }
  },
)

t.test('of two that one side has dialled the newer stays', async (t) => {
  for (const dialled of [true, false]) {
    const links = new OneEach()
    const [old, fresh] = [new Connection(), new Connection()]
    links.enter(peer('node'), dialled, old)
    t.equal(links.isTaken(peer('node'), dialled), false)
    links.enter(peer('node'), dialled, fresh)
    t.same([old.open, fresh.open], [false, true])
  }
})

t.test('who waits until there is no connection waits for the one that took the place, too', async (t) => {
  const links = new OneEach()
  const leaveOld = links.enter(peer('node'), true, new Connection())
  const leaveFresh = links.enter(peer('node'), true, new Connection())
  let parted = false
  const end = links.parted(peer('node')).then(() => {
    parted = true
  })
  leaveOld()
  await new Promise((resolve) => setImmediate(resolve))
  t.equal(parted, false)
  leaveFresh()
  await end
  await links.parted(peer('node'))
})
