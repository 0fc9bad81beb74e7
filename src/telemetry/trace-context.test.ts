import { describe, expect, test } from 'vitest'
import { cleanTraceState, parseTraceParent } from './trace-context.ts'

const TRACE = '0af7651916cd43dd8448eb211c80319c'
const SPAN = 'b7ad6b7169203331'

describe('a traceparent', () => {
  test.each([
    [`00-${TRACE}-${SPAN}-01`, true],
    [`00-${TRACE}-${SPAN}-00`, false],
    [`00-${TRACE}-${SPAN}-ff`, true],
    [`cc-${TRACE}-${SPAN}-01`, true],
    [`cc-${TRACE}-${SPAN}-01-what-the-future-will-be-like`, true],
  ])('%s is read', (header, isSampled) => {
    expect(parseTraceParent(header)).toEqual({ traceId: TRACE, spanId: SPAN, isSampled })
  })

  test.each([
    undefined,
    '',
    `ff-${TRACE}-${SPAN}-01`,
    `00-${TRACE}-${SPAN}-01-more`,
    `00-${'0'.repeat(32)}-${SPAN}-01`,
    `00-${TRACE}-${'0'.repeat(16)}-01`,
    `00-${TRACE.toUpperCase()}-${SPAN}-01`,
    `00-${TRACE}-${SPAN}-1`,
    `00-${TRACE}-${SPAN}-01, 00-${TRACE}-${SPAN}-01`,
    `00-${TRACE}-${SPAN}`,
    ` 00-${TRACE}-${SPAN}-01`,
  ])('%s is as good as none', (header) => {
    expect(parseTraceParent(header)).toBeUndefined()
  })
})

test('a tracestate that is too long, or no header text, is not passed on', () => {
  expect(cleanTraceState('vendor=1,other=a b')).toBe('vendor=1,other=a b')
  expect(cleanTraceState(undefined)).toBe('')
  expect(cleanTraceState('a'.repeat(513))).toBe('')
  expect(cleanTraceState('a=é')).toBe('')
})
