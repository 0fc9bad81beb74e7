import { mkdir, stat } from 'node:fs/promises'
import { join, posix } from 'node:path'
import { ServingError } from '../../core/errors.ts'
import { formatBytes, quote } from '../../core/text.ts'
import { collectLayersOnBase, collectPrograms, IMAGE_PATHS } from '../contents.ts'
import type { AppFiles, ModelFiles } from '../contents.ts'
import type { BaseBelow } from '../image.ts'
import type { LayerContent } from '../layer.ts'
import { MODE } from '../tar.ts'
import type { TarEntry } from '../tar.ts'
import { allIn, chooseWheels, missingWheels } from '../wheels/choose.ts'
import type { Choice } from '../wheels/choose.ts'
import { downloadWheels, pipLine } from '../wheels/download.ts'
import { normalName } from '../wheels/markers.ts'
import { precompile } from '../wheels/precompile.ts'
import { parseRequirements } from '../wheels/requirements.ts'
import type { TargetPython } from '../wheels/tags.ts'
import { unpackWheel } from '../wheels/wheel.ts'
import type { PackagePaths, Wheel } from '../wheels/wheel.ts'
import type { BaseImage } from './base-image.ts'
import { findBasePython } from './base-python.ts'
import type { BasePython } from './base-python.ts'
import { collectBaseSystem } from './base-system.ts'
import { readBaseTree } from './base-tree.ts'
import type { BaseTree } from './base-tree.ts'

/** Where packages come from that a model in Python needs. */
export interface PackageSource {
  /** Text of `requirements.txt`; undefined where the model has none. */
  readonly requirements: Uint8Array | undefined
  /** Folder of wheels; they are downloaded when absent. */
  readonly wheels: string | undefined
  /** Folder that keeps downloaded wheels. */
  readonly cache: string
  /** A Python of this machine: its pip downloads wheels. */
  readonly findPython: () => Promise<string>
  /** Whether the packages are compiled beforehand, by a Python of this machine of the base's version. */
  readonly isPrecompiled: boolean
  /** Our environment, as pip's settings stand there. */
  readonly env: Readonly<Record<string, string | undefined>>
}

export interface OnBaseOptions {
  /** The image to stand on. */
  readonly image: BaseImage
  readonly app: AppFiles
  readonly model: ModelFiles
  /** Undefined where the model is compiled: the base needs no Python then. */
  readonly python: PackageSource | undefined
  /** Empty folder for what is looked at and unpacked; it has to stay until the image is written. */
  readonly folder: string
  readonly signal: AbortSignal
  readonly onProgress?: ((text: string) => void) | undefined
}

/** What `writeImage` makes an image of. */
export interface OnBase {
  readonly below: BaseBelow
  readonly layers: readonly LayerContent[]
  /** `3.11`; undefined where none is needed. */
  readonly python: string | undefined
  /** The wheels whose packages the image has, by name. */
  readonly wheels: readonly Pick<Wheel, 'name' | 'version' | 'sha256'>[]
}

/**
 * Plans an image that stands on another one, which brings the system and Python; nothing of that one is changed, and
 * nothing of it or of the wheels is run.
 * @throws {ServingError} `unsupported` for a base that our programs or the code cannot run on; `unavailable` for missing
 *   wheels; `refused` for a damaged base or wheel
 */
