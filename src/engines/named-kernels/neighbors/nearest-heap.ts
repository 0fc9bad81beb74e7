/**
 * The `size` least values pushed so far, with their positions: a heap with the largest on top, which takes only what is
 * less than that. What comes first of equals stays.
 * @see scikit-learn, `heap_push`
 */
export class NearestHeap {
  readonly values: Float64Array
  readonly positions: Int32Array

  constructor(size: number) {
    this.values = new Float64Array(size)
    this.positions = new Int32Array(size)
  }

  clear(): void {
    this.values.fill(Infinity)
    this.positions.fill(0)
  }

  get largest(): number {
    return this.values[0] as number
  }

  push(value: number, position: number): void {
    const { values, positions } = this
    if (value >= (values[0] as number)) return
    const size = values.length
    let at = 0
    for (;;) {
      const left = 2 * at + 1
      if (left >= size) break
      const right = left + 1
      const child = right < size && !((values[left] as number) >= (values[right] as number)) ? right : left
      if (!(value < (values[child] as number))) break
      values[at] = values[child] as number
      positions[at] = positions[child] as number
      at = child
    }
    values[at] = value
    positions[at] = position
  }

  /** Sorts by value. @param isStable as scikit-learn does it from 1.9 on; before, equals may change places */
  sort(isStable: boolean): void {
    if (isStable) sortPairsStably(this.values, this.positions, 0, this.values.length)
    else sortPairs(this.values, this.positions, 0, this.values.length)
  }
}

function swap(values: Float64Array, positions: Int32Array, i: number, j: number): void {
  const value = values[i] as number
  values[i] = values[j] as number
  values[j] = value
  const position = positions[i] as number
  positions[i] = positions[j] as number
  positions[j] = position
}

/** The median of the first, the middle and the last goes to the end, the least of them to the front. */
function medianToEnd(values: Float64Array, positions: Int32Array, from: number, to: number): void {
  const [last, middle] = [to - 1, from + ((to - from) >> 1)]
  if ((values[from] as number) > (values[last] as number)) swap(values, positions, from, last)
  if (!((values[last] as number) > (values[middle] as number))) return
  swap(values, positions, last, middle)
  if ((values[from] as number) > (values[last] as number)) swap(values, positions, from, last)
}

/** Quicksort as scikit-learn has it to 1.8, so that equals come in its order. @see scikit-learn, `simultaneous_sort` */
function sortPairs(values: Float64Array, positions: Int32Array, start: number, end: number): void {
  const open: [number, number][] = [[start, end]]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [from, to] = next
    const size = to - from
    if (size <= 1) continue
    if (size <= 3) {
      sortFew(values, positions, from, size)
      continue
    }
    medianToEnd(values, positions, from, to)
    const pivot = values[to - 1] as number
    let store = from
    for (let i = from; i < to - 1; i++) if ((values[i] as number) < pivot) swap(values, positions, i, store++)
    swap(values, positions, store, to - 1)
    open.push([from, store], [store + 1, to])
  }
}

function sortFew(values: Float64Array, positions: Int32Array, from: number, size: number): void {
  const isAfter = (i: number, j: number) => (values[from + i] as number) > (values[from + j] as number)
  if (isAfter(0, 1)) swap(values, positions, from, from + 1)
  if (size === 2 || !isAfter(1, 2)) return
  swap(values, positions, from + 1, from + 2)
  if (isAfter(0, 1)) swap(values, positions, from, from + 1)
}

/** As scikit-learn from 1.9 on: introsort in two parts, insertion of 15 and fewer. */
function sortPairsStably(values: Float64Array, positions: Int32Array, start: number, end: number): void {
  const open: [number, number][] = [[start, end]]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [from, to] = next
    if (to - from <= 15) {
      insertEach(values, positions, from, to)
      continue
    }
    medianToEnd(values, positions, from, to)
    const pivot = values[to - 1] as number
    let [i, j] = [from + 1, to - 2]
    for (;;) {
      while (i <= j && (values[i] as number) < pivot) i++
      while (i <= j && (values[j] as number) > pivot) j--
      if (i >= j) break
      swap(values, positions, i++, j--)
    }
    swap(values, positions, i, to - 1)
    open.push([from, i], [i + 1, to])
  }
}

function insertEach(values: Float64Array, positions: Int32Array, from: number, to: number): void {
  for (let i = from + 1; i < to; i++) {
    const [value, position] = [values[i] as number, positions[i] as number]
    let j = i
    for (; j > from && (values[j - 1] as number) > value; j--) {
      values[j] = values[j - 1] as number
      positions[j] = positions[j - 1] as number
    }
    values[j] = value
    positions[j] = position
  }
}
