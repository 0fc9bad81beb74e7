import { ServingError } from '../../core/errors.ts'
import { quote } from '../../core/text.ts'
import type { ScriptProgram, ScriptValue, TracedInput } from '../../formats/torch/program.ts'
import { GraphBuilder, type OnnxModel } from '../../onnx/index.ts'
import type { NumericDatatype } from '../../tensor/datatype.ts'
import { refreshAll } from './call.ts'
import { isFloating } from './datatypes.ts'
import { Dim } from './dim.ts'
import { finish } from './finish.ts'
import { LearnedSize, Lowering } from './lowering.ts'
import { nameOutputs } from './outputs.ts'
import { ScriptInterpreter } from './script-interpreter.ts'
import { TensorValue, unsupported, type Value } from './values.ts'

/** How often the code is run to find out what its inputs look like. */
const MAX_READINGS = 150
const MAX_MIXTURES = 5000
const MAX_SIZES = 100

/** What an input is taken to be; undefined for a size that may vary. */
interface InputGuess {
  readonly name: string
  readonly datatype: NumericDatatype
  readonly sizes: readonly (number | undefined)[]
}

/** What one parameter of `forward` is given: an input of the graph, or always the same. */
type Place =
  | { readonly kind: 'input'; readonly name: string; readonly traced: InputGuess | undefined }
  | { readonly kind: 'fixed'; readonly value: Value }

/**
 * Compiles a program in TorchScript by running its code over values of a graph. What was traced says what its inputs look
 * like: the first size may vary. Of other code it is found out: from what it does with them.
 * @throws {ServingError} `unsupported` for code whose way hangs on data, and as for every operator
 */
export function compileScript(program: ScriptProgram): { model: OnnxModel; warnings: readonly string[] } {
  const places = placesOf(program)
  const inputs = places.filter((place) => place.kind === 'input')
  if (inputs.length === 0) throw unsupported('the model takes no tensor')
  const traced = inputs.map((place) => place.traced)
  if (traced.every((guess) => guess !== undefined)) return compileTraced(program, places, traced)
  return compileGuessed(
    program,
    places,
    inputs.map((place) => place.name),
  )
}

function placesOf(program: ScriptProgram): Place[] {
  const forward = program.classes.get(program.root.className)?.methods.get('forward')
  if (forward === undefined) throw unsupported('the model has no forward method: there is nothing to run')
  const [, ...parameters] = forward.parameters
  const traced = program.tracedInputs
  return parameters.map(({ name, type, fallback }, i): Place => {
    if (fallback !== undefined && type !== 'Tensor') {
      if (fallback.kind === 'constant' || fallback.kind === 'float' || fallback.kind === 'string')
        return { kind: 'fixed', value: fallback.value }
      if (fallback.kind === 'int') return { kind: 'fixed', value: Dim.of(fallback.value) }
    }
    if (type !== undefined && type !== 'Tensor' && type !== 'Optional[Tensor]')
      throw unsupported(`the model's input ${quote(name)} is a ${type}; only tensors can be given`)
    const example = traced?.length === parameters.length ? traced[i] : undefined
    return { kind: 'input', name, traced: guessOf(name, example) }
  })
}

function guessOf(name: string, example: TracedInput | undefined): InputGuess | undefined {
  return example === undefined ? undefined : { name, datatype: example.datatype, sizes: example.shape }
}

function compileTraced(program: ScriptProgram, places: readonly Place[], guesses: readonly InputGuess[]) {
  const open = guesses.map((guess) => ({
    ...guess,
    sizes: guess.sizes.map((size, axis) => (axis === 0 ? undefined : size)),
  }))
  try {
    return attempt(program, places, open, guesses)
  } catch (error) {
    if (!(error instanceof ServingError) || error.code !== 'unsupported') throw error
    // the code may hang on the very size that it was traced with
    try {
      const made = attempt(program, places, guesses, guesses)
      const warning = `the model only takes the very sizes that it was traced with: ${error.message}`
      return { model: made.model, warnings: [...made.warnings, warning] }
    } catch {
      throw error
    }
  }
}

/** Takes the inputs to be of the ranks and datatypes that the code suggests, one reading after the other. */
function compileGuessed(program: ScriptProgram, places: readonly Place[], names: readonly string[]) {
  // of all that fail, the reading that went farthest tells most
  let farthest: { readonly error: ServingError; readonly steps: number } | undefined
  for (const reading of readings(program, names)) {
    try {
      const { model, warnings, guesses } = learn(program, places, reading)
      const shown = guesses.map(
        ({ name, datatype, sizes }) => `${quote(name)} ${datatype} [${sizes.map((size) => size ?? -1).join(',')}]`,
      )
      return {
        model,
        warnings: [
          ...warnings,
          `the file does not say what its inputs look like; by its code they are ${shown.join(', ')}`,
        ],
      }
    } catch (error) {
      if (!(error instanceof ServingError) || error.code !== 'unsupported') throw error
      const steps = stepsOf.get(error) ?? 0
      if (farthest === undefined || steps > farthest.steps) farthest = { error, steps }
    }
  }
  if (farthest !== undefined)
    throw unsupported(
      `${farthest.error.message}; the file does not say what its inputs look like: export the model with torch.export, or trace it with torch.jit.trace`,
    )
  throw unsupported('the model takes no tensor')
}

function learn(program: ScriptProgram, places: readonly Place[], reading: readonly InputGuess[]) {
  let guesses = reading
  for (let i = 0; i < MAX_SIZES; i++)
    try {
      return { ...attempt(program, places, guesses), guesses }
    } catch (error) {
      if (!(error instanceof LearnedSize)) throw error
      const { input, axis, size } = error
      guesses = guesses.map((guess, at) =>
        at === input ? { ...guess, sizes: guess.sizes.map((old, other) => (other === axis ? size : old)) } : guess,
      )
    }
  throw unsupported('the sizes of the model’s inputs cannot be found out')
}

