import { expect, test } from 'vitest'
import { discreetTrace } from './discreet-trace.ts'

test.each([
  ['Traceback (most recent call last):', 'Traceback (most recent call last):'],
  ['  File "inference.py", line 7, in predict_fn', '  File "inference.py", line 7, in predict_fn'],
  ['    at predict (/predict.ts:3:9)', '    at predict (/predict.ts:3:9)'],
  ['    return float(row["amount"])', undefined],
  ["ValueError: could not convert '951'", 'ValueError: not shown, it may hold values that are redacted'],
  ['KeyError', 'KeyError: not shown, it may hold values that are redacted'],
  ['pandas.errors.ParserError: 951', 'pandas.errors.ParserError: not shown, it may hold values that are redacted'],
  ['951 euros', undefined],
  ['nobody waited for this failure: RangeError: 951', undefined],
])('of the trace %j is kept: %j', (line, kept) => {
  expect(discreetTrace(line)).toBe(kept)
})
