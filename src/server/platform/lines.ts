import type { Socket } from 'node:net'
import { StringDecoder } from 'node:string_decoder'

/** Longest line that is taken (characters). */
const MAX_LINE = 64 * 2 ** 20

/** Calls back with each line of JSON that comes in; a line that is none ends the connection. */
export function readLines(socket: Socket, onDocument: (document: unknown) => void): void {
  const decoder = new StringDecoder('utf8')
  let parts: string[] = []
  let length = 0
  socket.on('data', (chunk: Buffer) => {
    const text = decoder.write(chunk)
    let from = 0
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', from)) {
      parts.push(text.slice(from, end))
      const line = parts.join('')
      parts = []
      length = 0
      from = end + 1
      try {
        onDocument(JSON.parse(line))
      } catch (error) {
        return void socket.destroy(error instanceof Error ? error : undefined)
      }
    }
    parts.push(text.slice(from))
    length += text.length - from
    if (length > MAX_LINE) socket.destroy(new Error('a line between our processes is too long; this is a bug'))
  })
}

/** @returns whether more may be written at once */
export function writeLine(socket: Socket, document: object): boolean {
  return socket.writable && socket.write(`${JSON.stringify(document)}\n`)
}
