import { createHash } from 'node:crypto'
import { createReadStream, readFileSync } from 'node:fs'
import { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { job } from '../../../index.js'

interface FileArgs {
  readonly root: string
  readonly file: string
}

/** Streams the file once, through SHA-256 and gzip: many of these run at once on an evented child. */
job('demo_digest', async (args, ctx) => {
  const { root, file } = args as unknown as FileArgs
  const sha256 = createHash('sha256')
  let bytes = 0
  let gzipped = 0
  const source = createReadStream(`${root}/${file}`, { signal: ctx.signal })
  source.on('data', (chunk) => {
    bytes += chunk.length
    sha256.update(chunk)
  })
  const count = new Writable({
    write(chunk: Buffer, _encoding, done) {
      gzipped += chunk.length
      done()
    },
  })
  await pipeline(source, createGzip({ level: 1 }), count)
  return { sha256: sha256.digest('hex'), bytes, gzipped }
})

/** Bits of information in a byte of the file: a loop over every byte, which would block an evented child. */
job('demo_entropy', { defer: true }, (args) => {
  const { root, file } = args as unknown as FileArgs
  const bytes = readFileSync(`${root}/${file}`)
  const counts = new Float64Array(256)
  for (const byte of bytes) counts[byte] = (counts[byte] ?? 0) + 1
  let bits = 0
  for (const count of counts) if (count > 0) bits -= (count / bytes.length) * Math.log2(count / bytes.length)
  return { bits: Math.round(bits * 1000) / 1000 }
})
