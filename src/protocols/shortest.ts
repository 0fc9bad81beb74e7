/** The double of the shortest decimal that `round` takes back to the value; what is not finite stays as it is. */
export function shortest(value: number, round: (decimal: number) => number): number {
  for (let digits = 1; digits <= 9 && Number.isFinite(value); digits++) {
    const decimal = Number(value.toPrecision(digits))
    if (round(decimal) === value) return decimal
  }
  return value
}
