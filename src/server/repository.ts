import { readdir, stat } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { MANIFEST_FILE } from '../bundle/manifest.ts'
import { ServingError } from '../core/errors.ts'
import { MODEL_NAME } from '../core/names.ts'
import { quote, quoteList } from '../core/text.ts'
import { FLAVOUR_NAMES } from '../compiler/python/find-python-code.ts'
import { readNamedFile } from '../storage/local.ts'
import { notAllowed } from './python-models.ts'
import { findInFolder } from './python-source.ts'
import { isTypeScriptSource } from './typescript-source.ts'

/** A model file, packed bundle or bundle's folder that is to be served. */
export interface FoundModel {
  readonly path: string
  /** What the model is called where the layout says so; else its file or bundle says it. */
  readonly name: string | undefined
  readonly labels: readonly string[]
  /** Whether it answers when no version is named. */
  readonly isDefault: boolean
  /** Where all versions of this model lie: models of one name and two origins are two models. */
  readonly origin: string
}

export interface FoundModels {
  readonly models: readonly FoundModel[]
  /** Files and folders that are no models: weights of one perhaps, which shows once it has been read. */
  readonly others: readonly string[]
  /** What lies in the folder and cannot be served, with the name that its versions would have. */
  readonly failures: readonly { readonly path: string; readonly name: string; readonly error: unknown }[]
}

interface Entry {
  readonly name: string
  readonly path: string
  readonly isFolder: boolean
}

/** Files that hold a model, by the end of their names. */
export const MODEL_FILE =
  /\.(onnx|pipeline\.json|tar\.gz|tgz|pkl|pickle|joblib|sav|ubj|ubjson|xgb|lgb|lgbm|pt2|pt|pth)$/i
const VERSION = /^[1-9]\d{0,14}$/
/** What people keep beside models. */
const PROSE = /^\.|^README|\.(md|txt)$/i
const LABELS_FILE = 'labels.json'
const MAX_LABELS_BYTES = 64 * 1024

/**
 * The models that a path stands for: itself, or what lies in a folder that is no bundle. Such a folder holds model files,
 * packed bundles, bundles, and models with versions: `name/1/`, `name/2/`, each with one model inside, and beside them
 * `labels.json` with more names for versions (`{"stable": 1}`, `{"default": 1}`); the highest number is the default.
 * The folder of one such model may be named itself. A model of a folder that cannot be served is a failure beside the others.
 * @param allowsPython whether folders of code in Python are models too
 * @throws {ServingError} `not_found`; `refused` for code in Python that is not to be run; of a folder that was named itself `refused` for a version that holds no model or two,
 * `invalid_argument` for names and labels
 */
export async function findModels(path: string, allowsPython = false): Promise<FoundModels> {
  if ((await isTypeScriptSource(path)) || ((await isFolder(path)) && (await holdsPython(path, allowsPython))))
    return { models: [single(path)], others: [], failures: [] }
  if (!(await isFolder(path)) || (await isBundle(path))) return { models: [single(path)], others: [], failures: [] }
  const entries = await list(path)
  if (entries.some(isVersion)) return findVersions(path, entries)
  const models: FoundModel[] = []
  const others: string[] = []
  const failures: FoundModels['failures'][number][] = []
  for (const entry of entries) {
    if (!entry.isFolder) {
      if (MODEL_FILE.test(entry.name)) models.push(single(entry.path))
      else others.push(entry.path)
    } else if (
      (await isBundle(entry.path)) ||
      (await isTypeScriptSource(entry.path)) ||
      (await holdsPython(entry.path, allowsPython))
    )
      models.push(single(entry.path))
    else {
      const inside = await list(entry.path)
      if (!inside.some(isVersion)) {
        others.push(entry.path)
        continue
      }
      try {
        const found = await findVersions(entry.path, inside)
        models.push(...found.models)
        others.push(...found.others)
      } catch (error) {
        failures.push({ path: entry.path, name: entry.name, error })
      }
    }
  }
  if (models.length === 0 && failures.length === 0)
    throw new ServingError('not_found', `the folder ${quote(path)} holds neither a bundle nor a model file`)
  return { models, others, failures }
}

/** A model that stands by itself is its own first version: clients that name versions name them by number. */
function single(path: string): FoundModel {
  return { path, name: undefined, labels: ['1'], isDefault: true, origin: path }
}

