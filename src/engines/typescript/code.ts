import { ServingError } from '../../core/errors.ts'
import { quote, quoteList } from '../../core/text.ts'
import type { ModelOfCode } from '../../bundle/program.ts'
import { convertInputs } from '../../tensor/convert.ts'
import type { Datatype } from '../../tensor/datatype.ts'
import { checkInputs, selectOutputs } from '../../tensor/signature.ts'
import type { Tensor, Tensors } from '../../tensor/tensor.ts'
import type { LoadedProgram } from '../program.ts'
import { failureOf } from './failures.ts'
import { fromCode, toCode, type CodeTensors } from './values.ts'

/** Functions that are called where the code has them. */
const FUNCTIONS = ['load', 'preprocess', 'predict', 'postprocess'] as const

type Name = (typeof FUNCTIONS)[number]
type Functions = Partial<Record<Name, (...given: unknown[]) => unknown>>

/** Code that is loaded, as its process runs it. */
export interface RunningCode {
  /** Names of its functions. */
  readonly functions: readonly string[]
  /** What it says of itself: `signature` and `example`, as it has them. */
  readonly signature: unknown
  readonly example: unknown
  /**
   * Runs once.
   * @param wanted names of the outputs to give, in this order; all that there are when absent
   * @throws {ServingError} `invalid_argument` for what the code calls invalid input; `internal` when it fails
   */
  run(inputs: Tensors, wanted: readonly string[] | undefined): Promise<Tensors>
}

export interface CodeOptions {
  /** The file whose functions they are, for messages. */
  readonly entry: string
  readonly files: ReadonlyMap<string, Uint8Array>
  readonly model: ModelOfCode | undefined
  readonly program: LoadedProgram | undefined
  /** The datatype of each output, to be checked; undefined where that is still to be found out. */
  readonly datatypes: Readonly<Record<string, Datatype>> | undefined
}

/**
 * Makes code ready to run: its functions found, its `load` done.
 * @param exported what its module exports
 * @throws {ServingError} `refused` where it has none of the functions, or `load` fails
 */
export async function openCode(
  exported: Readonly<Record<string, unknown>>,
  options: CodeOptions,
): Promise<RunningCode> {
  const { entry, files, datatypes } = options
  const functions = functionsOf(exported, entry)
  const model = createModel(options)
  const basis = {
    model,
    files: [...files.keys()],
    readBytes: (path: unknown) => Buffer.from(contentOf(files, String(path))),
    readText: (path: unknown) => Buffer.from(contentOf(files, String(path))).toString('utf8'),
  }
  const state = await call(functions, 'load', 'refused', Object.freeze({ ...basis, state: undefined, wanted: [] }))
  const { predict } = functions
  if (predict === undefined && options.model === undefined)
    throw new ServingError('refused', `${quote(entry)} has no predict, and there is no model file beside it`)

  async function run(inputs: Tensors, wanted: readonly string[] | undefined): Promise<Tensors> {
    const context = Object.freeze({ ...basis, state, wanted: wanted ?? [] })
    let values: unknown = toCode(inputs)
    if (functions.preprocess !== undefined) values = await call(functions, 'preprocess', 'internal', values, context)
    let last = 'preprocess gave'
    if (predict !== undefined) {
      values = await call(functions, 'predict', 'internal', values, model, context)
      last = 'predict gave'
    } else if (functions.postprocess === undefined && wanted !== undefined) {
      const given = functions.preprocess === undefined ? inputs : fromCode(values, last)
      return runModel(options, given, wanted)
    } else {
      const given = functions.preprocess === undefined ? inputs : fromCode(values, last)
      values = toCode(await runModel(options, given, undefined))
      last = 'the model gave'
    }
    if (functions.postprocess !== undefined) {
      values = await call(functions, 'postprocess', 'internal', values, context)
      last = 'postprocess gave'
    }
    return choose(fromCode(values, last), wanted, last, datatypes)
  }

  return {
    functions: FUNCTIONS.filter((name) => functions[name] !== undefined),
    signature: exported['signature'],
    example: exported['example'],
    run,
  }
}

