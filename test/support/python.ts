/** Python environments that the set-up makes of `test/requirements-NAME.txt`, and scripts that run in them. */
import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

const ROOT = join(import.meta.dirname, '../..')
const run = promisify(execFile)

/** Folder of an environment's programs. @param name `clients` for `test/requirements-clients.txt` */
export function binFolder(name: string): string {
  return join(ROOT, `.venv-${name}/bin`)
}

/** Whether an environment is there and holds what its requirements say today. */
export function hasEnvironment(name: string): boolean {
  const stamp = join(ROOT, `.venv-${name}/installed.txt`)
  return existsSync(stamp) && readFileSync(stamp).equals(readFileSync(join(ROOT, `test/requirements-${name}.txt`)))
}

/** Runs Python to its end and gives what it wrote to standard output; throws with what it wrote when it fails. */
export async function runPython(
  environment: string,
  args: readonly string[],
  variables: Readonly<Record<string, string>> = {},
): Promise<string> {
  const env = { ...quietEnvironment(environment), ...variables }
  const options = { cwd: ROOT, timeout: 100_000, maxBuffer: 1 << 26, env }
  return (await run(join(binFolder(environment), 'python'), args, options)).stdout
}

/** Variables for what runs in an environment: its own programs first, and no proxy between it and loopback. */
export function quietEnvironment(name: string): Record<string, string> {
  return {
    PATH: `${binFolder(name)}:${process.env.PATH ?? ''}`,
    HOME: process.env.HOME ?? '',
    NO_PROXY: '127.0.0.1',
    // nothing but this server is asked
    AWS_EC2_METADATA_DISABLED: 'true',
    MLFLOW_DISABLE_TELEMETRY: 'true',
    DO_NOT_TRACK: '1',
  }
}
