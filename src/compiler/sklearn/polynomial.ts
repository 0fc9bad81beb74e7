import type { Value } from '../program/builder.ts'
import type { Context, Opened, Openers } from './contract.ts'
import { mapped } from './features.ts'
import { numbersOf, type Fitted } from './fitted.ts'
import { largest } from './matrices.ts'

/** Most factors of a product. */
const MOST_DEGREES = 64

/** Most columns that `PolynomialFeatures` may make. */
const MOST_COLUMNS = 1 << 20

/** `PolynomialFeatures`: products of columns, in the order of `itertools.combinations(_with_replacement)`. */
function polynomialFeatures(fitted: Fitted, { ops }: Context): Opened {
  fitted.ignore('order')
  const width = fitted.width()
  const isInteraction = fitted.flag('interaction_only', false)
  const hasBias = fitted.flag('include_bias', true)
  const [least, most] = degrees(fitted)
  if (most > MOST_DEGREES) throw fitted.unsupported(`its degree is ${most}; the most is ${MOST_DEGREES}`)
  const products: (readonly number[])[] = hasBias ? [[]] : []
  for (let degree = Math.max(1, least); degree <= most; degree++)
    for (const product of combinations(width, degree, isInteraction)) {
      products.push(product)
      if (products.length > MOST_COLUMNS) throw fitted.unsupported(`it makes over ${MOST_COLUMNS} columns of ${width}`)
    }
  if (products.length === 0) throw fitted.unsupported('it makes no columns')
  const longest = largest(
    products.map((product) => product.length),
    0,
  )
  return {
    title: fitted.title,
    input: fitted.input(),
    transform: (x) => {
      const names = x.names === undefined ? undefined : products.map((product) => nameOf(product, x.names ?? []))
      return mapped(ops, x, (value) => multiplied(value), names)
    },
  }

  /** Every product as one column: the factors of all are gathered, by place, and multiplied; a 1 fills the shorter up. */
  function multiplied(x: Value): Value {
    if (longest === 0) return ops.fill(x, 1, products.length)
    const ones = ops.fill(x, 1, 1)
    const extended = ops.concat([x, ones], 1)
    const factors = Array.from({ length: longest }, (_, place) =>
      ops.gather(extended, ops.integers(products.map((product) => product[place] ?? width)), 1),
    )
    // scikit-learn multiplies the product of the later columns by the first one last: the order of rounding
    return factors.reduceRight((product, factor) => ops.mul(product, factor))
  }
}

function degrees(fitted: Fitted): readonly [number, number] {
  const wrong = () => fitted.damaged('its "degree" is neither a number nor a pair of them')
  const { data, shape } = numbersOf(fitted.value('degree'), wrong)
  const [first, second] = data
  if (first === undefined || ![...data].every((each) => Number.isSafeInteger(each) && each >= 0)) throw wrong()
  if (shape.length === 0) return [0, first]
  if (second === undefined || data.length !== 2) throw wrong()
  return [first, second]
}

/** Ascending lists of `count` columns; the same column may repeat unless `isStrict`. */
function* combinations(width: number, count: number, isStrict: boolean): Generator<readonly number[]> {
  const indices = Array.from({ length: count }, (_, i) => (isStrict ? i : 0))
  if (width === 0 || (isStrict && count > width)) return
  for (;;) {
    yield [...indices]
    let i = count - 1
    while (i >= 0 && indices[i] === (isStrict ? width - count + i : width - 1)) i--
    if (i < 0) return
    const next = (indices[i] ?? 0) + 1
    for (let j = i; j < count; j++) indices[j] = isStrict ? next + j - i : next
  }
}

function nameOf(product: readonly number[], names: readonly string[]): string {
  if (product.length === 0) return '1'
  const powers = new Map<number, number>()
  for (const column of product) powers.set(column, (powers.get(column) ?? 0) + 1)
  return [...powers].map(([column, power]) => `${names[column]}${power === 1 ? '' : `^${power}`}`).join(' ')
}

export const POLYNOMIALS: Openers = { 'sklearn.PolynomialFeatures': polynomialFeatures }
