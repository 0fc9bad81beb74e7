import { ServingError } from '../../../core/errors.ts'
import type { NumericTensor, Tensor } from '../../../tensor/tensor.ts'
import type { NamedKernel } from '../kernel.ts'

/**
 * The winner among classes that were compared pair by pair (0 with 1, 0 with 2, …), the first of those with as many votes.
 *
 * Input: decisions, FP64 [rows, pairs]; above 0 the first of a pair wins. Output: INT64 [rows]. Parameters: `classes`.
 * @see LIBSVM, `svm_predict_values`
 */
export const pairVotes: NamedKernel = {
  takes: ['FP64'],
  prepare(parameters) {
    const classes = parameters.int('classes', 2, 2 ** 15)
    return {
      run([input]) {
        const { data, rows, pairs } = pairsIn(input, classes)
        const winners = new BigInt64Array(rows)
        const votes = new Int32Array(classes)
        for (let row = 0; row < rows; row++) {
          votes.fill(0)
          let pair = row * pairs
          for (let i = 0; i < classes; i++)
            for (let j = i + 1; j < classes; j++) {
              const winner = (data[pair++] as number) > 0 ? i : j
              votes[winner] = (votes[winner] as number) + 1
            }
          let best = 0
          for (let c = 1; c < classes; c++) if ((votes[c] as number) > (votes[best] as number)) best = c
          winners[row] = BigInt(best)
        }
        return [{ datatype: 'INT64', shape: [rows], data: winners }]
      },
    }
  },
}

/**
 * One decision value a class out of those of pairs: votes, and within a third of a vote the sum of confidences.
 *
 * Inputs: confidences, FP64 [rows, pairs], that the second of a pair wins, and FP64 [rows, pairs]: 0 where the first does, 1
 * where the second does.
 * Output: FP64 [rows, classes]. Parameters: `classes`.
 * @see scikit-learn, `_ovr_decision_function`
 */
export const pairConfidences: NamedKernel = {
  takes: ['FP64', 'FP64'],
  prepare(parameters) {
    const classes = parameters.int('classes', 2, 2 ** 15)
    return {
      run([confidences, wins]) {
        const { data, rows, pairs } = pairsIn(confidences, classes)
        const { data: second } = pairsIn(wins, classes)
        const result = new Float64Array(rows * classes)
        const votes = new Int32Array(classes)
        const sums = new Float64Array(classes)
        for (let row = 0; row < rows; row++) {
          votes.fill(0)
          sums.fill(0)
          let pair = row * pairs
          for (let i = 0; i < classes; i++)
            for (let j = i + 1; j < classes; j++, pair++) {
              const confidence = data[pair] as number
              sums[i] = (sums[i] as number) - confidence
              sums[j] = (sums[j] as number) + confidence
              // an estimator that predicts numbers may name neither
              if (second[pair] === 0) votes[i] = (votes[i] as number) + 1
              else if (second[pair] === 1) votes[j] = (votes[j] as number) + 1
            }
          for (let c = 0; c < classes; c++) {
            const sum = sums[c] as number
            result[row * classes + c] = (votes[c] as number) + sum / (3 * (Math.abs(sum) + 1))
          }
        }
        return [{ datatype: 'FP64', shape: [rows, classes], data: result }]
      },
    }
  },
}

/**
 * Probabilities of classes out of decisions of pairs: each becomes a probability by a sigmoid of its own, and those that fit
 * all pairs best are worked out step by step.
 *
 * Input: decisions, FP64 [rows, pairs]. Output: FP64 [rows, classes]. Parameters: `classes`; `slopes` and `offsets`, one a
 * pair.
 * @see LIBSVM, `svm_predict_probability`, `multiclass_probability`: Wu, Lin and Weng, "Probability estimates for multi-class
 *   classification by pairwise coupling", 2004, method 2
 */
export const pairwiseCoupling: NamedKernel = {
  takes: ['FP64'],
  prepare(parameters) {
    const classes = parameters.int('classes', 2, 2 ** 10)
    const count = (classes * (classes - 1)) / 2
    const slopes = parameters.numbers('slopes', count)
    const offsets = parameters.numbers('offsets', count)
    return {
      run([input]) {
        const { data, rows, pairs } = pairsIn(input, classes)
        const result = new Float64Array(rows * classes)
        const beats = new Float64Array(classes * classes)
        for (let row = 0; row < rows; row++) {
          let pair = 0
          for (let i = 0; i < classes; i++)
            for (let j = i + 1; j < classes; j++, pair++) {
              const probability = sigmoid(
                (data[row * pairs + pair] as number) * (slopes[pair] as number) + (offsets[pair] as number),
              )
              // NaN, of decisions that overflow, is the least of them, as LIBSVM compares
              beats[i * classes + j] = probability > 1e-7 ? Math.min(probability, 1 - 1e-7) : 1e-7
              beats[j * classes + i] = 1 - (beats[i * classes + j] as number)
            }
          couple(beats, classes, result.subarray(row * classes, (row + 1) * classes))
        }
        return [{ datatype: 'FP64', shape: [rows, classes], data: result }]
      },
    }
  },
}

function sigmoid(value: number): number {
  return value >= 0 ? Math.exp(-value) / (1 + Math.exp(-value)) : 1 / (1 + Math.exp(value))
}

/** Steps towards the probabilities, as many as LIBSVM takes. @param beats [k, k]: how probably i beats j */
function couple(beats: Float64Array, k: number, p: Float64Array): void {
  const beat = (i: number, j: number) => beats[i * k + j] as number
  const q = new Float64Array(k * k)
  const qp = new Float64Array(k)
  for (let t = 0; t < k; t++) {
    p[t] = 1 / k
    let own = 0
    for (let j = 0; j < k; j++) {
      if (j === t) continue
      own += beat(j, t) * beat(j, t)
      q[t * k + j] = j < t ? (q[j * k + t] as number) : -beat(j, t) * beat(t, j)
    }
    q[t * k + t] = own
  }
  const limit = 0.005 / k
  for (let step = 0; step < Math.max(100, k); step++) {
    let pqp = 0
    for (let t = 0; t < k; t++) {
      let sum = 0
      for (let j = 0; j < k; j++) sum += (q[t * k + j] as number) * (p[j] as number)
      qp[t] = sum
      pqp += (p[t] as number) * sum
    }
    let error = 0
    for (let t = 0; t < k; t++) error = Math.max(error, Math.abs((qp[t] as number) - pqp))
    if (error < limit) break
    for (let t = 0; t < k; t++) {
      const own = q[t * k + t] as number
      const change = (-(qp[t] as number) + pqp) / own
      p[t] = (p[t] as number) + change
      pqp = (pqp + change * (change * own + 2 * (qp[t] as number))) / (1 + change) / (1 + change)
      for (let j = 0; j < k; j++) {
        qp[j] = ((qp[j] as number) + change * (q[t * k + j] as number)) / (1 + change)
        p[j] = (p[j] as number) / (1 + change)
      }
    }
  }
}

function pairsIn(input: Tensor | undefined, classes: number): { data: Float64Array; rows: number; pairs: number } {
  const { data, shape } = input as NumericTensor<'FP64'>
  const pairs = (classes * (classes - 1)) / 2
  if (input?.datatype !== 'FP64' || shape.length !== 2 || shape[1] !== pairs)
    throw new ServingError('refused', `${classes} classes are ${pairs} pairs; the program feeds something else`)
  return { data: data, rows: shape[0] ?? 0, pairs }
}
