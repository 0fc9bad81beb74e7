/**
 * Positions of byte strings, found without decoding or copying what is looked up.
 * Open addressing over FNV-1a from a seed, at most half full.
 */
export class ByteTable {
  readonly #keys: readonly Uint8Array[]
  /** Position + 1 of the key in each slot; 0 where it is free. */
  readonly #slots: Int32Array
  readonly #mask: number

  /** @param keys no two alike count for the first */
  constructor(keys: readonly Uint8Array[]) {
    this.#keys = keys
    let size = 8
    while (size < keys.length * 2) size *= 2
    this.#slots = new Int32Array(size)
    this.#mask = size - 1
    keys.forEach((key, position) => {
      let slot = hashOf(key) & this.#mask
      for (; this.#slots[slot] !== 0; slot = (slot + 1) & this.#mask)
        if (isSame(keys[(this.#slots[slot] as number) - 1] as Uint8Array, key)) return
      this.#slots[slot] = position + 1
    })
  }

  /** Position of `key`, or -1. */
  find(key: Uint8Array): number {
    for (let slot = hashOf(key) & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const position = (this.#slots[slot] as number) - 1
      if (position < 0) return -1
      if (isSame(this.#keys[position] as Uint8Array, key)) return position
    }
  }
}

/** Another one in each process, so that nobody can choose keys that fall on one slot. */
const SEED = (Math.random() * 2 ** 32) | 0

function hashOf(key: Uint8Array): number {
  let hash = SEED
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ (key[i] as number), 0x01000193)
  return hash ^ (hash >>> 15)
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}
