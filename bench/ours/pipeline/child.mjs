import { Socket } from 'node:net'
import { frames, sender } from './frames.mjs'

const pipe = new Socket({ fd: 3 })
const send = sender(pipe)
frames(pipe, async (messages) => {
  for (const [id, args] of messages) {
    await null
    args.y = args.x + 1
    send([id, args])
  }
})
pipe.on('close', () => process.exit())
