import { imputeNeighbors } from './impute-neighbors.ts'
import { countText } from './count-text.ts'
import { hashText } from './hash-text.ts'
import { hashRecords, vectorizeRecords } from './records.ts'
import { splitText } from './split-text.ts'
import { oneHot } from './one-hot.ts'
import { numbersFromText } from './numbers-from-text.ts'
import { fillText } from './fill-text.ts'
import { documentTopics } from './document-topics.ts'
import { dense } from './dense.ts'
import { categorySums } from './category-sums.ts'
import { categories } from './categories.ts'
import type { NamedKernel } from './kernel.ts'
import { numberFunction } from './number-function.ts'
import { laplaceProcess, processMean } from './gaussian-process/index.ts'
import { kernelDensity } from './neighbors/kernel-density.ts'
import { inverseQuantiles } from './inverse-quantiles.ts'
import { nearestNeighbors, radiusNeighbors } from './neighbors/nearest-neighbors.ts'
import { neighborMeans, neighborVotes } from './neighbors/weigh.ts'
import { quantiles } from './quantiles.ts'
import { splines } from './splines.ts'
import { countSketch } from './count-sketch.ts'
import { linearLeaves } from './linear-leaves.ts'
import { interpolate } from './interpolate.ts'
import { refuseMissing } from './refuse-missing.ts'
import { pairConfidences, pairVotes, pairwiseCoupling } from './vectors/pairs.ts'
import { supportVectors } from './vectors/support-vectors.ts'
import { weightedMedian } from './weighted-median.ts'

/** Every host kernel that a program may name. A name, once given out, keeps its meaning: bundles rely on it. */
export const NAMED_KERNELS: ReadonlyMap<string, NamedKernel> = new Map([
  ['impute-neighbors', imputeNeighbors],
  ['hash-records', hashRecords],
  ['vectorize-records', vectorizeRecords],
  ['hash-text', hashText],
  ['count-text', countText],
  ['split-text', splitText],
  ['one-hot', oneHot],
  ['numbers-from-text', numbersFromText],
  ['fill-text', fillText],
  ['dense', dense],
  ['document-topics', documentTopics],
  ['categories', categories],
  ['refuse-missing', refuseMissing],
  ['count-sketch', countSketch],
  ['interpolate', interpolate],
  ['linear-leaves', linearLeaves],
  ['number-function', numberFunction],
  ['quantiles', quantiles],
  ['splines', splines],
  ['weighted-median', weightedMedian],
  ['category-sums', categorySums],
  ['inverse-quantiles', inverseQuantiles],
  ['kernel-density', kernelDensity],
  ['process-mean', processMean],
  ['laplace-process', laplaceProcess],
  ['nearest-neighbors', nearestNeighbors],
  ['support-vectors', supportVectors],
  ['pair-votes', pairVotes],
  ['pair-confidences', pairConfidences],
  ['pairwise-coupling', pairwiseCoupling],
  ['radius-neighbors', radiusNeighbors],
  ['neighbor-votes', neighborVotes],
  ['neighbor-means', neighborMeans],
])
