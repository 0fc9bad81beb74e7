/** Rational approximations of the error function. @see Cody, "Rational Chebyshev approximation for the error function", 1969 */
const NEAR_TOP = [
  1.85777706184603153e-1, 3.1611237438705656, 1.13864154151050156e2, 3.77485237685302021e2, 3.20937758913846947e3,
]
const NEAR_BOTTOM = [1, 2.36012909523441209e1, 2.44024637934444173e2, 1.28261652607737228e3, 2.84423683343917062e3]
const MIDDLE_TOP = [
  2.15311535474403846e-8, 5.64188496988670089e-1, 8.88314979438837594, 6.61191906371416295e1, 2.98635138197400131e2,
  8.8195222124176909e2, 1.71204761263407058e3, 2.05107837782607147e3, 1.23033935479799725e3,
]
const MIDDLE_BOTTOM = [
  1, 1.57449261107098347e1, 1.17693950891312499e2, 5.37181101862009858e2, 1.62138957456669019e3, 3.29079923573345963e3,
  4.36261909014324716e3, 3.43936767414372164e3, 1.23033935480374942e3,
]
const FAR_TOP = [
  1.63153871373020978e-2, 3.05326634961232344e-1, 3.60344899949804439e-1, 1.25781726111229246e-1,
  1.60837851487422766e-2, 6.58749161529837803e-4,
]
const FAR_BOTTOM = [
  1, 2.56852019228982242, 1.87295284992346725, 5.27905102951428412e-1, 6.05183413124413191e-2, 2.33520497626869185e-3,
]

function polynomial(factors: readonly number[], x: number): number {
  return factors.reduce((sum, factor) => sum * x + factor, 0)
}

/** 1 - erf(x), for x of at least 0.46875. */
function complementOfPositive(x: number): number {
  // the square is split, so that its rounding does not grow in the exponent
  const cut = Math.trunc(x * 16) / 16
  const scale = Math.exp(-cut * cut) * Math.exp(-(x - cut) * (x + cut))
  if (x <= 4) return (scale * polynomial(MIDDLE_TOP, x)) / polynomial(MIDDLE_BOTTOM, x)
  if (x > 27) return 0
  const inverse = 1 / (x * x)
  const part = (inverse * polynomial(FAR_TOP, inverse)) / polynomial(FAR_BOTTOM, inverse)
  return (scale * (1 / Math.sqrt(Math.PI) - part)) / x
}

/** The error function. */
export function erf(x: number): number {
  const size = Math.abs(x)
  if (size <= 0.46875) return (x * polynomial(NEAR_TOP, x * x)) / polynomial(NEAR_BOTTOM, x * x)
  if (Number.isNaN(x)) return x
  return Math.sign(x) * (1 - complementOfPositive(size))
}

/** 1 - erf(x), exactly for large x too. */
export function erfc(x: number): number {
  if (Number.isNaN(x)) return x
  if (Math.abs(x) <= 0.46875) return 1 - erf(x)
  return x > 0 ? complementOfPositive(x) : 2 - complementOfPositive(-x)
}

/** How much of the normal distribution lies below x. */
export function normalShare(x: number): number {
  return 0.5 * erfc(-x / Math.SQRT2)
}