/** Ranks and datatypes to try, the likeliest first. */
function* readings(program: ScriptProgram, names: readonly string[]): Generator<InputGuess[]> {
  const text = [...program.classes.values()]
    .flatMap(({ methods }) => [...methods.values()])
    .map((method) => JSON.stringify(method.body))
    .join('')
  const uses = (word: string) => text.includes(`"name":"${word}"`)
  const likely: [NumericDatatype, number][] = []
  const add = (datatype: NumericDatatype, rank: number) => {
    if (!likely.some((other) => other[0] === datatype && other[1] === rank)) likely.push([datatype, rank])
  }
  const float = floatOf(program)
  if (uses('conv3d')) add(float, 5)
  if (uses('conv2d') || uses('_conv_forward')) add(float, 4)
  if (uses('conv1d') || uses('_conv_forward') || uses('lstm') || uses('gru') || uses('multi_head_attention_forward'))
    add(float, 3)
  if (uses('embedding')) add('INT64', 2)
  for (const rank of [2, 4, 3, 1, 5]) add(float, rank)
  for (const rank of [2, 1]) add('INT64', rank)
  // whole numbers only where nothing else will do
  const mixtures = Math.min(likely.length ** names.length, MAX_MIXTURES)
  const choices = Array.from({ length: mixtures }, (_, i) =>
    names.map((_, at) => Math.floor(i / likely.length ** at) % likely.length),
  )
  const wholes = (choice: readonly number[]) => choice.filter((at) => likely[at]?.[0] === 'INT64').length
  const sum = (choice: readonly number[]) => choice.reduce((a, b) => a + b, 0)
  choices.sort((a, b) => wholes(a) - wholes(b) || sum(a) - sum(b))
  for (const choice of choices.slice(0, MAX_READINGS))
    yield names.map((name, i) => {
      const [datatype, rank] = likely[choice[i] ?? 0] ?? ['FP32', 2]
      return guess(name, datatype, rank)
    })
}

/** The datatype of most of the model's weights. */
function floatOf(program: ScriptProgram): NumericDatatype {
  const counts = new Map<NumericDatatype, number>()
  const open: ScriptValue[] = [program.root]
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    if (typeof at !== 'object' || at === null) continue
    if (at.kind === 'object') open.push(...at.attributes.values())
    if (at.kind === 'tensor' && isFloating(at.tensor.datatype))
      counts.set(at.tensor.datatype, (counts.get(at.tensor.datatype) ?? 0) + 1)
  }
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0] ?? 'FP32'
}

function guess(name: string, datatype: NumericDatatype, rank: number): InputGuess {
  return { name, datatype, sizes: Array.from({ length: rank }, () => undefined) }
}

/** @param traced sizes that the inputs had once: those that were alike then stay alike */
function attempt(
  program: ScriptProgram,
  places: readonly Place[],
  guesses: readonly InputGuess[],
  traced?: readonly InputGuess[],
) {
  const g = new Lowering(new GraphBuilder({ name: 'torch' }))
  g.isGuessing = traced === undefined
  let at = 0
  const values = places.map((place) => {
    if (place.kind === 'fixed') return place.value
    const index = at++
    const made = guesses[index]
    if (made === undefined) throw new Error('an input without a guess; this is a bug')
    return declare(g, made, index, traced)
  })
  const interpreter = new ScriptInterpreter(g, program)
  const result = countingSteps(interpreter, () => interpreter.forward(values))
  refreshAll(g, result)
  const outputs = nameOutputs([result])
  for (const value of outputs.values()) if (value instanceof TensorValue) refreshAll(g, value)
  return { model: finish(g, outputs), warnings: [...g.warnings] }
}

/** How far the code had come when an error was thrown. */
const stepsOf = new WeakMap<Error, number>()

function countingSteps<Result>(interpreter: ScriptInterpreter, run: () => Result): Result {
  try {
    return run()
  } catch (error) {
    if (error instanceof ServingError) stepsOf.set(error, interpreter.steps)
    throw error
  }
}

function declare(
  g: Lowering,
  { name, datatype, sizes }: InputGuess,
  index: number,
  traced: readonly InputGuess[] | undefined,
): TensorValue {
  if (datatype === 'BF16') throw unsupported(`the input ${quote(name)} is in bfloat16; export the model in float32`)
  const shape = sizes.map((size, axis) => {
    if (size !== undefined) return Dim.of(size)
    const key = axis === 0 ? rowsKey(index, traced) : `${name}[${axis}]`
    if (axis > 0) g.free.set(key, { input: index, axis })
    const first = traced?.findIndex((_, other) => rowsKey(other, traced) === key) ?? (axis === 0 ? 0 : index)
    const source = axis === 0 && first >= 0 ? (traced?.[first]?.name ?? name) : name
    return Dim.atom({
      key,
      min: axis === 0 ? 1 : 2,
      max: Infinity,
      source: { kind: 'input', input: source, axis, divisor: 1 },
    })
  })
  const dimensions = shape.map((dim) => dim.constant ?? dim.key.slice(0, 200))
  const value = new TensorValue(g.builder.input(name, datatype, dimensions), datatype, shape)
  value.owner = 'input'
  return value
}

/** Inputs that had as many rows when they were traced have so always. */
function rowsKey(index: number, traced: readonly InputGuess[] | undefined): string {
  if (traced === undefined) return 'batch'
  const rows = traced[index]?.sizes[0]
  const first = traced.findIndex((guess) => guess.sizes[0] === rows)
  return first === 0 ? 'batch' : `batch_${first}`
}
