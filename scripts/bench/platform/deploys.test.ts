import { expect, test } from 'vitest'
import { partsOf } from './deploys.ts'

const times = { beganAtMs: 10_000, commandMs: 1400, totalMs: 1420 }
const sum = (parts: readonly { readonly ms: number }[]) => parts.reduce((all, { ms }) => all + ms, 0)

test('a deploy is split where the platform says that a part ended, and nothing of it is lost', () => {
  const events = [
    { type: 'version-created', atMs: 10_300 },
    { type: 'version-phase', atMs: 10_400 },
    { type: 'version-ready', atMs: 11_200 },
    { type: 'rollout-step', atMs: 11_250 },
    { type: 'rollout-promoted', atMs: 11_280 },
  ]
  const parts = partsOf(events, times)
  expect(parts.map(({ ms }) => ms)).toEqual([300, 900, 50, 30, 120, 20])
  expect(sum(parts)).toBe(times.totalMs)
})

test('a part of which nothing was told is none, and counts with the next one', () => {
  const parts = partsOf([{ type: 'rollout-promoted', atMs: 11_280 }], times)
  expect(parts.map(({ ms }) => ms)).toEqual([0, 0, 0, 1280, 120, 20])
})

test('an event that came after the command had ended takes no time away', () => {
  const parts = partsOf([{ type: 'rollout-promoted', atMs: 11_500 }], times)
  expect(parts.every(({ ms }) => ms >= 0)).toBe(true)
})
