import { ServingError } from '../../core/errors.ts'
import type { Tensor } from '../../tensor/tensor.ts'
import type { NamedKernel } from './kernel.ts'
import { checkedArea } from './sparse-rows.ts'

/** Most products that one run may take. */
const MAX_WORK = 2 ** 34

const EULER = 0.5772156649015329

/** The digamma function to nine digits or so, as the model was fitted with it. @see J. Bernardo, algorithm AS 103 (1976) */
export function roughDigamma(positive: number): number {
  let x = positive
  if (x <= 1e-6) return -EULER - 1 / x
  let sum = 0
  for (; x < 6; x++) sum -= 1 / x
  const r = 1 / x
  const square = r * r
  return sum + (Math.log(x) - 0.5 * r) - square * (1 / 12 - square * (1 / 120 - square * (1 / 252)))
}

/**
 * How much of each document is about each topic: the variational step of latent Dirichlet allocation, done over for each
 * row until its mean change is small.
 *
 * Inputs: FP64 [rows, width], how often each word occurs; or sparse rows, INT64 positions and FP64 values. Output: FP64
 * [rows, topics], each row with the sum 1.
 * Parameters: `topics`, `width`; `words`, packed [topics, width]; `prior`; at most `steps` with the `tolerance`.
 * @see M. Hoffman, D. Blei, F. Bach, "Online learning for latent Dirichlet allocation" (2010); scikit-learn,
 *   `_update_doc_distribution`
 */
export const documentTopics: NamedKernel = {
  takes: { each: ['INT64', 'FP64'] },
  prepare(parameters) {
    const topics = parameters.int('topics', 1, 1 << 16)
    const width = parameters.int('width', 1)
    const prior = parameters.number('prior')
    const steps = parameters.int('steps', 0, 1 << 20)
    const tolerance = parameters.number('tolerance')
    const given = parameters.packed('words', topics * width)
    if (!(prior >= 0)) throw parameters.refuse('prior', 'a number from 0 up')
    // word by word, as documents read them
    const words = new Float64Array(topics * width)
    for (let topic = 0; topic < topics; topic++)
      for (let word = 0; word < width; word++) words[word * topics + topic] = given[topic * width + word] as number
    const weights = new Float64Array(topics)
    const shares = new Float64Array(topics)
    const next = new Float64Array(topics)
    const first = Math.exp(roughDigamma(1) - roughDigamma(topics))

    /** Leaves the document's shares in `shares`, not yet of the sum 1. */
    function allocate(ids: Int32Array, counts: Float64Array, length: number): void {
      shares.fill(1)
      weights.fill(first)
      for (let step = 0; step < steps; step++) {
        next.fill(0)
        for (let i = 0; i < length; i++) {
          const from = (ids[i] as number) * topics
          let norm = 0
          for (let k = 0; k < topics; k++) norm += (weights[k] as number) * (words[from + k] as number)
          const share = (counts[i] as number) / (norm + Number.EPSILON)
          for (let k = 0; k < topics; k++) next[k] = (next[k] as number) + share * (words[from + k] as number)
        }
        let total = 0
        let change = 0
        for (let k = 0; k < topics; k++) {
          const value = (weights[k] as number) * (next[k] as number) + prior
          total += value
          change += Math.abs((shares[k] as number) - value)
          shares[k] = value
        }
        const all = roughDigamma(total)
        for (let k = 0; k < topics; k++) weights[k] = Math.exp(roughDigamma(shares[k] as number) - all)
        if (change / topics < tolerance) return
      }
    }

    return {
      run(inputs) {
        const read = documentsOf(inputs, width)
        if (read.most * read.rows * topics * Math.max(1, steps) > MAX_WORK)
          throw new ServingError(
            'too_large',
            `the topics of ${read.rows} documents of up to ${read.most} words are over ${MAX_WORK} steps; send fewer rows together`,
          )
        const made = new Float64Array(checkedArea(read.rows, topics))
        const ids = new Int32Array(read.most)
        const counts = new Float64Array(read.most)
        for (let row = 0; row < read.rows; row++) {
          allocate(ids, counts, read.fill(row, ids, counts))
          const sum = shares.reduce((a, b) => a + b, 0)
          for (let k = 0; k < topics; k++) made[row * topics + k] = (shares[k] as number) / sum
        }
        return [{ datatype: 'FP64', shape: [read.rows, topics], data: made }]
      },
    }
  },
}

interface Documents {
  readonly rows: number
  /** Most words of a document. */
  readonly most: number
  /** Writes a document's words and how often each occurs, and gives their number. */
  fill(row: number, ids: Int32Array, counts: Float64Array): number
}

function documentsOf(inputs: readonly Tensor[], width: number): Documents {
  const [first, second] = inputs
  const values = inputs.length === 1 ? first : second
  const positions = inputs.length === 2 ? first : undefined
  const isFitting =
    values?.datatype === 'FP64' &&
    values.shape.length === 2 &&
    (positions === undefined
      ? inputs.length === 1 && values.shape[1] === width
      : positions.datatype === 'INT64' && positions.shape.length === 2 && positions.shape[1] === values.shape[1])
  if (!isFitting)
    throw new ServingError('refused', `the program feeds "document-topics" something else than rows of ${width} words`)
  const [rows = 0, most = 0] = values.shape
  return {
    rows,
    most,
    fill(row, ids, counts) {
      let length = 0
      for (let i = 0; i < most; i++) {
        const count = values.data[row * most + i] as number
        if (count === 0) continue
        if (!(count > 0))
          throw new ServingError(
            'invalid_argument',
            `row ${row + 1}: a word occurs ${count} times; topics are told by counts from 0 up`,
          )
        const id = positions === undefined ? i : Number(positions.data[row * most + i])
        if (!(id >= 0 && id < width))
          throw new ServingError('refused', `a position ${id} is outside of ${width} columns`)
        ids[length] = id
        counts[length++] = count
      }
      return length
    },
  }
}
