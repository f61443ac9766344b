/**
 * Whoever goes through much in memory awaits this between one part of it and the next: all else that this process has to do
 * comes first.
 */
export function othersTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}
