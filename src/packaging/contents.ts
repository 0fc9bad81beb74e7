import { lstat, readFile, readdir } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, dirname, join, relative, sep } from 'node:path'
import { MANIFEST_FILE } from '../bundle/manifest.ts'
import type { Manifest } from '../bundle/manifest.ts'
import { ServingError } from '../core/errors.ts'
import { quote } from '../core/text.ts'
import type { LayerContent } from './layer.ts'
import { KOFFI_LICENCE, ONNXRUNTIME_LICENCE } from './licences.ts'
import { collectSystem } from './system.ts'
import type { Architecture } from './system.ts'
import { MODE, arrange } from './tar.ts'
import type { TarEntry } from './tar.ts'

/** Paths inside an image. */
export const IMAGE_PATHS = {
  node: '/usr/local/bin/node',
  app: '/app/slipway.js',
  model: '/opt/slipway/model',
  /** Of an image with Python: the environment with the packages that the model needs. */
  python: '/opt/slipway/python',
} as const

/** Slipway as it is published: the bundled program and what lies beside it. */
export interface AppFiles {
  /** The file that starts the bundled program. */
  readonly program: string
  /** The program's parts, beside that. */
  readonly parts: readonly string[]
  /** Licences: ours and those of the parts inside the program. */
  readonly licences: readonly string[]
  readonly version: string
  /** Folder of what runs code in Python, which such a model needs. */
  readonly runner?: string | undefined
}

/** A bundle on disk. */
export interface ModelFiles {
  readonly folder: string
  readonly manifest: Manifest
  /** SHA-256 of the manifest's bytes: 64 hexadecimal digits. */
  readonly sha256: string
}

/**
 * The layers of an image, from the one that changes least to the model: registries and hosts that have the first ones
 * fetch only the last.
 * @param app Slipway itself; the packages that it needs are looked up from its folder
 * @throws {ServingError} `unsupported` when a part for the architecture is not installed here
 */
export async function collectLayers(
  app: AppFiles,
  model: ModelFiles,
  architecture: Architecture,
): Promise<LayerContent[]> {
  const { node, engine, binaries } = await collectPrograms(app, architecture)
  const system = await collectSystem({ architecture, binaries })
  return arranged({ system, node, engine, app: await appLayer(app), model: await modelLayer(model) })
}

/** What runs the app, and the programs and libraries in it, as they lie on this machine. */
export interface Programs {
  readonly node: readonly TarEntry[]
  readonly engine: readonly TarEntry[]
  readonly binaries: readonly string[]
}

/** @throws {ServingError} `unsupported` when a part for the architecture is not installed here */
export async function collectPrograms(app: AppFiles, architecture: Architecture): Promise<Programs> {
  const packages = await findPackages(app.program, architecture)
  const node = await nodeLayer(packages.node)
  const engine = await engineLayer(packages, architecture)
  const binaries = [...node, ...engine].flatMap((entry) =>
    entry.kind === 'file' && /(\/bin\/node|\.node|\.so(\.\d+)*)$/.test(entry.path) ? [entry.from] : [],
  )
  return { node, engine, binaries }
}

/** What stands between the programs and the model in an image that has a base. */
export interface BaseParts {
  /** What the base lacks of what the programs need. */
  readonly system: readonly TarEntry[]
  /** Packages of Python; undefined where the model needs none. */
  readonly packages: readonly TarEntry[] | undefined
  /** Whether the model is code in Python. */
  readonly isPython: boolean
}

/** The layers that come on top of a base image's own. @throws {ServingError} as `collectLayers` */
export async function collectLayersOnBase(
  app: AppFiles,
  model: ModelFiles,
  { node, engine }: Programs,
  { system, packages = [], isPython }: BaseParts,
): Promise<LayerContent[]> {
  const program = isPython ? [...(await appLayer(app)), ...(await runnerFiles(app))] : await appLayer(app)
  return arranged({ system, node, engine, app: program, packages, model: await modelLayer(model) }).filter(
    ({ entries }) => entries.length > 0,
  )
}

function arranged(parts: Readonly<Record<string, readonly TarEntry[]>>): LayerContent[] {
  return Object.entries(parts).map(([name, entries]) => ({ name, entries: arrange(entries) }))
}

async function nodeLayer({ folder }: Package): Promise<TarEntry[]> {
  return [
    await listFile(join(folder, 'bin/node'), IMAGE_PATHS.node.slice(1), MODE.program),
    await listFile(join(folder, 'LICENSE'), 'usr/share/licenses/node/LICENSE'),
  ]
}

/**
 * ONNX Runtime's library and koffi, which calls it, as packages above the program, where it looks for them. Everything
 * else of these packages stays out: bindings, types, and what is for other systems and C libraries.
 */
async function engineLayer({ onnxruntime, koffi }: Packages, architecture: Architecture): Promise<TarEntry[]> {
  const library = `bin/napi-v6/linux/${architecture}/libonnxruntime.so.1`
  const entries: TarEntry[] = []
  for (const [{ name, folder }, files, licence] of [
    [onnxruntime, ['package.json', library], ONNXRUNTIME_LICENCE],
    [koffi, ['package.json', 'index.js', `linux_${architecture}/koffi.node`], KOFFI_LICENCE],
  ] as const) {
    const to = `app/node_modules/${name}`
    for (const file of files) entries.push(await listFile(join(folder, file), `${to}/${file}`))
    entries.push({ kind: 'bytes', path: `${to}/LICENSE`, mode: MODE.file, bytes: Buffer.from(licence) })
  }
  return entries
}

