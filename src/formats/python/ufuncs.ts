/** Functions of numpy and scipy.special that work element by element: they reach nothing but their arguments. */
const UFUNCS: ReadonlySet<string> = new Set(
  `absolute abs add arccos arccosh arcsin arcsinh arctan arctan2 arctanh bitwise_and bitwise_count bitwise_not bitwise_or
  bitwise_xor cbrt ceil conj conjugate copysign cos cosh deg2rad degrees divide divmod equal exp exp2 expm1 fabs float_power
  floor floor_divide fmax fmin fmod frexp gcd greater greater_equal heaviside hypot invert isfinite isinf isnan isnat lcm ldexp
  left_shift less less_equal log log10 log1p log2 logaddexp logaddexp2 logical_and logical_not logical_or logical_xor matmul
  maximum minimum mod modf multiply negative nextafter not_equal positive power rad2deg radians reciprocal remainder
  right_shift rint sign signbit sin sinh spacing sqrt square subtract tan tanh true_divide trunc
  boxcox boxcox1p cbrt digamma entr erf erfc erfcinv erfinv exp10 expit exprel gamma gammaln inv_boxcox inv_boxcox1p kl_div
  log_expit log_ndtr logit loggamma ndtr ndtri psi rel_entr round sindg cosdg xlog1py xlogy`.split(/\s+/),
)

export function isUfunc(name: string): boolean {
  return UFUNCS.has(name)
}