function functionsOf(exported: Readonly<Record<string, unknown>>, entry: string): Functions {
  const whole = exported['default']
  const found: Functions = {}
  for (const name of FUNCTIONS) {
    const own = exported[name] ?? (typeof whole === 'object' && whole !== null ? Reflect.get(whole, name) : undefined)
    if (own === undefined) continue
    if (typeof own !== 'function')
      throw new ServingError('refused', `${quote(entry)} exports ${quote(name)}, which is no function`)
    found[name] = own as NonNullable<Functions[Name]>
  }
  if (Object.keys(found).some((name) => name !== 'load')) return found
  throw new ServingError('refused', `${quote(entry)} exports none of the functions preprocess, predict and postprocess`)
}

async function call(
  functions: Functions,
  name: Name,
  code: 'refused' | 'internal',
  ...given: readonly unknown[]
): Promise<unknown> {
  try {
    return await functions[name]?.(...given)
  } catch (thrown) {
    const failure = failureOf(thrown, name)
    if (code === 'internal') throw failure
    throw new ServingError(code, failure.message, { cause: thrown })
  }
}

/** The compiled model as code calls it. */
function createModel(options: CodeOptions) {
  const { model } = options
  const run = async (inputs: unknown, wanted?: unknown): Promise<CodeTensors> => {
    if (wanted !== undefined && !Array.isArray(wanted))
      throw new TypeError('the model takes a list of the names of outputs as its second argument')
    return toCode(await runModel(options, fromCode(inputs, 'the model was given'), wanted?.map(String)))
  }
  return Object.freeze(Object.assign(run, { inputs: model?.inputs ?? [], outputs: model?.outputs ?? [] }))
}

async function runModel(
  { model, program }: CodeOptions,
  given: Tensors,
  wanted: readonly string[] | undefined,
): Promise<Tensors> {
  if (model === undefined || program === undefined)
    throw new ServingError('internal', 'there is no model beside the code that it could call')
  const { inputs, outputs, defaultOutputs } = model
  const signature = {
    inputs,
    outputs: outputs.map((name) => ({ name, datatype: 'BYTES' as const, shape: [] })),
    ...(defaultOutputs === undefined ? {} : { defaultOutputs }),
  }
  const converted = convertInputs(given, signature)
  checkInputs(converted, signature)
  // all where nobody says which: what comes after may read any of them
  return program.run(converted, wanted === undefined ? outputs : selectOutputs(wanted, signature))
}

/** The wanted outputs, each as the signature has it. */
function choose(
  given: Tensors,
  wanted: readonly string[] | undefined,
  what: string,
  datatypes: CodeOptions['datatypes'],
): Tensors {
  if (wanted === undefined) return given
  const chosen = new Map<string, Tensor>()
  for (const name of wanted) {
    const value = given.get(name)
    if (value === undefined)
      throw failed(`${what} ${quoteList(given.keys())}, and no ${quote(name)}, which its signature has`)
    const datatype = datatypes !== undefined && Object.hasOwn(datatypes, name) ? datatypes[name] : undefined
    if (datatype !== undefined && datatype !== value.datatype)
      throw failed(`${what} ${quote(name)} as ${value.datatype}; its signature has ${datatype}`)
    chosen.set(name, value)
  }
  return chosen
}

function contentOf(files: ReadonlyMap<string, Uint8Array>, path: string): Uint8Array {
  const bytes = files.get(path.replace(/^\.\//, ''))
  if (bytes === undefined)
    throw new Error(`there is no file ${quote(path)} beside the code; there is ${quoteList(files.keys())}`)
  return bytes
}

function failed(message: string): ServingError {
  return new ServingError('internal', message, { details: { reason: 'code_failed' } })
}
