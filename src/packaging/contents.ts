import { lstat, readFile, readdir } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { MANIFEST_FILE } from '../bundle/manifest.ts'
import type { Manifest } from '../bundle/manifest.ts'
import { ServingError } from '../core/errors.ts'
import { quote } from '../core/text.ts'
import type { LayerContent } from './layer.ts'
import { LICENCE as ONNXRUNTIME_LICENCE } from './onnxruntime-licence.ts'
import { collectSystem } from './system.ts'
import type { Architecture } from './system.ts'
import { MODE, arrange } from './tar.ts'
import type { TarEntry } from './tar.ts'

/** Paths inside an image. */
export const IMAGE_PATHS = {
  node: '/usr/local/bin/node',
  app: '/app/slipway.js',
  model: '/opt/slipway/model',
} as const

/** Slipway as it is published: the bundled program and what lies beside it. */
export interface AppFiles {
  /** The bundled program. */
  readonly program: string
  /** Licences: ours and those of the parts inside the program. */
  readonly licences: readonly string[]
  readonly version: string
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
  const node = await nodeLayer(app.program, architecture)
  const engine = await engineLayer(app.program, architecture)
  const binaries = [...node, ...engine].flatMap((entry) =>
    entry.kind === 'file' && /(\/bin\/node|\.node|\.so(\.\d+)*)$/.test(entry.path) ? [entry.from] : [],
  )
  const system = await collectSystem({ architecture, binaries })
  return Object.entries({ system, node, engine, app: await appLayer(app), model: await modelLayer(model) }).map(
    ([name, entries]) => ({ name, entries: arrange(entries) }),
  )
}

async function nodeLayer(from: string, architecture: Architecture): Promise<TarEntry[]> {
  const folder = await findPackage(`node-linux-${architecture}`, from, architecture)
  return [
    await listFile(join(folder, 'bin/node'), IMAGE_PATHS.node.slice(1), MODE.program),
    await listFile(join(folder, 'LICENSE'), 'usr/share/licenses/node/LICENSE'),
  ]
}

/** onnxruntime as its binding expects it: a package of that name above the program. Types, maps and tests stay out. */
async function engineLayer(from: string, architecture: Architecture): Promise<TarEntry[]> {
  const binding = await findPackage('onnxruntime-node', from, architecture)
  const common = await findPackage('onnxruntime-common', join(binding, 'package.json'), architecture)
  const native = `bin/napi-v6/linux/${architecture}`
  const entries: TarEntry[] = []
  for (const [folder, parts] of [
    [binding, ['package.json', 'dist', native]],
    [common, ['package.json', 'dist/cjs', 'dist/esm']],
  ] as const) {
    const to = `app/node_modules/${basename(folder)}`
    for (const part of parts)
      for (const file of await listTree(join(folder, part)))
        if (!/\.(d\.ts|map)$/.test(file)) entries.push(await listFile(file, `${to}${file.slice(folder.length)}`))
    const licence = Buffer.from(ONNXRUNTIME_LICENCE)
    entries.push({ kind: 'bytes', path: `${to}/LICENSE`, mode: MODE.file, bytes: licence })
  }
  return entries
}

async function appLayer(app: AppFiles): Promise<TarEntry[]> {
  const description = { name: 'slipway', version: app.version, private: true, type: 'module' }
  const entries: TarEntry[] = [
    await listFile(app.program, IMAGE_PATHS.app.slice(1)),
    { kind: 'bytes', path: 'app/package.json', mode: MODE.file, bytes: Buffer.from(JSON.stringify(description)) },
  ]
  for (const licence of app.licences) entries.push(await listFile(licence, `app/${basename(licence)}`))
  return entries
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

/** A file, or all files below a folder. */
async function listTree(path: string): Promise<string[]> {
  if ((await lstat(path)).isFile()) return [path]
  const entries = await readdir(path, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
}

/** The folder of an installed package, as Node would find it from `from`; its exports may hide its description. */
async function findPackage(name: string, from: string, architecture: Architecture): Promise<string> {
  for (const folder of createRequire(from).resolve.paths(name) ?? []) {
    const found = await readFile(join(folder, name, 'package.json')).catch(() => undefined)
    if (found !== undefined) return join(folder, name)
  }
  // Into a folder of its own: npm keeps one processor's packages in a tree, and would remove this machine's.
  const command = `npm install --no-save --force --prefix ${dirname(from)} ${name}@${process.versions.node}`
  throw new ServingError(
    'unsupported',
    `the package ${quote(name)} is not installed, and an image for ${architecture} needs it; ` +
      `${name.startsWith('node-') ? `run "${command}"` : 'install Slipway again'}, or make the image on such a machine`,
    { details: { package: name } },
  )
}
