import { readFileSync } from 'node:fs'
import type { NdArray, PyValue, SparseMatrix } from './values.ts'
import { itemAt } from './numpy-values.ts'

/** A line of `fixtures/pickles.jsonl`: what Python wrote, in several forms, and what it says is in it. */
export interface PickleCase {
  readonly name: string
  readonly by: string
  readonly expected: unknown
  readonly forms: Readonly<Record<string, string>>
}

export function pickleCases(): PickleCase[] {
  const text = readFileSync(new URL('fixtures/pickles.jsonl', import.meta.url), 'utf8')
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as PickleCase)
}

/** A value as `fixtures/generate.py` shows it. */
export function shown(value: PyValue): unknown {
  if (value === null || typeof value === 'boolean') return value
  if (typeof value === 'bigint') return { int: String(value) }
  if (typeof value === 'number') return { float: bits(value) }
  if (typeof value === 'string') return { str: value }
  if (value instanceof Uint8Array) return { bytes: Buffer.from(value).toString('hex') }
  switch (value.kind) {
    case 'tuple':
    case 'list':
      return { [value.kind]: value.items.map(shown) }
    case 'set':
      return { set: value.items.map((item) => pythonJson(shown(item))).sort() }
    case 'dict':
      return { dict: value.entries.map(([key, item]) => [shown(key), shown(item)]) }
    case 'scalar':
      return { scalar: `${value.dtype.code}${value.dtype.itemSize}`, value: shown(value.value) }
    case 'dtype':
      return { dtype: `${value.code}${value.itemSize}` }
    case 'ndarray':
      return shownArray(value)
    case 'sparse':
      return shownSparse(value)
    case 'object':
      if (value.class.module.startsWith('numpy.ma'))
        return { masked: [shown(value.attributes.get('data') ?? null), shown(value.attributes.get('mask') ?? null)] }
      return { object: `${value.class.module}.${value.class.name}` }
    case 'global':
      return { global: `${value.module}.${value.name}` }
  }
}

function shownArray(array: NdArray): unknown {
  const shape = [...array.shape]
  if (array.holds === 'records')
    return {
      records: shape,
      fields: Object.fromEntries([...array.fields].map(([name, field]) => [name, shownArray(field)])),
    }
  const count = shape.reduce((product, side) => product * side, 1)
  const items = Array.from({ length: count }, (_, i) => shown(itemAt(array, i)))
  return { array: `${array.dtype.code}${array.dtype.itemSize}`, shape, items }
}

function shownSparse({ shape, starts, columns, values }: SparseMatrix): unknown {
  return { sparse: [...shape], parts: [[...starts], [...columns], [...values].map(shown)] }
}

function bits(value: number): string {
  const bytes = Buffer.alloc(8)
  bytes.writeDoubleBE(value)
  return bytes.toString('hex')
}

/** JSON with the spaces that Python puts into it. */
function pythonJson(value: unknown): string {
  return JSON.stringify(value).replace(/":/g, '": ').replace(/,"/g, ', "')
}
