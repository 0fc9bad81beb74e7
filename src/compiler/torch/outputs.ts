import { Dim } from './dim.ts'
import { isList, TensorValue, unsupported, describeValue, type Value } from './values.ts'

/** The tensors that a model gives, by the names that its outputs shall have. */
export type NamedOutputs = ReadonlyMap<string, TensorValue | Dim | number | boolean>

/**
 * Names what a model gives: `output` for one tensor, `output_0`, `output_1`, … for several, the keys of a dict.
 * @param names of the leaves, where a file tells them; `a.0` for the first of a list under the key `a`
 */
export function nameOutputs(given: readonly Value[], names?: readonly string[]): NamedOutputs {
  const leaves: [path: string, value: Value][] = []
  for (const [i, value] of given.entries()) collect(given.length === 1 ? '' : String(i), value, leaves, 0)
  const paths = names?.length === leaves.length ? names : leaves.map(([path]) => path)
  const named = new Map<string, TensorValue | Dim | number | boolean>()
  for (const [i, [, value]] of leaves.entries()) {
    if (value === null) continue
    if (
      !(value instanceof TensorValue || value instanceof Dim || typeof value === 'number' || typeof value === 'boolean')
    )
      throw unsupported(`the model gives ${describeValue(value)}, which cannot be served`)
    named.set(fresh(nameOf(paths[i] ?? ''), named), value)
  }
  if (named.size === 0) throw unsupported('the model gives no tensor')
  return named
}

function collect(path: string, value: Value, leaves: [string, Value][], depth: number): void {
  if (depth > 32 || leaves.length > 10_000) throw unsupported('the model gives lists inside lists, over 32 deep')
  const under = (key: string) => (path === '' ? key : `${path}.${key}`)
  if (isList(value)) for (const [i, item] of value.items.entries()) collect(under(String(i)), item, leaves, depth + 1)
  else if (typeof value === 'object' && value !== null && 'entries' in value)
    for (const [key, item] of value.entries) collect(under(String(key)), item, leaves, depth + 1)
  else leaves.push([path, value])
}

function nameOf(path: string): string {
  if (path === '') return 'output'
  const name = path.replaceAll('.', '_')
  return /^\d/.test(name) ? `output_${name}` : name
}

function fresh(name: string, taken: ReadonlyMap<string, unknown>): string {
  let made = name
  for (let i = 1; taken.has(made); i++) made = `${name}_${i}`
  return made
}
