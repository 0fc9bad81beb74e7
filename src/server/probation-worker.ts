import { basename } from 'node:path'
import { toJsonTensor, type JsonTensor } from '../bundle/json-tensor.ts'
import { makeBundle, sha256Hex, type MadeBundle } from '../bundle/make.ts'
import { MANIFEST_VERSION, type Provenance } from '../bundle/manifest.ts'
import { codeIn, type Step } from '../bundle/program.ts'
import { BundleStore } from '../bundle/store.ts'
import { decodeV2Request } from '../codecs/v2-json.ts'
import type { CompiledModel } from '../compiler/compile-onnx.ts'
import { COMPILER_REVISION } from '../compiler/revision.ts'
import { broughtRows, madeUpRows, MAX_EXAMPLE_ROWS, OPEN_SIZES } from '../compiler/example-rows.ts'
import { ServingError } from '../core/errors.ts'
import { quote } from '../core/text.ts'
import type { Engine } from '../engines/engine.ts'
import { hostKernels } from '../engines/host-kernels/index.ts'
import { firstDifferenceOf, type Tolerance } from '../engines/golden.ts'
import { onnxruntime } from '../engines/onnxruntime.ts'
import { PYTHON } from '../engines/python/settings.ts'
import type { PythonSettings } from '../engines/python/settings.ts'
import type { TypeScriptSettings } from '../engines/typescript/settings.ts'
import { loadProgram, type LoadedProgram } from '../engines/program.ts'
import { measureBundle } from '../runtime/measure.ts'
import { objectTree, type ObjectTree } from '../formats/python/tree.ts'
import { readNamedFile } from '../storage/local.ts'
import { convertInputs } from '../tensor/convert.ts'
import { checkInputs, type Signature, type TensorSpec } from '../tensor/signature.ts'
import { shapeFits } from '../tensor/shape.ts'
import { rowsOf, sliceRows, tensor, type Tensor, type Tensors } from '../tensor/tensor.ts'
import { addContents, type Contents } from './describe-contents.ts'
import { serveOneJob, type Report } from './limited-process.ts'
import { machineClass } from './machine.ts'
import { probationEngines } from './probation-engines.ts'
import type { Made, MakingPhase, ProbationJob } from './probation.ts'
import { moreEngines } from './code-engines.ts'
import { compilePythonSource } from './compile-python-source.ts'
import { openPythonSource } from './python-source.ts'
import { readModel } from './read-model.ts'
import { compileTypeScriptSource } from './compile-typescript-source.ts'
import { giveBackMemory } from './tidy.ts'
import { openTypeScriptSource } from './typescript-source.ts'

/** The process that reads an untrusted model file, runs it for the first time and makes its bundle. */
export function runProbationWorker(): void {
  serveOneJob(probe)
}

/** Tells of the phases too. */
type Telling = (...told: Parameters<Report> & [string, MakingPhase?]) => void

async function probe(job: ProbationJob, report: Telling): Promise<Made> {
  if (job.python !== undefined) return probeInPython(job, job.python, report)
  if (job.typescript !== undefined) return probeInTypeScript(job, job.typescript, report)
  const { compiled, beside, source, found } = await readAndCompile(job, report)
  // nothing of the file, nor of what was read of it, is needed any more
  if (source.sizeBytes > LARGE_FILE_BYTES) giveBackMemory()
  report('running for the first time', 'probation')
  const engines = probationEngines(compiled)
  const made = await keep(await record(compiled, source, job, engines.slice(0, 1)), engines, job, report)
  return { ...made, beside, found }
}

/** Files from here on leave enough behind to be worth 50 ms of collecting (bytes). */
const LARGE_FILE_BYTES = 16 * 2 ** 20

interface ReadAndCompiled {
  readonly compiled: CompiledModel
  readonly beside: Made['beside']
  readonly source: Provenance['source']
  readonly found: NonNullable<Made['found']>
}

