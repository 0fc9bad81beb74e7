import type { ModelOfCode, TypeScriptStep } from '../../bundle/program.ts'
import { writeTypeScriptFile } from '../../bundle/typescript-file.ts'
import { ServingError } from '../../core/errors.ts'
import { quote } from '../../core/text.ts'
import type { Tensors } from '../../tensor/tensor.ts'
import type { CompiledModel } from '../compile-onnx.ts'
import { isPlainPath } from '../plain-path.ts'
import { specsOf } from '../said-specs.ts'

/** Where the list of the code's files lies in a bundle. */
export const TYPESCRIPT_FILE = 'typescript.json'

/** What code said of itself, once it was loaded. */
export interface SaidByCode {
  readonly functions: readonly string[]
  readonly signature: unknown
}

/** The files of a bundle, and the model in it that the code calls. */
export interface LaidOutCode {
  readonly files: ReadonlyMap<string, Uint8Array>
  readonly model: ModelOfCode | undefined
}

/**
 * The files of a bundle for code around a model: `typescript.json`, the code's own below `code/`, and those of the model.
 * @param entry the file whose functions are called
 * @param code its files, by their paths in its folder
 */
export function layOutTypeScript(
  entry: string,
  code: ReadonlyMap<string, Uint8Array>,
  compiled: CompiledModel | undefined,
): LaidOutCode {
  const files = new Map(compiled?.files)
  const places = new Map<string, string>()
  let numbers = 0
  for (const [path, bytes] of [...code].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    let place = `code/${path}`
    while (!isPlainPath(place) || files.has(place)) place = `code/file-${String(++numbers).padStart(4, '0')}`
    files.set(place, bytes)
    places.set(path, place)
  }
  files.set(TYPESCRIPT_FILE, writeTypeScriptFile({ entry, files: places }))
  return { files, model: compiled === undefined ? undefined : modelFor(compiled) }
}

function modelFor({ inputs, outputs, defaultOutputs, program }: CompiledModel): ModelOfCode {
  const steps = program.steps.map((step) => {
    if (step.kind === 'onnx' || step.kind === 'kernel') return step
    throw new ServingError(
      'unsupported',
      'the model beside code in TypeScript is one that is compiled, not code itself',
    )
  })
  return {
    inputs,
    outputs: outputs.map(({ name }) => name),
    ...(defaultOutputs === undefined ? {} : { defaultOutputs }),
    program: { steps },
  }
}

/** What the code takes: what it says, else what its model takes. @throws {ServingError} `unsupported` */
export function inputsOf(
  { signature, functions }: SaidByCode,
  model: CompiledModel | undefined,
): CompiledModel['inputs'] {
  const said = memberOf(signature, 'inputs')
  if (said !== undefined) return specsOf(said, 'input', 'TypeScript')
  if (model !== undefined) return model.inputs
  throw new ServingError(
    'unsupported',
    `the code (${functions.join(', ')}) has no model beside it, and does not say what it takes: add \`export const signature = { inputs: [{ name, datatype, shape }] }\``,
  )
}

/** Whether what the code gives shows only once it has run. */
export function needsAttempt({ signature, functions }: SaidByCode, model: CompiledModel | undefined): boolean {
  if (memberOf(signature, 'outputs') !== undefined) return false
  return model === undefined || functions.includes('predict') || functions.includes('postprocess')
}

/**
 * A program of one step for code around a model.
 * @param given what it gave when it ran, where it does not say what it gives
 * @throws {ServingError} `unsupported` for inputs and outputs that no signature can have
 */
export function compileTypeScript({
  said,
  model,
  laidOut,
  inputs,
  example,
  given,
}: {
  readonly said: SaidByCode
  readonly model: CompiledModel | undefined
  readonly laidOut: LaidOutCode
  readonly inputs: CompiledModel['inputs']
  readonly example: Tensors | undefined
  readonly given: Tensors | undefined
}): CompiledModel {
  const ofSignature = memberOf(said.signature, 'outputs')
  const outputs =
    ofSignature !== undefined
      ? specsOf(ofSignature, 'output', 'TypeScript')
      : given !== undefined
        ? outputsFrom(given, model)
        : (model?.outputs ?? [])
  if (outputs.length === 0) throw new ServingError('unsupported', 'the code in TypeScript gives no outputs')
  const isModels = ofSignature === undefined && given === undefined
  const step: TypeScriptStep = {
    kind: 'typescript',
    file: TYPESCRIPT_FILE,
    inputs: Object.fromEntries(inputs.map(({ name }) => [name, name])),
    outputs: Object.fromEntries(outputs.map(({ name }) => [name, name])),
    datatypes: Object.fromEntries(outputs.map(({ name, datatype }) => [name, datatype])),
    ...(laidOut.model === undefined ? {} : { model: laidOut.model }),
  }
  const rows = example ?? (inputs === model?.inputs ? model.example : undefined)
  return {
    format: 'typescript',
    producer: model?.producer ?? '',
    program: { steps: [step] },
    inputs,
    outputs,
    ...(isModels && model?.defaultOutputs !== undefined ? { defaultOutputs: model.defaultOutputs } : {}),
    files: laidOut.files,
    metadata: inputs === model?.inputs ? model.metadata : new Map(),
    isQuantized: model?.isQuantized ?? false,
    ...(rows === undefined ? {} : { example: rows }),
    warnings: model?.warnings ?? [],
  }
}

/** What came out, as far as one run shows it; the model's own word for what is the model's. */
function outputsFrom(given: Tensors, model: CompiledModel | undefined): CompiledModel['outputs'] {
  return [...given].map(([name, { datatype, shape }]) => {
    if (name === '' || name.length > 256)
      throw new ServingError(
        'unsupported',
        `the code gives an output called ${quote(name)}; a name has 1 to 256 characters`,
      )
    const known = model?.outputs.find((each) => each.name === name)
    if (known?.datatype === datatype && known.shape?.length === shape.length) return known
    return { name, datatype, shape: undefined }
  })
}

function memberOf(signature: unknown, name: 'inputs' | 'outputs'): unknown {
  if (signature === undefined || signature === null) return undefined
  if (typeof signature !== 'object' || Array.isArray(signature))
    throw new ServingError('unsupported', 'the signature that the code exports is no object of inputs and outputs')
  return Reflect.get(signature, name)
}
