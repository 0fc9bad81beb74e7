import { sameShape, shapeText, type Lowering } from './lowering.ts'
import { bind, type Arguments, type CallArguments, type Operator } from './operator.ts'
import { operatorOf, operatorsNamed } from './table.ts'
import { describeValue, isList, TensorValue, unsupported, type Value } from './values.ts'

/** Views of views of views …: nobody makes as many. */
const MAX_VIEWS = 1000

/**
 * Calls an operator of an exported graph, in place where its name ends in `_`.
 * @param target as the file names it, without `aten.`: `conv2d.default`
 */
export function callOverload(g: Lowering, target: string, call: CallArguments): Value {
  const dot = target.lastIndexOf('.')
  const [name, overload] = dot < 0 ? [target, 'default'] : [target.slice(0, dot), target.slice(dot + 1)]
  const exact = operatorOf(name, overload)
  if (exact !== undefined) return run(g, exact, call)
  const inPlace = name.endsWith('_') ? operatorOf(name.slice(0, -1), overload) : undefined
  if (inPlace !== undefined) return runInPlace(g, inPlace, call)
  throw unsupported(`the operator aten.${target} is not compiled`)
}

/** Calls an operator as code does, by name alone: its arguments tell which of that name is meant. */
export function callNamed(g: Lowering, name: string, call: CallArguments): Value {
  const exact = operatorsNamed(name)
  const isInPlace = exact.length === 0 && name.endsWith('_')
  const candidates = isInPlace ? operatorsNamed(name.slice(0, -1)) : exact
  if (candidates.length === 0) throw unsupported(`the operator torch.${name} is not compiled`)
  for (const operator of candidates) {
    if (typeof bind(operator, call) === 'string') continue
    return isInPlace ? runInPlace(g, operator, call) : run(g, operator, call)
  }
  const given = [
    ...call.positional.map(describeValue),
    ...[...call.named].map(([key, value]) => `${key}=${describeValue(value)}`),
  ]
  throw unsupported(`the operator torch.${name} is not compiled for ${given.join(', ').slice(0, 300)}`)
}

/** Whether code may call an operator of that name. */
export function isOperator(name: string): boolean {
  return operatorsNamed(name).length > 0 || (name.endsWith('_') && operatorsNamed(name.slice(0, -1)).length > 0)
}

function bound(g: Lowering, operator: Operator, call: CallArguments): Arguments {
  for (const value of [...call.positional, ...call.named.values()]) refreshAll(g, value)
  const a = bind(operator, call)
  if (typeof a === 'string')
    throw unsupported(`aten.${operator.name}.${operator.overloads[0]} ${a}; this is not compiled`)
  return a
}

function run(g: Lowering, operator: Operator, call: CallArguments): Value {
  const a = bound(g, operator, call)
  const result = operator.lower(g, a)
  const base = a.entries.get('self') ?? a.entries.get('input')
  const { view } = operator
  if (view === 'same') return result
  if (view === undefined || !(base instanceof TensorValue)) return copyOf(result, call)
  if (view === 'unknown' && result === base) return linked(copyOf(result, call), base, operator)
  const remake = (pick: (value: Value) => Value) => (now: TensorValue) => {
    const again = pick(operator.lower(g, a.with(a.entries.has('self') ? 'self' : 'input', now)))
    if (!(again instanceof TensorValue)) throw unsupported(`a view by ${operator.name} that cannot be made again`)
    return again
  }
  const all = isList(result) ? result.items.filter((item) => item instanceof TensorValue) : []
  const link = (value: Value, pick: (value: Value) => Value, index: number) => {
    if (!(value instanceof TensorValue) || value === base || value.view !== undefined) return
    value.owner = base.owner
    const writeBack =
      view === 'unknown'
        ? undefined
        : (now: TensorValue, changed: TensorValue) =>
            view(g, now, changed, a.with(a.entries.has('self') ? 'self' : 'input', now), { index, all })
    value.view = {
      base,
      remake: view === 'unknown' ? cannotTell(operator) : remake(pick),
      writeBack,
      version: base.version,
    }
  }
  if (isList(result))
    for (const [i, item] of result.items.entries())
      link(item, (value) => (isList(value) ? (value.items[i] ?? null) : null), i)
  else link(result, (value) => value, 0)
  return result
}