async function appLayer(app: AppFiles): Promise<TarEntry[]> {
  const description = { name: 'slipway', version: app.version, private: true, type: 'module' }
  const entries: TarEntry[] = [
    await listFile(app.program, IMAGE_PATHS.app.slice(1)),
    ...(await Promise.all(app.parts.map((part) => listFile(part, `app/${basename(part)}`)))),
    { kind: 'bytes', path: 'app/package.json', mode: MODE.file, bytes: Buffer.from(JSON.stringify(description)) },
  ]
  for (const licence of app.licences) entries.push(await listFile(licence, `app/${basename(licence)}`))
  return entries
}

/** What runs code in Python, beside the program, where it looks for it. */
async function runnerFiles({ runner }: AppFiles): Promise<TarEntry[]> {
  if (runner === undefined)
    throw new ServingError('unsupported', 'the runner for code in Python is not there; install Slipway again')
  const found = await readdir(runner, { recursive: true, withFileTypes: true })
  const files = found.filter((entry) => entry.isFile() && entry.name.endsWith('.py'))
  return Promise.all(
    files.map((entry) => {
      const path = join(entry.parentPath, entry.name)
      return listFile(path, `app/runner/${relative(runner, path).split(sep).join('/')}`)
    }),
  )
}

/** Exactly the files that the manifest names, each with the digest that it must still have when it is read. */
async function modelLayer({ folder, manifest, sha256 }: ModelFiles): Promise<TarEntry[]> {
  const to = IMAGE_PATHS.model.slice(1)
  const self = await listFile(join(folder, MANIFEST_FILE), `${to}/${MANIFEST_FILE}`)
  const entries: TarEntry[] = [{ ...self, sha256 }]
  for (const [path, file] of Object.entries(manifest.files))
    entries.push({
      kind: 'file',
      path: `${to}/${path}`,
      mode: MODE.file,
      from: join(folder, path),
      sizeBytes: file.sizeBytes,
      sha256: file.sha256,
    })
  return entries
}

async function listFile(
  from: string,
  path: string,
  mode: number = MODE.file,
): Promise<TarEntry & { readonly kind: 'file' }> {
  const found = await lstat(from).catch((cause: unknown) => {
    throw new ServingError('not_found', `${quote(from)} is missing; it belongs into an image`, { cause })
  })
  if (!found.isFile()) throw new ServingError('unsupported', `${quote(from)} is no plain file; images hold only those`)
  return { kind: 'file', path, mode, from, sizeBytes: found.size }
}

/** An installed package. */
interface Package {
  readonly name: string
  readonly folder: string
}

/** What an image takes from npm's packages. */
type Packages = Readonly<Record<'node' | 'koffi' | 'onnxruntime', Package>>

/** The packages as Node would find them from the program. */
async function findPackages(program: string, architecture: Architecture): Promise<Packages> {
  const names = {
    node: `node-linux-${architecture}`,
    koffi: `@koromix/koffi-linux-${architecture}`,
    onnxruntime: 'onnxruntime-node',
  } as const
  const find = async (name: string): Promise<Package> => {
    const folder = await findPackage(name, program)
    if (folder !== undefined) return { name, folder }
    throw new ServingError(
      'unsupported',
      `the package ${quote(name)} is not installed, and an image for ${architecture} needs it; ` +
        `${await remedyOf(name, [names.node, names.koffi], program)}, or make the image on such a machine`,
      { details: { package: name } },
    )
  }
  return {
    node: await find(names.node),
    koffi: await find(names.koffi),
    onnxruntime: await find(names.onnxruntime),
  }
}

/** The folder of an installed package, as Node would find it from `from`; its exports may hide its description. */
async function findPackage(name: string, from: string): Promise<string | undefined> {
  for (const folder of createRequire(from).resolve.paths(name) ?? []) {
    const found = await readFile(join(folder, name, 'package.json')).catch(() => undefined)
    if (found !== undefined) return join(folder, name)
  }
  return undefined
}

/**
 * What brings a missing package.
 * @param ofProcessor the packages that npm installs for one processor alone
 */
async function remedyOf(name: string, ofProcessor: readonly string[], program: string): Promise<string> {
  const pins = await readPins(program)
  const wanted = ofProcessor.flatMap((each) => (pins[each] === undefined ? [] : [`${each}@${pins[each]}`]))
  if (!ofProcessor.includes(name) || wanted.length < ofProcessor.length) return 'install Slipway again'
  // Into a folder of its own: npm keeps one processor's packages in a tree, and would remove this machine's. All at once:
  // npm also removes there what a command does not name.
  return `run "npm install --no-save --force --prefix ${dirname(program)} ${wanted.join(' ')}"`
}

/** The versions that Slipway's own package, in whose folder `dist` the program lies, asks for where a system needs them. */
async function readPins(program: string): Promise<Readonly<Record<string, string>>> {
  const text = await readFile(join(dirname(program), '../package.json'), 'utf8').catch(() => '{}')
  const { optionalDependencies = {} } = JSON.parse(text) as { optionalDependencies?: Readonly<Record<string, string>> }
  return optionalDependencies
}
