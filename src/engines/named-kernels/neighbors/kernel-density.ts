import type { NamedKernel } from '../kernel.ts'
import { readMetric } from './metrics.ts'
import { readSearch, rowsFor } from './search.ts'

/**
 * The logarithm of a density about known rows: the sum of a bump on each.
 *
 * Input: FP64 [rows, width]. Output: FP64 [rows].
 * Parameters: those of `readSearch`, without a tree; `bump` (`gaussian`, `tophat`, `epanechnikov`, `exponential`, `linear`,
 * `cosine`); `bandwidth`; `shift`: what is added to each logarithm; `sampleWeights`, packed, may be absent.
 * @see scikit-learn, `KernelDensity.score_samples`
 */
export const kernelDensity: NamedKernel = {
  takes: ['FP64'],
  prepare(parameters) {
    const search = readSearch(parameters)
    const { count, width } = search
    if (parameters.text('metric') === 'precomputed') throw parameters.refuse('metric', 'one of rows')
    const { reduced, toDistance } = readMetric(parameters, width)
    const points = parameters.packed('points', count * width)
    const bandwidth = parameters.number('bandwidth')
    const shift = parameters.number('shift')
    const log = BUMPS[parameters.oneOf('bump', Object.keys(BUMPS) as (keyof typeof BUMPS)[])]
    const weights = parameters.has('sampleWeights')
      ? parameters.packed('sampleWeights', count).map(Math.log)
      : undefined
    const logs = new Float64Array(count)
    return {
      run([input]) {
        const { data, rows } = rowsFor(search, input)
        const result = new Float64Array(rows)
        for (let row = 0; row < rows; row++) {
          let most = -Infinity
          for (let i = 0; i < count; i++) {
            const distance = toDistance(reduced(data, row * width, points, i * width, width))
            const value = log(distance / bandwidth) + (weights === undefined ? 0 : (weights[i] as number))
            logs[i] = value
            if (value > most) most = value
          }
          let sum = 0
          if (most !== -Infinity) for (let i = 0; i < count; i++) sum += Math.exp((logs[i] as number) - most)
          result[row] = Math.log(sum) + (most === -Infinity ? 0 : most) + shift
        }
        return [{ datatype: 'FP64', shape: [rows], data: result }]
      },
    }
  },
}

/** Logarithms by the distance in bandwidths. */
const BUMPS = {
  gaussian: (d: number) => -0.5 * d * d,
  tophat: (d: number) => (d < 1 ? 0 : -Infinity),
  epanechnikov: (d: number) => (d < 1 ? Math.log(1 - d * d) : -Infinity),
  exponential: (d: number) => -d,
  linear: (d: number) => (d < 1 ? Math.log(1 - d) : -Infinity),
  cosine: (d: number) => (d < 1 ? Math.log(Math.cos(0.5 * Math.PI * d)) : -Infinity),
} as const
