const QUIET_MS = 20_000

/** Where results arrive. Counts those that are lost, come twice, or are wrong. */
export class Inbox {
  #seen = new Uint8Array(1 << 20)
  #last = 0
  sent = 0
  done = 0
  twice = 0
  onTake = (_result) => {}

  /** The number of the next job, which its args carry as `x`. */
  next() {
    if (this.sent === this.#seen.length) throw new Error('too many jobs for one sample')
    return this.sent++
  }

  get lost() {
    return this.sent - this.done
  }

  take = (result) => {
    const { x, y } = result
    if (!(x < this.sent) || y !== x + 1) throw new Error(`job ${x} answered ${y}`)
    if (this.#seen[x]++ > 0) {
      this.twice++
      return
    }
    this.done++
    this.#last++
    this.onTake(result)
  }

  /** Resolves when all are there, or when none has come for so long that the rest is lost. */
  async all() {
    await new Promise((resolve) => {
      let known = this.#last
      let since = Date.now()
      const timer = setInterval(() => {
        if (known !== this.#last) {
          known = this.#last
          since = Date.now()
        } else if (Date.now() - since > QUIET_MS) finish()
      }, 1000)
      const before = this.onTake
      const finish = () => {
        clearInterval(timer)
        this.onTake = () => {}
        resolve()
      }
      this.onTake = (result) => {
        before(result)
        if (this.done === this.sent) finish()
      }
      if (this.done === this.sent) finish()
    })
  }
}
