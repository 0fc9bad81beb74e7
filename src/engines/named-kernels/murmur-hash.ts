/**
 * MurmurHash3, x86, 32 bits, of a text's UTF-8, with seed 0, as a signed number.
 * @see Austin Appleby, "MurmurHash3"
 */
export function murmurHash(text: string): number {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 127) return hashBytes(Buffer.from(text, 'utf8'))
  const { length } = text
  const blocks = length & ~3
  let hash = 0
  for (let i = 0; i < blocks; i += 4)
    hash = mixBlock(
      hash,
      text.charCodeAt(i) |
        (text.charCodeAt(i + 1) << 8) |
        (text.charCodeAt(i + 2) << 16) |
        (text.charCodeAt(i + 3) << 24),
    )
  let rest = 0
  for (let i = length - 1; i >= blocks; i--) rest = (rest << 8) | text.charCodeAt(i)
  return finish(hash, rest, length)
}

function hashBytes(bytes: Uint8Array): number {
  const { length } = bytes
  const blocks = length & ~3
  let hash = 0
  for (let i = 0; i < blocks; i += 4)
    hash = mixBlock(
      hash,
      (bytes[i] as number) |
        ((bytes[i + 1] as number) << 8) |
        ((bytes[i + 2] as number) << 16) |
        ((bytes[i + 3] as number) << 24),
    )
  let rest = 0
  for (let i = length - 1; i >= blocks; i--) rest = (rest << 8) | (bytes[i] as number)
  return finish(hash, rest, length)
}

function mixBlock(hash: number, block: number): number {
  const mixed = hash ^ scramble(block)
  return (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe6546b64) | 0
}

function scramble(block: number): number {
  const product = Math.imul(block, 0xcc9e2d51)
  return Math.imul((product << 15) | (product >>> 17), 0x1b873593)
}

function finish(hash: number, rest: number, length: number): number {
  let result = hash ^ scramble(rest) ^ length
  result = Math.imul(result ^ (result >>> 16), 0x85ebca6b)
  result = Math.imul(result ^ (result >>> 13), 0xc2b2ae35)
  return (result ^ (result >>> 16)) | 0
}

/** Where a hash falls among `count` places. @see scikit-learn, `_hashing_fast.transform` */
export function placeOf(hash: number, count: number): number {
  // the least of all 32-bit integers has no absolute value among them
  return hash === -2147483648 ? (2147483647 - (count - 1)) % count : Math.abs(hash) % count
}