/** In a function of its own, so that at its end nobody holds the file and its objects. */
async function readAndCompile(job: ProbationJob, report: Telling): Promise<ReadAndCompiled> {
  report('reading', 'reading')
  const bytes = await readNamedFile(job.path, job.maxFileBytes, basename(job.path))
  report('compiling', 'compiling')
  let objects: readonly ObjectTree[] | undefined
  const contents: Contents[] = []
  const { compiled, beside } = await readModel(job.path, bytes, job.maxFileBytes, {
    how: job.how,
    onFound: (found) => {
      if (found.kind === 'python') objects = objectTree(found.file.root)
      // a large file is not read twice
      if (found.kind === 'file' && found.bytes.byteLength <= MOST_DESCRIBED_BYTES)
        addContents(contents, found, job.maxFileBytes)
    },
  })
  const found = { ...(objects && { objects }), ...(contents.length > 0 && { contents }) }
  return { compiled, beside, source: sourceOf(job.path, bytes), found }
}

/** Largest file that is described besides being compiled. */
const MOST_DESCRIBED_BYTES = 32 * 2 ** 20

function sourceOf(path: string, bytes: Uint8Array): Provenance['source'] {
  return { fileName: basename(path), sha256: sha256Hex(bytes), sizeBytes: bytes.byteLength }
}

/** The same for code in Python, which tells itself what it takes and gives. */
async function probeInPython(job: ProbationJob, python: PythonSettings, report: Telling): Promise<Made> {
  report('reading', 'reading')
  const source = await openPythonSource(job.path, job.maxFileBytes)
  report('loading it in Python', 'compiling')
  const settings = { ...python, workers: 1 }
  const compiled = await compilePythonSource(source, settings, job.maxFileBytes, report)
  report('running for the first time', 'probation')
  const engines = moreEngines({ python: settings })
  const { fileName, sha256, sizeBytes } = source
  return keep(await record(compiled, { fileName, sha256, sizeBytes }, job, engines), engines, job, report)
}

/** The same for code around a model, which is compiled first. */
async function probeInTypeScript(job: ProbationJob, typescript: TypeScriptSettings, report: Telling): Promise<Made> {
  report('reading', 'reading')
  const source = await openTypeScriptSource(job.path, job.maxFileBytes)
  const settings = { ...typescript, workers: 1 }
  report('compiling', 'compiling')
  const given = (signature: Pick<CompiledModel, 'inputs'>) =>
    job.example === undefined ? undefined : rowsOfExample(job.example, signature)
  const compiled = await compileTypeScriptSource(source, settings, { ...job, given, report })
  report('running for the first time', 'probation')
  const engines = moreEngines({ typescript: settings })
  const { fileName, sha256, sizeBytes } = source
  return keep(await record(compiled, { fileName, sha256, sizeBytes }, job, engines), engines, job, report)
}

/** Measures a bundle, and stores it. */
async function keep(
  { bundle, warnings }: { readonly bundle: MadeBundle; readonly warnings: readonly string[] },
  engines: readonly Engine[],
  job: ProbationJob,
  report: Telling,
): Promise<Made> {
  report('measuring', 'probation')
  const profile = await measureBundle(bundle, {
    engines,
    machine: machineClass(),
    now: () => performance.now(),
    residentBytes: () => process.memoryUsage.rss(),
  })
  report('storing', 'storing')
  await new BundleStore(job.store).put(bundle)
  return { digest: bundle.digest, beside: [], warnings, profile }
}

interface FirstRun {
  readonly program: LoadedProgram
  readonly inputs: Tensors
  readonly outputs: Tensors
}

