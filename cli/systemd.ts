import { execFile } from 'node:child_process'
import { type Clock, systemClock, type Timer } from '../src/clock.js'

/** What is in the environment of a unit with `Type=notify`, and with `WatchdogSec=`. */
export type UnitEnvironment = Readonly<
  Partial<Record<'NOTIFY_SOCKET' | 'WATCHDOG_USEC' | 'WATCHDOG_PID', string>>
>

/** How often the watchdog is told that all is well, ms; null: nobody watches this process. */
export function watchdogMs(env: UnitEnvironment, pid: number): number | null {
  const us = Number(env.WATCHDOG_USEC)
  if (env.NOTIFY_SOCKET === undefined || !(us > 0)) return null
  if (env.WATCHDOG_PID !== undefined && Number(env.WATCHDOG_PID) !== pid) return null
  // Half of it, so that one word may be late.
  return us / 2000
}

/** What systemd hears of this process. */
export interface Unit {
  /** It is ready, and from now on says at each half of the watchdog's time that its event loop turns. */
  ready(status: string): void
  /** It begins to stop. */
  stopping(): void
  off(): void
}

/**
 * Tells systemd by its own command, because Node has no datagram sockets of Unix: the unit needs `NotifyAccess=all`. Does nothing
 * where no systemd asks. What cannot be told is said once by `warn`: the process goes on, and systemd does what it does with one that is silent.
 */
export function systemdUnit(
  env: UnitEnvironment,
  warn: (text: string) => void,
  clock: Pick<Clock, 'setTimer'> = systemClock,
): Unit {
  const socket = env.NOTIFY_SOCKET
  if (socket === undefined) return { ready() {}, stopping() {}, off() {} }
  const everyMs = watchdogMs(env, process.pid)
  let timer: Timer | null = null
  let warned = false
  const tell = (...words: string[]) => {
    const own = { PATH: process.env.PATH ?? '', NOTIFY_SOCKET: socket }
    execFile('systemd-notify', words, { env: own, timeout: 10_000 }, (error) => {
      if (error === null || warned) return
      warned = true
      warn(`systemd could not be told '${words.join(' ')}': ${error.message.trim()}`)
    })
  }
  const watch = () => {
    if (everyMs === null) return
    timer = clock.setTimer(everyMs, () => {
      tell('WATCHDOG=1')
      watch()
    })
  }
  return {
    ready(status) {
      tell('--ready', `--status=${status}`)
      watch()
    },
    stopping: () => tell('STOPPING=1'),
    off: () => timer?.cancel(),
  }
}