/** Bound to another tensor in a way that does not tell what a change of one does to the other. */
function linked(value: Value, base: TensorValue, operator: Operator): Value {
  if (!(value instanceof TensorValue)) return value
  value.owner = base.owner
  value.view = { base, remake: cannotTell(operator), writeBack: undefined, version: base.version }
  return value
}

function cannotTell({ name }: Operator) {
  return (): TensorValue => {
    throw unsupported(
      `a tensor is changed in place after ${name} has made another of it, which may share its memory; use a copy: clone()`,
    )
  }
}

/** What comes out may not be the very object that went in: a later change in place is for one of them only. */
function copyOf(result: Value, call: CallArguments): Value {
  if (!(result instanceof TensorValue)) return result
  const given = [...call.positional, ...call.named.values()]
  if (!given.includes(result)) return result
  return new TensorValue(result.name, result.datatype, result.shape, { item: result.item, data: result.data })
}

/** What is changed in place is always called `self`. */
function renamed(call: CallArguments, from: string, to: string): CallArguments {
  return { ...call, named: new Map([...call.named].map(([name, value]) => [name === from ? to : name, value])) }
}

function runInPlace(g: Lowering, operator: Operator, call: CallArguments): Value {
  const a = bound(g, operator, operator.parameters[0]?.name === 'input' ? renamed(call, 'self', 'input') : call)
  const self = a.tensor(a.entries.has('self') ? 'self' : 'input')
  const result = operator.lower(g, a)
  if (!(result instanceof TensorValue)) throw unsupported(`${operator.name}_ gives no tensor`)
  if (result === self) return self
  const changed = g.cast(result, self.datatype)
  if (
    changed.shape.length !== self.shape.length ||
    (!sameShape(changed.shape, self.shape) && !mayBeSame(changed, self))
  )
    throw unsupported(
      `${operator.name}_ changes a tensor of the shape ${shapeText(self.shape)} into ${shapeText(changed.shape)}`,
    )
  write(g, self, changed)
  return self
}

function mayBeSame(a: TensorValue, b: TensorValue): boolean {
  return a.shape.every(
    (dim, i) => dim.constant === undefined || b.shape[i]?.constant === undefined || b.shape[i]?.is(dim.constant),
  )
}

/** Changes a tensor in place, and what it is a view of. */
function write(g: Lowering, target: TensorValue, changed: TensorValue): void {
  if (target.owner !== undefined)
    throw unsupported(
      `the model changes its ${target.owner === 'input' ? 'input' : 'own parameters or buffers'} in place, which a served model cannot`,
    )
  const chain: TensorValue[] = [target]
  for (let at = target.view?.base; at !== undefined; at = at.view?.base) {
    chain.push(at)
    if (chain.length > MAX_VIEWS) throw unsupported('a view of a view of … in the model goes too deep')
  }
  let value = changed
  for (const [i, tensor] of chain.entries()) {
    tensor.become(value)
    const { view } = tensor
    const base = chain[i + 1]
    if (view === undefined || base === undefined) return
    if (view.writeBack === undefined) {
      for (const above of chain.slice(i + 1))
        above.stale =
          'a tensor is used after another one, which may share its memory, was changed in place; use a copy: clone()'
      tensor.view = undefined
      return
    }
    value = view.writeBack(base, tensor)
    if (value.datatype !== base.datatype) value = g.cast(value, base.datatype)
    view.version = base.version + 1
  }
}

/** Brings a view up to date with what it looks at. */
export function refresh(g: Lowering, tensor: TensorValue): void {
  const chain: TensorValue[] = []
  for (let at: TensorValue | undefined = tensor; at !== undefined; at = at.view?.base) {
    if (at.stale !== undefined) throw unsupported(at.stale)
    chain.push(at)
    if (chain.length > MAX_VIEWS) throw unsupported('a view of a view of … in the model goes too deep')
  }
  for (const each of chain.reverse()) {
    const { view } = each
    if (view === undefined || view.version === view.base.version) continue
    each.become(view.remake(view.base))
    view.version = view.base.version
  }
}

/** Brings every tensor of a value up to date. */
export function refreshAll(g: Lowering, value: Value): void {
  if (value instanceof TensorValue) refresh(g, value)
  else if (isList(value)) {
    for (const item of value.items)
      if (item instanceof TensorValue) refresh(g, item)
      else if (isList(item)) for (const inner of item.items) if (inner instanceof TensorValue) refresh(g, inner)
  }
}
