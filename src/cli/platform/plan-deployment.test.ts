import { describe, expect, test } from 'vitest'
import { DEFAULT_ROLLOUT, DEFAULT_SCALING, type EndpointSpec, type VariantSpec } from '../../api/resources.ts'
import { planDeployment, type DeployWishes } from './plan-deployment.ts'

const NOTHING: DeployWishes = {
  variant: undefined,
  weight: undefined,
  shadow: undefined,
  scaling: {},
  isolation: undefined,
  rollout: {},
}

function variant(name: string, version: number, more: Partial<VariantSpec> = {}): VariantSpec {
  return { name, model: 'fraud', version, weight: 1, scaling: DEFAULT_SCALING, isolation: 'runner', ...more }
}

function spec(...variants: VariantSpec[]): EndpointSpec {
  const capture = { sample: 0.1, redact: [], retentionDays: 7 }
  return { description: 'd', variants, capture, rollout: { ...DEFAULT_ROLLOUT, bakeMs: 5 }, isPaused: false }
}

const next = { model: 'fraud', version: 3 }

describe('a deployment', () => {
  test('of a new endpoint has one variant, called after its version', () => {
    expect(planDeployment(undefined, next, NOTHING)).toEqual({
      rollout: {},
      variants: [{ name: 'v3', ...next, weight: 1, scaling: {} }],
    })
  })

  test('takes the place of all that answer, and keeps the settings of the main one, capture and shadows', () => {
    const shadow = variant('dark', 9, { weight: 0, shadow: 0.5 })
    const scaling = { ...DEFAULT_SCALING, minReplicas: 2 }
    const main = variant('v1', 1, { weight: 9, scaling, isolation: 'process' })
    const planned = planDeployment(spec(variant('v2', 2), main, shadow), next, NOTHING)
    expect(planned.variants).toEqual([{ name: 'v3', ...next, weight: 1, scaling, isolation: 'process' }, shadow])
    expect(planned.capture).toEqual({ sample: 0.1, redact: [], retentionDays: 7 })
    expect(planned.rollout?.bakeMs).toBe(5)
  })

  test('says what it wishes over what was', () => {
    const wishes = { ...NOTHING, scaling: { minReplicas: 1 }, rollout: { strategy: 'canary', step: 0.2 } as const }
    const planned = planDeployment(spec(variant('v1', 1)), next, wishes)
    expect(planned.rollout).toMatchObject({ strategy: 'canary', step: 0.2, bakeMs: 5 })
    expect(planned.variants[0]?.scaling).toEqual({ ...DEFAULT_SCALING, minReplicas: 1 })
  })

  test('never calls the new variant as an old one of another model', () => {
    const planned = planDeployment(spec(variant('v3', 3, { model: 'other' })), next, NOTHING)
    expect(planned.variants.map(({ name }) => name)).toEqual(['fraud-v3'])
  })
})

describe('a deployment to one variant', () => {
  const before = spec(variant('main', 1, { weight: 9 }), variant('b', 2))

  test('leaves the others', () => {
    const planned = planDeployment(before, next, { ...NOTHING, variant: 'b' })
    expect(planned.variants).toMatchObject([
      { name: 'main', version: 1, weight: 9 },
      { name: 'b', version: 3, weight: 1 },
    ])
  })

  test('that is new gets no traffic until it is given some', () => {
    const planned = planDeployment(before, next, { ...NOTHING, variant: 'c' })
    expect(planned.variants[2]).toMatchObject({ name: 'c', weight: 0 })
    expect(planDeployment(before, next, { ...NOTHING, variant: 'c', weight: 2 }).variants[2]).toMatchObject({
      weight: 2,
    })
  })

  test('that is a shadow gets copies in place of traffic, and stays one', () => {
    const planned = planDeployment(before, next, { ...NOTHING, variant: 'dark', shadow: 0.5 })
    expect(planned.variants[2]).toMatchObject({ name: 'dark', weight: 0, shadow: 0.5 })
    const dark = spec(variant('main', 1), variant('dark', 2, { weight: 0, shadow: 0.5 }))
    expect(planDeployment(dark, next, { ...NOTHING, variant: 'dark' }).variants[1]).toMatchObject({
      weight: 0,
      shadow: 0.5,
    })
    const live = planDeployment(dark, next, { ...NOTHING, variant: 'dark', weight: 1 }).variants[1]
    expect(live).toMatchObject({ weight: 1 })
    expect(live).not.toHaveProperty('shadow')
  })
})
