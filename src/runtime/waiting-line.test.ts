import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Priority } from './plane.ts'
import { createQueueMemory } from './queue-memory.ts'
import { createWaitingLine, placesOf, type Place, type WaitingLine } from './waiting-line.ts'

interface Item extends Place<Item> {
  readonly name: string
}

let arrivals = 0

function item(key: string | undefined, rows = 1, priority: Priority = 2): Item {
  const arrivedMs = arrivals++
  return {
    name: `${key ?? ''}${arrivedMs}`,
    key,
    rows,
    priority,
    bytes: rows * 8,
    arrivedMs,
    isInLine: false,
    turn: 0,
    flow: undefined,
    before: undefined,
    behind: undefined,
  }
}

function createLine(): WaitingLine<Item> {
  return createWaitingLine<Item>(createQueueMemory(1e9))
}

function all(line: WaitingLine<Item>): Item[] {
  const items: Item[] = []
  for (let each = line.first(); each !== undefined; each = line.after(each)) items.push(each)
  return items
}

function push(line: WaitingLine<Item>, ...items: readonly Item[]): void {
  for (const each of items) line.push(each)
}

/** Takes so many from the front. */
function serve(line: WaitingLine<Item>, count: number): string {
  let keys = ''
  for (let i = 0; i < count; i++) {
    const first = line.first()
    if (first === undefined) break
    line.remove(first)
    keys += first.key
  }
  return keys
}

describe('requests of one key', () => {
  test.each([undefined, 'a'])('(%s) are first in, first out', (key) => {
    const line = createLine()
    const items = Array.from({ length: 100 }, (_, i) => item(key, i % 7))
    push(line, ...items)
    expect(all(line)).toEqual(items)
    expect(line.ahead({ priority: 2, key })).toMatchObject({ items: 100 })
  })
})

describe('requests of several keys', () => {
  test('take turns, however many of one had come before', () => {
    const line = createLine()
    push(line, ...Array.from({ length: 50 }, () => item('a')))
    push(line, ...Array.from({ length: 3 }, () => item('b')))
    push(line, item('c'))
    expect(serve(line, 10)).toBe('abcababaaa')
  })

  test('take turns by rows', () => {
    const line = createLine()
    push(line, ...Array.from({ length: 5 }, () => item('a', 10)))
    push(line, ...Array.from({ length: 30 }, () => item('b')))
    expect(serve(line, 24)).toBe('abbbbbbbbbbabbbbbbbbbbab')
  })

  test('have no credit for the time in which they asked for nothing', () => {
    const line = createLine()
    push(line, item('b'), ...Array.from({ length: 20 }, () => item('a')))
    expect(serve(line, 15)).toBe('b' + 'a'.repeat(14))
    push(line, item('b'), item('b'))
    expect(serve(line, 6)).toBe('ababaa')
  })

  test.each([0, 1])('do not pay for what did not run (%d of it left)', (left) => {
    const line = createLine()
    const gone = Array.from({ length: 20 }, () => item('a'))
    push(line, item('c'), item('c'), item('c'), ...gone)
    for (const each of gone.slice(left).toReversed()) line.remove(each)
    push(line, item('a'))
    expect(serve(line, 5)).toBe(left === 0 ? 'cacc' : 'cacac')
  })

  test('stand behind the more urgent of whatever key', () => {
    const line = createLine()
    push(line, item('a'), item('a'), item('b', 1, 1), item('b', 1, 1), item('a', 1, 1), item('c', 1, 3))
    expect(serve(line, 6)).toBe('babaac')
  })

  test('know whom they pass, and how much is left before them', () => {
    const line = createLine()
    push(line, ...Array.from({ length: 50 }, () => item('a', 2)))
    expect(line.ahead({ priority: 2, key: 'a' })).toEqual({ rows: 100, items: 50, bytes: 800 })
    expect(line.ahead({ priority: 2, key: 'b' })).toEqual({ rows: 2, items: 1, bytes: 16 })
    expect(line.ahead({ priority: 3, key: 'b' })).toEqual({ rows: 100, items: 50, bytes: 800 })
    expect(line.ahead({ priority: 1, key: 'b' })).toEqual({ rows: 0, items: 0, bytes: 0 })
    const last = line.last() as Item
    expect(line.isBehind(last, { priority: 2, key: 'a' })).toBe(false)
    expect(line.isBehind(last, { priority: 2, key: 'b' })).toBe(true)
    expect(line.isBehind(last, { priority: 1, key: 'a' })).toBe(true)
    expect(line.isBehind(last, { priority: 3, key: 'b' })).toBe(false)
  })
})

