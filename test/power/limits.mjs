// Of a store that clears up its journal every few groups; and of one in which much is on its way before that.
export const LIMITS = {
  jobs: 40,
  args: 16_000,
  outcomes: 30,
  notes: 60,
  noteBytes: 20_000,
  bytes: 60_000,
  segment: 24_000,
}
export const WIDE = { ...LIMITS, bytes: 1_600_000, segment: 400_000 }
