import { basename, join, resolve } from 'node:path'
import type { PythonFlavour } from '../bundle/python-file.ts'
import { FLAVOUR_NAMES } from '../compiler/python/find-python-code.ts'
import { ServingError } from '../core/errors.ts'
import { quote, quoteList } from '../core/text.ts'
import { flavoursOfMlflow, modelOfMlflow } from '../formats/folders.ts'
import { readNamedFile } from '../storage/local.ts'
import { inspectFile, type InspectedFile } from './inspect.ts'
import { notAllowed } from './python-models.ts'
import { severalModels } from './typescript-models.ts'
import { findInFolder, listFiles, measureFiles } from './python-source.ts'
import { isTypeScriptSource, openTypeScriptSource } from './typescript-source.ts'

/** What is in a folder with a model and code, or in one that MLflow wrote. */
export interface InspectedFolder {
  readonly folder: string
  readonly kind: 'mlflow' | 'code'
  readonly files: number
  readonly sizeBytes: number
  /** Of the names and digests of its files. */
  readonly sha256: string
  readonly verdict: InspectedFile['verdict']
  /** What `slipway serve` would run. */
  readonly serves:
    | { readonly runtime: 'compiled'; readonly model: string }
    | { readonly runtime: 'typescript'; readonly entry: string; readonly model?: string }
    | { readonly runtime: 'python'; readonly flavour: PythonFlavour; readonly entry: string }
  /** Flavours that an `MLmodel` names. */
  readonly flavours?: readonly string[]
  /** Packages that the code asks for. */
  readonly requirements?: { readonly file: string; readonly lines: readonly string[] }
  /** Each file of it that holds a model, or a pickle. */
  readonly models: readonly (InspectedFile & { readonly path: string })[]
  /** Files that were not looked into, there being so many. */
  readonly notLookedInto: number
  /** Why it is refused, or not served as it is. */
  readonly error?: NonNullable<InspectedFile['error']>
}

/** Each is read in a process of its own. */
const MOST_LOOKED_INTO = 24
/** What is code or prose by its name. */
const PROSE =
  /(^|\/)(MLmodel|LICENSE|README)$|\.(py|pyi|m?[jt]s|json|ya?ml|toml|cfg|ini|txt|md|rst|csv|tsv|html|ipynb)$/i
const LINES_SHOWN = 100

/**
 * Says what is in a folder that is no bundle, as `slipway serve` would take it; nothing is run.
 * @returns undefined where it holds neither code nor an `MLmodel`
 * @throws {ServingError} `invalid_argument` where nothing says which code is meant; as `inspectFile`
 */
export async function inspectCodeFolder(
  folder: string,
  maxFileBytes: number,
  signal: AbortSignal,
): Promise<InspectedFolder | undefined> {
  const inTypeScript = (await isTypeScriptSource(folder)) ? await openTypeScriptSource(folder, maxFileBytes) : undefined
  const inPython = inTypeScript === undefined ? await findInFolder(folder) : undefined
  const paths = await listFiles(folder)
  const read = async (name: string): Promise<string | undefined> => {
    const path = paths.get(name)
    return path === undefined ? undefined : Buffer.from(await readNamedFile(path, 2 ** 24, name)).toString('utf8')
  }
  const mlmodel = await read('MLmodel')
  if (inTypeScript === undefined && inPython === undefined && mlmodel === undefined) return undefined

  const named = mlmodel === undefined ? undefined : modelOfMlflow(mlmodel)
  const main = named !== undefined && paths.has(named) ? named : undefined
  const names = [...paths.keys()].filter((name) => name !== main && !PROSE.test(name))
  const looked = [...(main === undefined ? [] : [main]), ...names].slice(0, MOST_LOOKED_INTO)
  const models: InspectedFolder['models'][number][] = []
  for (const name of looked) {
    const found = await inspectFile(join(folder, name), maxFileBytes, signal)
    if (name === main || holdsModel(found)) models.push({ ...found, path: name })
  }
  const name = basename(resolve(folder))
  const what = quote(name)
  const requirements = inPython?.requirements ?? (paths.has('requirements.txt') ? 'requirements.txt' : undefined)
  const lines = requirements === undefined ? undefined : linesOf((await read(requirements)) ?? '')
  return {
    folder: name,
    kind: mlmodel === undefined ? 'code' : 'mlflow',
    files: paths.size,
    ...(await measureFiles(folder, paths, maxFileBytes, true)),
    ...verdictOf(),
    ...(mlmodel === undefined ? {} : { flavours: flavoursOfMlflow(mlmodel) }),
    ...(requirements === undefined || lines === undefined ? {} : { requirements: { file: requirements, lines } }),
    models,
    notLookedInto: names.length + (main === undefined ? 0 : 1) - looked.length,
  }

  function verdictOf(): Pick<InspectedFolder, 'verdict' | 'serves' | 'error'> {
    if (inTypeScript !== undefined) {
      const { entry } = inTypeScript
      const beside = main === undefined ? models.filter(({ path }) => !path.includes('/')) : models.slice(0, 1)
      const [model] = beside
      if (beside.length > 1)
        return {
          serves: { runtime: 'typescript', entry },
          verdict: 'refused',
          error: errorOf(
            severalModels(
              name,
              beside.map(({ path }) => path),
            ),
          ),
        }
      return {
        serves: { runtime: 'typescript', entry, ...(model === undefined ? {} : { model: model.path }) },
        verdict: model?.verdict ?? 'compiled',
        ...(model?.error === undefined ? {} : { error: model.error }),
      }
    }
    const [model] = main === undefined ? [] : models
    if (model !== undefined && !(model.verdict === 'needs-python' && inPython !== undefined))
      return {
        serves: { runtime: 'compiled', model: model.path },
        verdict: model.verdict,
        ...(model.error === undefined ? {} : { error: model.error }),
      }
    if (inPython !== undefined)
      return {
        serves: { runtime: 'python', flavour: inPython.flavour, entry: inPython.entry },
        verdict: 'needs-python',
        error: errorOf(notAllowed(`${what} (${FLAVOUR_NAMES[inPython.flavour]})`)),
      }
    return {
      serves: { runtime: 'compiled', model: 'MLmodel' },
      verdict: 'refused',
      error: errorOf(
        new ServingError(
          'unsupported',
          `${what} is an MLflow model of flavours that are not served: ${quoteList(flavoursOfMlflow(mlmodel ?? ''))}; sklearn, xgboost, lightgbm and onnx are compiled, python_function runs with --runtime python`,
        ),
      ),
    }
  }
}

function errorOf(error: ServingError): NonNullable<InspectedFile['error']> {
  return error.toJSON().error
}

/** Whether a file is one that a model comes from: also one that is refused, where something of it could be told. */
function holdsModel({ verdict, graph, steps, python, contents, error }: InspectedFile): boolean {
  const isTold = (graph ?? steps ?? python ?? contents) !== undefined
  return isTold || verdict !== 'refused' || error?.code !== 'unsupported'
}

function linesOf(text: string): string[] {
  return text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .slice(0, LINES_SHOWN)
}
