import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { readHead } from '../bench/raw-client.ts'

/** How an ask ended. Times are of the monotonic clock (ms). */
export interface Heard {
  /** `refused`: nobody listened. `cut`: the connection ended, or said nonsense, with the request under way. */
  readonly kind: 'answer' | 'refused' | 'cut'
  readonly status: number
  readonly head: string
  readonly body: string
  /** Why it was refused or cut: `ECONNRESET`. */
  readonly reason: string
  readonly sentMs: number
  readonly endedMs: number
  /** Client's port of the connection, and when it began to connect. */
  readonly port: number
  readonly connectedMs: number
}

/** One client: a connection that carries one request at a time, and the next one when it has ended. */
export interface Caller {
  /** @param splitMs halves the request, with so long a pause in between (ms) */
  ask(request: string, splitMs?: number): Promise<Heard>
  /** Ends the connection: the next request comes on another one. */
  hangUp(): void
}

/** No server of ours is silent for longer (ms). */
const LONGEST_MS = 90_000

interface Line {
  readonly socket: Socket
  readonly startedMs: number
  readonly ready: Promise<string | undefined>
  /** Told of the answer, or why there is none. */
  onEnd: (reason: string) => void
  onAnswer: (status: number, head: string, body: string) => void
}

/** A client of this machine. After `connection: close` it takes another connection, as clients do. */
export function createCaller(port: number): Caller {
  let line: Line | undefined

  function open(): Line {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    const ready = Promise.withResolvers<string | undefined>()
    const made: Line = {
      socket,
      startedMs: performance.now(),
      ready: ready.promise,
      onEnd: () => {},
      onAnswer: () => {},
    }
    let bytes = ''
    let failure = 'closed'
    socket.setEncoding('latin1').setTimeout(LONGEST_MS, () => socket.destroy(new Error('silent')))
    socket.on('connect', () => ready.resolve(undefined))
    socket.on('error', (error: NodeJS.ErrnoException) => (failure = error.code ?? error.message))
    socket.on('data', (part: string) => {
      bytes += part
      const headEnd = bytes.indexOf('\r\n\r\n')
      if (headEnd === -1) return
      const head = bytes.slice(0, headEnd + 2)
      const answer = readHead(head)
      if (answer === undefined) return void socket.destroy(new Error('no HTTP'))
      const body = bytes.slice(headEnd + 4)
      if (body.length < answer.bodyLeft) return
      bytes = ''
      if (answer.isLast) drop()
      made.onAnswer(answer.status, head, body)
    })
    socket.on('close', () => {
      ready.resolve(failure)
      drop()
      made.onEnd(failure)
    })
    return made

    function drop(): void {
      if (line === made) line = undefined
      socket.destroy()
    }
  }

  async function ask(request: string, splitMs?: number): Promise<Heard> {
    const sentMs = performance.now()
    line ??= open()
    const now = line
    const refusal = await now.ready
    const at = { port: now.socket.localPort ?? 0, connectedMs: now.startedMs, sentMs }
    const none = { ...at, status: 0, head: '', body: '' }
    if (refusal !== undefined) {
      const kind = refusal === 'ECONNREFUSED' ? 'refused' : 'cut'
      return { ...none, kind, reason: refusal, endedMs: performance.now() }
    }
    return new Promise((resolve) => {
      now.onAnswer = (status, head, body) =>
        resolve({ ...at, kind: 'answer', status, head, body, reason: '', endedMs: performance.now() })
      now.onEnd = (reason) => resolve({ ...none, kind: 'cut', reason, endedMs: performance.now() })
      if (now.socket.destroyed) return now.onEnd('closed')
      if (splitMs === undefined) return void now.socket.write(request)
      const half = request.length >> 1
      now.socket.write(request.slice(0, half))
      void sleep(splitMs).then(() => now.socket.write(request.slice(half)))
    })
  }

  return {
    ask,
    hangUp() {
      line?.socket.destroy()
      line = undefined
    },
  }
}
