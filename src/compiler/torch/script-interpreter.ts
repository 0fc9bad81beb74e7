import { quote } from '../../core/text.ts'
import type { ScriptObject, ScriptProgram, ScriptValue } from '../../formats/torch/program.ts'
import type { Expression, ScriptFunction, Statement } from '../../formats/torch/script-tree.ts'
import { callNamed, isOperator, refreshAll } from './call.ts'
import { Dim } from './dim.ts'
import type { Lowering } from './lowering.ts'
import { truth } from './scalars.ts'
import { callBuiltin } from './script-builtins.ts'
import {
  describeValue,
  isList,
  TensorValue,
  tuple,
  unsupported,
  type CodeValue,
  type ObjectValue,
  type Value,
} from './values.ts'

/** Steps that one run of the code may take, and how deep calls and expressions may go. */
const MAX_STEPS = 2_000_000
const MAX_DEPTH = 1200

type Scope = Map<string, Value>

const NOTHING = Symbol('nothing was returned')

/**
 * Runs a model's code with tensors that are values of a graph: what the code does to them becomes the graph. Whatever it
 * decides by has to be known, so only code whose way does not hang on the data of its inputs can be run.
 */
export class ScriptInterpreter {
  readonly g: Lowering
  readonly #program: ScriptProgram
  readonly #known = new Map<object, Value>()
  #steps = 0
  #depth = 0

  constructor(g: Lowering, program: ScriptProgram) {
    this.g = g
    this.#program = program
  }

  /** How many steps the code has taken. */
  get steps(): number {
    return this.#steps
  }

  /** The model's `forward`. */
  forward(inputs: readonly Value[]): Value {
    const root = this.#valueOf(this.#program.root)
    if (root === null || typeof root !== 'object' || !('kind' in root) || root.kind !== 'object')
      throw unsupported('the file holds no module')
    return this.#callMethod(root, 'forward', inputs, new Map(), 0)
  }

