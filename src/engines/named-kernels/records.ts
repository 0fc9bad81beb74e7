import { ServingError } from '../../core/errors.ts'
import { quote } from '../../core/text.ts'
import type { Tensor } from '../../tensor/tensor.ts'
import { decodeText } from './analyzer.ts'
import { HashedRow } from './hashed-row.ts'
import type { NamedKernel, Parameters } from './kernel.ts'
import { SparseRowsWriter } from './sparse-rows.ts'

/**
 * JSON objects to rows by the names of their members: `{"size": 3, "colour": "red", "tags": ["a", "b"]}` has 3 at `size`
 * and 1 at `colour=red`, `tags=a` and `tags=b`. Names that are not known are left out; null is a missing number, NaN.
 *
 * Input: BYTES [rows] or [rows, 1]. Outputs: sparse rows, INT64 positions and FP64 values [rows, m].
 * Parameters: `names` by position; `separator`; `isSingle` for FP32's precision; `allows`: `all`, `missing` (no infinities)
 * or `finite` numbers.
 * @see scikit-learn, `DictVectorizer.transform`
 */
export const vectorizeRecords: NamedKernel = {
  takes: ['BYTES'],
  columns: 1,
  prepare(parameters) {
    const positions = new Map(parameters.texts('names').map((name, position) => [name, position]))
    const separator = parameters.text('separator')
    const kept = parameters.flag('isSingle') ? Math.fround : (value: number) => value
    const check = readCheck(parameters)
    const writer = new SparseRowsWriter()
    const sums = new Map<number, number>()
    const add = (name: string, value: number) => {
      const position = positions.get(name)
      if (position !== undefined) sums.set(position, kept((sums.get(position) ?? 0) + kept(value)))
    }
    return {
      run([records]) {
        try {
          for (let row = 0; row < (records?.shape[0] ?? 0); row++) {
            for (const [name, value] of Object.entries(objectAt(records, row))) {
              if (typeof value === 'string') add(`${name}${separator}${value}`, 1)
              else if (typeof value === 'number') add(name, check(value, name, row))
              else if (typeof value === 'boolean') add(name, value ? 1 : 0)
              else if (value === null) add(name, positions.has(name) ? check(Number.NaN, name, row) : Number.NaN)
              else if (Array.isArray(value))
                for (const item of value as unknown[]) {
                  if (typeof item !== 'string') throw wrong(row, name, 'a list of something else than text')
                  add(`${name}${separator}${item}`, 1)
                }
              else throw wrong(row, name, 'an object')
            }
            for (const position of Int32Array.from(sums.keys()).sort()) writer.add(position, sums.get(position) ?? 0)
            sums.clear()
            writer.endRow()
          }
          return writer.take()
        } catch (error) {
          sums.clear()
          writer.clear()
          throw error
        }
      },
    }
  },
}

/**
 * JSON objects to rows by the places that the names of their members hash to; text is hashed with its name, as
 * `colour=red`. A row may be a list of `[name, value]`, or of names, where `form` says so.
 *
 * Input and outputs: as `vectorizeRecords`. Parameters: `form`: `dict`, `pair` or `string`; `features`, `isSigned`,
 * `isSingle` (see `HashedRow`); `allows`, as there.
 * @see scikit-learn, `FeatureHasher.transform`
 */
export const hashRecords: NamedKernel = {
  takes: ['BYTES'],
  columns: 1,
  prepare(parameters) {
    const hashed = new HashedRow(parameters)
    const check = readCheck(parameters)
    const form = parameters.oneOf('form', ['dict', 'pair', 'string'])
    const addPair = (name: unknown, value: unknown, row: number) => {
      if (typeof name !== 'string')
        throw new ServingError(
          'invalid_argument',
          `row ${row + 1}: a feature's name is ${kindOf(name)}, and should be text`,
        )
      if (typeof value === 'string') hashed.add(`${name}=${value}`, 1)
      else if (typeof value === 'number') hashed.add(name, check(value, name, row))
      else if (typeof value === 'boolean') hashed.add(name, value ? 1 : 0)
      else throw wrong(row, name, value === null ? 'null' : 'a list or an object')
    }
    return {
      run([records]) {
        try {
          for (let row = 0; row < (records?.shape[0] ?? 0); row++) {
            if (form === 'dict')
              for (const [name, value] of Object.entries(objectAt(records, row))) addPair(name, value, row)
            else
              for (const item of listAt(records, row, form)) {
                if (form === 'string') addPair(item, 1, row)
                else if (Array.isArray(item) && item.length === 2) addPair(item[0], item[1], row)
                else throw new ServingError('invalid_argument', `row ${row + 1}: an item is no list [name, value]`)
              }
            hashed.end(false)
          }
          return hashed.writer.take()
        } catch (error) {
          hashed.clear()
          throw error
        }
      },
    }
  },
}

function readCheck(parameters: Parameters): (value: number, name: string, row: number) => number {
  const allows = parameters.oneOf('allows', ['all', 'missing', 'finite'])
  return (value, name, row) => {
    if (Number.isFinite(value) || allows === 'all' || (allows === 'missing' && Number.isNaN(value))) return value
    const found = Number.isNaN(value) ? 'missing' : 'infinite'
    throw wrong(row, name, `${found}, which the model refuses`)
  }
}

function objectAt(records: Tensor | undefined, row: number): object {
  const value = jsonAt(records, row)
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  throw new ServingError('invalid_argument', `row ${row + 1}: this is no JSON object {"feature": value}`)
}

function listAt(records: Tensor | undefined, row: number, form: 'pair' | 'string'): readonly unknown[] {
  const value = jsonAt(records, row)
  if (Array.isArray(value)) return value as readonly unknown[]
  const items = form === 'pair' ? '["feature", value]' : '"feature"'
  throw new ServingError('invalid_argument', `row ${row + 1}: this is no JSON list of ${items}`)
}

function jsonAt(records: Tensor | undefined, row: number): unknown {
  const text = decodeText(records, row)
  try {
    return JSON.parse(text) as unknown
  } catch (error) {
    throw new ServingError('invalid_argument', `row ${row + 1}: ${quote(text, 40)} is no JSON`, { cause: error })
  }
}

function kindOf(value: unknown): string {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'a list' : typeof value === 'object' ? 'an object' : `a ${typeof value}`
}

function wrong(row: number, name: string, found: string): ServingError {
  return new ServingError(
    'invalid_argument',
    `row ${row + 1}: ${quote(name)} is ${found}, and should be a number or text`,
  )
}
