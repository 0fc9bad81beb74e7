import { basename } from 'node:path'
import { decodeCsv } from '../codecs/csv.ts'
import { decodeByName } from '../codecs/table-by-name.ts'
import { planRows } from '../codecs/row-layout.ts'
import { ServingError } from '../core/errors.ts'
import { quote, quoteList } from '../core/text.ts'
import type { Comparison } from '../engines/compare.ts'
import type { OriginalAnswers } from '../server/ask-original.ts'
import type { EngineVerdict, Question } from '../server/check-answers.ts'
import type { LocatedBundle } from '../server/compile.ts'
import type { Signature, TensorSpec } from '../tensor/signature.ts'
import { tensor, type Tensor, type Tensors } from '../tensor/tensor.ts'
import { EXIT, type Command, type CommandContext } from './command.ts'
import {
  COMPILE_OPTIONS,
  DATA_OPTION,
  howToCompile,
  JSON_OPTION,
  PYTHON_OPTIONS,
  PYTHON_RUN_TIMEOUT_MS,
  pythonOf,
} from './common-options.ts'
import { UsageError, type Options } from './options.ts'
import { readInput, readRequest, tensorsOfNpz } from './read-rows.ts'

const options = {
  rows: {
    type: 'string',
    value: 'FILE',
    doc: 'rows to run: .csv, .jsonl, .npz or a V2 request; the recorded ones when absent',
  },
  expected: {
    type: 'string',
    value: 'FILE',
    doc: 'answers to those rows: .csv or .npz by the names of outputs, a V2 answer, or {"output": [value, …]}',
  },
  rtol: {
    type: 'number',
    value: 'R',
    default: 1e-5,
    min: 0,
    max: 1,
    isFraction: true,
    doc: 'how far numbers may be apart, of the expected one',
  },
  atol: {
    type: 'number',
    value: 'A',
    default: 1e-6,
    min: 0,
    max: 1e6,
    isFraction: true,
    doc: 'how far numbers may be apart besides',
  },
  againstPython: {
    type: 'boolean',
    isFlagOnly: true,
    doc: "compare with what the model's own library answers in Python: this runs the original file's code, with the rights of this process, for those whom you trust",
  },
  original: {
    type: 'string',
    value: 'FILE',
    doc: 'the file that a bundle was made of, for --against-python',
  },
  python: { ...PYTHON_OPTIONS.python, doc: 'the Python that has the libraries of the original, for --against-python' },
  pythonMemoryMib: PYTHON_OPTIONS.pythonMemoryMib,
  pythonStartTimeoutMs: PYTHON_OPTIONS.pythonStartTimeoutMs,
  ...COMPILE_OPTIONS,
  ...DATA_OPTION,
  ...JSON_OPTION,
} as const

type VerifyOptions = Options<typeof options>

/** `slipway verify`: does the model answer here as it was recorded, or as its own library does? */
export const verifyCommand: Command<typeof options> = {
  usage: '<model> [--rows <file>] [--expected <file> | --against-python]',
  options,
  async run(positionals, options, context) {
    const [path, ...more] = positionals
    if (path === undefined || more.length > 0) throw new UsageError('name one model file or bundle')
    checkChoices(options)
    const { openOrCompile } = await import('../server/compile.ts')
    const { checkAnswers } = await import('../server/check-answers.ts')
    const bundle = await openOrCompile(path, {
      dataFolder: options.data,
      how: howToCompile(options),
      signal: context.signal,
      onProgress: (text) => context.stderr.write(`${text}\n`),
    })
    const { signature, name, golden } = bundle.manifest
    const tolerance = { relative: options.rtol, absolute: options.atol }
    const request = options.rows === undefined ? undefined : await readRequest(options.rows, signature)
    const inputs = request === undefined ? undefined : checkedInputs(request.inputs, options.rows)
    const against = options.againstPython ? await askPython(path, bundle, inputs, options, context) : undefined
    let question: Question | undefined
    if (against !== undefined) question = { inputs: against.inputs, expected: against.outputs, tolerance }
    else if (inputs !== undefined) {
      const expected = options.expected === undefined ? new Map() : await readExpected(options.expected, signature)
      question = { inputs, expected, tolerance }
    }
    const verdicts = await checkAnswers(bundle, question)
    const isRight = verdicts.every((verdict) => verdict.isRight)
    const asked = {
      recorded: options.rows === undefined,
      tolerance: question === undefined ? golden.tolerance : tolerance,
      ...(against && { against: describeOriginal(against, signature) }),
    }
    if (options.json)
      context.stdout.write(
        `${JSON.stringify({ model: name, version: bundle.digest, ...asked, isRight, engines: verdicts })}\n`,
      )
    else context.stdout.write((against ? tellOriginal(against, signature) : '') + describe(name, verdicts, isRight))
    return isRight ? EXIT.done : EXIT.failed
  },
}