async function record(
  compiled: CompiledModel,
  source: Provenance['source'],
  job: ProbationJob,
  engines: readonly Engine[],
): Promise<{ bundle: MadeBundle; warnings: string[] }> {
  const warnings = [...(compiled.warnings ?? [])]
  const tolerance = toleranceOf(compiled)
  if (compiled.isRaw === true && job.example === undefined)
    return { bundle: withoutRows(compiled, source, job), warnings }
  const native = await firstRun(compiled, job, engines)
  const signature = await completeSignature(compiled, native)
  const kernels = await onHostKernels(compiled, native, tolerance, warnings)
  // Our own kernels compute the same digits on every machine; a native library need not, so its last digits are left out.
  const recorded = kernels ?? roundOutputs(native.outputs)
  const batching = await checkIndependence(native, signature, tolerance)
  const isSteady = await answersTheSame(native, compiled, tolerance)
  if (!isSteady) warnings.push('it answers the same rows otherwise each time: no golden rows are recorded')
  const bundle = makeBundle(
    {
      manifestVersion: MANIFEST_VERSION,
      name: job.name,
      signature,
      program: compiled.program,
      batching,
      example: toJson(batching.rowsAreIndependent ? rowsFrom(native.inputs, 0, 1) : native.inputs),
      golden: {
        inputs: isSteady ? toJson(native.inputs) : {},
        outputs: isSteady ? toJson(recorded) : {},
        tolerance,
        recordedBy: kernels === undefined ? (native.program.engines[0] ?? onnxruntime.name) : hostKernels.name,
      },
      provenance: {
        format: compiled.format,
        source,
        producer: compiled.producer,
        compilerRevision: COMPILER_REVISION,
      },
    },
    compiled.files,
  )
  native.program.release()
  return { bundle, warnings }
}

/** Runs the model on its own example, or on rows made up until some shape is to its liking. */
async function firstRun(compiled: CompiledModel, job: ProbationJob, engines: readonly Engine[]): Promise<FirstRun> {
  const program = await loadProgram(compiled.program, engines, (path) => compiled.files.get(path) ?? new Uint8Array())
  const wanted = compiled.outputs.map(({ name }) => name)
  const given =
    job.example === undefined ? (compiled.example ?? broughtRows(compiled)) : givenRows(job.example, compiled)
  if (given !== undefined) return { program, inputs: given, outputs: await runExample(program, given, wanted) }
  let failure: unknown
  for (const openSize of OPEN_SIZES) {
    try {
      const inputs = madeUpRows(compiled, openSize)
      return { program, inputs, outputs: await program.run(inputs, wanted) }
    } catch (error) {
      failure ??= error
    }
  }
  throw new ServingError(
    'refused',
    `the model ran on none of the inputs that were made up for it: give some with --example (${ServingError.from(failure).message})`,
    { cause: failure },
  )
}

async function runExample(program: LoadedProgram, example: Tensors, wanted: readonly string[]): Promise<Tensors> {
  try {
    return await program.run(example, wanted)
  } catch (error) {
    throw new ServingError('refused', `on its example rows, ${ServingError.from(error).message}`, { cause: error })
  }
}

/** A bundle of code that takes bodies, of which none was given: nothing of it can be run before the first request. */
function withoutRows(compiled: CompiledModel, source: Provenance['source'], job: ProbationJob): MadeBundle {
  const { inputs, program, format, producer, files } = compiled
  const outputs = compiled.outputs.map((spec): TensorSpec => ({ ...spec, shape: spec.shape ?? [-1] }))
  return makeBundle(
    {
      manifestVersion: MANIFEST_VERSION,
      name: job.name,
      signature: { inputs, outputs, isRaw: true },
      program,
      batching: { rowsAreIndependent: false, reason: 'it takes whole bodies, one after the other' },
      example: toJson(bodyOf('{}')),
      golden: { inputs: {}, outputs: {}, tolerance: toleranceOf(compiled), recordedBy: PYTHON },
      provenance: { format, source, producer, compilerRevision: COMPILER_REVISION },
    },
    files,
  )
}

