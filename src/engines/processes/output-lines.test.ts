import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createLines, TRACE_MARK } from './output-lines.ts'

let told: [string, number, boolean][]
beforeEach(() => {
  told = []
  vi.useFakeTimers({ now: 0 })
})
afterEach(() => {
  vi.useRealTimers()
})

const open = () =>
  createLines(
    () => Date.now(),
    (line, dropped, isTrace) => void told.push([line, dropped, isTrace]),
  )

describe('what code prints', () => {
  test('is cut into lines wherever the pieces end, and the last needs no end', () => {
    const lines = open()
    for (const piece of ['one\ntw', 'o\r\n\n', 'three\r', 'four']) lines.push(piece)
    expect(told.map(([line]) => line)).toEqual(['one', 'two', 'three'])
    lines.end()
    lines.end()
    expect(told.map(([line]) => line)).toEqual(['one', 'two', 'three', 'four'])
  })

  test('is told as far as fifty lines in a second, and how many more there were once that is over', () => {
    const lines = open()
    lines.push('x\n'.repeat(1000))
    expect(told).toHaveLength(50)
    vi.advanceTimersByTime(1000)
    expect(told.slice(50)).toEqual([['(950 more lines were printed, and left out)', 950, false]])
    lines.push('again\n')
    expect(told.at(-1)).toEqual(['again', 0, false])
    expect(told).toHaveLength(52)
  })

  test('is told from what tells of its failure', () => {
    open().push(`fine\n${TRACE_MARK}ValueError: 3\n`)
    expect(told).toEqual([
      ['fine', 0, false],
      ['ValueError: 3', 0, true],
    ])
  })

  test('has lines of bounded length', () => {
    const lines = open()
    for (let i = 0; i < 100; i++) lines.push('y'.repeat(100))
    lines.push('\n')
    expect(told).toEqual([[`${'y'.repeat(2000)} …`, 0, false]])
  })
})
