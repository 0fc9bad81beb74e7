import { readFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'

/** Longest that an answer to a bad request takes on a machine with nothing else to do (ms). */
export const LONGEST_MS = 1000

export const MAX_ERROR_BYTES = 1024
const MAX_ECHO_BYTES = 100

/** Where a request is looked into for what an answer repeats: at its ends. */
const LOOKED_INTO_BYTES = 32 << 10

/** How often all of it is sent before memory is looked at: first answers compile code and grow heaps. */
const WARM_ROUNDS = 6

/** Memory that a runner may hold more after all of it than before (MiB). */
const MAX_GROWTH_MIB = 32

export interface Answer {
  readonly status: number
  readonly head: string
  readonly body: string
  readonly tookMs: number
}

/** Sends pieces one after the other on a connection of their own, until an answer is there. */
export function sendRaw(port: number, ...pieces: readonly Uint8Array[]): Promise<Answer> {
  const begunMs = performance.now()
  return new Promise((resolve, reject) => {
    let text = ''
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    const refuse = (reason: string) => reject(new Error(`${reason}, after ${JSON.stringify(text.slice(0, 300))}`))
    socket.setTimeout(20 * LONGEST_MS, () => refuse('no answer came'))
    socket.setEncoding('latin1').on('data', (part: string) => {
      text += part
      const headEnd = text.indexOf('\r\n\r\n')
      const length = /\r\ncontent-length: (\d+)\r\n/i.exec(text)?.[1]
      const body = text.slice(headEnd + 4)
      if (headEnd === -1 || length === undefined || body.length < Number(length)) return
      socket.destroy()
      const status = Number(text.slice('HTTP/1.1 '.length, 'HTTP/1.1 200'.length))
      resolve({ status, head: text.slice(0, headEnd + 2), body, tookMs: performance.now() - begunMs })
    })
    // a server that has said no need not read the rest
    socket.on('error', () => {}).on('close', () => refuse('the connection ended without an answer'))
    void (async () => {
      for (const piece of pieces) {
        socket.write(piece)
        if (pieces.length > 1) await sleep(5)
      }
    })()
  })
}

/**
 * Asks, and checks that the answer took no longer than it may: by the clock, or else by the work of these processes,
 * since a machine that does much besides makes any answer slow.
 */
export async function quickEnough<T extends { readonly tookMs: number }>(
  pids: readonly number[],
  ask: () => Promise<T>,
): Promise<T> {
  const before = await workMs(pids)
  const answer = await ask()
  if (answer.tookMs > LONGEST_MS) expect((await workMs(pids)) - before).toBeLessThan(LONGEST_MS)
  return answer
}

/** What processes have worked so far (ms), of which a kernel counts hundredths of a second. */
async function workMs(pids: readonly number[]): Promise<number> {
  const stats = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/stat`, 'utf8')))
  const ticks = stats.flatMap((stat) => stat.slice(stat.lastIndexOf(')')).split(' ').slice(12, 14)).map(Number)
  return ticks.reduce((sum, count) => sum + count * 10, 0)
}

/** What an answer repeats of its request, beyond what it may. */
function echoOf(said: string, bytes: Buffer): string | undefined {
  const first = bytes.toString('latin1', 0, LOOKED_INTO_BYTES)
  const last = bytes.subarray(-LOOKED_INTO_BYTES).toString('latin1')
  for (let i = 0; i + MAX_ECHO_BYTES < said.length; i++) {
    const part = said.slice(i, i + MAX_ECHO_BYTES + 1)
    if (first.includes(part) || last.includes(part)) return part
  }
  return undefined
}

/** Words that go to a caller: short, with nothing of the server in them, and little of the request. */
export function expectModest(said: string, bytes: Buffer, folder: string): void {
  expect(Buffer.byteLength(said)).toBeLessThanOrEqual(MAX_ERROR_BYTES)
  expect(echoOf(said, bytes)).toBeUndefined()
  expect(said).not.toMatch(/node:|\.[jt]s\b|\n\s+at |node_modules/)
  for (const path of [folder, process.cwd()]) expect(said).not.toContain(path)
}

/** A refusal in JSON, in whichever dialect. */
export function expectRefusal({ body }: Answer, says: RegExp, bytes: Buffer, folder: string): void {
  expectModest(body, bytes, folder)
  const { error, code, error_code, message, ErrorCode, Message } = JSON.parse(body) as Record<string, unknown>
  expect(error ?? Message ?? message).toMatch(says)
  expect(code ?? ErrorCode ?? error_code).toMatch(/^\w+$/)
}

async function rssMiB(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024
}

/**
 * Sends all of it again and again, until these processes are seen to hold no more memory than they did when warm.
 * V8 lets go of large bodies and grows its heap when it gets round to it (a runner is seen to swing by 40 MiB), so that
 * the least of some looks counts, and a few more looks where that is too much; what is kept for good only grows.
 */
export async function expectNoGrowth(pids: readonly number[], sendAll: () => Promise<void>): Promise<void> {
  const leastOf = async (rounds: number, least = pids.map(() => Infinity)): Promise<number[]> => {
    for (let round = 0; round < rounds; round++) {
      await sendAll()
      for (const [i, pid] of pids.entries()) least[i] = Math.min(least[i] ?? Infinity, await rssMiB(pid))
    }
    return least
  }
  await leastOf(WARM_ROUNDS)
  const early = await leastOf(2)
  let late = await leastOf(2)
  const growth = (): number => Math.max(...late.map((least, i) => least - (early[i] ?? 0)))
  for (let more = 0; growth() > MAX_GROWTH_MIB && more < 10; more++) late = await leastOf(1, late)
  expect(growth()).toBeLessThan(MAX_GROWTH_MIB)
}