/** A request's body, as code that takes bodies is given it. */
function bodyOf(text: string): Tensors {
  const isJson = /^\s*[[{"]/.test(text)
  return new Map(
    Object.entries({ body: text, content_type: isJson ? 'application/json' : 'text/csv' }).map(([name, value]) => [
      name,
      tensor('BYTES', [1], [Buffer.from(value)]),
    ]),
  )
}

/** Whether code that nobody can look into answers a second time as it did the first time. */
async function answersTheSame({ program, inputs, outputs }: FirstRun, compiled: CompiledModel, tolerance: Tolerance) {
  if (codeIn(compiled.program) === undefined) return true
  const again = await program.run(inputs, [...outputs.keys()])
  return firstDifferenceOf(again, outputs, tolerance) === undefined
}

/** The rows that the user gives, as many as are kept. */
function givenRows(example: string, compiled: CompiledModel): Tensors {
  return compiled.isRaw === true ? bodyOf(example) : rowsOfExample(example, compiled)
}

function rowsOfExample(example: string, compiled: Pick<CompiledModel, 'inputs'>): Tensors {
  const signature = { inputs: compiled.inputs, outputs: [] }
  const given = convertInputs(decodeV2Request(Buffer.from(example)).inputs, signature)
  checkInputs(given, signature)
  if (!isOpen(compiled)) return given
  const rows = new Set([...given.values()].map(rowsOf))
  if (rows.size > 1 || rows.has(0))
    throw new ServingError(
      'invalid_argument',
      `the example has inputs of ${[...rows].join(' and ')} rows; they must have the same, one or more`,
    )
  return rowsFrom(given, 0, Math.min(MAX_EXAMPLE_ROWS, ...rows))
}

/** Whether every input takes any number of rows. */
function isOpen({ inputs }: Pick<CompiledModel, 'inputs'>): boolean {
  return inputs.every(({ shape }) => shape[0] === -1)
}

/**
 * The signature, with what the file left out, or says wrongly (converters of LightGBM call any number of labels `[1]`),
 * learned from the first run and from a run of one row alone.
 */
async function completeSignature(compiled: CompiledModel, { program, inputs, outputs }: FirstRun): Promise<Signature> {
  const rows = Math.max(...[...inputs.values()].map(rowsOf))
  const isSaid = ({ name, shape }: (typeof compiled.outputs)[number]) =>
    shape !== undefined && shapeFits(outputs.get(name)?.shape ?? [], shape)
  const names = compiled.outputs.filter((output) => !isSaid(output)).map(({ name }) => name)
  const isAsked = isOpen(compiled) && rows > 1 && names.length > 0
  const alone = isAsked ? await runQuietly(program, rowsFrom(inputs, 0, 1), names) : undefined
  const complete = compiled.outputs.map((output): TensorSpec => {
    const { shape, ...spec } = output
    if (shape !== undefined && isSaid(output)) return { ...spec, shape }
    const found = outputs.get(spec.name)?.shape ?? []
    const other = alone?.get(spec.name)?.shape
    const guessed = found.map((size, axis) => {
      if (other !== undefined && other.length === found.length) return other[axis] === size ? size : -1
      return axis === 0 && isOpen(compiled) && size === rows ? -1 : size
    })
    return { ...spec, shape: guessed }
  })
  const { inputs: specs, defaultOutputs, isRaw } = compiled
  return {
    inputs: specs,
    outputs: complete,
    ...(defaultOutputs === undefined ? {} : { defaultOutputs }),
    ...(isRaw === undefined ? {} : { isRaw }),
  }
}

/** Not every model takes a single row. */
async function runQuietly(
  program: LoadedProgram,
  inputs: Tensors,
  wanted: readonly string[],
): Promise<Tensors | undefined> {
  try {
    return await program.run(inputs, wanted)
  } catch {
    return undefined
  }
}

/** What the host kernels answer, when they can run the program and agree with ONNX Runtime. */
async function onHostKernels(
  compiled: CompiledModel,
  native: FirstRun,
  tolerance: Tolerance,
  warnings: string[],
): Promise<Tensors | undefined> {
  const read = (path: string) => compiled.files.get(path) ?? new Uint8Array()
  if (compiled.program.steps.some((step) => hostKernels.refusal(step, read) !== undefined)) return undefined
  const program = await loadProgram(compiled.program, [hostKernels], read)
  try {
    const outputs = await program.run(native.inputs, [...native.outputs.keys()])
    const difference = firstDifferenceOf(outputs, native.outputs, tolerance)
    if (difference === undefined) return outputs
    warnings.push(`host kernels and ONNX Runtime disagree on the example: ${difference}`)
    return undefined
  } finally {
    program.release()
  }
}

/** Rows run alone must answer as they did together; only then may strangers' rows share a run. */
async function checkIndependence({ program, inputs, outputs }: FirstRun, signature: Signature, tolerance: Tolerance) {
  const fixed = [...signature.inputs, ...signature.outputs].find(({ shape }) => shape[0] !== -1)
  if (fixed !== undefined)
    return { rowsAreIndependent: false, reason: `${quote(fixed.name)} has a fixed number of rows` }
  const rows = Math.max(...[...inputs.values()].map(rowsOf))
  if (rows < 2)
    return {
      rowsAreIndependent: false,
      reason: 'the example has one row only: nothing shows that rows are independent',
    }
  const first = rowsFrom(inputs, 0, 1)
  const areAlike = Array.from({ length: rows }, (_, row) => rowsFrom(inputs, row, row + 1)).every(
    (row) => firstDifferenceOf(row, first, { relative: 0, absolute: 0 }) === undefined,
  )
  if (areAlike)
    return {
      rowsAreIndependent: false,
      reason: 'the example rows are all alike: nothing shows that rows are independent',
    }
  for (let row = 0; row < rows; row++) {
    const alone = await program.run(rowsFrom(inputs, row, row + 1), [...outputs.keys()])
    const difference = firstDifferenceOf(alone, rowsFrom(outputs, row, row + 1), tolerance)
    if (difference !== undefined)
      return { rowsAreIndependent: false, reason: `row ${row} answered otherwise alone than among others` }
  }
  return { rowsAreIndependent: true, reason: `${rows} rows answered the same alone and together` }
}

function rowsFrom(tensors: Tensors, from: number, to: number): Tensors {
  return new Map(
    [...tensors].map(([name, value]) => [name, value.shape.length === 0 ? value : sliceRows(value, from, to)]),
  )
}

function toJson(tensors: Tensors): Record<string, JsonTensor> {
  return Object.fromEntries([...tensors].map(([name, value]) => [name, toJsonTensor(value)]))
}

/** How far answers may be apart between engines and machines, by how the model computes. */
function toleranceOf({ isQuantized, program }: CompiledModel): Tolerance {
  if (isQuantized) return { relative: 5e-2, absolute: 5e-2 }
  if (program.steps.flatMap(computedIn).every((step) => step.kind !== 'onnx' || step.optimization === 'basic'))
    return { relative: 1e-7, absolute: 1e-9 }
  return { relative: 1e-4, absolute: 1e-5 }
}

/** The steps themselves, those of the model that code calls among them. */
function computedIn(step: Step): readonly Step[] {
  return step.kind === 'typescript' ? (step.model?.program.steps ?? []) : [step]
}

function roundOutputs(outputs: Tensors): Tensors {
  return new Map([...outputs].map(([name, value]) => [name, roundFloats(value)]))
}

function roundFloats(value: Tensor): Tensor {
  if (value.datatype !== 'FP32' && value.datatype !== 'FP64') return value
  const digits = value.datatype === 'FP32' ? 5 : 10
  const data = value.data.map((number) => (Number.isFinite(number) ? Number(number.toPrecision(digits)) : number))
  return { ...value, data } as Tensor
}
