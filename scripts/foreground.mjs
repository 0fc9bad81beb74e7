// Runs one program in the foreground, as if it had been typed.
import { spawn } from 'node:child_process'

/** What an operator says to a server: end, load again, restart what runs. */
const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR2']

/** How often to look whether whoever started us is still there (ms). */
const PARENT_CHECK_MS = 500

/**
 * Signals reach the program; its exit code is returned. When our own parent dies, the program is told to end: npm runs
 * scripts through a shell, which does not pass on the signal that ends it.
 * @returns {Promise<number>} the exit code, 128 and the signal's number after a signal, 1 when it did not start
 */
export function runForeground(program, args, options = {}) {
  const child = spawn(program, args, { stdio: 'inherit', ...options })
  const forward = (signal) => child.kill(signal)
  for (const signal of FORWARDED) process.on(signal, forward)
  const parent = process.ppid
  const watch = setInterval(() => {
    if (process.ppid !== parent) child.kill('SIGTERM')
  }, PARENT_CHECK_MS)
  return new Promise((resolve) => {
    child.on('error', (error) => {
      process.stderr.write(`${error.message}\n`)
      clearInterval(watch)
      resolve(1)
    })
    child.on('exit', (code, signal) => {
      clearInterval(watch)
      for (const signal of FORWARDED) process.off(signal, forward)
      resolve(code ?? (signal === 'SIGINT' ? 130 : signal === 'SIGKILL' ? 137 : 143))
    })
  })
}