  /** What the file keeps, as values; what is shared stays shared. */
  #valueOf(value: ScriptValue): Value {
    if (value === null || typeof value === 'boolean' || typeof value === 'number' || typeof value === 'string')
      return value
    if (typeof value === 'bigint') return Dim.of(Number(value))
    const known = this.#known.get(value)
    if (known !== undefined) return known
    const made = this.#made(value)
    this.#known.set(value, made)
    return made
  }

  #made(value: Exclude<ScriptValue, null | boolean | number | string | bigint>): Value {
    switch (value.kind) {
      case 'tensor': {
        const tensor = this.g.constant(value.tensor)
        tensor.owner = 'parameter'
        return tensor
      }
      case 'list':
      case 'tuple':
        return { kind: value.kind, items: value.items.map((item) => this.#valueOf(item)) }
      case 'dict':
        return { kind: 'dict', entries: new Map([...value.entries].map(([key, item]) => [key, this.#valueOf(item)])) }
      case 'opaque':
        return { kind: 'other', what: `an attribute of the kind ${value.what}` }
      case 'object':
        return this.#object(value)
    }
  }

  #object(value: ScriptObject): ObjectValue {
    const attributes = new Map<string, Value>()
    for (const [name, item] of value.attributes) attributes.set(name, this.#valueOf(item))
    return { kind: 'object', className: value.className, attributes }
  }

  #deeper<Result>(line: number, run: () => Result): Result {
    this.#steps++
    this.#depth++
    if (this.#steps > MAX_STEPS) throw unsupported(`the model's code takes over ${MAX_STEPS} steps`)
    if (this.#depth > MAX_DEPTH) throw unsupported(`the model's code goes over ${MAX_DEPTH} deep, at line ${line}`)
    const result = run()
    this.#depth--
    return result
  }

  #callMethod(
    self: ObjectValue,
    name: string,
    positional: readonly Value[],
    named: ReadonlyMap<string, Value>,
    line: number,
  ): Value {
    const method = this.#program.classes.get(self.className)?.methods.get(name)
    if (method === undefined) throw unsupported(`the class ${quote(self.className)} has no method ${quote(name)}`)
    return this.#callFunction(method, [self, ...positional], named, line)
  }

  #callFunction(
    code: ScriptFunction,
    positional: readonly Value[],
    named: ReadonlyMap<string, Value>,
    line: number,
  ): Value {
    return this.#deeper(line, () => {
      const scope: Scope = new Map()
      if (positional.length > code.parameters.length)
        throw unsupported(`${quote(code.name)} is given ${positional.length} arguments`)
      for (const [i, { name, fallback }] of code.parameters.entries()) {
        const given = i < positional.length ? positional[i] : named.get(name)
        if (given !== undefined) scope.set(name, given)
        else if (fallback === undefined) throw unsupported(`${quote(code.name)} is not given its ${quote(name)}`)
        else scope.set(name, this.#evaluate(fallback, new Map()))
      }
      const result = this.#block(code.body, scope)
      return result === NOTHING ? null : result
    })
  }

  #block(statements: readonly Statement[], scope: Scope): Value | typeof NOTHING {
    for (const statement of statements) {
      const result = this.#deeper(statement.line, () => this.#statement(statement, scope))
      if (result !== NOTHING) return result
    }
    return NOTHING
  }

  #statement(statement: Statement, scope: Scope): Value | typeof NOTHING {
    switch (statement.kind) {
      case 'pass':
        return NOTHING
      case 'expression':
        this.#evaluate(statement.value, scope)
        return NOTHING
      case 'return':
        return statement.value === undefined ? null : this.#evaluate(statement.value, scope)
      case 'assign': {
        const value = this.#evaluate(statement.value, scope)
        if (statement.isUnpacked) this.#unpack(statement.targets, value, scope)
        else for (const target of statement.targets) this.#assign(target, value, scope)
        return NOTHING
      }
      case 'if':
        return this.#block(
          this.#isTrue(this.#evaluate(statement.condition, scope)) ? statement.yes : statement.no,
          scope,
        )
      case 'for': {
        for (const item of this.#iterate(this.#evaluate(statement.over, scope))) {
          if (statement.targets.length > 1) this.#unpack(statement.targets, item, scope)
          else for (const target of statement.targets) this.#assign(target, item, scope)
          const result = this.#block(statement.body, scope)
          if (result !== NOTHING) return result
        }
        return NOTHING
      }
      case 'while':
        while (this.#isTrue(this.#evaluate(statement.condition, scope))) {
          const result = this.#deeper(statement.line, () => this.#block(statement.body, scope))
          if (result !== NOTHING) return result
        }
        return NOTHING
      case 'refusal':
        throw unsupported(`the model's code has a ${quote(statement.what)}, which is not compiled`)
    }
  }

  #isTrue(value: Value): boolean {
    if (value === null) return false
    if (typeof value === 'boolean' || typeof value === 'number' || value instanceof Dim) return truth(value)
    if (typeof value === 'string') return value !== ''
    if (value instanceof TensorValue && value.item !== undefined && value.rank === 0) return truth(value.item)
    if (isList(value)) return value.items.length > 0
    throw unsupported(
      `the model's code takes one way or another by ${describeValue(value)}: by its data, not known before it runs. ${EXPORT}`,
    )
  }

  #iterate(value: Value): readonly Value[] {
    if (isList(value)) return [...value.items]
    if (typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'dict')
      return [...value.entries.keys()].map((key) => (typeof key === 'number' ? Dim.of(key) : key))
    throw unsupported(`the model's code goes through ${describeValue(value)}`)
  }

  #unpack(targets: readonly Expression[], value: Value, scope: Scope): void {
    if (!isList(value) || value.items.length !== targets.length)
      throw unsupported(`the model's code takes ${describeValue(value)} apart into ${targets.length}`)
    for (const [i, target] of targets.entries()) this.#assign(target, value.items[i] ?? null, scope)
  }

  #assign(target: Expression, value: Value, scope: Scope): void {
    if (target.kind === 'name') scope.set(target.name, value)
    else if (target.kind === 'tuple') this.#unpack(target.items, value, scope)
    else if (target.kind === 'attribute')
      throw unsupported(`the model's code changes its attribute ${quote(target.name)}, which a served model cannot`)
    else if (target.kind === 'index')
      callBuiltin(
        this.g,
        '_set_item',
        [this.#evaluate(target.object, scope), this.#evaluate(target.index, scope), value],
        new Map(),
      )
    else throw unsupported(`the model's code assigns to a ${target.kind}`)
  }

  #evaluate(expression: Expression, scope: Scope): Value {
    return this.#deeper(expression.line, () => this.#evaluated(expression, scope))
  }

  #evaluated(expression: Expression, scope: Scope): Value {
    switch (expression.kind) {
      case 'int':
        return Dim.of(expression.value)
      case 'float':
      case 'string':
      case 'constant':
        return expression.value
      case 'name':
        return scope.get(expression.name) ?? named(expression.name, scope)
      case 'attribute':
        return this.#attribute(this.#evaluate(expression.object, scope), expression.name)
      case 'call':
        return this.#call(expression, scope)
      case 'index':
        return this.#builtin('_item', [
          this.#evaluate(expression.object, scope),
          this.#evaluate(expression.index, scope),
        ])
      case 'slice': {
        const bounds = [expression.from, expression.to, expression.step].map((bound) =>
          bound === undefined ? null : this.#evaluate(bound, scope),
        )
        return this.#builtin('_slice', [this.#evaluate(expression.object, scope), ...bounds])
      }
      case 'list':
      case 'tuple':
        return { kind: expression.kind, items: expression.items.map((item) => this.#evaluate(item, scope)) }
      case 'dict': {
        const entries = new Map<string | number, Value>()
        for (const [key, value] of expression.entries)
          entries.set(keyOf(this.#evaluate(key, scope)), this.#evaluate(value, scope))
        return { kind: 'dict', entries }
      }
      case 'choice':
        return this.#evaluate(
          this.#isTrue(this.#evaluate(expression.condition, scope)) ? expression.yes : expression.no,
          scope,
        )
      case 'operation':
        return this.#operation(expression.operator, expression.operands, scope)
    }
  }

  #operation(operator: string, operands: readonly Expression[], scope: Scope): Value {
    const [left, right] = operands
    if (left === undefined) throw unsupported(`the operator ${operator} without operands`)
    const first = this.#evaluate(left, scope)
    if (operator === 'not') return !this.#isTrue(first)
    if (operator === 'and' && !this.#isTrue(first)) return first
    if (operator === 'or' && this.#isTrue(first)) return first
    const rest = right === undefined ? [] : [this.#evaluate(right, scope)]
    if (operator === 'and' || operator === 'or') return rest[0] ?? null
    const name = NAMES.get(operator)
    if (name === undefined) throw unsupported(`the operator ${quote(operator)} is not compiled`)
    return this.#torch(name, operator === 'in' ? [...rest, first] : [first, ...rest], new Map())
  }

  #attribute(object: Value, name: string): Value {
    if (object instanceof TensorValue) return this.#builtin(`prim.${name}`, [object])
    if (typeof object !== 'object' || object === null || !('kind' in object))
      throw unsupported(`${describeValue(object)} has no attribute ${quote(name)}`)
    if (object.kind === 'code') {
      const path = `${object.path}.${name}`
      const constant = /^CONSTANTS\.c(\d+)$/.exec(path)
      if (constant === null) return { kind: 'code', path, self: undefined }
      const value = this.#program.constants[Number(constant[1])]
      if (value === undefined) throw unsupported(`the file has no constant ${quote(name)}`)
      const made = this.#valueOf(value)
      // torch writes the plain numbers of traced code as scalar tensors in these two
      if (made instanceof TensorValue && made.rank === 0 && (made.datatype === 'FP64' || made.datatype === 'INT64'))
        made.isPlainNumber = true
      return made
    }
    if (object.kind === 'object') {
      const value = object.attributes.get(name)
      if (value !== undefined) return value
      const declared = this.#program.classes.get(object.className)
      const constant = declared?.constants.get(name)
      if (constant !== undefined) return this.#evaluate(constant, new Map())
      if (declared?.methods.has(name) === true) return { kind: 'code', path: name, self: object }
    }
    throw unsupported(`${describeValue(object)} has no attribute ${quote(name)}`)
  }

  #call(expression: Extract<Expression, { kind: 'call' }>, scope: Scope): Value {
    const { callee, line } = expression
    // a type stands where others have a value
    if (callee.kind === 'name' && !scope.has(callee.name)) {
      const [first, second] = expression.arguments
      if (callee.name === 'annotate' || callee.name === 'unchecked_cast')
        return second === undefined ? null : this.#evaluate(second.value, scope)
      if (callee.name === 'uninitialized') return null
      if (callee.name === 'isinstance' && first !== undefined && second !== undefined)
        return isInstance(this.#evaluate(first.value, scope), second.value)
    }
    const code = this.#callee(callee, scope)
    const positional: Value[] = []
    const byName = new Map<string, Value>()
    for (const argument of expression.arguments)
      if (argument.name === undefined) positional.push(this.#evaluate(argument.value, scope))
      else byName.set(argument.name, this.#evaluate(argument.value, scope))
    if (code.self !== undefined) {
      const { self } = code
      if (typeof self === 'object' && self !== null && 'kind' in self && self.kind === 'object')
        return this.#callMethod(self, code.path, positional, byName, line)
      return this.#torch(code.path, [self, ...positional], byName)
    }
    return this.#callPath(code.path, positional, byName, line)
  }

  #callee(callee: Expression, scope: Scope): CodeValue {
    if (callee.kind === 'attribute') {
      const object = this.#evaluate(callee.object, scope)
      const isCode = typeof object === 'object' && object !== null && 'kind' in object && object.kind === 'code'
      if (!isCode) return { kind: 'code', path: callee.name, self: object }
    }
    const value = this.#evaluate(callee, scope)
    if (typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'code') return value
    throw unsupported(`the model's code calls ${describeValue(value)}`)
  }

  #callPath(path: string, positional: readonly Value[], byName: ReadonlyMap<string, Value>, line: number): Value {
    const code = this.#program.functions.get(path)
    if (code !== undefined) return this.#callFunction(code, positional, byName, line)
    const made = this.#program.classes.get(path)
    if (made !== undefined) {
      if (made.base !== 'NamedTuple') throw unsupported(`the model's code makes an object of the class ${quote(path)}`)
      return tuple(positional)
    }
    if (path === 'getattr') {
      const [object, name] = positional
      if (object !== undefined && typeof name === 'string') return this.#attribute(object, name)
    }
    if (path.startsWith('torch.')) return this.#torch(path.slice('torch.'.length), positional, byName)
    if (path.startsWith('ops.aten.')) return this.#torch(path.slice('ops.aten.'.length), positional, byName)
    if (path.startsWith('ops.prim.')) return this.#builtin(path.slice('ops.'.length), positional, byName)
    if (path.includes('.')) throw unsupported(`the model's code calls ${quote(path)}, which is not compiled`)
    return this.#builtin(path, positional, byName)
  }

  #builtin(name: string, positional: readonly Value[], byName: ReadonlyMap<string, Value> = new Map()): Value {
    for (const value of positional) refreshAll(this.g, value)
    return callBuiltin(this.g, name, positional, byName)
  }

  /** An operator where a tensor takes part in it, else what Python does. */
  #torch(name: string, positional: readonly Value[], byName: ReadonlyMap<string, Value>): Value {
    const isOfLists = isList(positional[0]) && OF_LISTS.has(name)
    if (isOperator(name) && !IN_CODE.has(name) && !isOfLists && hasTensors([...positional, ...byName.values()], name))
      return callNamed(this.g, name, { positional, named: byName })
    return this.#builtin(name, positional, byName)
  }
}

