// What is kept for a short while under a growing number: the exchange of a link, until it is answered.

/** Places at the beginning; a power of two. */
const FEW = 64

/**
 * A map by whole numbers for what comes and goes with every message. It makes no garbage while its size stays as it is: a Map leaves a table behind every few dozen deletions,
 * and one that has grown old keeps what stood in it alive until the next full collection.
 */
export class Passing<T> {
  #keys = new Float64Array(FEW)
  /** undefined: the place is free. */
  #values: (T | undefined)[] = new Array<T | undefined>(FEW).fill(undefined)
  #mask = FEW - 1
  #size = 0

  get size(): number {
    return this.#size
  }

  get(key: number): T | undefined {
    return this.#values[this.#find(key)]
  }

  set(key: number, value: T): void {
    let at = this.#find(key)
    if (this.#values[at] === undefined) {
      if (2 * ++this.#size > this.#mask) {
        this.#grow()
        at = this.#find(key)
      }
      this.#keys[at] = key
    }
    this.#values[at] = value
  }

  delete(key: number): void {
    let free = this.#find(key)
    if (this.#values[free] === undefined) return
    this.#size -= 1
    this.#values[free] = undefined
    // What stands behind it because its own place was taken moves up.
    for (let at = (free + 1) & this.#mask; this.#values[at] !== undefined; at = (at + 1) & this.#mask) {
      const home = (this.#keys[at] as number) & this.#mask
      if (((at - home) & this.#mask) < ((at - free) & this.#mask)) continue
      this.#keys[free] = this.#keys[at] as number
      this.#values[free] = this.#values[at]
      this.#values[at] = undefined
      free = at
    }
  }

  /** Place of a key, or the free place where it would stand. */
  #find(key: number): number {
    let at = key & this.#mask
    while (this.#values[at] !== undefined && this.#keys[at] !== key) at = (at + 1) & this.#mask
    return at
  }

  #grow(): void {
    const [keys, values] = [this.#keys, this.#values]
    const places = 2 * values.length
    this.#keys = new Float64Array(places)
    this.#values = new Array<T | undefined>(places).fill(undefined)
    this.#mask = places - 1
    values.forEach((value, i) => {
      if (value === undefined) return
      const at = this.#find(keys[i] as number)
      this.#keys[at] = keys[i] as number
      this.#values[at] = value
    })
  }
}
