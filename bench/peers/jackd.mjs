export async function connectJackd(port, { use, watch }) {
  const { default: Jackd } = await import('jackd')
  const client = new Jackd()
  await client.connect({ host: '127.0.0.1', port })
  if (use !== undefined) await client.use(use)
  if (watch !== undefined) {
    await client.watch(watch)
    await client.ignore('default')
  }
  return client
}

/** Calls `take` for each job of a tube; it must delete the job before it gives way. */
export async function reserveAll(port, tube, connections, take, use) {
  const clients = await Promise.all(
    Array.from({ length: connections }, () => connectJackd(port, { use, watch: tube })),
  )
  for (const client of clients) void reserveNext(client, take)
}

async function reserveNext(client, take) {
  for (;;) take(client, await client.reserve())
}
