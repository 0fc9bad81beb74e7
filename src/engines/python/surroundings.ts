import { delimiter, dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { PythonSettings } from './settings.ts'

/** Our part of it, beside this file and beside the built program. */
const START = fileURLToPath(new URL('./runner/start.py', import.meta.url))

/** What starts a process of the runner: without a network where the system allows it. */
export function commandOf(executable: string, { isolate }: PythonSettings): string[] {
  return [...isolate, executable, '-I', '-B', START]
}

/** All that a process is told of its surroundings. */
export function variablesOf(
  executable: string,
  { threads, variables }: PythonSettings,
  scratch: string,
): Record<string, string> {
  const path = [dirname(executable), '/usr/local/bin', '/usr/bin', '/bin'].join(delimiter)
  const count = String(threads)
  return {
    ...variables,
    PATH: path,
    HOME: scratch,
    TMPDIR: scratch,
    LANG: 'C.UTF-8',
    OMP_NUM_THREADS: count,
    OPENBLAS_NUM_THREADS: count,
    MKL_NUM_THREADS: count,
    // there is no network: libraries that would wait for it say at once what is missing
    HF_HUB_OFFLINE: '1',
    TRANSFORMERS_OFFLINE: '1',
  }
}
