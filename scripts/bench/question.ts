import { readFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { ServingError } from '../../src/core/errors.ts'
import { quote } from '../../src/core/text.ts'
import type { ModelName } from './cases.ts'

/** How far an answer may be from the right one: engines add in different orders. */
const TOLERANCE: Readonly<Record<ModelName, number>> = { tiny: 1e-9, trees: 1e-5, encoder: 1e-3, image: 1e-4 }

/** A tensor as the Open Inference Protocol writes it in JSON. */
export interface JsonTensor {
  readonly name: string
  readonly shape: readonly number[]
  readonly datatype: string
  readonly data: readonly number[]
}

/** A request to a model, and its right answer. */
export interface Question {
  readonly model: ModelName
  readonly rows: number
  readonly inputs: readonly JsonTensor[]
  readonly outputs: readonly JsonTensor[]
}

/** An answer as it came. */
export interface Answer {
  readonly status: number
  readonly text: string
}

/** Says what is wrong with an answer; undefined when it is right. */
export type Check = (answer: Answer) => string | undefined

/** A question in the words of one server. */
export interface Exchange {
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly check: Check
}

/** The questions that `make_models.py` wrote for a model, by rows. */
export function readQuestions(folder: string, model: ModelName): Question[] {
  const text = readFileSync(join(folder, model, 'questions.json'), 'utf8')
  const byRows = JSON.parse(text) as Record<string, Pick<Question, 'inputs' | 'outputs'>>
  return Object.entries(byRows).map(([rows, { inputs, outputs }]) => ({ model, rows: Number(rows), inputs, outputs }))
}

const JSON_TYPE = { 'content-type': 'application/json' }

/** By the Open Inference Protocol, which most servers speak or can be given. */
export function v2Exchange(question: Question, headers: Readonly<Record<string, string>> = {}): Exchange {
  return {
    path: `/v2/models/${question.model}/infer`,
    headers: { ...JSON_TYPE, ...headers },
    body: JSON.stringify({ inputs: question.inputs }),
    check: checkOutputs(question, readV2),
  }
}

/** By MLflow's own protocol: nested lists by name. */
export function mlflowExchange(question: Question): Exchange {
  const inputs = question.inputs.map(({ name, data, shape }) => [name, nest(data, shape)])
  return {
    path: '/invocations',
    headers: JSON_TYPE,
    body: JSON.stringify({ inputs: Object.fromEntries(inputs) }),
    check: checkOutputs(question, readMlflow),
  }
}

/** Values of each output, flat, by name. */
export type Outputs = ReadonlyMap<string, readonly number[]>

function readV2(text: string): Outputs {
  const { outputs } = JSON.parse(text) as { outputs: JsonTensor[] }
  return new Map(outputs.map(({ name, data }) => [name, data]))
}

function readMlflow(text: string): Outputs {
  const { predictions } = JSON.parse(text) as { predictions: Record<string, NestedNumbers> }
  return new Map(Object.entries(predictions).map(([name, data]) => [name, flatten(data)]))
}

type NestedNumbers = number | readonly NestedNumbers[]

function flatten(data: NestedNumbers): number[] {
  return typeof data === 'number' ? [data] : data.flatMap(flatten)
}

/** Whether an answer has the right outputs. */
export function checkOutputs(question: Question, read: (text: string) => Outputs): Check {
  return ({ status, text }) => {
    if (status !== 200) return `status ${status}: ${quote(text, 300)}`
    let found: Outputs
    try {
      found = read(text)
    } catch {
      return `no answer of the expected form: ${quote(text, 200)}`
    }
    return checkTensors(question, found)
  }
}

/** Says which output is not as it should be: nothing may be off by more than the model's tolerance. */
export function checkTensors({ model, outputs }: Question, found: Outputs): string | undefined {
  for (const { name, data } of outputs) {
    const values = found.get(name) ?? []
    const isRight =
      values.length === data.length && data.every((right, i) => isNear(values[i], right, TOLERANCE[model]))
    if (!isRight) return `output ${quote(name)} is [${quoteValues(values)}], right is [${quoteValues(data)}]`
  }
  return undefined
}

/** A check for an answer of a given size, whatever it says. */
export function checkSize(sizeBytes: number): Check {
  return ({ status, text }) =>
    status === 200 && Buffer.byteLength(text) === sizeBytes
      ? undefined
      : `status ${status} and ${Buffer.byteLength(text)} bytes, not 200 and ${sizeBytes} bytes`
}

/** Whether there is an answer at all. */
export const checkStatus: Check = ({ status, text }) =>
  status === 200 ? undefined : `status ${status}: ${quote(text, 300)}`

function isNear(found: number | undefined, right: number, tolerance: number): boolean {
  return found !== undefined && Math.abs(found - right) <= tolerance
}

function quoteValues(values: readonly number[]): string {
  return values.length > 8 ? `${values.slice(0, 8).join(', ')}, … ${values.length} values` : values.join(', ')
}

/** Flat row-major data as lists in lists. */
export function nest(data: readonly number[], shape: readonly number[]): unknown {
  const [first = 0, ...rest] = shape
  if (rest.length === 0) return data
  const size = data.length / first
  return Array.from({ length: first }, (_, i) => nest(data.slice(i * size, (i + 1) * size), rest))
}

/**
 * Asks once, on a connection of its own.
 * @throws what the connection throws, `ECONNREFUSED` while nobody listens
 */
export function ask(port: number, exchange: Exchange, signal: AbortSignal): Promise<Answer> {
  const { path, body } = exchange
  const headers = { ...exchange.headers, 'content-length': Buffer.byteLength(body) }
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, path, method: 'POST', headers, agent: false, signal }
    const asked = request(options, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (piece: string) => (text += piece))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }))
      response.on('error', reject)
    })
    asked.setTimeout(10_000, () => asked.destroy(new ServingError('deadline_exceeded', 'no answer within 10 s')))
    asked.on('error', reject)
    asked.end(body)
  })
}
