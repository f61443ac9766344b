import { once } from 'node:events'
import { connect } from 'node:net'

/** What a connection to a Unix socket comes to: `answered`, or the code of the error. Nobody listens: ECONNREFUSED. */
export async function probe(path: string): Promise<string> {
  const socket = connect(path)
  try {
    await once(socket, 'connect')
    return 'answered'
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? ''
  } finally {
    socket.destroy()
  }
}
