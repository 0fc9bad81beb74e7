/** Square matrices of small size, for what estimators work out of their state when they are opened. */

/** The inverse of a matrix [size, size], by elimination with pivots; undefined for one that has none in float64. */
export function inverse(matrix: Float64Array, size: number): Float64Array | undefined {
  const left = Float64Array.from(matrix)
  const right = identity(size)
  for (let column = 0; column < size; column++) {
    const pivot = pivotOf(left, size, column)
    const value = left[pivot * size + column] as number
    if (value === 0 || !Number.isFinite(value)) return undefined
    swapRows(left, size, pivot, column)
    swapRows(right, size, pivot, column)
    for (let i = 0; i < size; i++) {
      left[column * size + i] = (left[column * size + i] as number) / value
      right[column * size + i] = (right[column * size + i] as number) / value
    }
    for (let row = 0; row < size; row++) {
      const factor = left[row * size + column] as number
      if (row === column || factor === 0) continue
      for (let i = 0; i < size; i++) {
        left[row * size + i] = (left[row * size + i] as number) - factor * (left[column * size + i] as number)
        right[row * size + i] = (right[row * size + i] as number) - factor * (right[column * size + i] as number)
      }
    }
  }
  return right.every(Number.isFinite) ? right : undefined
}

/** The logarithm of a determinant; -Infinity where it is not greater than 0. */
export function logDeterminant(matrix: Float64Array, size: number): number {
  const left = Float64Array.from(matrix)
  let sign = 1
  let sum = 0
  for (let column = 0; column < size; column++) {
    const pivot = pivotOf(left, size, column)
    const value = left[pivot * size + column] as number
    if (value === 0) return -Infinity
    if (pivot !== column) sign = -sign
    if (value < 0) sign = -sign
    swapRows(left, size, pivot, column)
    sum += Math.log(Math.abs(value))
    for (let row = column + 1; row < size; row++) {
      const factor = (left[row * size + column] as number) / value
      if (factor === 0) continue
      for (let i = column; i < size; i++)
        left[row * size + i] = (left[row * size + i] as number) - factor * (left[column * size + i] as number)
    }
  }
  return sign > 0 ? sum : -Infinity
}

/** [rows, inner] x [inner, columns]. */
export function multiplied(
  a: Float64Array,
  b: Float64Array,
  [rows, inner, columns]: readonly [number, number, number],
): Float64Array {
  const made = new Float64Array(rows * columns)
  for (let row = 0; row < rows; row++)
    for (let i = 0; i < inner; i++) {
      const factor = a[row * inner + i] as number
      for (let column = 0; column < columns; column++)
        made[row * columns + column] =
          (made[row * columns + column] as number) + factor * (b[i * columns + column] as number)
    }
  return made
}

/** The largest, without the limit on arguments that `Math.max` has. */
export function largest(values: Iterable<number>, least = -Infinity): number {
  let most = least
  for (const value of values) if (value > most) most = value
  return most
}

export function identity(size: number): Float64Array {
  return Float64Array.from({ length: size * size }, (_, i) => (i % (size + 1) === 0 ? 1 : 0))
}

/** Adds to the diagonal, in place: one number, or one for each place. */
export function addToDiagonal(matrix: Float64Array, size: number, values: ArrayLike<number> | number): Float64Array {
  for (let i = 0; i < size; i++) {
    const value = typeof values === 'number' ? values : (values[i] as number)
    matrix[i * (size + 1)] = (matrix[i * (size + 1)] as number) + value
  }
  return matrix
}

function pivotOf(matrix: Float64Array, size: number, column: number): number {
  let best = column
  for (let row = column + 1; row < size; row++)
    if (Math.abs(matrix[row * size + column] as number) > Math.abs(matrix[best * size + column] as number)) best = row
  return best
}

function swapRows(matrix: Float64Array, size: number, a: number, b: number): void {
  if (a === b) return
  for (let i = 0; i < size; i++) {
    const kept = matrix[a * size + i] as number
    matrix[a * size + i] = matrix[b * size + i] as number
    matrix[b * size + i] = kept
  }
}
