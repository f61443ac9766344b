// The frame of a peer's worker process: told its settings on the command line, says when it is ready, and begins at once
// or when it is released.

const settings = JSON.parse(process.argv[2])

/** What each job does, in every system. */
export function work(args) {
  const result = { x: args.x, y: args.x + 1 }
  if (args.due !== undefined) result.late = Date.now() - args.due
  return result
}

/** `prepare` opens connections and answers the function that begins to take jobs. */
export async function runWorker(prepare) {
  process.on('disconnect', () => process.exit())
  const released = new Promise((resolve) => process.once('message', resolve))
  const begin = await prepare(settings)
  if (settings.hold) {
    process.send('ready')
    await released
    await begin()
  } else {
    await begin()
    process.send('ready')
  }
}
