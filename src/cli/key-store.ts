import { chmod, chown, open, readFile, realpath, rm, stat } from 'node:fs/promises'
import { formatKeyLine, parseKeyFile, readKeyFile, wordsOf, fileError } from '../auth/key-file.ts'
import type { ApiKey } from '../auth/api-key.ts'
import { ServingError } from '../core/errors.ts'
import { quote } from '../core/text.ts'
import { writeAtomically } from '../storage/local.ts'

/** Of a new key file: its owner's alone. */
const MODE = 0o600

/**
 * Adds a key's line at the end of a key file, which is made where there is none.
 * @throws {ServingError} `conflict` when the name is there already, or somebody else is changing the file;
 * `invalid_argument` for a file that is broken before
 */
export async function addKey(path: string, key: ApiKey): Promise<void> {
  await change(path, (text) => {
    if (parseKeyFile(text, path).some(({ name }) => name === key.name))
      throw new ServingError(
        'conflict',
        `there is a key called ${quote(key.name)} in ${quote(path, 200)}: take another name, or remove that key first`,
      )
    return `${text}${text === '' || text.endsWith('\n') ? '' : '\n'}${formatKeyLine(key)}\n`
  })
}

/**
 * Takes a key's line out of a key file; all others stay as they are.
 * @throws {ServingError} `not_found` when no key is called so; `conflict` when somebody else is changing the file
 */
export async function removeKey(path: string, name: string): Promise<void> {
  await readKeyFile(path) // one that is not there is not made
  await change(path, (text) => {
    const names = parseKeyFile(text, path).map((key) => key.name)
    if (!names.includes(name))
      throw new ServingError('not_found', `there is no key called ${quote(name)} in ${quote(path, 200)}`)
    return text
      .split('\n')
      .filter((line) => wordsOf(line)[0] !== name)
      .join('\n')
  })
}

/** Rewrites a key file under a lock, so that the file holds the old keys or the new ones, and nobody's change is lost. */
async function change(path: string, edit: (text: string) => string): Promise<void> {
  const target = await realpath(path).catch(() => path) // a link stays a link
  const lock = `${target}.lock`
  try {
    const held = await open(lock, 'wx', MODE).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error
      throw new ServingError(
        'conflict',
        `${quote(path, 200)} is being changed by somebody else: try again, or remove ${quote(lock, 200)} if nobody does`,
      )
    })
    try {
      const before = await stat(target).catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return undefined
        throw error
      })
      const text = edit(before === undefined ? '' : await readFile(target, 'utf8'))
      await writeAtomically(target, Buffer.from(text), before === undefined ? MODE : before.mode & 0o777)
      // the server that reads it may be another user than who changes it
      if (before === undefined) return
      await chown(target, before.uid, before.gid).catch(() => {})
      await chmod(target, before.mode & 0o777)
    } finally {
      await held.close()
      await rm(lock, { force: true })
    }
  } catch (error) {
    throw fileError(error, path)
  }
}

/**
 * Writes a key itself into a new file that only its owner may read.
 * @throws {ServingError} `conflict` when something is there
 */
export async function writeKeyItself(path: string, key: string): Promise<void> {
  try {
    const file = await open(path, 'wx', MODE)
    await file.writeFile(`${key}\n`)
    await file.sync()
    await file.close()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST')
      throw new ServingError('conflict', `${quote(path, 200)} is there already: name another file for the key`)
    throw fileError(error, path)
  }
}
