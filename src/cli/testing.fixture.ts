import type { Readable } from 'node:stream'
import { runCommandLine } from './run.ts'

export interface Ran {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs a command line in this process. */
export async function runHere(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  stdin?: Readable,
): Promise<Ran> {
  let stdout = ''
  let stderr = ''
  const code = await runCommandLine(args, {
    env,
    stdin: stdin as NodeJS.ReadStream | undefined,
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
    signal: new AbortController().signal,
  })
  return { code, stdout, stderr }
}
