import { Http2Error, COMPRESSION_ERROR } from './frames.ts'

/**
 * How many bits each byte has, as a digit in base 36. The code is canonical: among codes of the same length the order is
 * that of the bytes, so that the lengths say all.
 * @see RFC 7541, Appendix B
 */
const BITS =
  'dnsssssssoussussssssssusssssssss6aacd68baa8b8666555666666678f6ca' +
  'd67777777777777777777777878djde6f56565666577666567655677777fbeds' +
  'kmkkmmmnmnnnnnonoomnonnnnlmnmnnomlkmmnnlnmmolmnnllmlnmnnkmmmnmmn' +
  'qqkjmnmpqqqrrqopjlqrrqrollqqsrrrkoklmllnmmppooqnqrqqrrrrrsrrrrrq'

/** Of the sign that ends a text, which never stands in one. */
const END = 256
const END_BITS = 30

/** Two entries for each inner node, for a bit of 0 and of 1: another node (its index), or a leaf as `-1 - symbol`. */
let tree: Int16Array | undefined

/**
 * A text of Huffman's code, each byte a character.
 * @throws {Http2Error} for a text that holds the end sign, and for a rest that is no beginning of it
 * @see RFC 7541, "String Literal Representation"
 */
export function decodeHuffman(bytes: Uint8Array, start: number, end: number): string {
  tree ??= createTree()
  let text = ''
  let node = 0
  let depth = 0 // bits since the last symbol
  let isOnes = true // and whether all of them are 1
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number
    for (let shift = 7; shift >= 0; shift--) {
      const bit = (byte >> shift) & 1
      const next = tree[node + bit] as number
      if (next < 0) {
        if (next === -1 - END) throw new Http2Error(COMPRESSION_ERROR, 'a header holds the sign of its end')
        text += String.fromCharCode(-1 - next)
        node = 0
        depth = 0
        isOnes = true
      } else {
        node = next
        depth++
        isOnes &&= bit === 1
      }
    }
  }
  if (depth > 7 || !isOnes) throw new Http2Error(COMPRESSION_ERROR, 'a header ends within a character')
  return text
}

function createTree(): Int16Array {
  const symbols = Array.from({ length: END + 1 }, (_, symbol) => symbol)
  symbols.sort((a, b) => bitsOf(a) - bitsOf(b) || a - b)
  const nodes = new Int16Array(2 * END)
  let size = 2
  let code = 0
  let codeBits = 0
  for (const symbol of symbols) {
    const bits = bitsOf(symbol)
    code *= 2 ** (bits - codeBits)
    codeBits = bits
    let node = 0
    for (let shift = bits - 1; shift > 0; shift--) {
      const at = node + ((code >>> shift) & 1)
      if (nodes[at] === 0) {
        nodes[at] = size
        size += 2
      }
      node = nodes[at] as number
    }
    nodes[node + (code & 1)] = -1 - symbol
    code++
  }
  return nodes
}

function bitsOf(symbol: number): number {
  return symbol === END ? END_BITS : Number.parseInt(BITS.charAt(symbol), 36)
}
