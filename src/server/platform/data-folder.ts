import type { KeyObject } from 'node:crypto'
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { createKey, isKey } from '../../auth/api-key.ts'
import { createAccessKeyPair, createMasterKey, parseMasterKey } from '../../auth/master-key.ts'
import { ServingError } from '../../core/errors.ts'
import { quote } from '../../core/text.ts'
import { writeAtomically } from '../../storage/local.ts'
import { CREDENTIALS_FILE, HEADER_FILE, LOCK_FILE, MASTER_KEY_FILE, STATE_FILE } from './settings.ts'

/**
 * The key that secrets are encrypted under.
 * @throws {ServingError} `refused` for a file that others may read, or that holds no such key
 */
export async function readMasterKey(path: string): Promise<KeyObject> {
  await refuseOpenSecrets(path)
  return parseMasterKey(await readFile(path, 'latin1'))
}

/**
 * Makes the master key at the first start.
 * @returns the path of its file, 0600
 * @throws {ServingError} `refused` where there was one once: another would open none of the secrets that it sealed
 */
export async function ensureMasterKey(dataFolder: string): Promise<string> {
  const path = join(dataFolder, MASTER_KEY_FILE)
  if (await isThere(path)) return path
  if (await isThere(join(dataFolder, STATE_FILE)))
    throw new ServingError(
      'refused',
      `${quote(path, 200)} is gone, which opens the secrets of access key pairs: restore it, or, to go on without them, write 32 random bytes in base64 there (openssl rand -base64 32) with mode 600, and make these keys anew`,
      { details: { reason: 'master_key_gone' } },
    )
  await writeAtomically(path, Buffer.from(`${createMasterKey()}\n`), 0o600)
  return path
}

/** What the first start writes for whoever administers the platform, and for its own command line. */
export interface AdminCredentials {
  readonly adminKey: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

/**
 * Makes the first admin key's file when there is none; the key itself is taken into the store by control, which does so
 * again where it was killed in between.
 * @returns whether it was made now
 * @throws {ServingError} `refused` for a file that others may read, or that holds no such key
 */
export async function ensureCredentials(
  dataFolder: string,
): Promise<{ readonly credentials: AdminCredentials; readonly isNew: boolean }> {
  const path = join(dataFolder, CREDENTIALS_FILE)
  const isNew = !(await isThere(path))
  if (isNew) {
    const made: AdminCredentials = { adminKey: createKey(), ...createAccessKeyPair() }
    await writeAtomically(path, Buffer.from(`${JSON.stringify(made, undefined, 2)}\n`), 0o600)
  }
  const credentials = await readCredentials(path)
  const header = Buffer.from(`Authorization: Bearer ${credentials.adminKey}\n`)
  const headerPath = join(dataFolder, HEADER_FILE)
  if (isNew || !(await isThere(headerPath))) await writeAtomically(headerPath, header, 0o600)
  return { credentials, isNew }
}

/** @throws {ServingError} `refused`, `not_found` */
export async function readCredentials(path: string): Promise<AdminCredentials> {
  await refuseOpenSecrets(path)
  const none = () =>
    new ServingError(
      'refused',
      `${quote(path, 200)} holds no credentials: {"adminKey", "accessKeyId", "secretAccessKey"}`,
    )
  let document: Partial<AdminCredentials>
  try {
    document = (JSON.parse(await readFile(path, 'utf8')) ?? {}) as Partial<AdminCredentials>
  } catch {
    throw none()
  }
  const { adminKey, accessKeyId, secretAccessKey } = document
  if (typeof adminKey !== 'string' || !isKey(adminKey)) throw none()
  if (typeof accessKeyId !== 'string' || typeof secretAccessKey !== 'string') throw none()
  return { adminKey, accessKeyId, secretAccessKey }
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}

async function refuseOpenSecrets(path: string): Promise<void> {
  const found = await stat(path).catch((cause: unknown) => {
    throw new ServingError('not_found', `there is no file ${quote(path, 200)}`, { cause })
  })
  if (process.platform !== 'win32' && (found.mode & 0o077) !== 0)
    throw new ServingError('refused', `others on this machine may read ${quote(path, 200)}: say chmod 600 first`)
}

/** How long a lock may say nothing until it counts as one that was left behind (ms). */
const HALF_WRITTEN_MS = 100

/**
 * Makes the data folder ours alone, as long as this process lives.
 * @returns gives it back
 * @throws {ServingError} `conflict` while another platform runs on it; `refused` where nothing can be written
 */
export async function lockDataFolder(dataFolder: string): Promise<() => Promise<void>> {
  const path = join(dataFolder, LOCK_FILE)
  try {
    await mkdir(dataFolder, { recursive: true })
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  } catch (error) {
    throw unwritable(dataFolder, error)
  }
  const ours = `${process.pid} ${await birthOf(process.pid)}\n`
  for (let attempt = 0; attempt < 5; attempt++) {
    try {
      await writeFile(path, ours, { flag: 'wx', mode: 0o600 })
      return () => rm(path, { force: true })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw unwritable(dataFolder, error)
    }
    const [pid = '', birth = ''] = (await readFile(path, 'utf8').catch(() => '')).trim().split(' ')
    if (pid === '' && attempt < 2) {
      await wait(HALF_WRITTEN_MS) // another that starts has made the file, and is about to say who it is
      continue
    }
    if (/^[1-9]\d*$/.test(pid) && (await isAlive(Number(pid), birth)))
      throw new ServingError(
        'conflict',
        `a platform runs on the data folder ${quote(dataFolder, 200)} already (process ${pid}): stop it, or name another folder with --data`,
        { details: { pid: Number(pid) } },
      )
    await rm(path, { force: true }) // of one that was killed
  }
  throw new ServingError('conflict', `another platform is being started on the data folder ${quote(dataFolder, 200)}`)
}

/** What the system says of folders in which a platform cannot run. */
const UNWRITABLE: Readonly<Record<string, string>> = {
  EROFS: 'it is mounted read-only',
  EACCES: 'this user may not write there',
  EPERM: 'this user may not write there',
  ENOTDIR: 'a part of its path is a file',
  EEXIST: 'it is a file',
}

/** Why nothing can be written, in a sentence; what is not known of it as it is. */
export function unwritable(dataFolder: string, error: unknown): unknown {
  const why = UNWRITABLE[(error as NodeJS.ErrnoException).code ?? '']
  if (why === undefined) return error
  return new ServingError(
    'refused',
    `the data folder ${quote(dataFolder, 200)} cannot be written: ${why}; mend that, or name another with --data`,
    { cause: error },
  )
}

async function isAlive(pid: number, birth: string): Promise<boolean> {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
  }
  const now = await birthOf(pid)
  return birth === '' || now === '' || now === birth // numbers of processes are used again
}

/** When a process was started, in the system's own unit; empty where the system does not say. */
async function birthOf(pid: number): Promise<string> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  // the name, in brackets, may hold spaces @see proc_pid_stat(5), field 22
  return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? ''
}
