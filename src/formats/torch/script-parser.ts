import { quote } from '../../core/text.ts'
import { damaged } from './refusals.ts'
import { tokenize, unquote, type Token } from './script-tokens.ts'
import type { Argument, Expression, ScriptClass, ScriptFunction, Statement } from './script-tree.ts'

/** Expressions inside expressions and blocks inside blocks, counted together. */
const MAX_DEPTH = 150

export interface ScriptFile {
  readonly functions: readonly ScriptFunction[]
  readonly classes: readonly ScriptClass[]
}

/**
 * Parses one file of TorchScript's code: classes and functions. What the language has beyond that, and no model needs, is
 * refused where it stands.
 * @throws {ServingError} `refused` naming the file and line
 */
export function parseScript(source: string, name: string): ScriptFile {
  return new Parser(tokenize(source, name), name).file()
}

const COMPARISONS: ReadonlySet<string> = new Set(['==', '!=', '<', '>', '<=', '>='])

/** Binary operators, the loosest first. */
const LEVELS: readonly ReadonlySet<string>[] = [
  new Set(['|']),
  new Set(['^']),
  new Set(['&']),
  new Set(['<<', '>>']),
  new Set(['+', '-']),
  new Set(['*', '/', '//', '%', '@']),
]

class Parser {
  readonly #tokens: readonly Token[]
  readonly #name: string
  #at = 0
  #depth = 0

  constructor(tokens: readonly Token[], name: string) {
    this.#tokens = tokens
    this.#name = name
  }

  file(): ScriptFile {
    const functions: ScriptFunction[] = []
    const classes: ScriptClass[] = []
    while (this.#peek.kind !== 'end') {
      if (this.#takeWord('class')) classes.push(this.#class())
      else if (this.#takeWord('def')) functions.push(this.#function())
      else throw this.#unexpected('a class or a function')
    }
    return { functions, classes }
  }

  get #peek(): Token {
    return this.#tokens[this.#at] ?? { kind: 'end', text: '', line: 0 }
  }

  #kindAt(at: number): Token['kind'] {
    return this.#tokens[at]?.kind ?? 'end'
  }

