import { readFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { ServingError } from '../../src/core/errors.ts'
import { quote } from '../../src/core/text.ts'
import { ROOT } from './paths.ts'

/** The model that every server serves. */
export const MODEL_FILE = join(ROOT, 'examples/fraud/fraud.onnx')
/** Where every server answers. */
export const INFER_PATH = '/v2/models/fraud/infer'
/** How far an answer may be from scikit-learn's probabilities. */
const TOLERANCE = 1e-9

const { expected } = JSON.parse(readFileSync(join(ROOT, 'examples/fraud/coefficients.json'), 'utf8')) as {
  expected: { X: number[][]; predict: number[]; predict_proba: number[][] }
}

const row = expected.X[0] ?? []

/** One row, as the Open Inference Protocol writes it: the body of every request. */
export const BODY = JSON.stringify({
  inputs: [{ name: 'X', shape: [1, row.length], datatype: 'FP64', data: row }],
})

/** An answer as it came. */
export interface Answer {
  readonly status: number
  readonly text: string
}

/** Says what is wrong with an answer; undefined when it is right. */
export type Check = (answer: Answer) => string | undefined

/** Whether the model's answer is the one that scikit-learn gave when the model was trained. */
export const checkPrediction: Check = ({ status, text }) => {
  if (status !== 200) return `status ${status}: ${quote(text, 200)}`
  const outputs = outputsOf(text)
  if (outputs === undefined) return `no answer of the Open Inference Protocol: ${quote(text, 200)}`
  const wanted = { predict: [expected.predict[0] ?? NaN], predict_proba: expected.predict_proba[0] ?? [] }
  for (const [name, values] of Object.entries(wanted)) {
    const found = outputs.get(name) ?? []
    const isRight = found.length === values.length && values.every((value, i) => near(found[i], value))
    if (!isRight) return `output ${quote(name)} is [${found.join(', ')}], scikit-learn gave [${values.join(', ')}]`
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

function near(found: number | undefined, wanted: number): boolean {
  return found !== undefined && Math.abs(found - wanted) <= TOLERANCE
}

function outputsOf(text: string): Map<string, readonly number[]> | undefined {
  try {
    const { outputs } = JSON.parse(text) as { outputs: { name: string; data: number[] }[] }
    return new Map(outputs.map(({ name, data }) => [name, data]))
  } catch {
    return undefined
  }
}

/**
 * Asks once, on a connection of its own.
 * @throws what the connection throws, `ECONNREFUSED` while nobody listens
 */
export function ask(port: number, signal: AbortSignal): Promise<Answer> {
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(BODY) }
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, path: INFER_PATH, method: 'POST', headers, agent: false, signal }
    const asked = request(options, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (piece: string) => (text += piece))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }))
      response.on('error', reject)
    })
    asked.setTimeout(10_000, () => asked.destroy(new ServingError('deadline_exceeded', 'no answer within 10 s')))
    asked.on('error', reject)
    asked.end(BODY)
  })
}