const EXPORT = 'export it with torch.export, or trace it with torch.jit.trace'

/** Names that code uses for more than the operator. */
const IN_CODE: ReadonlySet<string> = new Set([
  'size',
  'dim',
  'len',
  'item',
  'numel',
  'is_floating_point',
  'format',
  'warn',
  'copy',
  'tensor',
  '__contains__',
  '__is__',
  '__isnot__',
])

/** Operators that lists have too. */
const OF_LISTS: ReadonlySet<string> = new Set([
  'add',
  'mul',
  'eq',
  'ne',
  'select',
  'slice',
  'min',
  'max',
  'any',
  'all',
  'sum',
])

/** Makers of tensors take none. */
const MAKERS = /^(zeros|ones|full|empty|arange|eye|linspace|scalar_tensor|empty_strided|einsum)$/

const NAMES: ReadonlyMap<string, string> = new Map([
  ['+', 'add'],
  ['-', 'sub'],
  ['*', 'mul'],
  ['/', 'div'],
  ['//', 'floordiv'],
  ['%', 'remainder'],
  ['**', 'pow'],
  ['@', 'matmul'],
  ['==', 'eq'],
  ['!=', 'ne'],
  ['<', 'lt'],
  ['<=', 'le'],
  ['>', 'gt'],
  ['>=', 'ge'],
  ['&', '__and__'],
  ['|', '__or__'],
  ['^', '__xor__'],
  ['<<', '__lshift__'],
  ['>>', '__rshift__'],
  ['~', 'bitwise_not'],
  ['negative', 'neg'],
  ['is', '__is__'],
  ['is not', '__isnot__'],
  ['in', '__contains__'],
])

