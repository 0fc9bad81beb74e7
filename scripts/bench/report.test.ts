import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ROOT } from './paths.ts'
import { replaceSection, toMarkdown, toText } from './report.ts'
import { result } from './result.fixture.ts'

test('the tables hold a line for each server and number of connections', () => {
  const text = toText(result)
  expect(text).toMatch(/^64 +Slipway +4,250 +4\.3 +4\.3 to 4\.3 +47 % +16\.0 +160\.0 +50$/m)
  expect(text).toMatch(/^Slipway +200 ms +900 ms +64\.0 MiB +128\.0 MiB +231 B$/m)
  expect(text).toContain('0.13 cores')
})

test('the page gets the same numbers as Markdown', () => {
  const lines = toMarkdown(result).split('\n')
  expect(lines).toContain('| 64 | Slipway | 4,250 | 4.3 | 4.3 to 4.3 | 47 % | 16.0 | 160.0 | 50 |')
  const columns = lines.filter((line) => line.startsWith('|')).map((line) => line.split('|').length)
  expect(new Set(columns)).toEqual(new Set([11, 8]))
})

describe('the page', () => {
  const page = readFileSync(join(ROOT, 'docs/performance.md'), 'utf8')

  test('changes between its marks only, however often it is written', () => {
    const once = replaceSection(page, 'new')
    expect(replaceSection(once, 'new')).toBe(once)
    const [before, after] = once.split('\nnew\n')
    expect(page.startsWith(before ?? '?')).toBe(true)
    expect(page.endsWith(after ?? '?')).toBe(true)
  })

  test('without marks is left alone', () => {
    expect(() => replaceSection('# Performance', 'new')).toThrow('lacks the marks')
  })
})