/** @throws {UsageError} for options that say nothing together */
function checkChoices({ rows, expected, againstPython, original }: VerifyOptions): void {
  if (expected !== undefined && rows === undefined)
    throw new UsageError('--expected says what --rows should be answered with: give both')
  if (expected !== undefined && againstPython)
    throw new UsageError('--expected and --against-python both say what is right: give one of them')
  if (againstPython) return
  if (original !== undefined) throw new UsageError('--original is for --against-python: say both')
}

/** @throws {ServingError} `invalid_argument` where a file of rows holds none */
function checkedInputs(inputs: Tensors | undefined, path: string | undefined): Tensors {
  if (inputs !== undefined) return inputs
  throw new ServingError('invalid_argument', `${quote(path ?? 'the file')} holds no rows`)
}

/** Asks the library that the model came from, about the rows that are given, or the recorded ones. */
async function askPython(
  path: string,
  bundle: LocatedBundle,
  given: Tensors | undefined,
  options: VerifyOptions,
  context: CommandContext,
): Promise<OriginalAnswers & { readonly inputs: Tensors }> {
  const { signature, golden, provenance } = bundle.manifest
  const { fileName } = provenance.source
  if (options.original === undefined && fileName !== basename(path))
    throw new UsageError(
      `${quote(path)} is not itself the file that the model's own library loads: name that one (${quote(fileName)}) with --original`,
    )
  const python = await pythonOf({ ...options, runtime: 'python' }, { timeoutMs: PYTHON_RUN_TIMEOUT_MS })
  if (python === undefined) throw new Error('Python was asked for and is not there; this is a bug')
  const { tensorsOf } = await import('../engines/golden.ts')
  const inputs = given ?? tensorsOf(golden.inputs, 'golden inputs')
  const { askOriginal } = await import('../server/ask-original.ts')
  const answers = await askOriginal(
    options.original ?? path,
    { inputs, wanted: signature.outputs.map(({ name }) => name), sha256: provenance.source.sha256 },
    python,
    { signal: context.signal, onProgress: (text) => context.stderr.write(`${text}\n`) },
  )
  if (answers.outputs.size > 0) return { ...answers, inputs }
  throw new ServingError(
    'unsupported',
    `the model answers ${quoteList(signature.outputs.map(({ name }) => name))}, and its own library ${quoteList(answers.names)}: they have nothing to compare`,
  )
}

/** What was compared with what, and what could not be. */
function describeOriginal({ library, version, names, outputs }: OriginalAnswers, signature: Signature) {
  const here = signature.outputs.map(({ name }) => name)
  return {
    library,
    python: version,
    outputs: [...outputs.keys()],
    onlyHere: here.filter((name) => !outputs.has(name)),
    onlyThere: names.filter((name) => !outputs.has(name)),
  }
}

function tellOriginal(answers: OriginalAnswers, signature: Signature): string {
  const { library, python, onlyHere, onlyThere } = describeOriginal(answers, signature)
  const only = [
    ...(onlyHere.length > 0 ? [`not compared, as Python does not give it: ${onlyHere.join(', ')}\n`] : []),
    ...(onlyThere.length > 0 ? [`not compared, as it is given in Python alone: ${onlyThere.join(', ')}\n`] : []),
  ]
  return [`against   ${library} in Python ${python}\n`, ...only].join('')
}

