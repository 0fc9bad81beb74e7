/**
 * How much of something a client may do: so much at once, then so much in a second. What it does for real work gives some
 * of it back.
 */
export class Patience {
  readonly #most: number
  readonly #perSecond: number
  #left: number
  #sinceMs = performance.now()

  constructor(most: number, perSecond: number) {
    this.#most = most
    this.#perSecond = perSecond
    this.#left = most
  }

  /** @returns whether there was enough */
  take(cost: number): boolean {
    if (this.#left < cost) this.#refill()
    this.#left -= cost
    return this.#left >= 0
  }

  giveBack(amount: number): void {
    this.#left = Math.min(this.#most, this.#left + amount)
  }

  #refill(): void {
    const nowMs = performance.now()
    this.giveBack(((nowMs - this.#sinceMs) / 1000) * this.#perSecond)
    this.#sinceMs = nowMs
  }
}
