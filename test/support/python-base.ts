/** A base image with this machine's own Python, for tests of images that stand on one. */
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { basename, join, relative } from 'node:path'
import { readElf } from '../../src/packaging/elf.ts'
import { collectSystem, type Architecture } from '../../src/packaging/system.ts'
import { MODE, type TarEntry } from '../../src/packaging/tar.ts'
import { writeBase, type BaseOptions } from './base-image.ts'
import { findTool } from './needs.ts'

/** What no test of ours needs of Python's library. */
const LEFT_OUT =
  /\/(?:test|tests|idlelib|tkinter|turtledemo|lib2to3|ensurepip|site-packages|dist-packages|__pycache__|pydoc_data|config-[^/]*)(?:\/|$)/

export interface PythonBase {
  /** `3.11`. */
  readonly version: string
  /** Digests of its layers, as its manifest has them. */
  readonly layers: readonly string[]
}

export interface PythonBaseOptions extends BaseOptions {
  /** More files of its last layer. */
  readonly more?: readonly TarEntry[]
}

/** Writes an OCI layout with two layers: the system, and Python. */
export async function makePythonBase(folder: string, options: PythonBaseOptions = {}): Promise<PythonBase> {
  const python = askPython()
  const files = pythonFiles(python)
  const libraries = files.flatMap((entry) =>
    entry.kind === 'file' && /\.so(?:\.|$)/.test(entry.path) ? [entry.from] : [],
  )
  const isShared = (await readElf(python.executable)).needed.some((name) => name.startsWith('libpython'))
  // a shared libpython lies where its own loader path says; what else the program needs, any program needs
  const binaries = [isShared ? '/usr/bin/env' : python.executable, ...libraries]
  const system = await collectSystem({ architecture: process.arch as Architecture, binaries })
  const layers = await writeBase(folder, [system, [...files, ...(options.more ?? [])]], options)
  return { version: python.version, layers }
}

interface Python {
  readonly version: string
  readonly executable: string
  readonly library: string
}

function askPython(): Python {
  const question =
    'import json, os, sys, sysconfig; print(json.dumps({"version": "%d.%d" % sys.version_info[:2], "executable": os.path.realpath(sys.executable), "library": sysconfig.get_path("stdlib")}))'
  return JSON.parse(
    execFileSync(findTool('python3') ?? 'python3', ['-I', '-c', question], { encoding: 'utf8' }),
  ) as Python
}

/** As images of Python lay them out, whatever this machine does. */
function pythonFiles({ version, executable, library }: Python): TarEntry[] {
  const entries: TarEntry[] = [
    file(executable, `usr/local/bin/python${version}`, MODE.program),
    { kind: 'link', path: 'usr/local/bin/python3', mode: MODE.link, target: `python${version}` },
  ]
  const shared = join(library, '..', `libpython${version}.so.1.0`)
  const loaderFolder = process.arch === 'x64' ? 'x86_64-linux-gnu' : 'aarch64-linux-gnu'
  if (existsSync(shared)) entries.push(file(shared, `usr/lib/${loaderFolder}/${basename(shared)}`))
  for (const found of readdirSync(library, { recursive: true, withFileTypes: true })) {
    const path = join(found.parentPath, found.name)
    const below = relative(library, path)
    if (!found.isFile() || LEFT_OUT.test(`/${below}`) || basename(below).startsWith('_test')) continue
    if (/^(?:_tkinter|_dbm|_gdbm|_curses|readline|nis|_crypt|ossaudiodev)/.test(basename(below))) continue
    entries.push(file(path, `usr/local/lib/python${version}/${below}`))
  }
  return entries
}

function file(from: string, path: string, mode: number = MODE.file): TarEntry {
  return { kind: 'file', path, mode, from, sizeBytes: statSync(from).size }
}
