/** Rational approximations of the error function. @see Cody, "Rational Chebyshev approximation for the error function", 1969 */
const NEAR_TOP = [0.18577770618460315, 3.1611237438705655, 113.86415415105016, 377.485237685302, 3209.3775891384694]
const NEAR_BOTTOM = [1, 23.601290952344122, 244.02463793444417, 1282.6165260773723, 2844.236833439171]
const MIDDLE_TOP = [
  2.1531153547440383e-8, 0.5641884969886701, 8.883149794388377, 66.11919063714163, 298.6351381974001, 881.952221241769,
  1712.0476126340707, 2051.0783778260716, 1230.3393547979972,
]
const MIDDLE_BOTTOM = [
  1, 15.744926110709835, 117.6939508913125, 537.1811018620099, 1621.3895745666903, 3290.7992357334597,
  4362.619090143247, 3439.3676741437216, 1230.3393548037495,
]
const FAR_TOP = [
  0.016315387137302097, 0.30532663496123236, 0.36034489994980445, 0.12578172611122926, 0.016083785148742275,
  0.0006587491615298378,
]
const FAR_BOTTOM = [
  1, 2.568520192289822, 1.8729528499234673, 0.5279051029514285, 0.06051834131244132, 0.0023352049762686918,
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
