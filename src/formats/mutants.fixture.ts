import { deflateSync, gzipSync } from 'node:zlib'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Dice } from '../core/dice.fixture.ts'
import { anyPlace, spliced, SPLICES } from '../core/splice.fixture.ts'
import { ServingError } from '../core/errors.ts'
import { openArchive } from './archives/open-archive.ts'
import { makeTar, paxLine, type TarPart } from './archives/tar.fixture.ts'
import { readTar } from './archives/tar.ts'
import { makeZip, type ZipPart } from './archives/zip.fixture.ts'
import { readZip } from './archives/zip.ts'
import { compressedFiles } from './compression/compressed.fixture.ts'
import { compressionOf, decompress, decompressStart, unpackedLimit, type Compression } from './compression/index.ts'
import { detectFormat } from './detect.ts'
import { readNpy } from './numpy/npy.ts'
import { readNpz } from './numpy/npz.ts'
import { makeSafetensors } from './safetensors.fixture.ts'
import { readSafetensors } from './safetensors.ts'

/** A kind of file: good ones, and what reads them. */
export interface FileTarget {
  readonly make: (dice: Dice) => Buffer
  /** @returns how many bytes the file became, where it became any */
  readonly read: (bytes: Buffer) => number
}

const COMPRESSED = compressedFiles().filter(({ packed }) => packed.length < 4096)

const ARRAYS = readFileSync(join(import.meta.dirname, 'numpy/fixtures/arrays.jsonl'), 'utf8')
  .trim()
  .split('\n')
  .map((line) => Buffer.from((JSON.parse(line) as { file: string }).file, 'base64'))

const NAMES = ['a', 'b/c', 'model.pkl', 'data/0', 'archive/data.pkl', '../x', 'a/', 'B/C', 'größe', 'X.npy']

function zipPart(dice: Dice): ZipPart {
  return {
    name: dice.pick(NAMES),
    content: dice.pick(['', 'x', 'weights '.repeat(30)]),
    isDeflated: dice.roll(2) === 0,
    hasDescriptor: dice.roll(3) === 0,
    is64: dice.roll(4) === 0,
  }
}

function tarPart(dice: Dice): TarPart {
  const type = dice.pick(['0', '0', '0', '5', 'L', 'x', 'g', '2'])
  const content = type === 'x' ? paxLine('path', dice.pick(NAMES)) : dice.pick(['', 'x', 'weights '.repeat(90)])
  return { name: dice.pick(NAMES), type, content: type === '5' ? '' : content, isGnu: dice.roll(3) === 0 }
}

function compressed(compression: Compression): FileTarget {
  const files = COMPRESSED.filter((file) => file.compression === compression)
  return {
    make: (dice) => dice.pick(files).packed,
    read(bytes) {
      decompressStart(bytes, compression, 1000)
      return decompress(bytes, compression, { maxBytes: 2 ** 22 }).length
    },
  }
}

