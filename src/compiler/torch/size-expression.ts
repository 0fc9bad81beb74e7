import { Dim } from './dim.ts'

const TOKEN = /\s*(?:([A-Za-z_]\w*)|(\d+(?:\.\d+)?)|(\*\*|\/\/|[-+*/%(),=])|('[^']*'))/y
const MAX_DEPTH = 64

/**
 * The size that an exported program writes as an expression of symbols, as sympy prints it: `4*s0`, `(s0 - 1)//2`,
 * `Mul(Integer(4), Symbol('s0', integer=True))`.
 * @param symbol the size that a symbol stands for; undefined where it is not known
 * @returns undefined for what is not understood, which then has to be worked out from the operations
 */
export function sizeOf(expression: string, symbol: (name: string) => Dim | undefined): Dim | undefined {
  if (expression.length > 4000) return undefined
  try {
    return new Reader(expression, symbol).whole()
  } catch (error) {
    if (error instanceof NotUnderstood) return undefined
    throw error
  }
}

class NotUnderstood extends Error {}

class Reader {
  readonly #tokens: string[] = []
  readonly #symbol: (name: string) => Dim | undefined
  #at = 0
  #depth = 0

  constructor(text: string, symbol: (name: string) => Dim | undefined) {
    this.#symbol = symbol
    const pattern = new RegExp(TOKEN.source, 'y')
    const trimmed = text.trimEnd()
    while (pattern.lastIndex < trimmed.length) {
      const match = pattern.exec(trimmed)
      if (match === null) throw new NotUnderstood(text)
      this.#tokens.push(match[0].trim())
    }
  }

  whole(): Dim {
    const value = this.#sum()
    if (this.#at < this.#tokens.length) throw new NotUnderstood()
    return value
  }

  #take(token: string): boolean {
    if (this.#tokens[this.#at] !== token) return false
    this.#at++
    return true
  }

  #expect(token: string): void {
    if (!this.#take(token)) throw new NotUnderstood(token)
  }

  #sum(): Dim {
    this.#depth++
    if (this.#depth > MAX_DEPTH) throw new NotUnderstood()
    let value = this.#product()
    for (;;) {
      if (this.#take('+')) value = value.plus(this.#product())
      else if (this.#take('-')) value = value.minus(this.#product())
      else break
    }
    this.#depth--
    return value
  }

  #product(): Dim {
    let value = this.#factor()
    for (;;) {
      if (this.#take('*')) value = value.times(this.#factor())
      else if (this.#take('//')) value = divide(value, this.#factor())
      else if (this.#take('/')) value = exactly(value, this.#factor())
      else if (this.#take('%')) {
        const under = this.#factor()
        value = value.minus(divide(value, under).times(under))
      } else return value
    }
  }

  #factor(): Dim {
    if (this.#take('-')) return this.#factor().times(-1)
    const base = this.#atom()
    if (!this.#take('**')) return base
    return power(base, this.#factor())
  }

  #atom(): Dim {
    const token = this.#tokens[this.#at++]
    if (token === undefined) throw new NotUnderstood()
    if (token === '(') {
      const value = this.#sum()
      this.#expect(')')
      return value
    }
    if (/^\d+$/.test(token)) return Dim.of(Number(token))
    if (!/^[A-Za-z_]/.test(token)) throw new NotUnderstood(token)
    if (!this.#take('(')) return this.#named(token)
    return this.#call(token)
  }

  #named(name: string): Dim {
    const value = this.#symbol(name)
    if (value === undefined) throw new NotUnderstood(name)
    return value
  }

  #call(name: string): Dim {
    if (name === 'Symbol') {
      const text = this.#tokens[this.#at++] ?? ''
      // what follows says what is assumed of it
      while (!this.#take(')')) if (this.#tokens[this.#at++] === undefined) throw new NotUnderstood()
      return this.#named(text.slice(1, -1))
    }
    const given: Dim[] = []
    while (!this.#take(')')) {
      given.push(this.#sum())
      if (!this.#take(',')) {
        this.#expect(')')
        break
      }
    }
    const [first, second] = given
    if (first === undefined) throw new NotUnderstood(name)
    if (name === 'Integer') return first
    if (name === 'Add') return given.reduce((a, b) => a.plus(b))
    if (name === 'Mul') return given.reduce((a, b) => a.times(b))
    if (name === 'Max') return given.reduce((a, b) => a.larger(b))
    if (name === 'Min') return given.reduce((a, b) => a.smaller(b))
    if (second === undefined) throw new NotUnderstood(name)
    if (name === 'FloorDiv' || name === 'CleanDiv') return divide(first, second)
    if (name === 'Mod' || name === 'PythonMod') return first.minus(divide(first, second).times(second))
    if (name === 'Pow') return power(first, second)
    throw new NotUnderstood(name)
  }
}

function divide(over: Dim, under: Dim): Dim {
  if (under.is(0)) throw new NotUnderstood()
  return over.floorDivide(under)
}

function exactly(over: Dim, under: Dim): Dim {
  const quotient = divide(over, under)
  if (!quotient.times(under).equals(over)) throw new NotUnderstood()
  return quotient
}

function power(base: Dim, exponent: Dim): Dim {
  const times = exponent.constant
  if (times === undefined || times < 0 || times > 8) throw new NotUnderstood()
  let value = Dim.of(1)
  for (let i = 0; i < times; i++) value = value.times(base)
  return value
}
