import { quote } from '../../core/text.ts'

/** What is compared of an input or output, as manifests have it. */
interface TensorSpec {
  readonly name: string
  readonly datatype: string
  readonly shape: readonly number[]
  readonly columns?: readonly string[]
  readonly isUnused?: true
  readonly isOptional?: true
}

interface Signature {
  readonly inputs: readonly TensorSpec[]
  readonly outputs: readonly TensorSpec[]
  readonly isRaw?: true
}

/**
 * What of a version breaks callers of the one before it: that they must send something else, or are answered with
 * something else. Inputs that may be left out and outputs more than before break nobody.
 * @param before signatures as manifests have them; what is none is not compared
 * @returns a clause for each difference, `the input "age" must be sent`; none where callers can stay as they are
 */
export function breaksOf(before: unknown, after: unknown): readonly string[] {
  if (!isSignature(before) || !isSignature(after)) return []
  if ((before.isRaw === true) !== (after.isRaw === true))
    return [after.isRaw === true ? 'it takes bodies as they come' : 'it takes tensors, and not bodies as they come']
  return [...inputBreaks(before.inputs, after.inputs), ...outputBreaks(before.outputs, after.outputs)]
}

function* inputBreaks(before: readonly TensorSpec[], after: readonly TensorSpec[]): Generator<string> {
  for (const old of before) {
    const what = `the input ${quote(old.name)}`
    const fresh = after.find(({ name }) => name === old.name)
    if (fresh === undefined) {
      yield `${what} is taken no more`
      continue
    }
    if (mayBeLeftOut(old) && !mayBeLeftOut(fresh)) yield `${what} must be sent`
    if (fresh.datatype !== old.datatype) yield `${what} is ${fresh.datatype} in place of ${old.datatype}`
    if (!takes(fresh.shape, old.shape)) yield `${what} is ${shapeText(fresh)} in place of ${shapeText(old)}`
    else yield* columnBreaks(what, old, fresh)
  }
  for (const fresh of after)
    if (!mayBeLeftOut(fresh) && !before.some(({ name }) => name === fresh.name))
      yield `the input ${quote(fresh.name)}, ${fresh.datatype} ${shapeText(fresh)}, must be sent`
}

function* outputBreaks(before: readonly TensorSpec[], after: readonly TensorSpec[]): Generator<string> {
  for (const old of before) {
    const what = `the output ${quote(old.name)}`
    const fresh = after.find(({ name }) => name === old.name)
    if (fresh === undefined) {
      yield `${what} is given no more`
      continue
    }
    if (fresh.datatype !== old.datatype) yield `${what} is ${fresh.datatype} in place of ${old.datatype}`
    if (!takes(old.shape, fresh.shape)) yield `${what} is ${shapeText(fresh)} in place of ${shapeText(old)}`
    else yield* columnBreaks(what, old, fresh)
  }
}

/** Columns are told apart by their places where numbers are sent, and by their names where tables are. */
function* columnBreaks(what: string, { columns: old }: TensorSpec, { columns: fresh }: TensorSpec): Generator<string> {
  if (old === undefined || fresh === undefined) return
  const at = fresh.findIndex((name, i) => name !== old[i])
  if (at >= 0) yield `column ${at + 1} of ${what} is ${quote(fresh[at] ?? '')} in place of ${quote(old[at] ?? '')}`
}

function mayBeLeftOut({ isOptional, isUnused }: TensorSpec): boolean {
  return isOptional === true || isUnused === true
}

/** Whether all that has the second shape has the first one too. */
function takes(wide: TensorSpec['shape'], narrow: TensorSpec['shape']): boolean {
  return wide.length === narrow.length && wide.every((size, i) => size === -1 || size === narrow[i])
}

function shapeText({ shape }: TensorSpec): string {
  return `[${shape.join(',')}]`
}

function isSignature(value: unknown): value is Signature {
  if (typeof value !== 'object' || value === null) return false
  const { inputs, outputs } = value as Partial<Record<keyof Signature, unknown>>
  return [inputs, outputs].every((list) => Array.isArray(list) && list.every(isSpec))
}

function isSpec(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  const { name, datatype, shape } = value as Partial<Record<keyof TensorSpec, unknown>>
  return typeof name === 'string' && typeof datatype === 'string' && Array.isArray(shape)
}
