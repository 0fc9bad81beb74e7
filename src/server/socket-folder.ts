import { mkdtemp, readdir, rm, rmdir } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ServingError } from '../core/errors.ts'
import { MAX_SOCKET_PATH_BYTES } from './worker-messages.ts'

/**
 * A folder for sockets that nobody else may enter; a path to a socket must be short.
 * @throws {ServingError} `unavailable` when there is no place to write to
 */
export async function makeSocketFolder(): Promise<string> {
  const longest = 'slipway-XXXXXX/r000.0000000'.length
  const parent = Buffer.byteLength(join(tmpdir(), '/')) + longest <= MAX_SOCKET_PATH_BYTES ? tmpdir() : '/tmp'
  try {
    return await mkdtemp(join(parent, 'slipway-')) // mode 0700
  } catch (cause) {
    throw new ServingError(
      'unavailable',
      `several workers and isolated processes meet at sockets, and ${parent} cannot be written: give it a writable ${parent}`,
      { cause },
    )
  }
}

/**
 * For a process that has stopped listening and whose supervisor is gone, which would have removed the folder: the last
 * one out removes it. As long as another still listens there, it is left; so is whatever is no socket.
 */
export async function leaveSocketFolder(folder: string): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => [])
  const paths = entries.filter((entry) => entry.isSocket()).map(({ name }) => join(folder, name))
  const isHeard = await Promise.all(paths.map(answers))
  if (isHeard.includes(true)) return
  await Promise.all(paths.map((path) => rm(path, { force: true })))
  await rmdir(folder).catch(() => {}) // another was as quick, or it is not ours alone
}

/** Whether a process listens at a socket. The socket of one that has ended stays, and refuses. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path, () => resolve(true))
      .once('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'EAGAIN')) // so many wait there already
      .once('close', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}
