import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, test, vi } from 'vitest'

test.skipIf(process.platform === 'win32')('a process whose parent was killed ends, however busy it is', async () => {
  const parent = spawn(process.execPath, ['src/server/limited-process.fixture.ts'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [pid] = (await once(parent.stdout, 'data')) as [Buffer]
  expect(isAlive(Number(pid))).toBe(true)
  parent.kill('SIGKILL')
  try {
    await vi.waitUntil(() => !isAlive(Number(pid)), { timeout: 20_000, interval: 50 })
  } finally {
    if (isAlive(Number(pid))) process.kill(Number(pid), 'SIGKILL')
  }
})

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