export async function planOnBase(options: OnBaseOptions): Promise<OnBase> {
  const { image, app, model, signal, folder, onProgress } = options
  const { architecture } = image
  const programs = await collectPrograms(app, architecture)
  onProgress?.(`reading the base image ${image.name}`)
  let toldBytes = 0
  const tree = await readBaseTree(image, {
    signal,
    onProgress: (doneBytes) => {
      if (doneBytes < toldBytes + TOLD_BYTES) return
      toldBytes = doneBytes
      onProgress?.(`reading the base image: ${formatBytes(doneBytes)}`)
    },
  })
  const python = options.python === undefined ? undefined : findBasePython(image, tree)
  const looked = join(folder, 'base')
  await mkdir(looked)
  const { entries: system, glibc } = await collectBaseSystem({
    image,
    tree,
    binaries: programs.binaries,
    python: python?.program,
    folder: looked,
    signal,
  })
  onProgress?.(
    `the base has ${python === undefined ? '' : `Python ${python.version.join('.')} (${python.command}), `}glibc ${glibc.join('.')}, ${architecture}`,
  )
  const { fullVersion, version, isFreeThreaded } = python ?? NO_PYTHON
  const target: TargetPython = { version, fullVersion, isFreeThreaded, architecture, glibc }
  const wheels = python === undefined ? [] : await wheelsFor(options, tree, python, target)
  const packages = python === undefined ? [] : await environmentFor(options, python, wheels)
  const parts = { system, packages, isPython: python !== undefined }
  const layers = await collectLayersOnBase(app, model, programs, parts)
  for (const { entries } of layers) checkRoom(image, tree, entries)
  return {
    below: {
      image,
      unpackedBytes: tree.unpackedBytes,
      env: python === undefined ? [] : variablesFor(python, packages.length > 0),
    },
    layers,
    python: python?.version.join('.'),
    wheels: wheels.map((wheel) => ({ name: wheel.name, version: wheel.version, sha256: wheel.sha256 })),
  }
}

/** How much of a large base is read between two words about it. */
const TOLD_BYTES = 2 ** 30

const NO_PYTHON = { version: [3, 0], fullVersion: '3.0.0', isFreeThreaded: false } as const

/** The wheels that the model needs and the base has not got. */
async function wheelsFor(
  { python: source, signal, onProgress }: OnBaseOptions,
  tree: BaseTree,
  python: BasePython,
  target: TargetPython,
): Promise<readonly Wheel[]> {
  if (source === undefined) return []
  if (source.wheels !== undefined) await checkFolder(source.wheels)
  const requirements =
    source.requirements === undefined
      ? { packages: source.wheels === undefined ? [] : await allIn(source.wheels, target), options: [] }
      : parseRequirements(source.requirements, 'requirements.txt')
  if (requirements.packages.length === 0) {
    onProgress?.('no packages are named: the base has to have all that the code needs, or name them by --requirements')
    return []
  }
  const installed = installedIn(tree, python)
  let choice: Choice
  if (source.wheels === undefined) {
    const { cache, env } = source
    choice = await downloadWheels({
      requirements,
      target,
      installed,
      cache,
      findPython: source.findPython,
      env,
      signal,
      onProgress,
    })
  } else {
    const folder = source.wheels
    choice = await chooseWheels(folder, { requirements: requirements.packages, target, installed })
    const texts = choice.missing.map(({ requirement }) => requirement.text)
    if (choice.missing.length > 0) throw missingWheels(choice.missing, folder, pipLine(target, folder, texts))
  }
  const total = choice.wheels.reduce(
    (sum, { files }) => sum + files.reduce((all, { sizeBytes }) => all + sizeBytes, 0),
    0,
  )
  for (const { name, version } of choice.wheels) onProgress?.(`package ${name} ${version}`)
  onProgress?.(`${choice.wheels.length} packages, ${formatBytes(total)}`)
  return choice.wheels
}

async function checkFolder(folder: string): Promise<void> {
  const isFolder = await stat(folder).then(
    (found) => found.isDirectory(),
    () => false,
  )
  if (isFolder) return
  throw new ServingError(
    'not_found',
    `--wheels is ${quote(folder)}, which is no folder; give one that holds .whl files`,
  )
}

