import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { ServingError } from '../core/errors.ts'
import { inWords } from './disk.ts'
import { digestPlainFile, syncFolder, writeAtomically } from './local.ts'
import { isTemporary, temporaryBeside } from './temporaries.ts'
import { writeAll, writingTo } from './new-files.ts'
import {
  checkKey,
  corrupt,
  noObject,
  piecesOf,
  throwIfCancelled,
  type Body,
  type ObjectStorage,
  type PutOptions,
  type StorageOptions,
  type StoredObject,
} from './object-storage.ts'

/** Beside the objects, which are plain files for anybody to read: the digest of each, by its key. No key begins so. */
const DIGESTS = '.digests'

/** Objects as files in a folder, which is made where it is not there. */
export function createLocalStorage(folder: string): ObjectStorage {
  const root = resolve(folder)
  const name = `folder ${root}`
  const turns = new Map<string, Promise<void>>()
  const pathOf = (key: string) => join(root, checkKey(key))
  const digestPathOf = (key: string) => join(root, DIGESTS, key)

  /**
   * Digests that an object's bytes may have: one, but two from the moment on that it is about to be replaced until that is done.
   */
  async function digestsOf(key: string): Promise<readonly string[]> {
    const text = await readFile(digestPathOf(key), 'latin1').catch(unlessMissing)
    return (text ?? '').split('\n').filter((line) => /^[0-9a-f]{64}$/.test(line))
  }

  async function writeDigests(key: string, digests: readonly string[]): Promise<void> {
    await makeFolder(dirname(digestPathOf(key)), root)
    await writeAtomically(digestPathOf(key), Buffer.from(`${digests.join('\n')}\n`))
  }

  /** One after the other, of one key. */
  async function inTurn(key: string, work: () => Promise<void>): Promise<void> {
    const before = turns.get(key) ?? Promise.resolve()
    const turn = before.catch(() => {}).then(work)
    turns.set(key, turn)
    try {
      await turn
    } finally {
      if (turns.get(key) === turn) turns.delete(key)
    }
  }

  async function put(key: string, body: Body, { signal, sha256: expected }: PutOptions = {}): Promise<StoredObject> {
    const path = pathOf(key)
    await makeFolder(dirname(path), root)
    const temporary = temporaryBeside(path)
    try {
      const hash = createHash('sha256')
      let sizeBytes = 0
      await writingTo(
        temporary,
        async (file) => {
          for await (const piece of piecesOf(body)) {
            throwIfCancelled(signal)
            hash.update(piece)
            sizeBytes += piece.byteLength
            await writeAll(file, piece)
          }
        },
        0o644,
      )
      throwIfCancelled(signal)
      const sha256 = hash.digest('hex')
      if (expected !== undefined && sha256 !== expected) throw corrupt(key, name)
      await inTurn(key, async () => {
        const before = (await digestsOf(key)).filter((each) => each !== sha256)
        await writeDigests(key, [sha256, ...before])
        await rename(temporary, path)
        await syncFolder(dirname(path))
        if (before.length > 0) await writeDigests(key, [sha256])
      })
      return { key, sizeBytes, sha256 }
    } finally {
      await rm(temporary, { force: true })
    }
  }

  async function head(key: string): Promise<StoredObject | undefined> {
    const path = pathOf(key)
    const found = await stat(path).catch(unlessMissing)
    if (found === undefined || !found.isFile()) return undefined
    const digests = await digestsOf(key)
    const [only] = digests
    if (only === undefined) throw corrupt(key, name)
    // whoever was to replace it was killed: the bytes say whether it was done
    const sha256 = digests.length === 1 ? only : await digestPlainFile(path, Infinity, key)
    if (!digests.includes(sha256)) throw corrupt(key, name)
    return { key, sizeBytes: found.size, sha256 }
  }

  async function get(key: string, { signal }: StorageOptions = {}) {
    throwIfCancelled(signal)
    const found = await head(key)
    if (found === undefined) throw noObject(key, name)
    const path = pathOf(key)
    async function* body(): AsyncGenerator<Uint8Array> {
      const hash = createHash('sha256')
      for await (const piece of createReadStream(path, { highWaterMark: 2 ** 18 })) {
        throwIfCancelled(signal)
        hash.update(piece as Buffer)
        yield piece as Buffer
      }
      const sha256 = hash.digest('hex')
      // it may have been replaced since it was asked for: then it is that other one, whole
      if (sha256 !== found?.sha256 && !(await digestsOf(key)).includes(sha256)) throw corrupt(key, name)
    }
    return { ...found, body: body() }
  }

  async function* list(prefix: string, { signal }: StorageOptions = {}) {
    const keys: string[] = []
    // only the folder that the prefix names need be looked through
    const within = prefix.slice(0, prefix.lastIndexOf('/') + 1)
    if (within !== '') checkKey(within.slice(0, -1))
    const entries = await readdir(join(root, within), { recursive: true, withFileTypes: true }).catch(unlessMissing)
    for (const entry of entries ?? []) {
      const key = relative(root, join(entry.parentPath, entry.name)).split(sep).join('/')
      const isObject = entry.isFile() && !key.startsWith(`${DIGESTS}/`) && !isTemporary(key)
      if (isObject && key.startsWith(prefix)) keys.push(key)
    }
    for (const key of keys.toSorted(byCharacters)) {
      throwIfCancelled(signal)
      const found = await stat(join(root, key)).catch(unlessMissing)
      if (found !== undefined) yield { key, sizeBytes: found.size }
    }
  }

  async function remove(key: string): Promise<void> {
    const path = pathOf(key)
    await rm(path, { force: true }).catch(unlessMissing)
    await rm(digestPathOf(key), { force: true }).catch(unlessMissing)
    await syncFolder(dirname(path)).catch(unlessMissing)
  }

  return {
    name,
    put: (...args) => spoken(() => put(...args)),
    get: (...args) => spoken(() => get(...args)),
    head: (key) => spoken(() => head(key)),
    list,
    remove: (key) => spoken(() => remove(key)),
    close: async () => {},
  }
}

/** Makes a folder, durably, with those above it as far as the storage's own. */
async function makeFolder(path: string, root: string): Promise<void> {
  const first = await mkdir(path, { recursive: true })
  if (first === undefined) return
  for (let each = path; each.length >= root.length && each.length >= dirname(first).length; each = dirname(each))
    await syncFolder(each)
}

/** Full disks, and keys that are folders of others, in words. */
async function spoken<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const { code, path } = error as NodeJS.ErrnoException
    if (code === 'ENOTDIR' || code === 'EISDIR' || code === 'ENOTEMPTY' || (code === 'EEXIST' && path !== undefined))
      throw new ServingError('invalid_argument', `a key cannot be a folder of other keys too (${code})`, {
        cause: error,
        details: { reason: 'key' },
      })
    if (code === 'EACCES' || code === 'EROFS' || code === 'EPERM')
      throw new ServingError('permission_denied', `the storage may not be written by this user (${code})`, {
        cause: error,
      })
    throw inWords(error)
  }
}

function unlessMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined
  throw error
}

function byCharacters(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
