import './v8-flags.ts' // first: it decides how all that follows is compiled
import { join } from 'node:path'
import { ServingError } from '../core/errors.ts'
import { PROCESS_ARGUMENT, setEntry, type ProcessKind } from '../server/spawn.ts'

// Every process of Slipway starts in this file, which a bundle starts by another; which process, the first argument says.
setEntry(process.argv[1] ?? import.meta.filename)
const [first, second] = process.argv.slice(2)
if (import.meta.filename.endsWith('.ts') && second !== 'code') keepCompiled()
if (first === PROCESS_ARGUMENT) await startProcess(second as ProcessKind)
else await commandLine()

/**
 * Sources are read as JavaScript by taking their types out, and compiled, which is two thirds of a process's start: what comes
 * of it is kept for the next one, where that can be written. A built program has that of its own.
 */
function keepCompiled(): void {
  const folder = join(import.meta.dirname, '../../node_modules/.cache/slipway-compiled')
  process.getBuiltinModule('node:module').enableCompileCache(folder)
}

async function startProcess(kind: ProcessKind): Promise<void> {
  if (kind === 'runner') (await import('../server/runner.ts')).runRunner()
  else if (kind === 'control') (await import('../server/platform/control.ts')).runControl()
  else if (kind === 'worker') (await import('../server/worker.ts')).runWorker()
  else if (kind === 'probation') (await import('../server/probation-worker.ts')).runProbationWorker()
  else if (kind === 'code') (await import('../engines/typescript/worker.ts')).runCodeProcess()
  else if (kind === 'unpacking') (await import('../server/unpacking-worker.ts')).runUnpackingWorker()
  else (await import('../server/inspect.ts')).runInspectionWorker()
}

async function commandLine(): Promise<void> {
  const { runCommandLine } = await import('./run.ts')
  const ended = new AbortController()
  const end = () => ended.abort(new ServingError('cancelled', 'interrupted'))
  process.on('SIGINT', end).on('SIGTERM', end)
  // a reader that has seen enough (`slipway … | head`) is no failure
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1))
  process.exitCode = await runCommandLine(process.argv.slice(2), {
    env: process.env,
    stdout: process.stdout,
    stderr: process.stderr,
    get stdin() {
      return process.stdin // a stream is made of it for those alone who ask
    },
    signal: ended.signal,
  })
}
