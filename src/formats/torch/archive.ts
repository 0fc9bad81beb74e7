import { quote } from '../../core/text.ts'
import { readZip, type ZipArchive } from '../archives/zip.ts'
import { damaged, unsupported } from './refusals.ts'
import { readTorchPickle, type ReadStorage } from './torch-pickle.ts'
import type { PyValue } from '../python/values.ts'

/** A zip of PyTorch: everything in it lies in one folder, which may have any name. */
export interface TorchArchive {
  /** Paths inside the folder. */
  readonly names: ReadonlySet<string>
  has(name: string): boolean
  /** @throws {ServingError} `refused` when it is missing or damaged */
  read(name: string): Uint8Array
  sizeOf(name: string): number
}

/** What kind of file it is. */
export type ArchiveKind = 'exported' | 'exported-flat' | 'script' | 'pickle' | 'native' | 'other'

/** @throws {ServingError} as `readZip` does */
export function openArchive(bytes: Uint8Array): TorchArchive {
  const zip = readZip(bytes)
  const folder = folderOf(zip)
  const inside = (name: string) => `${folder}${name}`
  const names = new Set(
    [...zip.entries.keys()].flatMap((name) => (name.startsWith(folder) ? [name.slice(folder.length)] : [])),
  )
  return {
    names,
    has: (name) => names.has(name),
    sizeOf: (name) => zip.entries.get(inside(name))?.sizeBytes ?? 0,
    read(name) {
      if (!names.has(name)) throw damaged(`it has no ${quote(name)}`)
      return zip.read(inside(name))
    },
  }
}

/** The folder that all entries share, with its slash; none in the exports of torch 2.7 and before. */
function folderOf(zip: ZipArchive): string {
  let folder: string | undefined
  for (const name of zip.entries.keys()) {
    const at = name.indexOf('/')
    const first = at < 0 ? '' : name.slice(0, at + 1)
    if (folder === undefined) folder = first
    else if (folder !== first) return ''
  }
  return folder ?? ''
}

export function kindOf({ names }: TorchArchive): ArchiveKind {
  const all = [...names]
  if (names.has('serialized_exported_program.json')) return 'exported-flat'
  if (all.some((name) => /^models\/[^/]+\.json$/.test(name))) return 'exported'
  if (all.some((name) => name.startsWith('data/aotinductor/') || name.endsWith('.so'))) return 'native'
  if (names.has('constants.pkl') && all.some((name) => name.startsWith('code/'))) return 'script'
  return names.has('data.pkl') ? 'pickle' : 'other'
}

/** Refuses files of big-endian machines. */
export function checkByteOrder(archive: TorchArchive): void {
  if (!archive.has('byteorder')) return
  const order = Buffer.from(archive.read('byteorder')).toString('latin1').trim()
  if (order !== 'little')
    throw unsupported(`the file was written on a machine of the byte order ${quote(order)}; export it on another one`)
}

/** What `torch.save` put into an archive of its own, and where its storages lie. */
export function readSaved(bytes: Uint8Array, name: string): { root: PyValue; storage: ReadStorage } {
  const archive = openArchive(bytes)
  checkByteOrder(archive)
  return { root: readTorchPickle(archive.read('data.pkl'), name), storage: storageOf(archive, 'data/') }
}

export function storageOf(archive: TorchArchive, folder: string): ReadStorage {
  const known = new Map<string, Uint8Array>()
  return (key) => {
    const kept = known.get(key)
    if (kept !== undefined) return kept
    const bytes = archive.read(`${folder}${key}`)
    known.set(key, bytes)
    return bytes
  }
}