function hasTensors(values: readonly Value[], name: string): boolean {
  if (MAKERS.test(name)) return true
  return values.some(
    (value) =>
      value instanceof TensorValue || (isList(value) && value.items.some((item) => item instanceof TensorValue)),
  )
}

/** Names that no code defines. */
function named(name: string, scope: Scope): Value {
  // null is a value too
  if (scope.has(name)) return null
  if (name === 'inf') return Infinity
  if (name === 'nan') return NaN
  return { kind: 'code', path: name, self: undefined }
}

export function keyOf(value: Value): string | number {
  if (typeof value === 'string') return value
  if (value instanceof Dim && value.constant !== undefined) return value.constant
  throw unsupported(`a dict with ${describeValue(value)} as a key`)
}

/** Whether a value is of a type, as far as types are told apart here. */
function isInstance(value: Value, type: Expression): boolean {
  if (type.kind === 'tuple' || type.kind === 'list') return type.items.some((item) => isInstance(value, item))
  const name =
    type.kind === 'name' ? type.name : type.kind === 'index' && type.object.kind === 'name' ? type.object.name : ''
  switch (name) {
    case 'Tensor':
      return value instanceof TensorValue
    case 'int':
      return value instanceof Dim
    case 'float':
      return typeof value === 'number'
    case 'bool':
      return typeof value === 'boolean'
    case 'str':
      return typeof value === 'string'
    case 'NoneType':
      return value === null
    case 'List':
      return isList(value) && value.kind === 'list'
    case 'Tuple':
      return isList(value) && value.kind === 'tuple'
    default:
      throw unsupported("the model's code asks for a type that is not told apart")
  }
}
