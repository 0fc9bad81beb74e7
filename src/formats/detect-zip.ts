import { ServingError } from '../core/errors.ts'
import { readZip, type ZipArchive } from './archives/zip.ts'
import type { FileFormat } from './format-names.ts'
import { isNpz } from './numpy/npz.ts'

/** What a zip archive is, by the names in it; `zip` where it says nothing, or is damaged: who reads it will say how. */
export function zipFormat(bytes: Uint8Array): FileFormat {
  try {
    return formatOf(readZip(bytes))
  } catch (error) {
    if (error instanceof ServingError) return 'zip'
    throw error
  }
}

function formatOf(archive: ZipArchive): FileFormat {
  const { entries } = archive
  if (entries.has('serialized_exported_program.json')) return 'pt2'
  if (isNpz(archive)) return 'npz'
  if (entries.has('model.weights.h5') && entries.has('config.json')) return 'keras'
  if (entries.has('schema.json') && isSkops(archive)) return 'skops'
  // PyTorch puts everything into one folder, which has the file's name
  const root = commonRoot(entries.keys())
  if (root === undefined) return 'zip'
  if (entries.has(`${root}archive_format`)) return 'pt2'
  if (entries.has(`${root}constants.pkl`) || entries.has(`${root}bytecode.pkl`)) return 'torchscript'
  if (entries.has(`${root}data.pkl`)) return 'torch'
  return 'zip'
}

const MAX_SCHEMA_BYTES = 2 ** 24

/** Its schema names the protocol of skops in its first or last members. */
function isSkops({ entries, read }: ZipArchive): boolean {
  const { sizeBytes = Infinity } = entries.get('schema.json') ?? {}
  return sizeBytes <= MAX_SCHEMA_BYTES && Buffer.from(read('schema.json')).includes('"__loader__"')
}

/** The folder at the top that all names begin with, with its slash. */
function commonRoot(names: Iterable<string>): string | undefined {
  let root: string | undefined
  for (const name of names) {
    root ??= name.slice(0, name.indexOf('/') + 1)
    if (root === '' || !name.startsWith(root)) return undefined
  }
  return root
}
