import { expect, test } from 'vitest'
import { afterDeath, afterStart, beginCrashLoop, isForgiven, mayStart } from './crash-loop.ts'

test('what dies again and again waits twice as long each time, five minutes at most', () => {
  let loop = beginCrashLoop(0)
  expect(mayStart(loop, 0)).toBe(true)
  const waits: number[] = []
  for (let i = 0; i < 11; i++) {
    loop = afterStart(loop, 1000)
    loop = afterDeath(loop, 1000)
    waits.push(loop.startsAtMs - 1000)
  }
  expect(waits).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300].map((seconds) => seconds * 1000))
})

test('it may start at the end of the wait and not before', () => {
  const loop = afterDeath(beginCrashLoop(0), 5000)
  expect(mayStart(loop, 5999)).toBe(false)
  expect(mayStart(loop, 6000)).toBe(true)
})

test('ten minutes of service are forgiveness, less is not', () => {
  let loop = beginCrashLoop(0)
  for (let i = 0; i < 5; i++) loop = afterDeath(loop, 0)
  loop = afterStart(loop, 100_000)
  expect(isForgiven(loop, 699_999)).toBe(false)
  expect(afterDeath(loop, 699_999).deaths).toBe(6)
  expect(isForgiven(loop, 700_000)).toBe(true)
  expect(afterDeath(loop, 700_000)).toEqual({ deaths: 1, startsAtMs: 701_000 })
})

test('to say again that it serves does not put off forgiveness', () => {
  let loop = afterDeath(beginCrashLoop(0), 0)
  for (let now = 1000; now <= 601_000; now += 100_000) loop = afterStart(loop, now)
  expect(isForgiven(loop, 601_000)).toBe(true)
})

test('chance takes a fifth of the wait at most', () => {
  expect(afterDeath(beginCrashLoop(0), 0, 1).startsAtMs).toBe(800)
  expect(afterDeath(beginCrashLoop(0), 0, 99).startsAtMs).toBe(800)
  expect(afterDeath(beginCrashLoop(0), 0, -1).startsAtMs).toBe(1000)
})

test('any number of deaths gives a wait that is a number', () => {
  expect(afterDeath({ deaths: 1e9, startsAtMs: 0 }, 0).startsAtMs).toBe(300_000)
})
