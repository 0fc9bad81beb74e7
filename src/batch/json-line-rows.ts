import { quote } from '../core/text.ts'
import { ServingError } from '../core/errors.ts'
import { listOf, parseJson, setJsonRow } from '../codecs/json-rows.ts'
import { withWidth } from '../codecs/row-layout.ts'
import type { RowFormat, RowFormatOptions } from './row-format.ts'

const LF = 0x0a
const CR = 0x0d

/** Records of a file of JSON lines. Names that the model does not know are let through. */
export function jsonLineRows({ layout, added }: RowFormatOptions): RowFormat {
  let fitted = layout
  let end = 0
  let lineBreaks = 0
  let isBlank = false
  return {
    scan(bytes, from, isLast) {
      const lf = bytes.indexOf(LF, from)
      if (lf < 0 && !isLast) return -1
      end = lf < 0 ? bytes.length : lf
      lineBreaks = lf < 0 ? 0 : 1
      while (end > from && bytes[end - 1] === CR) end--
      isBlank = true
      for (let at = from; at < end && isBlank; at++) isBlank = bytes[at] === 0x20 || bytes[at] === 0x09
      return lf < 0 ? bytes.length : lf + 1
    },
    end: () => end,
    lineBreaks: () => lineBreaks,
    isBlank: () => isBlank,
    fatal: () => undefined,
    takeHeader: () => false,
    setRow(builderFor, row, bytes, from) {
      const text = Buffer.from(bytes.buffer, bytes.byteOffset + from, end - from).toString()
      const value = parse(text)
      if (value instanceof ServingError) return { message: value.message }
      const clash = clashIn(value, added)
      if (clash !== undefined)
        return { message: `the row has the name ${quote(clash)}, which the model's answer adds too` }
      if (fitted.isWidthFree) {
        const list = listOf(value, fitted)
        if (!Array.isArray(list) || list.length === 0) return { message: 'the row is no array of values' }
        fitted = withWidth(fitted, list.length)
      }
      return setJsonRow(builderFor(fitted), row, value, fitted, 'allowed')
    },
    header: () => undefined,
  }

  function parse(text: string): unknown {
    try {
      return parseJson(text, layout, 'the line')
    } catch (error) {
      return ServingError.from(error)
    }
  }
}

/** A row that is no object is put under the name `input`. */
function clashIn(value: unknown, added: readonly string[]): string | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return added.find((name) => name === 'input')
  return added.find((name) => Object.hasOwn(value, name))
}
