import { connect, type Socket } from 'node:net'

/** One connection that carries one request at a time, written and read by hand to cost little. */
export interface RawConnection {
  readonly isConnected: boolean
  /** @returns whether it was sent: false when the connection has ended meanwhile */
  send(request: Buffer): boolean
  /** Gives up what is under way; nothing is told of it afterwards. */
  destroy(): void
}

export interface RawEvents {
  /** It can take a request: once connected, and after each answer. */
  readonly onFree: () => void
  /** @param status of the answer, whose body has been read */
  readonly onAnswer: (status: number) => void
  /** It ended or failed, perhaps with a request under way. It is of no further use. */
  readonly onEnd: (reason: string) => void
}

/** The text of a request that can be sent any number of times. */
export function rawRequest(
  port: number,
  { path, headers, body }: { path: string; headers: Readonly<Record<string, string>>; body: string },
): Buffer {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  const head = `POST ${path} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n`
  return Buffer.from(`${head}${lines.join('')}\r\n${body}`)
}

const HEAD_END = Buffer.from('\r\n\r\n')

/** Connects to this machine. */
export function connectRaw(port: number, { onFree, onAnswer, onEnd }: RawEvents): RawConnection {
  let rest: Buffer = Buffer.alloc(0)
  /** Of an answer whose head has been read: its status, and the bytes of its body still to come. */
  let answer: { status: number; bodyLeft: number; isLast: boolean } | undefined
  let isConnected = false
  let isOver = false
  const socket: Socket = connect({ port, host: '127.0.0.1', noDelay: true })

  function end(reason: string): void {
    if (isOver) return
    isOver = true
    isConnected = false
    socket.destroy()
    onEnd(reason)
  }

  function read(chunk: Buffer): void {
    let bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    while (!isOver) {
      if (answer === undefined) {
        const headEnd = bytes.indexOf(HEAD_END)
        if (headEnd === -1) break
        answer = readHead(bytes.toString('latin1', 0, headEnd + 2))
        if (answer === undefined) return end('an answer without a status or a content-length')
        bytes = bytes.subarray(headEnd + HEAD_END.length)
      }
      const taken = Math.min(answer.bodyLeft, bytes.length)
      answer.bodyLeft -= taken
      bytes = bytes.subarray(taken)
      if (answer.bodyLeft > 0) break
      const { status, isLast } = answer
      answer = undefined
      onAnswer(status)
      if (isLast) return end('the server closed the connection')
      onFree()
      if (bytes.length === 0) break
    }
    rest = bytes
  }

  socket.on('connect', () => {
    isConnected = true
    onFree()
  })
  socket.on('data', read)
  socket.on('error', (error) => end(error.message))
  socket.on('close', () => end('the server closed the connection'))
  return {
    get isConnected() {
      return isConnected
    },
    send(request) {
      if (!isConnected) return false
      socket.write(request)
      return true
    },
    destroy() {
      isOver = true
      isConnected = false
      socket.destroy()
    },
  }
}

/** @param head status line and headers, each with its line end; undefined when it is not one that we can follow */
export function readHead(head: string): { status: number; bodyLeft: number; isLast: boolean } | undefined {
  const status = /^HTTP\/1\.[01] (\d{3})/.exec(head)?.[1]
  const length = /\r\ncontent-length: *(\d+) *\r\n/i.exec(head)?.[1]
  if (status === undefined || length === undefined) return undefined
  return { status: Number(status), bodyLeft: Number(length), isLast: /\r\nconnection: *close *\r\n/i.test(head) }
}