/** Versions of what is installed in a base image, by name, as the names of its records tell. */
function installedIn(tree: BaseTree, { packages }: BasePython): Map<string, string> {
  const found = new Map<string, string>()
  for (const folder of packages.toReversed())
    for (const name of tree.find(folder)?.node.children.keys() ?? []) {
      const [, project, version] =
        /^([A-Za-z0-9_.]+)-([A-Za-z0-9_.!+]+?)(?:-py3\.\d+)?\.(?:dist|egg)-info$/.exec(name) ?? []
      if (project !== undefined && version !== undefined) found.set(normalName(project), version)
    }
  return found
}

/** An environment with the packages, as `venv` would make it on the base's Python; empty where there are none. */
async function environmentFor(
  { python: source, folder, signal, onProgress }: OnBaseOptions,
  python: BasePython,
  wheels: readonly Wheel[],
): Promise<TarEntry[]> {
  if (wheels.length === 0) return []
  const root = IMAGE_PATHS.python.slice(1)
  const version = python.version.join('.')
  const packages = `${root}/lib/python${version}${python.isFreeThreaded ? 't' : ''}/site-packages`
  const paths: PackagePaths = { root, packages, interpreter: `${IMAGE_PATHS.python}/bin/python` }
  const unpacked = join(folder, 'wheels')
  await mkdir(unpacked)
  const byPath = new Map<string, { readonly entry: TarEntry & { readonly kind: 'file' }; readonly wheel: string }>()
  for (const wheel of wheels)
    for (const entry of await unpackWheel(wheel, paths, unpacked, signal)) {
      const before = byPath.get(entry.path)
      if (before !== undefined && before.entry.sha256 !== entry.sha256)
        onProgress?.(`both ${before.wheel} and ${wheel.name} have ${quote(entry.path)}; that of ${wheel.name} is taken`)
      byPath.set(entry.path, { entry, wheel: wheel.name })
    }
  const files = [...byPath.values()].map(({ entry }) => entry)
  const { version: target, isFreeThreaded } = python
  const compiled =
    source?.isPrecompiled === true
      ? await precompile(files, {
          python: await source.findPython(),
          version: target,
          isFreeThreaded,
          folder: unpacked,
          signal,
        })
      : []
  const text = (path: string, lines: readonly string[]): TarEntry => ({
    kind: 'bytes',
    path,
    mode: MODE.file,
    bytes: Buffer.from(lines.map((line) => `${line}\n`).join('')),
  })
  const link = (path: string, target: string): TarEntry => ({ kind: 'link', path, mode: MODE.link, target })
  return [
    ...files,
    ...compiled.filter(({ path }) => !byPath.has(path)),
    text(`${root}/pyvenv.cfg`, [
      `home = ${posix.dirname(python.program.path)}`,
      // what the base has already is seen too
      'include-system-site-packages = true',
      `version = ${python.fullVersion}`,
    ]),
    ...(python.hidden.length > 0 ? [text(`${packages}/slipway-base.pth`, python.hidden)] : []),
    link(`${root}/bin/python`, python.program.path),
    link(`${root}/bin/python3`, 'python'),
  ]
}

function variablesFor(python: BasePython, hasEnvironment: boolean): string[] {
  const command = hasEnvironment ? `${IMAGE_PATHS.python}/bin/python` : python.command
  return ['SLIPWAY_RUNTIME=python', `SLIPWAY_PYTHON=${command}`]
}

/** Whether our files can stand in the base: a folder of ours would take the place of a link. */
function checkRoom(image: BaseImage, tree: BaseTree, entries: readonly TarEntry[]): void {
  for (const { kind, path } of entries) {
    const there = tree.look(path)
    const isFree =
      there === undefined || (kind === 'directory' ? there.kind === 'directory' : there.kind !== 'directory')
    if (isFree) continue
    throw new ServingError(
      'unsupported',
      `the base image ${quote(image.name)} has a ${there.kind} at ${quote(`/${path}`)}, where a ${kind === 'directory' ? 'directory' : 'file'} of Slipway belongs; take another base, or remove that there`,
      { details: { reason: 'base_image' } },
    )
  }
}
