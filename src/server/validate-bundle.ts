import type { OpenBundle } from '../bundle/open.ts'
import { ServingError } from '../core/errors.ts'
import { quote, quoteList } from '../core/text.ts'
import type { Manifest } from '../bundle/manifest.ts'
import { codeIn, type OnnxStep, type Program } from '../bundle/program.ts'
import { loadKernel } from '../engines/named-kernels/load.ts'
import { parsePythonFile } from '../bundle/python-file.ts'
import { parseTypeScriptFile } from '../bundle/typescript-file.ts'
import { shapeFits } from '../tensor/shape.ts'
import type { TensorSpec } from '../tensor/signature.ts'
import { readOnnx, signatureValues, validateOnnx, writeOnnx } from '../onnx/index.ts'

/**
 * A bundle as its engines may see it: each graph read, validated and written anew by us, so that a native library never
 * sees bytes from outside; the program's names checked against graphs and signature.
 * @throws {ServingError} `refused`, naming the file and what is wrong
 */
export function validateBundle(bundle: OpenBundle): OpenBundle {
  const { signature, program } = bundle.manifest
  const files = new Map(bundle.files)
  validateSignature(bundle.manifest)
  validateProgram(
    program,
    signature.inputs.map(({ name }) => name),
    signature.outputs.map(({ name }) => name),
    files,
  )
  return { ...bundle, files }
}

/**
 * What the manifest's schema cannot say: names once each, rows that can share a run only where all is in rows, and of
 * programs without code recorded answers of every output, by which the program has to show that it gives them.
 */
function validateSignature({ signature, program, batching, golden }: Manifest): void {
  const { inputs, outputs, defaultOutputs = [] } = signature
  once('inputs', inputs)
  once('outputs', outputs)
  for (const name of defaultOutputs)
    if (!outputs.some((output) => output.name === name))
      throw new ServingError('refused', `the default output ${quote(name)} is none of the outputs`)
  const isUnrowed = [...inputs, ...outputs].find(({ shape, isUnused }) => shape[0] !== -1 && isUnused !== true)
  if (batching.rowsAreIndependent && isUnrowed !== undefined)
    throw new ServingError(
      'refused',
      `rows are said to be independent, and ${quote(isUnrowed.name)} of shape [${isUnrowed.shape.join(',')}] has no rows`,
    )
  if (codeIn(program) !== undefined) return
  const unused = new Set(inputs.filter(({ isUnused }) => isUnused === true).map(({ name }) => name))
  for (const { file, inputs: feeds } of program.steps)
    for (const value of Object.values(feeds))
      if (unused.has(value))
        throw new ServingError('refused', `${quote(file)} reads ${quote(value)}, said to be unused`)
  for (const { name, datatype, shape } of outputs) {
    const recorded = Object.hasOwn(golden.outputs, name) ? golden.outputs[name] : undefined
    if (recorded === undefined)
      throw new ServingError('refused', `the recorded rows have no answer for the output ${quote(name)}`)
    // models from elsewhere that answer as a whole may declare another shape than they give
    if (recorded.datatype !== datatype || (batching.rowsAreIndependent && !shapeFits(recorded.shape, shape)))
      throw new ServingError(
        'refused',
        `the output ${quote(name)} is ${datatype} of shape [${shape.join(',')}], recorded is ${recorded.datatype} of shape [${recorded.shape.join(',')}]`,
      )
  }
}

function once(what: string, specs: readonly TensorSpec[]): void {
  const seen = new Set<string>()
  for (const { name } of specs) {
    if (seen.has(name)) throw new ServingError('refused', `the signature has two ${what} ${quote(name)}`)
    seen.add(name)
  }
}

/** @param files of the bundle; graphs are written anew there */
function validateProgram(
  { steps }: Program,
  inputs: readonly string[],
  outputs: readonly string[],
  files: Map<string, Uint8Array>,
): void {
  const values = new Set(inputs)
  for (const step of steps) {
    const bytes = files.get(step.file)
    if (bytes === undefined)
      throw new ServingError('refused', `the program names ${quote(step.file)}, which is not in the bundle`)
    if (step.kind === 'onnx') files.set(step.file, validateGraph(step, bytes))
    else if (step.kind === 'kernel') loadKernel(step, () => bytes)
    else if (step.kind === 'python') checkListed(step.file, parsePythonFile(bytes, step.file).files, files)
    else {
      checkListed(step.file, parseTypeScriptFile(bytes, step.file).files, files)
      const { model } = step
      const named = model?.inputs.map(({ name }) => name) ?? []
      if (model !== undefined) validateProgram(model.program, named, model.outputs, files)
    }
    for (const value of Object.values(step.inputs))
      if (!values.has(value))
        throw new ServingError(
          'refused',
          `${quote(step.file)} needs the value ${quote(value)}, which no step before it gives`,
        )
    // code that is the whole program may call what it gives as what it takes: nothing else reads either
    const isAlone = (step.kind === 'python' || step.kind === 'typescript') && steps.length === 1
    for (const value of Object.values(step.outputs)) {
      if (values.has(value) && !isAlone)
        throw new ServingError('refused', `the program gives the value ${quote(value)} twice`)
      values.add(value)
    }
  }
  for (const name of outputs)
    if (!values.has(name)) throw new ServingError('refused', `no step of the program gives the output ${quote(name)}`)
}

/** @returns the graph, written anew */
function validateGraph(step: OnnxStep, bytes: Uint8Array): Uint8Array {
  const model = readOnnx(bytes)
  validateOnnx(model)
  const { inputs, outputs } = signatureValues(model)
  sameNames(
    step.file,
    'inputs',
    Object.keys(step.inputs),
    inputs.map((value) => value.name),
  )
  for (const output of Object.keys(step.outputs))
    knownName(
      step.file,
      output,
      outputs.map((value) => value.name),
    )
  return writeOnnx(model)
}

/** What code is, nobody can validate: only that all of it is there, and stays in its folder. */
function checkListed(path: string, listed: ReadonlyMap<string, string>, files: OpenBundle['files']): void {
  for (const [name, file] of listed)
    if (!files.has(file))
      throw new ServingError('refused', `${quote(path)} names ${quote(name)}, which is not in the bundle`)
}

function sameNames(file: string, what: string, named: readonly string[], has: readonly string[]): void {
  if (named.length === has.length && has.every((name) => named.includes(name))) return
  throw new ServingError(
    'refused',
    `${quote(file)} has the ${what} ${quoteList(has)}, its step names ${quoteList(named)}`,
  )
}

function knownName(file: string, name: string, has: readonly string[]): void {
  if (!has.includes(name))
    throw new ServingError('refused', `${quote(file)} has no output ${quote(name)}; it has ${quoteList(has)}`)
}
