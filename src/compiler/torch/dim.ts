import { ServingError } from '../../core/errors.ts'

/** What a size may hang on: a size of an input, or what is worked out from such. */
export interface Atom {
  /** Equal atoms have equal keys. */
  readonly key: string
  readonly min: number
  readonly max: number
  readonly source: AtomSource
}

/** Where an atom's number comes from while the model runs. */
export type AtomSource =
  /** A dimension of the graph's input of that name, divided by a whole number. */
  | { readonly kind: 'input'; readonly input: string; readonly axis: number; readonly divisor: number }
  | { readonly kind: 'floor'; readonly over: Dim; readonly under: Dim }
  | { readonly kind: 'min' | 'max'; readonly left: Dim; readonly right: Dim }

interface Term {
  readonly coefficient: number
  readonly atoms: readonly Atom[]
}

/** Most terms of one size, and most characters of a key: sizes beyond are nobody's. */
const MAX_TERMS = 64
const MAX_KEY = 2000

/**
 * A whole number that may hang on the sizes of the inputs: a polynomial of atoms with whole coefficients. Equal numbers of
 * this kind have equal keys, so that sizes can be compared while the model is compiled.
 */
export class Dim {
  readonly #terms: ReadonlyMap<string, Term>
  #key: string | undefined

  private constructor(terms: ReadonlyMap<string, Term>) {
    this.#terms = terms
  }

  static of(this: void, value: number): Dim {
    return new Dim(value === 0 ? new Map() : new Map([['', { coefficient: value, atoms: [] }]]))
  }

  static atom(atom: Atom): Dim {
    return new Dim(new Map([[atom.key, { coefficient: 1, atoms: [atom] }]]))
  }

