import type { NamedKernel } from '../kernel.ts'
import { checkedArea } from '../sparse-rows.ts'
import { NearestHeap } from './nearest-heap.ts'
import { readSearch, rowsFor } from './search.ts'

/** Most neighbours of one row. */
const MAX_NEIGHBORS = 2 ** 20

function isRising(numbers: Int32Array): boolean {
  return numbers.every((number, i) => i === 0 || number > (numbers[i - 1] as number))
}

/**
 * The nearest known rows of each row, the nearest first.
 *
 * Input: FP64 [rows, width]. Outputs: distances, FP64 [rows, k], and positions of known rows, INT64 [rows, k].
 * Parameters: as `readSearch` has them, `neighbors` (k), and how equals are ordered: `isStable`, see `NearestHeap.sort`,
 * and `ends`, absent or where each part of the known rows ends: the nearest of each part go through a second heap, as where
 * scikit-learn searches by several threads.
 */
export const nearestNeighbors: NamedKernel = {
  takes: ['FP64'],
  prepare(parameters) {
    const search = readSearch(parameters)
    const k = parameters.int('neighbors', 1, Math.min(search.count, MAX_NEIGHBORS))
    const isStable = parameters.flag('isStable')
    const { toDistance } = search.metric
    const ends = parameters.has('ends') ? parameters.ints('ends', 1, search.count) : undefined
    if (ends !== undefined && (parameters.has('tree') || !isRising(ends)))
      throw parameters.refuse('ends', 'a rising list, without a tree')
    const first = new NearestHeap(k)
    const second = new NearestHeap(k)
    return {
      run([input]) {
        const { data, rows } = rowsFor(search, input)
        const distances = new Float64Array(checkedArea(rows, k))
        const positions = new BigInt64Array(rows * k)
        for (let row = 0; row < rows; row++) {
          const at = row * search.width
          const heap = ends === undefined ? first : second
          heap.clear()
          if (ends === undefined) search.nearest(data, at, first, 0, search.count)
          else
            ends.forEach((end, part) => {
              first.clear()
              search.nearest(data, at, first, part === 0 ? 0 : (ends[part - 1] as number), end)
              first.values.forEach((value, i) => second.push(value, first.positions[i] as number))
            })
          heap.sort(isStable)
          for (let i = 0; i < k; i++) {
            distances[row * k + i] = toDistance(heap.values[i] as number)
            positions[row * k + i] = BigInt(heap.positions[i] as number)
          }
        }
        return [
          { datatype: 'FP64', shape: [rows, k], data: distances },
          { datatype: 'INT64', shape: [rows, k], data: positions },
        ]
      },
    }
  },
}

/**
 * The known rows within a distance of each row. Rows with fewer than the most are filled up with position -1 and an
 * infinite distance.
 *
 * Input: FP64 [rows, width]. Outputs: distances, FP64 [rows, m], and positions, INT64 [rows, m], m as large as needed.
 * Parameters: as `readSearch` has them, and `radius`.
 */
export const radiusNeighbors: NamedKernel = {
  takes: ['FP64'],
  prepare(parameters) {
    const search = readSearch(parameters)
    const radius = parameters.number('radius')
    return {
      run([input]) {
        const { data, rows } = rowsFor(search, input)
        const found: { positions: number[]; distances: number[] }[] = []
        let total = 0
        for (let row = 0; row < rows; row++) {
          const near = { positions: [] as number[], distances: [] as number[] }
          search.within(data, row * search.width, radius, (position, distance) => {
            near.positions.push(position)
            near.distances.push(distance)
          })
          checkedArea(1, (total += near.positions.length))
          found.push(near)
        }
        const m = found.reduce((most, { positions }) => Math.max(most, positions.length), 0)
        const distances = new Float64Array(checkedArea(rows, m)).fill(Infinity)
        const positions = new BigInt64Array(rows * m).fill(-1n)
        found.forEach((near, row) => {
          distances.set(near.distances, row * m)
          near.positions.forEach((position, i) => (positions[row * m + i] = BigInt(position)))
        })
        return [
          { datatype: 'FP64', shape: [rows, m], data: distances },
          { datatype: 'INT64', shape: [rows, m], data: positions },
        ]
      },
    }
  },
}
