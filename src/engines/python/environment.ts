import { createHash } from 'node:crypto'
import { join } from 'node:path'
import type { PythonInterpreter } from './settings.ts'

/**
 * Where the environment with these packages lies: one for each text of requirements, interpreter and platform.
 * @param environments folder of all of them
 */
export function environmentFolder(
  environments: string,
  { version, platform }: PythonInterpreter,
  requirements: Uint8Array,
): string {
  const digest = createHash('sha256')
    .update(JSON.stringify([version, platform]))
    .update(requirements)
    .digest('hex')
  return join(environments, digest.slice(0, 40))
}

/** The interpreter of an environment. */
export function pythonOf(folder: string): string {
  return join(folder, 'bin', 'python')
}

/** Whether there is anything to install in a file of requirements. */
export function namesPackages(requirements: Uint8Array): boolean {
  return Buffer.from(requirements)
    .toString('utf8')
    .split(/\r?\n/)
    .some((line) => /^[^#\s]/.test(line.trim()))
}
