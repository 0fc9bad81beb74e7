import { expect, test } from 'vitest'
import type { HeardRunner } from '../fleet.ts'
import { isAcknowledged, type FleetView } from './fleet-view.ts'

/** A runner that said last that it follows this revision. */
function runner(name: string, revision: number, isConnected = true): HeardRunner {
  const status = { runner: name, project: 'default', index: 0, count: 2, life: '1', memoryBytes: 1 }
  return { status: { ...status, revision, replicas: [], traffic: [] }, heardAtMs: 0, isConnected }
}

function view(runners: readonly HeardRunner[], more: Partial<FleetView> = {}): FleetView {
  return {
    runners,
    size: 2,
    now: 100_000,
    staleAfterMs: 5000,
    startedAtMs: 0,
    goneAfterMs: 10_000,
    readWithinMs: 5000,
    connectedAtMs: new Map(),
    ...more,
  }
}

const followed = (of: FleetView, atMs: number) => isAcknowledged(of, { revision: 7, atMs })

test('who is heard follows what it says, however long ago the table was published', () => {
  expect(followed(view([runner('a', 7), runner('b', 8)]), 99_999)).toBe(true)
  expect(followed(view([runner('a', 7), runner('b', 6)]), 0)).toBe(false)
})

test('who has been away for long is not waited for, but has the time to read a table by itself', () => {
  const cutOff = view([runner('a', 7), runner('b', 6, false)], { connectedAtMs: new Map([['b', 80_000]]) })
  expect(followed(cutOff, 99_000)).toBe(false)
  expect(followed(cutOff, 95_000)).toBe(false)
  expect(followed(cutOff, 94_999)).toBe(true)
})

test('who has not been away for long is waited for, whenever the table was published', () => {
  const away = view([runner('a', 7), runner('b', 6, false)], { connectedAtMs: new Map([['b', 90_000]]) })
  expect(followed(away, 0)).toBe(false)
})

test('who was never heard since control began is given the same time', () => {
  const one = [runner('a', 7)]
  expect(followed(view(one, { startedAtMs: 95_000 }), 0)).toBe(false)
  expect(followed(view(one), 99_000)).toBe(false)
  expect(followed(view(one), 90_000)).toBe(true)
})
