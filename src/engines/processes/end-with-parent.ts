import { Worker } from 'node:worker_threads'

/** Looks twice a second. The parent is told, not asked for: it may be gone before this thread runs. */
const WATCHDOG = `
const { workerData } = require('node:worker_threads')
setInterval(() => {
  if (process.ppid !== workerData) process.kill(process.pid, 'SIGKILL')
}, 500)
`

/**
 * Ends this process when its parent is gone, from a thread of its own: what reads a file, or never ends, hears nothing else,
 * and it is the parent that keeps the limits. One that was killed would leave all of the machine to a hostile file. On Windows
 * such are not told apart.
 */
export function endWithParent(): void {
  if (process.platform !== 'win32') new Worker(WATCHDOG, { eval: true, env: {}, workerData: process.ppid }).unref()
}
