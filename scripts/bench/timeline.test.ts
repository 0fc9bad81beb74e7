import { describe, expect, test } from 'vitest'
import { createTimeline, remaining } from './timeline.ts'

describe('the time that is left', () => {
  test('is the plan as long as little has passed', () => {
    expect(remaining(600, 0, 0)).toBe('about 10 min left')
    expect(remaining(600, 20, 1000)).toBe('about 10 min left')
  })

  test('follows the pace so far', () => {
    expect(remaining(600, 300, 600)).toBe('about 10 min left')
    expect(remaining(600, 300, 30)).toBe('about 30 s left')
  })

  test('is never negative', () => {
    expect(remaining(10, 20, 30)).toBe('about 0 s left')
  })
})

test('the bar tells what has been done, not what is under way', () => {
  const shown: [number | undefined, string][] = []
  let time = 0
  const progress = { update: (fraction: number | undefined, text: string) => shown.push([fraction, text]), finish() {} }
  const timeline = createTimeline(progress, 200, () => time)
  timeline.begin(50, 'first')
  time = 50_000
  timeline.begin(100, 'second')
  timeline.skip(50)
  time = 150_000
  timeline.begin(0, 'third')
  expect(shown).toEqual([
    [0, 'first; about 4 min left'],
    [0.25, 'second; about 3 min left'],
    [1, 'third; about 0 s left'],
  ])
})
