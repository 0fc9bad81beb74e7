import { describe, expect, test } from 'vitest'
import { choose } from '../runtime/choose.ts'
import { version } from './desired-state.fixture.ts'
import { createPlacement } from './placement.ts'
import type { DesiredModel } from './settings.ts'

function planned(name: string, plan: 'in-tick' | 'off-loop', rest: Partial<DesiredModel> = {}): DesiredModel {
  const choices = choose({ overrides: { plan }, engines: ['onnxruntime'], cores: 2, timeoutMs: 1000 })
  return version(name, '1', { choices, ...rest })
}

/** Sockets that each runner is sent to, by model. */
function sentTo(runners: number, models: readonly DesiredModel[], placement = place(runners)): string[] {
  return Array.from({ length: runners }, (_, runner) =>
    placement
      .modelsFor(runner, models)
      .map(({ name, holder }) => `${name}:${holder?.socket ?? 'own'}`)
      .join(' '),
  )
}

function place(runners: number) {
  return createPlacement(Array.from({ length: runners }, (_, i) => `s${i}`))
}

describe('a heavy model', () => {
  test('is held by one runner, in turn, and the others are sent there', () => {
    const models = [planned('a', 'off-loop'), planned('b', 'off-loop'), planned('light', 'in-tick')]
    expect(sentTo(2, models)).toEqual(['a:own b:s1 light:own', 'a:s0 b:own light:own'])
  })

  test('stays where it is when others come and go', () => {
    const placement = place(2)
    sentTo(2, [planned('a', 'off-loop'), planned('b', 'off-loop')], placement)
    expect(sentTo(2, [planned('c', 'off-loop'), planned('b', 'off-loop')], placement)).toEqual([
      'c:own b:s1',
      'c:s0 b:own',
    ])
  })

  test('is everywhere where there is one runner, or where it runs in processes of its own', () => {
    expect(sentTo(1, [planned('a', 'off-loop')])).toEqual(['a:own'])
    const isolated = planned('a', 'off-loop', { replicas: { sockets: ['w0'], engines: [] } })
    expect(sentTo(2, [isolated])).toEqual(['a:own', 'a:own'])
  })
})
