import { describe, expect, test } from 'vitest'
import { plot } from './plot.ts'
import { result } from './result.fixture.ts'

const svg = plot(result)

describe('the plot', () => {
  test('says in words what it shows', () => {
    expect(svg).toContain("4.3 times FastAPI's requests per second at 64 connections")
  })

  test('draws a bar for each of three servers under each number of connections', () => {
    const bars = svg.match(/<rect class="(fastapi|slipway|static)"[^>]*height="[1-9][\d.]*"/g) ?? []
    expect(bars).toHaveLength(3 * 3 + 3) // and the legend
  })

  test('has no number that could not be worked out', () => {
    expect(svg).not.toMatch(/NaN|undefined|Infinity/)
  })

  test('closes every element that it opens', () => {
    const open: string[] = []
    for (const [, slash, name, end] of svg.matchAll(/<(\/?)([a-z]+)[^>]*?(\/?)>/g)) {
      if (slash === '/') expect(open.pop()).toBe(name)
      else if (end !== '/') open.push(name ?? '')
    }
    expect(open).toEqual([])
  })

  test('stays on its page', () => {
    for (const [, x] of svg.matchAll(/ (?:x|cx|x1|x2)="([-\d.]+)"/g)) {
      expect(Number(x)).toBeGreaterThanOrEqual(0)
      expect(Number(x)).toBeLessThanOrEqual(880)
    }
  })
})
