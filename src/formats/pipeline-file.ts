import { ServingError } from '../core/errors.ts'
import { quote, quoteList } from '../core/text.ts'

/** Models that run one after the other, as a file says. */
export interface PipelineFile {
  readonly steps: readonly PipelineStep[]
  /** Values that are the pipeline's outputs; those that no step reads when absent. */
  readonly outputs: readonly string[] | undefined
}

export interface PipelineStep {
  /** Name of a model file in the pipeline file's own folder. */
  readonly model: string
  /** The value that feeds an input of the model, by the input's name; an input that is not named reads the value of its own name. */
  readonly inputs: ReadonlyMap<string, string>
  /** The value that an output of the model becomes; an output that is not named becomes the value of its own name. */
  readonly outputs: ReadonlyMap<string, string>
}

const MAX_STEPS = 32
const MAX_NAME_LENGTH = 256

/**
 * Reads a pipeline file: `{"slipwayPipeline": 1, "steps": [{"model": "scale.onnx", "outputs": {"Y": "scaled"}}, …]}`.
 * @throws {ServingError} `refused`, saying what stands where
 */
export function parsePipelineFile(bytes: Uint8Array): PipelineFile {
  const document = objectOf(parseJson(bytes), 'the pipeline file')
  knowAll(document, ['slipwayPipeline', 'steps', 'outputs'], 'the pipeline file')
  if (document['slipwayPipeline'] !== 1)
    throw refused(`"slipwayPipeline" is ${JSON.stringify(document['slipwayPipeline'])}; this Slipway reads version 1`)
  const { steps, outputs } = document
  if (!Array.isArray(steps) || steps.length === 0) throw refused('"steps" must be a list of one step or more')
  if (steps.length > MAX_STEPS) throw refused(`${steps.length} steps, the most is ${MAX_STEPS}`)
  return {
    steps: steps.map((step: unknown, i) => stepOf(step, `step ${i + 1}`)),
    outputs: outputs === undefined ? undefined : namesOf(outputs),
  }
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (error) {
    throw new ServingError('refused', 'the pipeline file is no JSON', { cause: error })
  }
}

function stepOf(value: unknown, where: string): PipelineStep {
  const step = objectOf(value, where)
  knowAll(step, ['model', 'inputs', 'outputs'], where)
  const { model } = step
  if (typeof model !== 'string' || !/^[^/\\\p{Cc}]{1,255}$/u.test(model) || model === '.' || model === '..')
    throw refused(`${where}: "model" must be the name of a file in the pipeline file's folder`)
  return {
    model,
    inputs: renamesOf(step['inputs'], `${where}, "inputs"`),
    outputs: renamesOf(step['outputs'], `${where}, "outputs"`),
  }
}

function renamesOf(value: unknown, where: string): Map<string, string> {
  if (value === undefined) return new Map()
  return new Map(Object.entries(objectOf(value, where)).map(([name, other]) => [name, nameOf(other, where)]))
}

function namesOf(value: unknown): string[] {
  if (!Array.isArray(value) || value.length === 0) throw refused('"outputs" must be a list of one value or more')
  const names = value.map((name: unknown) => nameOf(name, '"outputs"'))
  if (new Set(names).size !== names.length) throw refused('"outputs" names a value twice')
  return names
}

function nameOf(value: unknown, where: string): string {
  if (typeof value === 'string' && value !== '' && value.length <= MAX_NAME_LENGTH && !/\p{Cc}/u.test(value))
    return value
  throw refused(`${where}: a value's name is text of 1 to ${MAX_NAME_LENGTH} characters`)
}

function objectOf(value: unknown, where: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  throw refused(`${where} must be an object`)
}

function knowAll(value: Record<string, unknown>, known: readonly string[], where: string): void {
  for (const key of Object.keys(value))
    if (!known.includes(key)) throw refused(`${where} has ${quote(key)}; known are ${quoteList(known)}`)
}

function refused(message: string): ServingError {
  return new ServingError('refused', message, { details: { reason: 'pipeline' } })
}
