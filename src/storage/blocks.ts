import { piecesOf, type Body } from './object-storage.ts'

/** A body in blocks of one size, but for the last, which may be smaller; an empty body is one empty block. */
export async function* blocksOf(body: Body, blockBytes: number): AsyncGenerator<Uint8Array> {
  let pieces: Uint8Array[] = []
  let gathered = 0
  let isFirst = true
  for await (const piece of piecesOf(body)) {
    let rest = piece
    while (gathered + rest.byteLength >= blockBytes) {
      const taken = blockBytes - gathered
      yield Buffer.concat([...pieces, rest.subarray(0, taken)])
      isFirst = false
      rest = rest.subarray(taken)
      pieces = []
      gathered = 0
    }
    // a copy: whoever gives the pieces may use their memory again
    if (rest.byteLength > 0) pieces.push(Buffer.from(rest))
    gathered += rest.byteLength
  }
  if (gathered > 0 || isFirst) yield Buffer.concat(pieces)
}