  /** The terms that add up to it. */
  get terms(): readonly Term[] {
    return [...this.#terms.values()]
  }

  /** The number, where it hangs on nothing. */
  get constant(): number | undefined {
    if (this.#terms.size === 0) return 0
    return this.#terms.size === 1 ? this.#terms.get('')?.coefficient : undefined
  }

  get key(): string {
    this.#key ??=
      this.#terms.size === 0
        ? '0'
        : [...this.#terms]
            .sort(([a], [b]) => (a < b ? -1 : 1))
            .map(([key, term]) => (key === '' ? `${term.coefficient}` : `${term.coefficient}*${key}`))
            .join('+')
    return this.#key
  }

  equals(other: Dim): boolean {
    return this.key === other.key
  }

  is(value: number): boolean {
    return this.constant === value
  }

  plus(other: Dim | number): Dim {
    const sum = new Map(this.#terms)
    for (const [key, term] of toDim(other).#terms) addTerm(sum, key, term)
    return checked(new Dim(sum))
  }

  minus(other: Dim | number): Dim {
    return this.plus(toDim(other).times(-1))
  }

  times(other: Dim | number): Dim {
    const product = new Map<string, Term>()
    for (const left of this.#terms.values())
      for (const right of toDim(other).#terms.values()) {
        const atoms = [...left.atoms, ...right.atoms].sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
        const key = atoms.map((atom) => atom.key).join('*')
        addTerm(product, key, { coefficient: left.coefficient * right.coefficient, atoms })
      }
    return checked(new Dim(product))
  }

  /** Divided and rounded down. @throws {ServingError} `unsupported` for zero */
  floorDivide(other: Dim | number): Dim {
    const under = toDim(other)
    if (under.is(0)) throw new ServingError('unsupported', 'a size in the model is divided by zero')
    const [over, divisor] = [this.constant, under.constant]
    if (over !== undefined && divisor !== undefined) return checked(Dim.of(Math.floor(over / divisor)))
    if (this.equals(under)) return Dim.of(1)
    const whole = this.#dividedBy(under)
    if (whole !== undefined) return whole
    const key = `floor((${this.key})/(${under.key}))`
    const [low, high] = [this.lowest / Math.max(1, under.highest), this.highest / Math.max(1, under.lowest)]
    return Dim.#made({ key, min: Math.floor(low), max: Math.floor(high), source: { kind: 'floor', over: this, under } })
  }

  modulo(other: Dim | number): Dim {
    return this.minus(this.floorDivide(other).times(other))
  }

  smaller(other: Dim): Dim {
    return this.#pick(other, 'min')
  }

  larger(other: Dim): Dim {
    return this.#pick(other, 'max')
  }

  /** Which of two is more: its sign is that of the difference; undefined where it hangs on the inputs. */
  compare(other: Dim | number): number | undefined {
    const difference = this.minus(other)
    if (difference.constant !== undefined) return Math.sign(difference.constant)
    if (difference.lowest > 0) return 1
    return difference.highest < 0 ? -1 : undefined
  }

  /** Whether two are equal, as far as that does not hang on the inputs. */
  same(other: Dim | number): boolean | undefined {
    const order = this.compare(other)
    return order === undefined ? undefined : order === 0
  }

  /** No less than this, whatever the inputs. */
  get lowest(): number {
    return this.#bound(
      (atom) => atom.min,
      (atom) => atom.max,
    )
  }

  /** No more than this, whatever the inputs. */
  get highest(): number {
    return this.#bound(
      (atom) => atom.max,
      (atom) => atom.min,
    )
  }

  #bound(forPositive: (atom: Atom) => number, forNegative: (atom: Atom) => number): number {
    let sum = 0
    for (const { coefficient, atoms } of this.#terms.values()) {
      const pick = coefficient > 0 ? forPositive : forNegative
      if (atoms.some((atom) => atom.min < 0)) return pick === forPositive ? -Infinity : Infinity
      sum += atoms.reduce((product, atom) => product * pick(atom), coefficient)
    }
    return Number.isNaN(sum) ? -Infinity : sum
  }

  /** Divided without a rest by one term, where each term allows it. */
  #dividedBy(under: Dim): Dim | undefined {
    const [by] = under.#terms.values()
    if (by === undefined || under.#terms.size > 1) return undefined
    const quotient = new Map<string, Term>()
    for (const term of this.#terms.values()) {
      const atoms = [...term.atoms]
      for (const atom of by.atoms) {
        const at = atoms.findIndex(({ key }) => key === atom.key)
        if (at < 0) return undefined
        atoms.splice(at, 1)
      }
      const coefficient = term.coefficient / by.coefficient
      if (!Number.isInteger(coefficient)) return undefined
      addTerm(quotient, atoms.map((atom) => atom.key).join('*'), { coefficient, atoms })
    }
    return new Dim(quotient)
  }

  #pick(other: Dim, kind: 'min' | 'max'): Dim {
    const order = this.compare(other)
    if (order !== undefined) return order < 0 === (kind === 'min') ? this : other
    const [left, right] = this.key < other.key ? [this, other] : [other, this]
    const choose = kind === 'min' ? Math.min : Math.max
    return Dim.#made({
      key: `${kind}(${left.key},${right.key})`,
      min: choose(left.lowest, right.lowest),
      max: choose(left.highest, right.highest),
      source: { kind, left, right },
    })
  }

  static #made(atom: Atom): Dim {
    return checked(Dim.atom(atom))
  }
}

function toDim(value: Dim | number): Dim {
  return typeof value === 'number' ? Dim.of(value) : value
}

function addTerm(terms: Map<string, Term>, key: string, term: Term): void {
  const coefficient = (terms.get(key)?.coefficient ?? 0) + term.coefficient
  if (coefficient === 0) terms.delete(key)
  else terms.set(key, { coefficient, atoms: term.atoms })
}

function checked(dim: Dim): Dim {
  const { terms } = dim
  if (terms.length > MAX_TERMS || dim.key.length > MAX_KEY)
    throw new ServingError('unsupported', 'a size in the model hangs on its inputs in more ways than can be followed')
  for (const { coefficient } of terms)
    if (!Number.isSafeInteger(coefficient))
      throw new ServingError('unsupported', `a size in the model goes beyond 2^53: ${coefficient}`)
  return dim
}

/** The product of sizes. */
export function product(dims: readonly Dim[]): Dim {
  return dims.reduce((all, dim) => all.times(dim), Dim.of(1))
}
