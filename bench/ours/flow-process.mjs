// Jobs one by one to a node: so many a second, or (0) so many under way. `node flow-process.mjs ADDRESS RATE IN_FLIGHT`, with a parent to tell.
import { Distributor } from '../../dist/distributor/index.js'

const [address, rate, inFlight] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])]
const app = new Distributor({ name: 'flow', logLevel: 'silent' })
let [ended, sent, over] = [0, 0, false]

const send = () => {
  sent++
  app.enqueue('noop', { x: sent, text: 'abcdefghijklmnopqrstuvwxyz' }, undefined, taken)
}
function taken() {
  ended++
  if (rate === 0 && !over) send()
}

await app.start({ nodes: [address] })
await app.ready
const from = performance.now()
const timer = setInterval(() => {
  for (const due = ((performance.now() - from) / 1000) * rate; sent < due; ) send()
}, 5)
if (rate === 0) for (let n = 0; n < inFlight; n++) send()
process.on('message', async (what) => {
  if (what === 'count') return process.send({ ended })
  over = true
  clearInterval(timer)
  await app.stop()
  process.disconnect()
})
process.send('ready')
