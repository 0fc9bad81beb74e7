import { randomBytes } from 'node:crypto'
import type { Environment } from '../environment.ts'

/** Time and chance of this machine, with a calendar that a test may set. */
export function testEnvironment(): Environment & { wall: number | undefined; readonly logged: string[] } {
  const logged: string[] = []
  const environment = {
    wall: undefined as number | undefined,
    logged,
    wallMs: () => environment.wall ?? Date.now(),
    now: () => performance.now(),
    random: Math.random,
    newId: () =>
      BigInt(`0x1${randomBytes(11).toString('hex')}`)
        .toString(36)
        .slice(0, 16),
    sleep: (ms: number, signal?: AbortSignal) =>
      new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms)
        signal?.addEventListener('abort', () => {
          clearTimeout(timer)
          resolve()
        })
      }),
    log: (level: string, message: string) => {
      logged.push(`${level} ${message}`)
    },
  }
  return environment
}
