import { describe, expect, test } from 'vitest'
import { lastOf } from './last-events.ts'
import { cut } from './screen.ts'
import { formatAge, formatDuration, formatShare, paintFor, plain, table } from './terminal.ts'

const paper = paintFor({ write: () => true }, {})
const screen = paintFor({ write: () => true, isTTY: true }, { TERM: 'xterm' })

describe('a table', () => {
  const columns = [
    { title: 'name', text: ({ name }: Row) => name },
    { title: 'n', isNumber: true, text: ({ n }: Row) => String(n) },
    { title: 'last', text: ({ last }: Row) => last },
  ]
  interface Row {
    readonly name: string
    readonly n: number
    readonly last: string
  }

  test('has texts to the left and numbers to the right, and no space at the end of a line', () => {
    const rows = [
      { name: 'a', n: 1, last: 'x' },
      { name: 'longer', n: 1234, last: '' },
    ]
    expect(table(columns, rows, paper)).toBe('name       n  last\na          1  x\nlonger  1234\n')
  })

  test('counts wide characters as two columns', () => {
    const rows = [
      { name: '模型', n: 1, last: '' },
      { name: 'abcd', n: 2, last: '' },
    ]
    expect(table(columns, rows, paper)).toBe('name  n  last\n模型  1\nabcd  2\n')
  })

  test('is aligned on its text, whatever colours it has', () => {
    const painted = [
      { ...columns[0], title: 'name', text: ({ name }: Row) => name, paint: screen.good },
      ...columns.slice(1),
    ]
    const rows = [{ name: 'a', n: 1, last: 'x' }]
    const plainText = table(painted, rows, screen).replaceAll(/\p{Cc}\[\d*m/gu, '')
    expect(plainText).toBe('name  n  last\na     1  x\n')
  })

  describe('on a terminal that is too narrow', () => {
    const wide = [
      { title: 'name', text: ({ name }: Row) => name },
      { title: 'n', isNumber: true, rank: 2, text: ({ n }: Row) => String(n) },
      { title: 'last', isElastic: true, rank: 1, text: ({ last }: Row) => last },
    ]
    const rows = [{ name: 'a-long-name', n: 7, last: 'a sentence of many words' }]
    const narrow = (columns: number) => table(wide, rows, { ...paper, columns }).split('\n')[1]

    test.each([
      [80, 'a-long-name  7  a sentence of many words'],
      [40, 'a-long-name  7  a sentence of many words'],
      [34, 'a-long-name  7  a sentence of man…'],
      [29, 'a-long-name  7  a sentence o…'],
      [26, 'a-long-name  a sentence o…'],
      [20, 'a-long-name'],
      [5, 'a-long-name'],
    ])('of %d columns shortens what may be, then leaves out what has the highest rank', (columns, line) => {
      expect(narrow(columns)).toBe(line)
      if (columns >= 11) expect(line.length).toBeLessThanOrEqual(columns)
    })
  })

  test('shortens what has a most everywhere, wide characters too', () => {
    const few = [{ title: 'name', most: 5, text: ({ name }: Row) => name }]
    expect(table(few, [{ name: '模型模型', n: 1, last: '' }], paper)).toBe('name\n模型…\n')
  })

  test("obeys no control character in somebody's name", () => {
    expect(table(columns, [{ name: 'a\x1b[2Jb\nc\u202e', n: 1, last: '' }], paper)).toBe(
      'name                      n  last\na\\u001b[2Jb\\u000ac\\u202e  1\n',
    )
    expect(plain('a\x1bb')).toBe('a\\u001bb')
  })
})

test.each([
  [{ NO_COLOR: '1', TERM: 'xterm' }, true],
  [{ TERM: 'dumb' }, true],
  [{ TERM: 'xterm' }, false],
])('there are no colours with %j and a terminal: %j', (env, isTTY) => {
  expect(paintFor({ write: () => true, isTTY }, env).bad('x')).toBe('x')
})

test.each([
  [formatAge(119_999), '119 s'],
  [formatAge(120_000), '2 min'],
  [formatAge(-5), '0 s'],
  [formatAge(86_400_000 * 3), '3 d'],
  [formatDuration(840), '840 ms'],
  [formatDuration(1234), '1.2 s'],
  [formatDuration(125_000), '2 min 5 s'],
  [formatShare(0.1), '10 %'],
  [formatShare(0.005), '0.5 %'],
  [formatShare(0), '0 %'],
  [formatShare(0.0001), '<0.1 %'],
  [formatShare(0.9999), '100 %'],
])('%s is said as %s', (found, wanted) => {
  expect(found).toBe(wanted)
})

test('a line is cut to the columns there are, colours and all', () => {
  expect(cut(`a${screen.bad('bcd')}ef`, 3)).toBe('a\x1b[31mbc\x1b[0m')
  expect(cut('模型x', 3)).toBe('模')
})

describe('the last lines of a list that is read forward', () => {
  /** Lines of which every tenth number fits. */
  function listOf(count: number, pageSize: number) {
    return async (after: number, most: number) => {
      if (after === -1) return { items: [], after: count }
      const all = Array.from({ length: count }, (_, i) => i + 1).filter((n) => n > after && n % 10 === 0)
      const items = all.slice(0, Math.min(most, pageSize))
      return { items, after: items.length < Math.min(most, pageSize) ? count : (items.at(-1) ?? count) }
    }
  }

  test.each([
    [5, 30],
    [5, 10_000],
    [50, 10_000],
    [2000, 100_000],
  ])('are the last %d of %d numbers', async (limit, count) => {
    const { items, after } = await lastOf(limit, listOf(count, 1000))
    const all = Array.from({ length: count }, (_, i) => i + 1).filter((n) => n % 10 === 0)
    expect(items).toEqual(all.slice(-limit))
    expect(after).toBe(count)
  })
})
