import { mkdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startServer, type RunningCommand } from '../../test/support/command.ts'
import { linearModel } from '../../test/support/models.ts'

/** Name of the linear model that proofs ask. */
export const MODEL = 'linear'

/** Factor of its first version. */
export const FIRST_FACTOR = 2

/** A server of ours, and what its log says from some place on. */
export interface Served {
  readonly server: RunningCommand
  readonly port: number
  readonly grpcPort?: number | undefined
  /** What is asked there. */
  readonly model: string
  /** For `Authorization`, where it is asked for. */
  readonly key?: string | undefined
  /** Where the log ends now. */
  logEnd(): number
  /** Waits until the log has this behind a place. @throws {Error} when the server ends before, or after a minute */
  says(pattern: RegExp, from: number): Promise<void>
}

/** One that serves a file. */
export interface ServedFile extends Served {
  readonly modelPath: string
}

const LONGEST_WAIT_MS = 60_000

/** Starts a server of one linear model, with its file in a folder of its own. */
export async function serveLinear(
  folder: string,
  name: string,
  args: readonly string[],
  bytes = linearModel({}, FIRST_FACTOR),
): Promise<ServedFile> {
  const modelPath = join(folder, name, `${MODEL}.onnx`)
  await mkdir(join(folder, name), { recursive: true })
  await putModel(modelPath, bytes)
  return serveFile(folder, modelPath, args)
}

export async function serveFile(folder: string, modelPath: string, args: readonly string[]): Promise<ServedFile> {
  const server = await startServer([modelPath, '--data', join(folder, 'data'), ...args], { env: { TMPDIR: folder } })
  return { server, port: Number(new URL(server.url).port), model: MODEL, modelPath, ...logOf(server) }
}

/** How to wait for what a server's log says. */
export function logOf(server: RunningCommand): Pick<Served, 'logEnd' | 'says'> {
  async function says(pattern: RegExp, from: number): Promise<void> {
    const latest = performance.now() + LONGEST_WAIT_MS
    while (!pattern.test(server.stderr().slice(from))) {
      const log = () => server.stderr().slice(from).slice(-2000)
      if (server.child.exitCode !== null) throw new Error(`the server ended before it said ${pattern}: ${log()}`)
      if (performance.now() > latest) throw new Error(`the server did not say ${pattern} in a minute: ${log()}`)
      await sleep(10)
    }
  }
  return { logEnd: () => server.stderr().length, says }
}

/** Puts a file in place of another at once. */
export async function putModel(path: string, bytes: Uint8Array | string): Promise<void> {
  await writeFile(`${path}.new`, bytes)
  await rename(`${path}.new`, path)
}

/** Ends the server by SIGTERM. @returns its exit code, and how long that took (s) */
export async function endServer({
  server,
}: Pick<Served, 'server'>): Promise<{ readonly code: number | null; readonly seconds: number }> {
  const begun = performance.now()
  server.child.kill('SIGTERM')
  const { code } = await server.ended
  return { code, seconds: (performance.now() - begun) / 1000 }
}
