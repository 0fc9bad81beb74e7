import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { isGrpc } from './cases.ts'
import { GOALS } from './goals.ts'
import { ROOT } from './paths.ts'
import { replaceSection, toMarkdown, toText } from './report.ts'
import { result } from './result.fixture.ts'

const NOTES = { 'tiny-64-ray-serve': 'it is fast' }

test('the tables hold a line for each goal, server and case', () => {
  const text = toText(result, NOTES)
  expect(text).toMatch(
    /^tiny, 1 row, 64 connections +Slipway +20,000 +20\.0 +20\.0 to 20\.0 +100 % +3\.20 +160\.0 +50$/m,
  )
  expect(text).toMatch(/^tiny +Slipway +200 ms +900 ms +64\.0 MiB +32\.0 MiB +–$/m)
  expect(text).toMatch(/^tiny, 1 row, 64.*against FastAPI +≥ 15 × +16\.0 × +20\.0 × +yes$/m)
  expect(text).toMatch(
    /^tiny, 1 row, 64 streams on 8 connections +Slipway +20,000 +8\.0 +8\.0 to 8\.0 +80 % +0\.40 +20\.0 +50$/m,
  )
  expect(text).toMatch(/^gRPC, tiny, 1 row, 64 streams: .* grpcio aio +≥ 8 × +6\.4 × +8\.0 × +\*\*no\*\*$/m)
  expect(text).toContain('0.13 cores')
  expect(text).toContain('has an API key for each request.')
})

test('without gRPC, or with nothing else, there is one table of speed', () => {
  const heads = (summary: typeof result.summary) =>
    toText({ ...result, summary }, NOTES)
      .match(/^case .*(FastAPI|grpcio)/gm)
      ?.map((line) => line.split(/ {2,}/)[0])
  expect(heads(result.summary)).toEqual(['case', 'case by gRPC'])
  expect(heads(result.summary.filter((line) => !isGrpc(line)))).toEqual(['case'])
  expect(heads(result.summary.filter(isGrpc))).toEqual(['case by gRPC'])
})

test('a goal that is missed stands out, with what limits it', () => {
  expect(toMarkdown(result, NOTES)).toContain('| ≥ 150 × | 32.0 × |  | 40.0 × | **no** | it is fast |')
})

test('a load maker that was busy is told beside its figures', () => {
  expect(toText(result, NOTES)).toMatch(/^tiny, 1 row, 64 connections +node:http, static † /m)
  expect(toText(result, NOTES)).toContain('† Making the load took a whole core')
})

test('what was not measured is named with its reason, in one line', () => {
  expect(toMarkdown(result, NOTES)).toContain(
    '| LitServe | image/1@4 | of 3 requests some failed: timeout 1 \\| more |',
  )
})

test('the page gets the same numbers as Markdown', () => {
  const lines = toMarkdown(result, NOTES).split('\n')
  expect(lines).toContain(
    '| tiny, 1 row, 64 connections | Slipway | 20,000 | 20.0 | 20.0 to 20.0 | 100 % | 3.20 | 160.0 | 50 |',
  )
  const columns = lines.filter((line) => line.startsWith('|')).map((line) => line.split(/(?<!\\)\|/).length)
  expect(new Set(columns)).toEqual(new Set([9, 11, 5]))
})

test('the platform has a section of its own, with its goals, where the time goes and what was not measured', () => {
  const text = toText(result, NOTES, ['platform'])
  expect(text).toMatch(/^1,000 endpoints deployed and idle: .* ≤ 1024 MiB +512 MiB +yes$/m)
  expect(text).toMatch(/^a small model woken from zero, .* ≤ 50 ms +70\.0 ms +10\.0 ms to 80\.0 ms +\*\*no\*\*$/m)
  expect(text).toMatch(/^loaded +50$/m)
  expect(text).toMatch(
    /^tiny, 1 row, 64 connections +Slipway, platform +18,000 +90 % +90 % to 90 % +1\.00 +2\.00 +50$/m,
  )
  expect(text).toContain('20 ms for each')
  expect(text).toContain('393.2 KiB for each')
  expect(text).toMatch(/^Slipway, platform +npm start +it did not come up$/m)
  expect(text).not.toContain('LitServe')
  expect(text).not.toContain('FastAPI')
})

test('the servers are told without it', () => {
  expect(toText(result, NOTES, ['servers'])).not.toMatch(/platform|idle/)
})

test('notes are of goals that there are', () => {
  const notes = JSON.parse(readFileSync(join(import.meta.dirname, 'notes.json'), 'utf8')) as object
  expect(Object.keys(notes).filter((id) => !GOALS.some((goal) => goal.id === id))).toEqual([])
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

  test('has a place for each part, which the other leaves alone', () => {
    const once = replaceSection(page, 'new', 'platform')
    expect(once).toContain('\nnew\n')
    const section = (text: string) => text.slice(text.indexOf('<!-- bench: '), text.indexOf('<!-- bench: end'))
    expect(section(once)).toBe(section(page))
  })

  test('without marks is left alone', () => {
    expect(() => replaceSection('# Performance', 'new')).toThrow('lacks the marks')
    expect(() => replaceSection('# Performance', 'new', 'platform')).toThrow('lacks the marks')
  })
})
