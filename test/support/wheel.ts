import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { crc32, deflateRawSync } from 'node:zlib'

export interface MadeWheel {
  /** As in `greeting-1.0-py3-none-any.whl`. */
  readonly tag?: string
  readonly requires?: readonly string[]
  readonly files?: Readonly<Record<string, string>>
  /** What is written where the right list of files should be. */
  readonly record?: (right: string) => string
  /** Lines more of what the wheel says of itself. */
  readonly metadata?: readonly string[]
}

/** Writes a wheel into a folder. @returns its path */
export function makeWheel(folder: string, name: string, version: string, made: MadeWheel = {}): string {
  const info = `${name}-${version}.dist-info`
  const files: Record<string, string> = {
    [`${name}/__init__.py`]: `VERSION = "${version}"\n`,
    ...made.files,
    [`${info}/METADATA`]: [
      'Metadata-Version: 2.1',
      `Name: ${name}`,
      `Version: ${version}`,
      ...(made.requires ?? []).map((each) => `Requires-Dist: ${each}`),
      ...(made.metadata ?? []),
      '',
      'A package for tests.',
      '',
    ].join('\n'),
    [`${info}/WHEEL`]: 'Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n',
  }
  const listed = Object.entries(files).map(
    ([path, text]) =>
      `${path},sha256=${createHash('sha256').update(text).digest('base64url')},${Buffer.byteLength(text)}`,
  )
  const right = [...listed, `${info}/RECORD,,`, ''].join('\n')
  const record = made.record?.(right) ?? right
  const path = join(folder, `${name}-${version}-${made.tag ?? 'py3-none-any'}.whl`)
  writeFileSync(path, zip({ ...files, [`${info}/RECORD`]: record }))
  return path
}

/** A zip archive of some texts, deflated; names that end in `.sh` are programs. */
export function zip(files: Readonly<Record<string, string>>): Buffer {
  const parts: Buffer[] = []
  const directory: Buffer[] = []
  let offset = 0
  for (const [name, text] of Object.entries(files)) {
    const bytes = Buffer.from(text)
    const packed = deflateRawSync(bytes)
    const title = Buffer.from(name)
    const common = Buffer.alloc(26)
    common.writeUInt16LE(20, 0)
    common.writeUInt16LE(8, 4)
    common.writeUInt32LE(crc32(bytes), 10)
    common.writeUInt32LE(packed.length, 14)
    common.writeUInt32LE(bytes.length, 18)
    common.writeUInt16LE(title.length, 22)
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), common, title, packed])
    const tail = Buffer.alloc(14)
    tail.writeUInt32LE(((name.endsWith('.sh') ? 0o100755 : 0o100644) << 16) >>> 0, 6)
    tail.writeUInt32LE(offset, 10)
    directory.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\x03'), common, tail, title]))
    parts.push(local)
    offset += local.length
  }
  const listed = Buffer.concat(directory)
  const end = Buffer.alloc(22)
  end.write('PK\x05\x06', 'latin1')
  end.writeUInt16LE(directory.length, 8)
  end.writeUInt16LE(directory.length, 10)
  end.writeUInt32LE(listed.length, 12)
  end.writeUInt32LE(offset, 16)
  return Buffer.concat([...parts, listed, end])
}

/** What Python's own reader makes of an archive. */
export function namesByPython(path: string): string[] {
  const code = 'import json, sys, zipfile; print(json.dumps(zipfile.ZipFile(sys.argv[1]).namelist()))'
  return JSON.parse(execFileSync('python3', ['-I', '-c', code, path], { encoding: 'utf8' })) as string[]
}
