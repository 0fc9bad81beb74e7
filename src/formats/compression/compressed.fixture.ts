import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Compression } from './index.ts'

/** A file as Python's own modules wrote it. */
export interface CompressedFile {
  readonly name: string
  readonly compression: Compression
  readonly packed: Buffer
  readonly content: Buffer
}

type Line =
  | { readonly content: string; readonly is: string; readonly times: number }
  | { readonly content: string; readonly name: string; readonly compression: Compression; readonly packed: string }

/** Files of every compression, by `fixtures/make.py`. */
export function compressedFiles(): readonly CompressedFile[] {
  const contents = new Map<string, Buffer>()
  const files: CompressedFile[] = []
  for (const text of readFileSync(join(import.meta.dirname, 'fixtures/compressed.jsonl'), 'utf8')
    .trim()
    .split('\n')) {
    const line = JSON.parse(text) as Line
    if ('is' in line) {
      const part = Buffer.from(line.is, 'base64')
      contents.set(line.content, Buffer.concat(Array.from({ length: line.times }, () => part)))
      continue
    }
    const { name, compression, packed } = line
    const content = contents.get(line.content) ?? Buffer.alloc(0)
    files.push({ name, compression, packed: Buffer.from(packed, 'base64'), content })
  }
  return files
}