const KEY = fc.constantFrom(undefined, 'a', 'b', 'c')
const STEP = fc.oneof(
  { weight: 3, arbitrary: fc.record({ key: KEY, rows: fc.nat(5), priority: fc.constantFrom(1, 2, 3) }) },
  { weight: 2, arbitrary: fc.record({ leaves: fc.nat() }) },
)

test('whatever comes and goes, all is counted, links are whole, and each key keeps its order', () => {
  fc.assert(
    fc.property(fc.array(STEP, { maxLength: 120 }), (steps) => {
      const memory = createQueueMemory(1e9)
      const line = createWaitingLine<Item>(memory)
      let inLine: Item[] = []
      for (const step of steps) {
        if ('leaves' in step) {
          // now the first, now any
          const each = step.leaves % 2 === 0 ? line.first() : inLine[step.leaves % Math.max(1, inLine.length)]
          if (each === undefined) continue
          line.remove(each)
          line.remove(each)
          inLine = inLine.filter((other) => other !== each)
        } else {
          const each = item(step.key, step.rows, step.priority)
          const before = { ...line.ahead(each) }
          const passed = inLine.filter((other) => line.isBehind(other, each))
          line.push(each)
          inLine.push(each)
          const items = all(line)
          const ahead = items.slice(0, items.indexOf(each))
          expect(before).toEqual({
            items: ahead.length,
            rows: ahead.reduce((sum, other) => sum + placesOf(other), 0),
            bytes: ahead.reduce((sum, { bytes }) => sum + bytes, 0),
          })
          expect(new Set(passed)).toEqual(new Set(items.slice(ahead.length + 1)))
        }
        const items = all(line)
        expect(new Set(items)).toEqual(new Set(inLine))
        expect(items.at(-1)).toBe(line.last())
        expect(line.rows).toBe(items.reduce((sum, each) => sum + placesOf(each), 0))
        expect(memory.bytes).toBe(items.reduce((sum, { bytes }) => sum + bytes, 0))
        for (const key of [undefined, 'a', 'b', 'c'])
          for (const priority of [1, 2, 3]) {
            const own = items.filter((each) => each.key === key && each.priority === priority)
            expect(own).toEqual(own.toSorted((a, b) => a.arrivedMs - b.arrivedMs))
          }
      }
    }),
    { numRuns: 100 },
  )
})

test('keys that always have something in line are served alike, by rows, whoever asks for more', () => {
  const demand = fc.record({ size: fc.integer({ min: 1, max: 6 }), depth: fc.integer({ min: 2, max: 40 }) })
  fc.assert(
    fc.property(fc.array(demand, { minLength: 2, maxLength: 5 }), (demands) => {
      const line = createLine()
      const served = demands.map(() => 0)
      demands.forEach(({ size, depth }, key) =>
        push(line, ...Array.from({ length: depth }, () => item(String(key), size))),
      )
      for (let i = 0; i < 400; i++) {
        const first = line.first() as Item
        line.remove(first)
        const key = Number(first.key)
        served[key] = (served[key] ?? 0) + first.rows
        line.push(item(String(key), first.rows))
      }
      expect(Math.max(...served) - Math.min(...served)).toBeLessThanOrEqual(
        3 * Math.max(...demands.map(({ size }) => size)),
      )
    }),
    { numRuns: 100 },
  )
})