async function findVersions(folder: string, entries: readonly Entry[]): Promise<FoundModels> {
  const name = basename(resolve(folder))
  if (!MODEL_NAME.test(name))
    throw new ServingError(
      'invalid_argument',
      `${quote(name)} cannot be a model's name (letters, digits, "_", "." and "-"): rename the folder ${quote(folder)}`,
    )
  const versions = entries.filter(isVersion)
  const stranger = entries.find((entry) => !isVersion(entry) && entry.isFolder)
  if (stranger !== undefined)
    throw new ServingError('refused', `the folder ${quote(stranger.path)} is no version: those are called 1, 2, …`)
  const numbers = versions.map((entry) => entry.name).sort((a, b) => Number(b) - Number(a))
  const labels = entries.some((entry) => entry.name === LABELS_FILE)
    ? await readLabels(join(folder, LABELS_FILE), numbers)
    : new Map<string, string>()
  const chosen = labels.get('default') ?? numbers[0]
  const models: FoundModel[] = []
  // such as Triton's config.pbtxt, which says nothing that the model does not say itself
  const others = entries.filter(({ name, isFolder }) => !isFolder && name !== LABELS_FILE).map(({ path }) => path)
  for (const version of versions) {
    const inside = await findInVersion(version)
    others.push(...inside.others)
    const more = [...labels].filter(([label, number]) => number === version.name && label !== 'default')
    models.push({
      path: inside.model,
      name,
      labels: [version.name, ...more.map(([label]) => label)],
      isDefault: version.name === chosen,
      origin: folder,
    })
  }
  return { models, others, failures: [] }
}

async function findInVersion(version: Entry): Promise<{ model: string; others: string[] }> {
  if ((await isBundle(version.path)) || (await isTypeScriptSource(version.path)))
    return { model: version.path, others: [] }
  const models: string[] = []
  const others: string[] = []
  for (const entry of await list(version.path)) {
    if (entry.isFolder ? await isBundle(entry.path) : MODEL_FILE.test(entry.name)) models.push(entry.path)
    else if (entry.isFolder) throw new ServingError('refused', `the folder ${quote(entry.path)} is no bundle`)
    else others.push(entry.path)
  }
  const [model, second] = models
  if (model !== undefined && second === undefined) return { model, others }
  throw new ServingError(
    'refused',
    `the version ${quote(version.path)} holds ${models.length === 0 ? 'no model' : `${models.length} models`}; it takes exactly one`,
  )
}

/** Labels of a model, each with the number that it stands for. */
async function readLabels(path: string, numbers: readonly string[]): Promise<Map<string, string>> {
  const bytes = await readNamedFile(path, MAX_LABELS_BYTES)
  let document: unknown
  try {
    document = JSON.parse(Buffer.from(bytes).toString('utf8'))
  } catch (cause) {
    throw new ServingError('invalid_argument', `${quote(path)} is no JSON`, { cause })
  }
  if (typeof document !== 'object' || document === null || Array.isArray(document))
    throw new ServingError('invalid_argument', `${quote(path)} holds no object such as {"stable": 1}`)
  const labels = new Map<string, string>()
  for (const [label, number] of Object.entries(document)) {
    // a number is a version, and 12 hexadecimal digits are the beginning of a digest
    if (!MODEL_NAME.test(label) || /^\d+$|^[0-9a-f]{12,}$/.test(label))
      throw new ServingError('invalid_argument', `${quote(path)}: ${quote(label)} cannot be a label`)
    // a number in quotation marks is what a configuration made by templates holds
    const version = typeof number === 'number' ? String(number) : number
    if (typeof version !== 'string' || !numbers.includes(version))
      throw new ServingError(
        'invalid_argument',
        `${quote(path)}: ${quote(label)} is ${quote(shown(version))}; there are the versions ${quoteList(numbers)}`,
      )
    labels.set(label, version)
  }
  return labels
}

function shown(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function isVersion({ name, isFolder }: Entry): boolean {
  return isFolder && VERSION.test(name)
}

/** What lies in a folder, links followed, without what is there for people. */
async function list(folder: string): Promise<Entry[]> {
  const names = (await readdir(folder)).sort()
  const entries = await Promise.all(
    names.map(async (name) => {
      const path = join(folder, name)
      const found = await stat(path).catch(() => undefined) // taken away meanwhile, or a link to nothing
      const isFolder = found?.isDirectory() === true
      return found === undefined || (PROSE.test(name) && (!isFolder || name.startsWith('.')))
        ? []
        : [{ name, path, isFolder }]
    }),
  )
  return entries.flat()
}

/** Whether a folder is code in Python. @throws {ServingError} `refused` where it is and such code is not to be run */
async function holdsPython(folder: string, isAllowed: boolean): Promise<boolean> {
  const found = await findInFolder(folder)
  if (found !== undefined && !isAllowed) throw notAllowed(`${quote(folder)} (${FLAVOUR_NAMES[found.flavour]})`)
  return found !== undefined
}

async function isBundle(folder: string): Promise<boolean> {
  return stat(join(folder, MANIFEST_FILE)).then(
    () => true,
    () => false,
  )
}

/** @throws {ServingError} `not_found` when nothing lies there; `refused` for pipes and devices, which may never end */
export async function isFolder(path: string): Promise<boolean> {
  const found = await stat(path).catch((error: unknown) => {
    throw new ServingError('not_found', `there is no file or folder ${quote(path)}`, { cause: error })
  })
  if (found.isDirectory()) return true
  if (found.isFile()) return false
  throw new ServingError('refused', `${quote(path)} is no plain file; plain files and folders only`)
}
