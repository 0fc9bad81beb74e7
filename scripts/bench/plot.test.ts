import { describe, expect, test } from 'vitest'
import { CASES, isGrpc } from './cases.ts'
import { plot } from './plot.ts'
import { result } from './result.fixture.ts'

const svg = plot(result)

describe('the plot', () => {
  test('says in words what it shows', () => {
    expect(svg).toContain("20.0 times FastAPI's requests per second at 64 connections")
  })

  test('draws a bar for each of three servers under each number of connections, for each server, and for each case', () => {
    const bars = svg.match(/<rect class="(fastapi|slipway|static)"[^>]*height="[1-9][\d.]*"/g) ?? []
    const legend = 3
    const byHttp = result.servers.filter(({ name }) => name !== 'grpcio' && name !== 'static-grpc')
    expect(bars).toHaveLength(legend + 3 * 3 + byHttp.length + CASES.filter((each) => !isGrpc(each)).length)
  })

  test('is whole without a peer and without a case', () => {
    const lines = result.summary.filter((line) => line.server !== 'mlflow' && line.model !== 'image')
    const svgOfLess = plot({ ...result, summary: lines })
    expect(svgOfLess).not.toMatch(/NaN|undefined|Infinity/)
    expect(svgOfLess).not.toContain('MLflow')
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
    const height = Number(/ height="(\d+)" viewBox/.exec(svg)?.[1])
    for (const [, y] of svg.matchAll(/ (?:y|cy|y1|y2)="([-\d.]+)"/g)) {
      expect(Number(y)).toBeGreaterThanOrEqual(0)
      expect(Number(y)).toBeLessThanOrEqual(height)
    }
    for (const [, x] of svg.matchAll(/ (?:x|cx|x1|x2)="([-\d.]+)"/g)) {
      expect(Number(x)).toBeGreaterThanOrEqual(0)
      expect(Number(x)).toBeLessThanOrEqual(880)
    }
  })
})
