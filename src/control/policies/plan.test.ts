import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { EndpointSpec } from '../../api/resources.ts'
import { validateEndpointSpec } from '../../api/validate-endpoint.ts'
import { planChange } from './plan.ts'

const A = { name: 'a', model: 'fraud', version: 3 }
const B = { name: 'b', model: 'fraud', version: 4, weight: 3 }
const spec = (changes: object = {}) => validateEndpointSpec({ variants: [A, B], ...changes })
const NOW = spec()

describe('a plan', () => {
  test('of a new endpoint shows what is set', () => {
    const plan = planChange(undefined, spec({ isPaused: true, sticky: { by: 'key' } }))
    expect(plan).toMatchObject({ isNothing: false, effect: 'create', summary: 'new, with 2 variants' })
    expect(plan.changes.map(({ path }) => path)).toEqual(['variants.a', 'variants.b', 'isPaused', 'sticky'])
    expect(plan.changes[0]).toEqual({ path: 'variants.a', to: NOW.variants[0] })
  })

  test('of the same, in another order too, is nothing', () => {
    const nothing = { changes: [], isNothing: true, effect: 'none', summary: 'nothing changes' }
    expect(planChange(NOW, spec())).toEqual(nothing)
    expect(planChange(NOW, spec({ variants: [B, A] }))).toEqual(nothing)
  })

  test.each<[string, object, EndpointSpec | undefined, string, readonly object[]]>([
    [
      'another version',
      { variants: [{ ...A, version: 5 }, B] },
      undefined,
      'rollout',
      [{ path: 'variants.a.version', from: 3, to: 5 }],
    ],
    [
      'a label',
      { variants: [{ ...A, version: 'stable' }, B] },
      undefined,
      'rollout',
      [{ path: 'variants.a.version', from: 3, to: 'stable' }],
    ],
    [
      'another model',
      { variants: [{ ...A, model: 'x' }, B] },
      undefined,
      'rollout',
      [{ path: 'variants.a.model', from: 'fraud', to: 'x' }],
    ],
    [
      'one more variant',
      { variants: [A, B, { ...A, name: 'c' }] },
      undefined,
      'rollout',
      [{ path: 'variants.c', to: { ...NOW.variants[0], name: 'c' } }],
    ],
    ['one variant less', { variants: [A] }, undefined, 'settings', [{ path: 'variants.b', from: NOW.variants[1] }]],
    [
      'weights',
      { variants: [A, { ...B, weight: 9 }] },
      undefined,
      'settings',
      [{ path: 'variants.b.weight', from: 3, to: 9 }],
    ],
    [
      'scaling',
      { variants: [{ ...A, scaling: { minReplicas: 1, maxReplicas: 2 } }, B] },
      undefined,
      'settings',
      [
        { path: 'variants.a.scaling.minReplicas', from: 0, to: 1 },
        { path: 'variants.a.scaling.maxReplicas', to: 2 },
      ],
    ],
    [
      'a limit that goes',
      {},
      spec({ variants: [{ ...A, scaling: { maxReplicas: 2 } }, B] }),
      'settings',
      [{ path: 'variants.a.scaling.maxReplicas', from: 2 }],
    ],
    [
      'capture',
      { capture: { sample: 0.1 } },
      undefined,
      'settings',
      [{ path: 'capture', to: { sample: 0.1, redact: [], retentionDays: 7 } }],
    ],
    [
      'columns of capture',
      { capture: { sample: 0.1, redact: ['b'] } },
      spec({ capture: { sample: 0.1, redact: ['a'] } }),
      'settings',
      [{ path: 'capture.redact', from: ['a'], to: ['b'] }],
    ],
    [
      'stickiness',
      { sticky: { by: 'header', header: 'x' } },
      spec({ sticky: { by: 'key' } }),
      'settings',
      [
        { path: 'sticky.by', from: 'key', to: 'header' },
        { path: 'sticky.header', to: 'x' },
      ],
    ],
    [
      'how it is rolled out',
      { rollout: { strategy: 'canary' } },
      undefined,
      'settings',
      [{ path: 'rollout.strategy', from: 'all-at-once', to: 'canary' }],
    ],
    ['a pause', { isPaused: true }, undefined, 'settings', [{ path: 'isPaused', from: false, to: true }]],
    [
      'a shadow that gets traffic',
      { variants: [A, B] },
      spec({ variants: [A, { ...B, weight: 0, shadow: 1 }] }),
      'settings',
      [
        { path: 'variants.b.weight', from: 0, to: 3 },
        { path: 'variants.b.shadow', from: 1 },
      ],
    ],
  ])('of %s', (_, changes, current, effect, expected) => {
    const plan = planChange(current ?? NOW, spec(changes))
    expect(plan.effect).toBe(effect)
    expect(plan.changes).toEqual(expected)
    expect(plan.isNothing).toBe(false)
  })

  test.each([
    ['all-at-once', '1 change: rolls out all at once, watched for 10 s'],
    ['blue-green', '1 change: rolls out by blue-green, watched for 10 s with the old variants at hand'],
    ['canary', '1 change: rolls out by canary, 5 % of the traffic at first, each step watched for 10 s'],
    ['linear', '1 change: rolls out in steps of 5 % of the traffic, each watched for 10 s'],
  ])('says how it comes about by %s', (strategy, summary) => {
    const rollout = { strategy, step: 0.05 }
    const next = spec({ rollout, variants: [{ ...A, version: 9 }, B] })
    expect(planChange(spec({ rollout }), next).summary).toBe(summary)
    expect(planChange(NOW, spec({ isPaused: true, description: 'x' })).summary).toBe('2 changes: takes effect at once')
  })

  test('is nothing exactly where both are alike', () => {
    const variant = (name: string) =>
      fc.record({
        name: fc.constant(name),
        model: fc.constantFrom('m', 'n'),
        version: fc.constantFrom(1, 2, 'stable'),
        weight: fc.constantFrom(1, 2),
        scaling: fc.record({ maxReplicas: fc.constantFrom(1, 2) }, { requiredKeys: [] }),
      })
    const specs = fc
      .record(
        {
          variants: fc.oneof(fc.tuple(variant('a')), fc.tuple(variant('a'), variant('b'))),
          sticky: fc.constantFrom({ by: 'key' }, { by: 'header', header: 'x' }),
          isPaused: fc.boolean(),
        },
        { requiredKeys: ['variants'] },
      )
      .map((value) => validateEndpointSpec(value))
    fc.assert(
      fc.property(specs, specs, (from, to) => {
        const plan = planChange(from, to)
        expect(plan.isNothing).toBe(JSON.stringify(from) === JSON.stringify(to))
        expect(plan.changes.length === 0).toBe(plan.isNothing)
        expect(plan.effect === 'none').toBe(plan.isNothing)
        // and the way back has the same changes, turned round
        const back = planChange(to, from).changes.map(({ path }) => path)
        expect(back.sort()).toEqual(plan.changes.map(({ path }) => path).sort())
      }),
    )
  })
})
