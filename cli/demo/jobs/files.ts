import { createHash } from 'node:crypto'
import { createReadStream, readFileSync } from 'node:fs'
import { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { job } from '../../../index.js'
import { entropyOf } from '../entropy.js'

/** Streams the file once, through SHA-256 and gzip: many of these run at once on an evented child. */
job('demo_digest', async (args, ctx) => {
  const sha256 = createHash('sha256')
  let bytes = 0
  let gzipped = 0
  const source = createReadStream(args.path as Buffer, { signal: ctx.signal })
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

/** A loop over every byte, which would block an evented child. */
job('demo_entropy', { defer: true }, (args) => ({ bits: entropyOf(readFileSync(args.path as Buffer)) }))
