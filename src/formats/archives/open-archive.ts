import { ServingError } from '../../core/errors.ts'
import { quote } from '../../core/text.ts'
import { compressionOf, decompress } from '../compression/index.ts'
import { readTar } from './tar.ts'
import { readZip } from './zip.ts'

/** The files of an archive, whatever its kind. */
export interface Archive {
  /** Paths from the archive's top, sorted; what desktops add of their own (`__MACOSX/`, `.DS_Store`) is left out. */
  readonly names: readonly string[]
  /** @throws {ServingError} `refused` for damage; `not_found` where there is no such file */
  readonly read: (name: string) => Uint8Array
}

/** What an archive is for, and the folder in it that it begins in (`''`, or a path with a slash at its end). */
export interface ArchiveContents {
  /**
   * `bundle`: a packed bundle, with its `slipway.json` at the top. `mlflow`: a model's folder, with its `MLmodel`.
   * `inference-code`: code that a known server calls, with its model's files (SageMaker's `model.tar.gz` among them).
   * `files`: anything else.
   */
  readonly kind: 'bundle' | 'mlflow' | 'inference-code' | 'files'
  readonly root: string
}

/**
 * Opens a `.zip`, a `.tar`, or a tar compressed in any way, by its content. What was compressed is unpacked here, within
 * the limits of compressed files.
 * @param maxBytes most that it may unpack to (bytes)
 * @throws {ServingError} as `readZip`, `readTar`, `decompress`
 */
export function openArchive(bytes: Uint8Array, { maxBytes }: { readonly maxBytes: number }): Archive {
  if (bytes[0] === 0x50 && bytes[1] === 0x4b) {
    const { entries, read } = readZip(bytes, { maxBytes })
    return archiveOf([...entries.keys()], (name) => (entries.has(name) ? read(name) : undefined))
  }
  const compression = compressionOf(bytes)
  const files = readTar(compression === undefined ? bytes : decompress(bytes, compression, { maxBytes }))
  return archiveOf([...files.keys()], (name) => files.get(name))
}

function archiveOf(names: readonly string[], find: (name: string) => Uint8Array | undefined): Archive {
  return {
    names: names.filter((name) => !isJunk(name)).sort(),
    read(name) {
      const content = find(name)
      if (content === undefined) throw new ServingError('not_found', `there is no file ${quote(name)} in the archive`)
      return content
    },
  }
}

const CODE = ['code/inference.py', 'inference.py', 'score.py', 'handler.py', 'predict.ts']

/** Tells what an archive is for by its names: those at its top, or in the one folder that all of it lies in. */
export function archiveContents(names: readonly string[]): ArchiveContents {
  const all = new Set(names)
  if (all.has('slipway.json')) return { kind: 'bundle', root: '' }
  const [first = ''] = names
  const top = first.slice(0, first.indexOf('/') + 1)
  const roots = top !== '' && names.every((name) => name.startsWith(top)) ? ['', top] : ['']
  for (const root of roots) {
    if (all.has(`${root}MLmodel`)) return { kind: 'mlflow', root }
    if (CODE.some((name) => all.has(root + name))) return { kind: 'inference-code', root }
  }
  return { kind: 'files', root: roots.at(-1) ?? '' }
}

function isJunk(name: string): boolean {
  return /(?:^|\/)(?:__MACOSX\/|\.DS_Store$|\._|Thumbs\.db$)/.test(name)
}
