import { readdir, realpath, stat } from 'node:fs/promises'
import { basename, resolve, sep } from 'node:path'
import { MANIFEST_FILE } from '../bundle/manifest.ts'
import { ServingError } from '../core/errors.ts'
import { quote, quoteList } from '../core/text.ts'
import { CODE_AROUND } from '../formats/folders.ts'
import { listFiles, measureFiles } from './python-source.ts'

/** A folder with code in TypeScript and the model that it is around. */
export interface TypeScriptSource {
  readonly folder: string
  /** The file whose functions are called. */
  readonly entry: string
  /** Where each file lies, by its path in the folder. */
  readonly paths: ReadonlyMap<string, string>
  readonly fileName: string
  /** Of the names and digests of its files. */
  readonly sha256: string
  readonly sizeBytes: number
}

/** Code in Python that is told by its name alone: beside `predict.ts` nothing says which is meant. */
const IN_PYTHON = /^(code\/)?(inference|score|handler)\.py$/

/** Whether a path is a folder with `predict.ts` at its top, or `predict.js`; no bundle. */
export async function isTypeScriptSource(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined)
  if (found?.isDirectory() !== true) return false
  const names = await readdir(path)
  return names.some((name) => CODE_AROUND.test(name)) && !names.includes(MANIFEST_FILE)
}

/**
 * The code and the files beside it, with the digest of all of them.
 * @throws {ServingError} `invalid_argument` where nothing says what is to be run; `too_large`; `refused`
 */
export async function openTypeScriptSource(folder: string, maxBytes: number): Promise<TypeScriptSource> {
  const paths = await listFiles(folder)
  await refuseLinksOut(folder, paths)
  const entries = [...paths.keys()].filter((name) => CODE_AROUND.test(name))
  const [entry] = entries
  if (entry === undefined)
    throw new ServingError('not_found', `the folder ${quote(folder)} holds no predict.ts any more`)
  const others = [...entries.slice(1), ...[...paths.keys()].filter((name) => IN_PYTHON.test(name))]
  if (others.length > 0)
    throw new ServingError(
      'invalid_argument',
      `the folder holds ${quoteList([entry, ...others])}: leave one of them, so that it is clear which is to be run`,
    )
  const facts = await measureFiles(folder, paths, maxBytes, true)
  return { folder, entry, paths, fileName: basename(resolve(folder)), ...facts }
}

/** Code that may read its own files alone must not be given others by links. @throws {ServingError} `refused` */
async function refuseLinksOut(folder: string, paths: ReadonlyMap<string, string>): Promise<void> {
  const root = await realpath(folder)
  for (const [name, path] of paths)
    if (!(await realpath(path)).startsWith(root + sep))
      throw new ServingError(
        'refused',
        `${quote(name)} in the folder ${quote(folder)} is a link that leads out of it: put the file itself there`,
      )
}