/** Every kind of file that is read in this folder but for pickles, by its name. */
export const FILE_TARGETS: Readonly<Record<string, FileTarget>> = {
  gzip: compressed('gzip'),
  zlib: compressed('zlib'),
  bzip2: compressed('bzip2'),
  xz: compressed('xz'),
  lzma: compressed('lzma'),
  lz4: compressed('lz4'),
  zip: {
    make: (dice) =>
      makeZip(
        dice.some(4, () => zipPart(dice)),
        { is64: dice.roll(4) === 0, comment: dice.pick(['', '', 'of somebody']) },
      ),
    read(bytes) {
      const { entries, read } = readZip(bytes)
      let sizeBytes = 0
      for (const name of entries.keys()) sizeBytes += read(name).length
      return sizeBytes
    },
  },
  tar: {
    make: (dice) => makeTar(dice.some(4, () => tarPart(dice))),
    read: (bytes) => [...readTar(bytes).values()].reduce((sum, content) => sum + content.length, 0),
  },
  'compressed tar': {
    make: (dice) => gzipSync(makeTar(dice.some(3, () => tarPart(dice)))),
    read: (bytes) => openArchive(bytes, { maxBytes: 2 ** 22 }).names.length,
  },
  npy: {
    make: (dice) => dice.pick(ARRAYS),
    read: (bytes) => readNpy(bytes).shape.length,
  },
  npz: {
    make: (dice) => makeZip([{ name: 'X.npy', content: dice.pick(ARRAYS), isDeflated: dice.roll(2) === 0 }]),
    read: (bytes) => readNpz(bytes).size,
  },
  safetensors: {
    make: (dice) => {
      const a = { dtype: dice.pick(['F32', 'I32', 'U32']), shape: [2, 2], data_offsets: [0, 16] }
      const b = { dtype: 'F16', shape: [3], data_offsets: [16, 22] }
      return makeSafetensors({ __metadata__: { format: 'pt' }, 'a.weight': a, b }, Buffer.alloc(22))
    },
    read: (bytes) => readSafetensors(bytes).tensors.size,
  },
  detection: {
    make: (dice) =>
      dice.pick([
        () => deflateSync(Buffer.from('\x80\x04N.', 'latin1')),
        () => Buffer.from("(dp0\nS'a'\np1\nI1\nsV\xfc\np2\nL5L\ns.", 'latin1'),
        () => dice.pick(COMPRESSED).packed,
        () => makeZip([zipPart(dice)]),
        () => makeTar([tarPart(dice)]),
        () => dice.pick(ARRAYS),
        () => Buffer.from('{"version":[1],"learner":{}}'),
      ])(),
    read(bytes) {
      detectFormat(bytes)
      compressionOf(bytes)
      return 0
    },
  },
}

const WORDS = [0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff]

/** A good file, changed in some places; parts of another may have come in. */
export function makeFileMutant({ make }: FileTarget, dice: Dice): Buffer {
  let bytes = Buffer.from(make(dice))
  const other = make(dice)
  for (let left = dice.pick([0, 1, 1, 1, 2, 3, 6]); left > 0; left--) bytes = changed(dice, bytes, other)
  return bytes
}

function changed(dice: Dice, bytes: Buffer, other: Buffer): Buffer<ArrayBuffer> {
  // headers more often than what follows them
  const place = anyPlace(dice, bytes, Math.min(bytes.length, dice.pick([16, 64, 600, bytes.length])))
  const { at } = place
  const kind = dice.roll(10)
  if (kind < SPLICES) return spliced(dice, place, kind, () => other)
  switch (kind) {
    case 4:
      return Buffer.concat([bytes.subarray(0, at), other.subarray(dice.roll(other.length + 1))])
    case 5: {
      const word = Buffer.alloc(4)
      word.writeUInt32LE(dice.pick(WORDS))
      word.copy(bytes, at, 0, dice.pick([1, 2, 4]))
      return Buffer.from(bytes)
    }
    default: {
      const copy = Buffer.from(bytes)
      if (at < copy.length) copy[at] = dice.roll(2) === 0 ? (copy[at] as number) ^ (1 << dice.roll(8)) : dice.roll(256)
      return copy
    }
  }
}

const CODES = ['refused', 'unsupported', 'too_large']
const MAX_MESSAGE_CHARACTERS = 700

/**
 * Reads a mutant.
 * @returns whether it was taken
 * @throws whatever is neither a result within the limits nor a refusal in words
 */
export function readFileMutant({ read }: FileTarget, bytes: Buffer): boolean {
  try {
    const sizeBytes = read(bytes)
    if (sizeBytes > unpackedLimit(bytes.length, Infinity)) throw new Error(`${bytes.length} bytes became ${sizeBytes}`)
    return true
  } catch (error) {
    if (!(error instanceof ServingError) || !CODES.includes(error.code)) throw error
    const { message } = error
    if (message === '' || message.length > MAX_MESSAGE_CHARACTERS || /\bat .*:\d+:\d+|node:/.test(message))
      throw new Error(`a refusal that is none: ${message}`, { cause: error })
    return false
  }
}
