/**
 * The sum as numpy adds up numbers that lie side by side: one after the other up to seven, eight sums side by side up to
 * 128, halves of more.
 * @see numpy, `pairwise_sum`
 */
export function numpySum(values: Float64Array, from = 0, count = values.length - from): number {
  if (count < 8) {
    // numpy begins with -0, so that a sum of nothing but -0 keeps its sign
    let sum = -0
    for (let i = from; i < from + count; i++) sum += values[i] as number
    return sum
  }
  if (count > 128) {
    let half = count >> 1
    half -= half % 8
    return numpySum(values, from, half) + numpySum(values, from + half, count - half)
  }
  const at = (i: number) => values[from + i] as number
  let [a, b, c, d, e, f, g, h] = [at(0), at(1), at(2), at(3), at(4), at(5), at(6), at(7)]
  let i = 8
  for (; i < count - (count % 8); i += 8) {
    a += at(i)
    b += at(i + 1)
    c += at(i + 2)
    d += at(i + 3)
    e += at(i + 4)
    f += at(i + 5)
    g += at(i + 6)
    h += at(i + 7)
  }
  let sum = a + b + (c + d) + (e + f + (g + h))
  for (; i < count; i++) sum += at(i)
  return sum
}
