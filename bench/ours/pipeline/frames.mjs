import { Packr } from 'msgpackr/pack'

const packr = new Packr({ useRecords: false })

/** Sends what is given in one tick as one frame. */
export function sender(stream) {
  let batch = []
  const flush = () => {
    const body = packr.pack(batch)
    const frame = Buffer.allocUnsafe(4 + body.length)
    frame.writeUInt32BE(body.length, 0)
    frame.set(body, 4)
    stream.write(frame)
    batch = []
  }
  return (message) => {
    if (batch.push(message) === 1) setImmediate(flush)
  }
}

export function frames(stream, onMessages) {
  let rest = Buffer.alloc(0)
  stream.on('data', (chunk) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    let at = 0
    while (rest.length - at >= 4) {
      const end = at + 4 + rest.readUInt32BE(at)
      if (end > rest.length) break
      onMessages(packr.unpack(rest.subarray(at + 4, end)))
      at = end
    }
    rest = rest.subarray(at)
  })
}