async function readExpected(path: string, { outputs }: Signature): Promise<Tensors> {
  const body = await readInput(path)
  if (/\.npz$/i.test(path)) return tensorsOfNpz(body)
  const text = Buffer.from(body).toString('utf8')
  if (/\.csv$/i.test(path)) {
    const header = (text.split('\n', 1)[0] ?? '')
      .trim()
      .split(',')
      .map((name) => name.replaceAll('"', '').trim())
    return decodeCsv(body, planRows({ inputs: named(outputs, header, path), outputs: [] })).inputs
  }
  let document: unknown
  try {
    document = JSON.parse(text)
  } catch (error) {
    throw new ServingError('invalid_argument', `${quote(path)} is no JSON`, { cause: error })
  }
  if (typeof document !== 'object' || document === null || Array.isArray(document))
    throw new ServingError('invalid_argument', `${quote(path)} is no object; send {"output": [value, …]} in it`)
  const answer = (document as { outputs?: unknown }).outputs
  if (Array.isArray(answer)) return new Map(answer.map((each) => outputIn(each, path)))
  const table = document as Readonly<Record<string, unknown>>
  const specs = named(outputs, Object.keys(table), path)
  return decodeByName(table, planRows({ inputs: specs, outputs: [] }), {}, quote(path)).inputs
}

/**
 * The outputs that a table has columns for, with those columns: the output's name, `output_0`, `output_1`, …, or the names
 * of its own columns, which belong to the first output that has them.
 */
function named(outputs: readonly TensorSpec[], header: readonly string[], path: string): readonly TensorSpec[] {
  const names = new Set(header)
  const claimed = new Set<string>()
  const found = outputs.flatMap((spec): TensorSpec[] => {
    const { name, columns: own, ...rest } = spec
    const width = spec.shape.slice(1).reduce((product, size) => product * size, 1)
    const shape = [-1, ...spec.shape.slice(1)]
    if (names.has(name)) return [{ ...rest, name, shape }]
    if (names.has(`${name}_0`)) {
      const columns = Array.from({ length: Math.max(1, width) }, (_, i) => `${name}_${i}`)
      return [{ ...rest, name, shape, columns }]
    }
    if (own?.every((column) => names.has(column) && !claimed.has(column)) !== true) return []
    for (const column of own) claimed.add(column)
    return [{ ...rest, name, shape, columns: own }]
  })
  if (found.length > 0) return found
  throw new ServingError(
    'invalid_argument',
    `${quote(path)} names none of the model's outputs (${quoteList(outputs.map(({ name }) => name))}): its columns are ${quoteList(header, 6)}`,
  )
}

/** An output of a V2 answer. */
function outputIn(value: unknown, path: string): [string, Tensor] {
  const { name, shape, data, datatype } = (value ?? {}) as {
    name?: unknown
    shape?: unknown
    data?: unknown
    datatype?: unknown
  }
  if (typeof name !== 'string' || !Array.isArray(shape) || !Array.isArray(data))
    throw new ServingError('invalid_argument', `${quote(path)}: an output needs "name", "shape" and "data"`)
  const flat = data.flat(8) as unknown[]
  const sizes = shape.map(Number)
  const count = sizes.reduce((product, size) => product * size, 1)
  if (count !== flat.length)
    throw new ServingError(
      'invalid_argument',
      `${quote(path)}: the output ${quote(name)} has ${flat.length} value${flat.length === 1 ? '' : 's'}, and a shape of [${sizes.join(',')}]`,
    )
  if (datatype === 'BYTES') {
    const texts = flat.map((each) => Buffer.from(String(each)))
    return [name, tensor('BYTES', sizes, texts)]
  }
  const numbers = Float64Array.from(flat, (each) => (each === null ? Number.NaN : Number(each)))
  return [name, tensor('FP64', sizes, numbers)]
}

function describe(name: string, verdicts: readonly EngineVerdict[], isRight: boolean): string {
  const lines = verdicts.flatMap(({ engine, rows, outputs, error }) => [
    `${engine}: ${rows} row${rows === 1 ? '' : 's'}${error === undefined ? (outputs.length === 0 ? ', answered' : '') : `, ${error.message}`}`,
    ...outputs.map((output) => `  ${describeOutput(output)}`),
  ])
  return `${lines.join('\n')}\n${name}: ${isRight ? 'right' : 'WRONG'}\n`
}

function describeOutput({
  output,
  elements,
  wrong,
  largestAbsolute,
  largestRelative,
  first,
  problem,
}: Comparison): string {
  if (problem !== undefined) return `${output}: ${problem}`
  if (wrong === 0 && largestAbsolute === 0) return `${output}: ${elements} values, all equal`
  const size = `${elements} values, largest difference ${largestAbsolute.toExponential(1)} (${largestRelative.toExponential(1)} of the value)`
  if (first === undefined) return `${output}: ${size}`
  return `${output}: ${wrong} of ${size} wrong; the first in row ${first.row + 1}, place ${first.place + 1}: ${first.found}, expected ${first.expected}`
}
