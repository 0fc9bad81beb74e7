import { isBuiltin, registerHooks } from 'node:module'
import { quote } from '../../core/text.ts'
import { API } from './api.ts'

/** Where the code's files seem to lie: nothing does, and nothing is read there. */
export const CODE_ROOT = process.platform === 'win32' ? 'file:///C:/slipway-code/' : 'file:///slipway-code/'

/** Modules of Node that only compute. All others reach something. */
const ALLOWED = new Set([
  'assert',
  'assert/strict',
  'async_hooks',
  'buffer',
  'crypto',
  'events',
  'path',
  'path/posix',
  'perf_hooks',
  'querystring',
  'stream',
  'stream/promises',
  'stream/web',
  'string_decoder',
  'timers',
  'timers/promises',
  'url',
  'util',
  'util/types',
  'zlib',
])

/** Modules of ours, by what code calls them; they are handed over by a name that no text spells. */
const OURS: Readonly<Record<string, string>> = { slipway: 'api', fs: 'fs', 'fs/promises': 'promises' }
const SHARED = Symbol.for('slipway.modules')

/** Whether a file holds code that is run. */
export function isScript(path: string): boolean {
  return /\.(m?ts|m?js)$/.test(path) && !/\.d\.m?ts$/.test(path)
}

/**
 * Has modules be found among files in memory, and nowhere else: what code imports is another of its files, `slipway`, or
 * a module of Node that reaches nothing. `node:fs` reads those same files.
 * @param files by their paths
 */
export function installModules(files: ReadonlyMap<string, Uint8Array>): void {
  const disk = createDisk(files)
  Object.defineProperty(globalThis, SHARED, {
    value: { api: API, fs: disk, promises: disk.promises },
    configurable: true,
  })
  registerHooks({
    resolve(specifier, { parentURL = CODE_ROOT }, next) {
      const builtin = specifier.replace(/^node:/, '')
      const own = Object.hasOwn(OURS, builtin) ? OURS[builtin] : undefined
      if (own !== undefined) return { url: `slipway:${own}`, format: 'module', shortCircuit: true }
      if (ALLOWED.has(builtin)) return next(`node:${builtin}`)
      const place = pathOf(specifier, parentURL)
      const found = place?.path === undefined ? undefined : find(place.path, files)
      if (found !== undefined) return { url: urlOf(found), shortCircuit: true, importAttributes: attributesOf(found) }
      throw notFound(specifier, place !== undefined, parentURL)
    },
    load(url, context, next) {
      if (url.startsWith('slipway:')) return { format: 'module', source: sourceOf(url.slice(8)), shortCircuit: true }
      if (!url.startsWith(CODE_ROOT)) return next(url, context)
      const path = decodeURIComponent(url.slice(CODE_ROOT.length))
      const source = Buffer.from(files.get(path) ?? []).toString('utf8')
      const format = path.endsWith('.json') ? 'json' : path.endsWith('ts') ? 'module-typescript' : 'module'
      return { format, source, shortCircuit: true }
    },
  })
}

/** The address of a file of the code. */
export function urlOf(path: string): string {
  return CODE_ROOT + path.split('/').map(encodeURIComponent).join('/')
}

function attributesOf(path: string): Record<string, string> {
  return path.endsWith('.json') ? { type: 'json' } : {}
}

/** The module of ours, as one that exports each of its members. */
function sourceOf(name: string): string {
  const shared = (globalThis as unknown as Record<symbol, Record<string, object>>)[SHARED]
  const names = Object.keys(shared?.[name] ?? {})
  const from = `globalThis[Symbol.for('slipway.modules')].${name}`
  return `const all = ${from}\nexport default all\nexport const { ${names.join(', ')} } = all\n`
}

/** The path among the files that a specifier means, undefined for one above them; a name of something else is none. */
function pathOf(specifier: string, parent: string): { readonly path: string | undefined } | undefined {
  if (!/^(\.{1,2}\/|\/|[a-z]+:)/.test(specifier) || isBuiltin(specifier)) return undefined
  try {
    const { href } = new URL(specifier, parent)
    return { path: href.startsWith(CODE_ROOT) ? decodeURIComponent(href.slice(CODE_ROOT.length)) : undefined }
  } catch {
    return { path: undefined }
  }
}

/** The file: by its name, by that without an ending, or as TypeScript names what it will be compiled to. */
function find(path: string, files: ReadonlyMap<string, unknown>): string | undefined {
  const others = ['.ts', '.mts', '.js', '.mjs', '/index.ts', '/index.js'].map((ending) => path + ending)
  const source = path.replace(/\.(m?)js$/, '.$1ts')
  return [path, source, ...others].find((each) => files.has(each) && (isScript(each) || each.endsWith('.json')))
}

function notFound(specifier: string, isPath: boolean, parent: string): Error {
  const importer = decodeURIComponent(parent.slice(CODE_ROOT.length))
  const what = `${quote(specifier)}, which ${importer} imports,`
  if (isPath) return new Error(`${what} is none of the scripts and JSON files of the code's folder`)
  if (isBuiltin(specifier))
    return new Error(`${what} reaches beyond the code, and is not there: code computes, and reads its own files`)
  return new Error(
    `${what} is a package, and none are installed for code: put what you need of it into a file beside the code (esbuild --bundle)`,
  )
}

/** What code finds of Node's files: those beside it, to be read. */
function createDisk(files: ReadonlyMap<string, Uint8Array>) {
  const within = (path: unknown): string => {
    const text = path instanceof URL ? path.href : String(path)
    const url = text.startsWith('file:') ? new URL(text).href : new URL(text.replaceAll('\\', '/'), CODE_ROOT).href
    return url.startsWith(CODE_ROOT) ? decodeURIComponent(url.slice(CODE_ROOT.length)) : `../${text}`
  }
  function readFileSync(path: unknown, options?: unknown): string | Buffer {
    const name = within(path)
    const bytes = files.get(name)
    if (bytes === undefined)
      throw Object.assign(new Error(`there is no file ${quote(name)} beside the code`), { code: 'ENOENT' })
    const encoding = typeof options === 'string' ? options : (options as { encoding?: string } | undefined)?.encoding
    return encoding === undefined || encoding === null
      ? Buffer.from(bytes)
      : Buffer.from(bytes).toString(encoding as BufferEncoding)
  }
  const existsSync = (path: unknown): boolean => files.has(within(path))
  // oxlint-disable-next-line require-await -- a failure is a rejection
  const readFile = async (path: unknown, options?: unknown) => readFileSync(path, options)
  return { readFileSync, existsSync, promises: { readFile } }
}