  #next(): Token {
    const token = this.#peek
    this.#at++
    return token
  }

  #unexpected(due: string): Error {
    const { text, kind, line } = this.#peek
    return damaged(`${this.#name}, line ${line}: ${text === '' ? kind : quote(text, 40)} where ${due} is due`)
  }

  #is(text: string): boolean {
    const { kind, text: found } = this.#peek
    return kind === 'symbol' && found === text
  }

  #take(text: string): boolean {
    if (!this.#is(text)) return false
    this.#at++
    return true
  }

  #expect(text: string): void {
    if (!this.#take(text)) throw this.#unexpected(quote(text))
  }

  #isWord(text: string): boolean {
    return this.#peek.kind === 'name' && this.#peek.text === text
  }

  #takeWord(text: string): boolean {
    if (!this.#isWord(text)) return false
    this.#at++
    return true
  }

  #word(): string {
    if (this.#peek.kind !== 'name') throw this.#unexpected('a name')
    return this.#next().text
  }

  #endLine(): void {
    if (this.#peek.kind !== 'newline') throw this.#unexpected('the end of the line')
    this.#at++
  }

  #deeper<Result>(parse: () => Result): Result {
    this.#depth++
    if (this.#depth > MAX_DEPTH) throw damaged(`${this.#name}, line ${this.#peek.line}: nested over ${MAX_DEPTH} deep`)
    const result = parse()
    this.#depth--
    return result
  }

  #class(): ScriptClass {
    const name = this.#word()
    let base: string | undefined
    if (this.#take('(')) {
      if (!this.#is(')')) base = this.#dotted()
      this.#expect(')')
    }
    this.#expect(':')
    this.#endLine()
    if (this.#next().kind !== 'indent') throw damaged(`${this.#name}: the class ${quote(name)} is empty`)
    const methods = new Map<string, ScriptFunction>()
    const constants = new Map<string, Expression>()
    const fields: string[] = []
    while (this.#peek.kind !== 'dedent' && this.#peek.kind !== 'end') {
      if (this.#takeWord('def')) {
        const method = this.#function()
        methods.set(method.name, method)
      } else this.#member(constants, fields)
    }
    this.#at++
    return { name, base, methods, constants, fields }
  }

  /** `name : Type`, `name : Final[Type] = value`, `__parameters__ = […]`, `__annotations__["0"] = Type`. */
  #member(constants: Map<string, Expression>, fields: string[]): void {
    if (this.#takeWord('pass')) return this.#endLine()
    const start = this.#word()
    if (start === '__annotations__' && this.#take('[')) {
      fields.push(this.#string())
      this.#expect(']')
      this.#expect('=')
      this.#type()
      return this.#endLine()
    }
    if (this.#take('=')) {
      const value = this.#expression()
      if (!start.startsWith('__')) constants.set(start, value)
      return this.#endLine()
    }
    this.#expect(':')
    fields.push(start)
    this.#type()
    if (this.#take('=')) constants.set(start, this.#expression())
    this.#endLine()
  }

  #string(): string {
    if (this.#peek.kind !== 'string') throw this.#unexpected('a text')
    return unquote(this.#next().text)
  }

  #dotted(): string {
    let name = this.#word()
    while (this.#take('.')) name += `.${this.#word()}`
    return name
  }

  /** A type, as text: `Tensor`, `Optional[Tensor]`, `Dict[str, Tensor]`. */
  #type(): string {
    return this.#deeper(() => {
      if (this.#peek.kind === 'string') return this.#string()
      if (this.#peek.kind === 'number') return this.#next().text
      if (this.#take('(')) {
        // the empty tuple, and functions' types
        while (!this.#is(')')) {
          this.#type()
          if (!this.#take(',')) break
        }
        this.#expect(')')
        return '()'
      }
      let type = this.#dotted()
      if (this.#take('[')) {
        const inner: string[] = []
        while (!this.#is(']')) {
          inner.push(this.#type())
          if (!this.#take(',')) break
        }
        this.#expect(']')
        type += `[${inner.join(', ')}]`
      }
      return type
    })
  }

  #function(): ScriptFunction {
    const name = this.#word()
    this.#expect('(')
    const parameters: ScriptFunction['parameters'][number][] = []
    while (!this.#is(')')) {
      if (this.#take('*')) {
        this.#take(',')
        continue
      }
      const parameter = this.#word()
      const type = this.#take(':') ? this.#type() : undefined
      const fallback = this.#take('=') ? this.#expression() : undefined
      parameters.push({ name: parameter, fallback, type })
      if (!this.#take(',')) break
    }
    this.#expect(')')
    if (this.#take('->')) this.#type()
    this.#expect(':')
    return { name, parameters, body: this.#block() }
  }

  #block(): Statement[] {
    return this.#deeper(() => {
      this.#endLine()
      if (this.#next().kind !== 'indent') throw this.#unexpected('an indented block')
      const statements: Statement[] = []
      while (this.#peek.kind !== 'dedent' && this.#peek.kind !== 'end') statements.push(this.#statement())
      this.#at++
      return statements
    })
  }

  #statement(): Statement {
    const { line } = this.#peek
    if (this.#takeWord('pass')) return this.#ended({ kind: 'pass', line })
    if (this.#takeWord('return')) {
      const value = this.#peek.kind === 'newline' ? undefined : this.#expressions()
      return this.#ended({ kind: 'return', value, line })
    }
    if (this.#takeWord('if')) return this.#if(line)
    if (this.#takeWord('while')) {
      const condition = this.#expression()
      this.#expect(':')
      return { kind: 'while', condition, body: this.#block(), line }
    }
    if (this.#takeWord('for')) {
      const targets = this.#targets()
      if (!this.#takeWord('in')) throw this.#unexpected('"in"')
      const over = this.#expression()
      this.#expect(':')
      return { kind: 'for', targets: targets.items, over, body: this.#block(), line }
    }
    for (const word of ['raise', 'assert', 'with', 'try', 'del', 'break', 'continue', 'global'])
      if (this.#isWord(word)) return this.#skipped(word, line)
    return this.#assignment(line)
  }

  #ended(statement: Statement): Statement {
    this.#endLine()
    return statement
  }

  #if(line: number): Statement {
    return this.#deeper(() => {
      const condition = this.#expression()
      this.#expect(':')
      const yes = this.#block()
      const elseLine = this.#peek.line
      if (this.#takeWord('elif')) return { kind: 'if', condition, yes, no: [this.#if(elseLine)], line }
      if (!this.#takeWord('else')) return { kind: 'if', condition, yes, no: [], line }
      this.#expect(':')
      return { kind: 'if', condition, yes, no: this.#block(), line }
    })
  }

  /** A statement that is not compiled: an error for whoever comes by. */
  #skipped(what: string, line: number): Statement {
    while (this.#peek.kind !== 'newline' && this.#peek.kind !== 'end') this.#at++
    this.#endLine()
    let depth = 0
    do {
      const kind = this.#kindAt(this.#at)
      if (kind === 'end') break
      if (kind === 'indent') depth++
      else if (kind === 'dedent' && depth > 0) depth--
      else if (depth === 0) break
      this.#at++
    } while (depth > 0)
    return { kind: 'refusal', what, line }
  }

  #assignment(line: number): Statement {
    const { items, isUnpacked } = this.#targets()
    const [first] = items
    if (first === undefined) throw this.#unexpected('an expression')
    if (!isUnpacked && this.#take(':')) this.#type()
    if (this.#take('='))
      return this.#ended({ kind: 'assign', targets: items, isUnpacked, value: this.#expressions(), line })
    if (isUnpacked) throw this.#unexpected('"="')
    return this.#ended({ kind: 'expression', value: first, line })
  }

  #targets(): { items: Expression[]; isUnpacked: boolean } {
    const items = [this.#unary()]
    let isUnpacked = false
    while (this.#take(',')) {
      isUnpacked = true
      if (this.#is('=') || this.#isWord('in')) break
      items.push(this.#unary())
    }
    return { items, isUnpacked }
  }

  /** One expression, or several as a tuple. */
  #expressions(): Expression {
    const first = this.#expression()
    if (!this.#is(',')) return first
    const items = [first]
    while (this.#take(',')) {
      if (this.#peek.kind === 'newline') break
      items.push(this.#expression())
    }
    return { kind: 'tuple', items, line: first.line }
  }

  #expression(): Expression {
    return this.#deeper(() => {
      const value = this.#or()
      if (!this.#takeWord('if')) return value
      const condition = this.#or()
      if (!this.#takeWord('else')) throw this.#unexpected('"else"')
      return { kind: 'choice', condition, yes: value, no: this.#expression(), line: value.line }
    })
  }

  #or(): Expression {
    let left = this.#and()
    while (this.#takeWord('or')) left = operation('or', [left, this.#and()])
    return left
  }

  #and(): Expression {
    let left = this.#not()
    while (this.#takeWord('and')) left = operation('and', [left, this.#not()])
    return left
  }

  #not(): Expression {
    if (this.#takeWord('not')) return this.#deeper(() => operation('not', [this.#not()]))
    return this.#comparison()
  }

  #comparison(): Expression {
    let left = this.#binary(0)
    for (;;) {
      const { kind, text } = this.#peek
      if (kind === 'symbol' && COMPARISONS.has(text)) {
        this.#at++
        left = operation(text, [left, this.#binary(0)])
      } else if (this.#takeWord('is')) {
        const operator = this.#takeWord('not') ? 'is not' : 'is'
        left = operation(operator, [left, this.#binary(0)])
      } else if (kind === 'name' && text === 'in') {
        this.#at++
        left = operation('in', [left, this.#binary(0)])
      } else return left
    }
  }

  #binary(level: number): Expression {
    const operators = LEVELS[level]
    if (operators === undefined) return this.#unary()
    let left = this.#binary(level + 1)
    while (this.#peek.kind === 'symbol' && operators.has(this.#peek.text)) {
      const { text } = this.#next()
      left = operation(text, [left, this.#binary(level + 1)])
    }
    return left
  }

  #unary(): Expression {
    const { line } = this.#peek
    return this.#deeper(() => {
      if (this.#take('-')) {
        const value = this.#unary()
        if (value.kind === 'int' || value.kind === 'float') return { ...value, value: -value.value, line }
        return operation('negative', [value])
      }
      if (this.#take('~')) return operation('~', [this.#unary()])
      const base = this.#postfix()
      return this.#take('**') ? operation('**', [base, this.#unary()]) : base
    })
  }

  #postfix(): Expression {
    let value = this.#atom()
    for (let links = 0; ; links++) {
      if (links > MAX_DEPTH) throw damaged(`${this.#name}, line ${value.line}: a chain of over ${MAX_DEPTH} calls`)
      const { line } = this.#peek
      if (this.#take('.')) value = { kind: 'attribute', object: value, name: this.#word(), line }
      else if (this.#take('(')) value = { kind: 'call', callee: value, arguments: this.#arguments(), line }
      else if (this.#take('[')) value = this.#subscript(value, line)
      else return value
    }
  }

  #arguments(): Argument[] {
    const all: Argument[] = []
    while (!this.#is(')')) {
      const after = this.#tokens[this.#at + 1]
      const isNamed = this.#peek.kind === 'name' && after?.kind === 'symbol' && after.text === '='
      if (isNamed) {
        const name = this.#word()
        this.#expect('=')
        all.push({ name, value: this.#expression() })
      } else all.push({ name: undefined, value: this.#expression() })
      if (!this.#take(',')) break
    }
    this.#expect(')')
    return all
  }

  #subscript(object: Expression, line: number): Expression {
    const ends = () => this.#is(':') || this.#is(']')
    const from = ends() ? undefined : this.#expressions()
    if (!this.#is(':')) {
      this.#expect(']')
      if (from === undefined) throw this.#unexpected('an index')
      return { kind: 'index', object, index: from, line }
    }
    this.#expect(':')
    const to = ends() ? undefined : this.#expression()
    const step = this.#take(':') && !ends() ? this.#expression() : undefined
    this.#expect(']')
    return { kind: 'slice', object, from, to, step, line }
  }

  #atom(): Expression {
    const { kind, text, line } = this.#peek
    if (kind === 'number') {
      this.#at++
      if (/^\d{1,19}$/.test(text)) return { kind: 'int', value: Number(text), line }
      return { kind: 'float', value: Number(text), line }
    }
    if (kind === 'string') return { kind: 'string', value: this.#string(), line }
    if (kind === 'name') {
      this.#at++
      if (text === 'True' || text === 'False') return { kind: 'constant', value: text === 'True', line }
      if (text === 'None') return { kind: 'constant', value: null, line }
      return { kind: 'name', name: text, line }
    }
    if (this.#take('(')) return this.#parenthesized(line)
    if (this.#take('[')) {
      const items = this.#items(']')
      return { kind: 'list', items, line }
    }
    if (this.#take('{')) {
      const entries: [Expression, Expression][] = []
      while (!this.#is('}')) {
        const key = this.#expression()
        this.#expect(':')
        entries.push([key, this.#expression()])
        if (!this.#take(',')) break
      }
      this.#expect('}')
      return { kind: 'dict', entries, line }
    }
    throw this.#unexpected('an expression')
  }

  #parenthesized(line: number): Expression {
    if (this.#take(')')) return { kind: 'tuple', items: [], line }
    const first = this.#expression()
    if (this.#take(')')) return first
    this.#expect(',')
    return { kind: 'tuple', items: [first, ...this.#items(')')], line }
  }

  #items(close: string): Expression[] {
    const items: Expression[] = []
    while (!this.#is(close)) {
      items.push(this.#expression())
      if (!this.#take(',')) break
    }
    this.#expect(close)
    return items
  }
}

function operation(operator: string, operands: readonly Expression[]): Expression {
  return { kind: 'operation', operator, operands, line: operands[0]?.line ?? 0 }
}
