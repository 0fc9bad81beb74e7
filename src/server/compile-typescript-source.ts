import { join } from 'node:path'
import type { CompiledModel } from '../compiler/compile-onnx.ts'
import { broughtRows, madeUpRows, OPEN_SIZES } from '../compiler/example-rows.ts'
import {
  compileTypeScript,
  inputsOf,
  layOutTypeScript,
  needsAttempt,
  TYPESCRIPT_FILE,
} from '../compiler/typescript/compile-typescript.ts'
import { ServingError } from '../core/errors.ts'
import { withTypeScript } from '../engines/typescript/engine.ts'
import type { TypeScriptSettings } from '../engines/typescript/settings.ts'
import { modelOfMlflow } from '../formats/folders.ts'
import { modelsAmong } from '../formats/model-inside.ts'
import type { Tensors } from '../tensor/tensor.ts'
import type { HowToCompile } from './compile.ts'
import { readFiles } from './python-source.ts'
import { readModel } from './read-model.ts'
import { severalModels } from './typescript-models.ts'
import type { TypeScriptSource } from './typescript-source.ts'

export interface CompileSourceOptions {
  readonly maxFileBytes: number
  readonly how: HowToCompile
  /** Rows that the user gives, for these inputs; undefined for none. @throws {ServingError} where they do not fit */
  readonly given: (signature: Pick<CompiledModel, 'inputs'>) => Tensors | undefined
  readonly report: (text: string) => void
}

/**
 * Code in TypeScript with the model beside it, compiled. To be called in a limited process.
 * @throws {ServingError} as `readModel`; `refused` where the code cannot be loaded, or runs on no rows; `unsupported` for
 *   what no signature can be
 */
export async function compileTypeScriptSource(
  { folder, entry, paths, fileName }: TypeScriptSource,
  settings: TypeScriptSettings,
  { maxFileBytes, how, given, report }: CompileSourceOptions,
): Promise<CompiledModel> {
  const files = new Map(await readFiles(paths, maxFileBytes))
  const name = modelOf(files, fileName)
  let model: CompiledModel | undefined
  if (name !== undefined) {
    report(`compiling ${name}`)
    const read = await readModel(join(folder, name), files.get(name) ?? new Uint8Array(), maxFileBytes, { how })
    model = read.compiled
    const within = name.slice(0, name.lastIndexOf('/') + 1)
    for (const each of [name, ...read.beside.map((beside) => within + beside.name)]) files.delete(each)
  }
  report('loading the code')
  const laidOut = layOutTypeScript(entry, files, model)
  const read = (path: string) => laidOut.files.get(path) ?? new Uint8Array()
  const step = { file: TYPESCRIPT_FILE, ...(laidOut.model === undefined ? {} : { model: laidOut.model }) }
  const events = { onOutput: (_file: string, text: string) => report(text) }
  return withTypeScript(step, read, settings, events, async (said) => {
    const inputs = inputsOf(said, model)
    const example = given({ inputs }) ?? (said.example.size > 0 ? said.example : undefined)
    const found = needsAttempt(said, model)
      ? await firstAnswer({ ...EMPTY, ...model, inputs }, example, said.attempt)
      : undefined
    return compileTypeScript({ said, model, laidOut, inputs, example: found?.inputs ?? example, given: found?.outputs })
  })
}

const EMPTY = {
  format: 'typescript',
  producer: '',
  program: { steps: [] },
  outputs: [],
  files: new Map(),
  metadata: new Map(),
  isQuantized: false,
} as const

/** What code gives that does not say so: on rows of its own, or on some made up until it takes them. */
async function firstAnswer(
  compiled: CompiledModel,
  example: Tensors | undefined,
  attempt: (inputs: Tensors) => Promise<Tensors>,
): Promise<{ readonly inputs: Tensors; readonly outputs: Tensors }> {
  const known = example ?? compiled.example ?? broughtRows(compiled)
  const choices = known === undefined ? OPEN_SIZES.map((size) => madeUpRows(compiled, size)) : [known]
  let failure: unknown
  for (const inputs of choices)
    try {
      return { inputs, outputs: await attempt(inputs) }
    } catch (error) {
      failure ??= error
    }
  const { message } = ServingError.from(failure)
  throw new ServingError(
    'refused',
    known === undefined
      ? `the code ran on none of the inputs that were made up for it: give some by \`export const example\`, or with --example (${message})`
      : `on its example rows, ${message}`,
    { cause: failure },
  )
}

/** The model's file among those of a folder. @throws {ServingError} `unsupported` where there are several */
function modelOf(files: ReadonlyMap<string, Uint8Array>, folder: string): string | undefined {
  const mlmodel = files.get('MLmodel')
  const named = mlmodel === undefined ? undefined : modelOfMlflow(Buffer.from(mlmodel).toString('utf8'))
  if (named !== undefined && files.has(named)) return named
  const top = [...files.keys()].filter((name) => !name.includes('/') && !/\.(m?[jt]s|md)$/i.test(name))
  const pipelines = top.filter((name) => name.endsWith('.pipeline.json'))
  const read = (name: string) => files.get(name) ?? new Uint8Array()
  const models = pipelines.length > 0 ? pipelines : modelsAmong(top, read)
  if (models.length <= 1) return models[0]
  throw severalModels(folder, models)
}
