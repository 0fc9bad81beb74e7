import type { Floats } from './arrays.ts'
import type { KernelNode } from './kernel.ts'

/** What is done to a row of scores at the end of a classical model. */
export type Transform = 'NONE' | 'SOFTMAX' | 'LOGISTIC' | 'SOFTMAX_ZERO' | 'PROBIT'

/** Transforms in the order that TreeEnsemble numbers them in. */
export const TRANSFORMS: readonly Transform[] = ['NONE', 'SOFTMAX', 'LOGISTIC', 'SOFTMAX_ZERO', 'PROBIT']

/** @throws {ServingError} `refused` for a transform that ONNX does not define */
export function transformOf(node: KernelNode): Transform {
  const name = node.text('post_transform', 'NONE')
  const found = TRANSFORMS.find((transform) => transform === name)
  if (found === undefined) throw node.refuse(`has the post_transform ${name}; ${TRANSFORMS.join(', ')} are covered`)
  return found
}

const { fround } = Math

/** The logistic function in FP32, as the classical operators have it: 0 or 1 once float32 has no more to tell. */
export function floatLogistic(score: number): number {
  const x = fround(score)
  const v = fround(1 / fround(1 + fround(Math.exp(-Math.abs(x)))))
  return x < 0 ? fround(1 - v) : v
}

const SQRT2 = fround(Math.SQRT2)
const ERF_A = fround(0.147)
const ERF_B = fround(2 / fround(fround(3.14159) * ERF_A))
const ERF_C = fround(1 / ERF_A)

/**
 * The inverse of the normal distribution function in FP32, by Winitzki's approximation of the inverse error function,
 * which is what engines use for PROBIT: a better one would give other answers.
 */
export function floatProbit(score: number): number {
  const x = fround(fround(2 * fround(score)) - 1)
  const log = fround(Math.log(fround(fround(1 - x) * fround(1 + x))))
  const v = fround(ERF_B + fround(0.5 * log))
  const root = fround(Math.sqrt(fround(fround(v * v) - fround(ERF_C * log))))
  const inverse = fround(Math.sqrt(fround(root - v)))
  return fround(SQRT2 * (x < 0 ? -inverse : inverse))
}

/** Below this a score counts as absent for SOFTMAX_ZERO. */
const NEARLY_ZERO = fround(0.0000001)

/**
 * Applies a transform to `count` scores of `scores`, in place.
 * All of it is FP32 arithmetic, whatever the scores are kept in: that is how the operators give it.
 */
export function transformScores(scores: Floats, from: number, count: number, transform: Transform): void {
  const end = from + count
  switch (transform) {
    case 'NONE':
      return
    case 'LOGISTIC':
      for (let i = from; i < end; i++) scores[i] = floatLogistic(scores[i] as number)
      return
    case 'PROBIT':
      for (let i = from; i < end; i++) scores[i] = floatProbit(scores[i] as number)
      return
    case 'SOFTMAX':
    case 'SOFTMAX_ZERO':
      softmaxScores(scores, from, end, transform === 'SOFTMAX_ZERO')
  }
}

function softmaxScores(scores: Floats, from: number, end: number, skipsZero: boolean): void {
  let most = -3.4028234663852886e38
  for (let i = from; i < end; i++)
    most = Math.max(most, fround(scores[i] as number) > most ? fround(scores[i] as number) : most)
  const ofZero = fround(Math.exp(-most))
  let sum = 0
  for (let i = from; i < end; i++) {
    const score = fround(scores[i] as number)
    if (skipsZero && !(score > NEARLY_ZERO || score < -NEARLY_ZERO)) scores[i] = (scores[i] as number) * ofZero
    else {
      const e = fround(Math.exp(fround(score - most)))
      scores[i] = e
      sum = fround(sum + e)
    }
  }
  for (let i = from; i < end; i++)
    scores[i] = skipsZero ? (scores[i] as number) / sum : fround(fround(scores[i] as number) / sum)
}
