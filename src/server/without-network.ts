import { spawn } from 'node:child_process'
import { access, constants } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { log } from './log.ts'

/** Ways to start a program in a network of its own, in which there is nobody; the first needs rights, the second does not. */
const WAYS = [
  ['--net', '--'],
  ['--user', '--map-root-user', '--net', '--'],
]

/** The first words of a command that starts a program without a network; none where this system does not allow it. */
export async function findNetworkIsolation(): Promise<readonly string[]> {
  const program = await findProgram('unshare') // of util-linux
  if (program !== undefined) for (const way of WAYS) if (await works(program, way)) return [program, ...way]
  log('warn', 'models run in processes that can reach the network: this system does not let us take it from them')
  return []
}

function works(program: string, before: readonly string[]): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn(program, [...before, 'true'], { stdio: 'ignore' })
    child.on('error', () => resolve(false))
    child.on('exit', (code) => resolve(code === 0))
  })
}

/** Where a program lies: processes without our environment do not find it by name. */
async function findProgram(name: string): Promise<string | undefined> {
  for (const folder of [...(process.env.PATH ?? '').split(delimiter), '/usr/bin', '/bin']) {
    const path = join(folder, name)
    const isThere = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    )
    if (isThere && folder !== '') return path
  }
  return undefined
}
