import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'

/** First argument of a process that Slipway starts for itself; people do not type it. */
export const PROCESS_ARGUMENT = '--slipway-process'

/** The processes that Slipway starts for itself. */
export type ProcessKind = 'runner' | 'worker' | 'probation' | 'inspection' | 'unpacking' | 'code' | 'control'

let entry = fileURLToPath(new URL('../cli/main.ts', import.meta.url))

/** The file that starts every process: `main` says so itself, because a built package is one file. */
export function setEntry(path: string): void {
  entry = path
}

/** Arguments for Node that start a process of ours, with limits where given. */
export function argumentsOf(kind: ProcessKind, nodeOptions: readonly string[] = []): string[] {
  return [...nodeOptions, entry, PROCESS_ARGUMENT, kind]
}

/** Threads of a process's pool, as `UV_THREADPOOL_SIZE`: engines compute on them too, and files must not wait for that. */
export function threadPoolSize(): string {
  return process.env.UV_THREADPOOL_SIZE ?? String(availableParallelism() + 4)
}
