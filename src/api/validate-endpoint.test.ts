import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { refusal } from '../core/refusal.fixture.ts'
import { DEFAULT_ROLLOUT, DEFAULT_SCALING } from './resources.ts'
import { validateEndpointSpec } from './validate-endpoint.ts'

const MAIN = { model: 'fraud', version: 3 }
const variants = (...changes: object[]) => ({ variants: changes.map((one, i) => ({ ...MAIN, name: `v${i}`, ...one })) })
const scaling = (changes: object) => ({ variants: [{ ...MAIN, scaling: changes }] })
const rollout = (changes: object) => ({ variants: [MAIN], rollout: changes })
const withField = (changes: object) => ({ variants: [MAIN], ...changes })

function problemsOf(value: unknown): { path: string; message: string }[] {
  const { code, details } = refusal(() => validateEndpointSpec(value))
  expect(code).toBe('invalid_argument')
  return details['problems'] as { path: string; message: string }[]
}

test('what is not said gets its default', () => {
  expect(validateEndpointSpec({ variants: [MAIN] })).toEqual({
    description: '',
    variants: [{ ...MAIN, name: 'main', weight: 1, scaling: DEFAULT_SCALING, isolation: 'runner' }],
    rollout: DEFAULT_ROLLOUT,
    isPaused: false,
  })
})

test('what is said stays, and a checked spec is one still', () => {
  const spec = validateEndpointSpec({
    description: 'Fraud, live',
    variants: [
      {
        name: 'a',
        model: 'fraud',
        version: 'stable',
        weight: 90.5,
        scaling: { minReplicas: 1, maxReplicas: 4, targetInFlight: 0.5 },
      },
      { name: 'b', model: 'fraud', version: 4, weight: 0, isolation: 'process' },
      { name: 'copy', model: 'other', version: 1, shadow: 0.25 },
    ],
    sticky: { by: 'header', header: 'X-User-Id' },
    capture: { sample: 0.5, redact: ['card'], retentionDays: 30 },
    rollout: { strategy: 'canary', step: 0.05 },
    isPaused: true,
  })
  expect(spec).toMatchObject({
    variants: [
      { version: 'stable', weight: 90.5, scaling: { minReplicas: 1, maxReplicas: 4, targetInFlight: 0.5 } },
      { weight: 0, isolation: 'process' },
      { weight: 0, shadow: 0.25 },
    ],
    sticky: { by: 'header', header: 'x-user-id' },
    capture: { sample: 0.5, redact: ['card'], retentionDays: 30 },
    rollout: { ...DEFAULT_ROLLOUT, strategy: 'canary', step: 0.05 },
    isPaused: true,
  })
  expect(validateEndpointSpec(JSON.parse(JSON.stringify(spec)))).toEqual(spec)
})

describe('is refused, by path:', () => {
  test.each<[unknown, string, RegExp]>([
    [null, 'spec', /^is null: it takes an object of description, variants/],
    [[], 'spec', /^is a list/],
    ['x', 'spec', /^is "x"/],
    [{}, 'spec.variants', /^is missing: it takes a list of 1 to 20 variants$/],
    [{ variants: [] }, 'spec.variants', /^has 0 items/],
    [{ variants: {} }, 'spec.variants', /^is an object/],
    [
      { variants: Array.from({ length: 21 }, () => MAIN) },
      'spec.variants',
      /^has 21 items: it takes a list of 1 to 20 variants$/,
    ],
    [{ variants: Array.from({ length: 10_000 }, () => MAIN) }, 'spec.variants', /^has 10000 items/],
    [{ variants: [null] }, 'spec.variants[0]', /^is null/],
    // fields that are not ours
    [withField({ project: 'other' }), 'spec.project', /^is no field: there are description, variants, sticky/],
    [withField({ revision: 9 }), 'spec.revision', /^is no field/],
    [withField({ meta: { createdAtMs: 0 } }), 'spec.meta', /^is no field/],
    [
      JSON.parse('{"variants":[{"model":"fraud","version":3}],"__proto__":{"isPaused":true}}'),
      'spec.__proto__',
      /^is no field/,
    ],
    [variants({ digest: 'x' }), 'spec.variants[0].digest', /^is no field/],
    [variants({ replicas: 5 }), 'spec.variants[0].replicas', /^is no field/],
    [withField({ 'a\nb': 1 }), 'spec."a\\nb"', /^is no field/],
    // names
    [variants({ name: '../x' }), 'spec.variants[0].name', /^is "\.\.\/x": it takes letters, digits/],
    [variants({ name: '' }), 'spec.variants[0].name', /^is ""/],
    [variants({ name: 'x'.repeat(64) }), 'spec.variants[0].name', /at most 63/],
    [variants({ name: 7 }), 'spec.variants[0].name', /^is 7/],
    [variants({}, { name: 'v0' }), 'spec.variants[1].name', /^is "v0" as that of another variant/],
    [{ variants: [MAIN, { ...MAIN, name: 'b' }] }, 'spec.variants[0].name', /^is missing: it takes letters/],
    [variants({ model: undefined }), 'spec.variants[0].model', /^is missing/],
    [variants({ model: 'a b' }), 'spec.variants[0].model', /^is "a b"/],
    // versions
    [
      variants({ version: undefined }),
      'spec.variants[0].version',
      /^is missing: it takes a version's number.* or a label/,
    ],
    [variants({ version: 0 }), 'spec.variants[0].version', /^is 0/],
    [variants({ version: -1 }), 'spec.variants[0].version', /^is -1/],
    [variants({ version: 1.5 }), 'spec.variants[0].version', /^is 1\.5/],
    [variants({ version: 1e300 }), 'spec.variants[0].version', /^is 1e\+300/],
    [variants({ version: '3' }), 'spec.variants[0].version', /a number stands without quotes/],
    [variants({ version: '0123456789abcdef' }), 'spec.variants[0].version', /^is "0123456789abcdef"/],
    [variants({ version: "'; drop table" }), 'spec.variants[0].version', /^is "'; drop table"/],
    // weights
    [variants({ weight: -1 }), 'spec.variants[0].weight', /^is -1: it takes a number from 0 to 1,000,000$/],
    [variants({ weight: Number.NaN }), 'spec.variants[0].weight', /^is NaN/],
    [variants({ weight: Infinity }), 'spec.variants[0].weight', /^is Infinity/],
    [variants({ weight: 1e7 }), 'spec.variants[0].weight', /^is 10000000/],
    [variants({ weight: '100%' }), 'spec.variants[0].weight', /^is "100%"/],
    [variants({ weight: null }), 'spec.variants[0].weight', /^is null/],
    [variants({ weight: 0 }), 'spec.variants', /^get no traffic/],
    [variants({ weight: 0 }, { weight: 0 }), 'spec.variants', /^get no traffic: .*weight above 0/],
    [variants({ shadow: 1 }), 'spec.variants', /^get no traffic/],
    [variants({}, { shadow: 0.5, weight: 1 }), 'spec.variants[1].weight', /^is 1: a shadow gets copies alone/],
    [variants({}, { shadow: 1.01 }), 'spec.variants[1].shadow', /^is 1\.01: it takes a number from 0 to 1$/],
    [variants({}, { shadow: -0.1 }), 'spec.variants[1].shadow', /^is -0\.1/],
    [variants({ isolation: 'vm' }), 'spec.variants[0].isolation', /^is "vm": it takes runner, process$/],
    // scaling
    [
      scaling({ minReplicas: 3, maxReplicas: 2 }),
      'spec.variants[0].scaling.minReplicas',
      /^is 3: it takes no more than maxReplicas, which is 2$/,
    ],
    [scaling({ minReplicas: -1 }), 'spec.variants[0].scaling.minReplicas', /^is -1/],
    [scaling({ minReplicas: 1.5 }), 'spec.variants[0].scaling.minReplicas', /^is 1\.5: it takes a whole number/],
    [
      scaling({ maxReplicas: 0 }),
      'spec.variants[0].scaling.maxReplicas',
      /^is 0: it takes a whole number from 1 to 1,000$/,
    ],
    [scaling({ maxReplicas: 1_000_000 }), 'spec.variants[0].scaling.maxReplicas', /^is 1000000/],
    [scaling({ targetInFlight: 0 }), 'spec.variants[0].scaling.targetInFlight', /^is 0: it takes a number above 0/],
    [scaling({ targetInFlight: Number.NaN }), 'spec.variants[0].scaling.targetInFlight', /^is NaN/],
    [scaling({ downscaleDelayMs: -1 }), 'spec.variants[0].scaling.downscaleDelayMs', /^is -1/],
    [scaling({ idleTimeoutMs: 1e12 }), 'spec.variants[0].scaling.idleTimeoutMs', /^is 1000000000000/],
    [scaling({ idleTimeoutMs: '5m' }), 'spec.variants[0].scaling.idleTimeoutMs', /^is "5m"/],
    [scaling({ cooldown: 1 }), 'spec.variants[0].scaling.cooldown', /^is no field: there are minReplicas/],
    [variants({ scaling: 3 }), 'spec.variants[0].scaling', /^is 3/],
    // sticky
    [withField({ sticky: {} }), 'spec.sticky.by', /^is missing: it takes key, header$/],
    [withField({ sticky: { by: 'cookie' } }), 'spec.sticky.by', /^is "cookie"/],
    [withField({ sticky: { by: 'header' } }), 'spec.sticky.header', /^is missing: it takes a header's name/],
    [withField({ sticky: { by: 'header', header: 'x: y' } }), 'spec.sticky.header', /^is "x: y"/],
    [withField({ sticky: { by: 'header', header: 'a\r\nb' } }), 'spec.sticky.header', /^is "a\\r\\nb"/],
    [withField({ sticky: { by: 'header', header: 'x'.repeat(65) } }), 'spec.sticky.header', /1 to 64/],
    [withField({ sticky: { by: 'key', header: 'x' } }), 'spec.sticky.header', /^is of no use/],
    [withField({ sticky: null }), 'spec.sticky', /^is null/],
    // capture
    [withField({ capture: {} }), 'spec.capture.sample', /^is missing/],
    [withField({ capture: { sample: 2 } }), 'spec.capture.sample', /^is 2/],
    [withField({ capture: { sample: 1, redact: 'card' } }), 'spec.capture.redact', /^is "card": it takes a list/],
    [withField({ capture: { sample: 1, redact: [1] } }), 'spec.capture.redact[0]', /^is 1: it takes text$/],
    [withField({ capture: { sample: 1, redact: [undefined] } }), 'spec.capture.redact[0]', /^is null/],
    [
      withField({ capture: { sample: 1, retentionDays: 0 } }),
      'spec.capture.retentionDays',
      /^is 0: it takes a number above 0/,
    ],
    // rollout
    [
      rollout({ strategy: 'yolo' }),
      'spec.rollout.strategy',
      /^is "yolo": it takes all-at-once, canary, linear, blue-green$/,
    ],
    [rollout({ step: 0 }), 'spec.rollout.step', /^is 0: it takes a number above 0 and at most 1$/],
    [rollout({ step: 1.5 }), 'spec.rollout.step', /^is 1\.5/],
    [rollout({ step: Number.NaN }), 'spec.rollout.step', /^is NaN/],
    [rollout({ bakeMs: -1 }), 'spec.rollout.bakeMs', /^is -1/],
    [rollout({ falseAlarm: 0 }), 'spec.rollout.falseAlarm', /^is 0/],
    [rollout({ falseAlarm: 1 }), 'spec.rollout.falseAlarm', /^is 1/],
    [rollout({ minSamples: 1e9 }), 'spec.rollout.minSamples', /^is 1000000000/],
    [rollout({ maxErrorIncrease: -0.1 }), 'spec.rollout.maxErrorIncrease', /^is -0\.1/],
    [rollout({ maxLatencyIncrease: Infinity }), 'spec.rollout.maxLatencyIncrease', /^is Infinity/],
    [
      rollout({ strategy: 'linear', step: 0.1, bakeMs: 60_000, timeoutMs: 500_000 }),
      'spec.rollout.timeoutMs',
      /10 steps of 60000 ms take longer/,
    ],
    [rollout({ alarm: 'x' }), 'spec.rollout.alarm', /^is no field/],
    [withField({ rollout: null }), 'spec.rollout', /^is null/],
    // the rest
    [withField({ isPaused: 'false' }), 'spec.isPaused', /^is "false": it takes true or false$/],
    [withField({ description: 'x'.repeat(1001) }), 'spec.description', /^has 1001 characters: it takes 1,000 at most$/],
    [withField({ description: 5 }), 'spec.description', /^is 5: it takes text$/],
  ])('%#: %j', (value, path, message) => {
    const problems = problemsOf(value)
    expect(problems).toEqual([{ path, message: expect.stringMatching(message) }])
  })
})

test('all that is wrong is said at once, a part of it in the message', () => {
  const spec = {
    variants: [
      { name: 'a', model: '', version: 0, weight: -1, shadow: 7, isolation: 'x', scaling: { minReplicas: -1 } },
      { name: 'b', model: 'm', version: 1, colour: 'red' },
    ],
  }
  const { message, details } = refusal(() => validateEndpointSpec(spec, 'endpoint.yaml: spec'))
  expect(details['problems']).toHaveLength(7)
  expect(message).toMatch(/^endpoint\.yaml: spec\.variants\[0\]\.shadow is 7: .*; and 2 more \(details\.problems\)$/)
})

test('a document of nothing but mistakes has a short answer', () => {
  const fields = Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`f${i}`, i]))
  const error = refusal(() => validateEndpointSpec({ ...fields, variants: [MAIN] }))
  expect(error.details['problems']).toHaveLength(20)
  expect(error.message.length).toBeLessThan(2000)
})

test('a key that was put in the wrong place is not repeated', () => {
  const key = `slw_${'a1b2'.repeat(8)}`
  const error = refusal(() => validateEndpointSpec({ variants: [{ ...MAIN, name: key, [key]: 1 }], sticky: key }))
  expect(JSON.stringify([error.message, error.details])).not.toContain('a1b2')
})

test('whatever it is given, it gives a spec that it takes again, or says by path what is wrong', () => {
  const odd = fc.oneof(
    fc.constantFrom(0, 1, -1, 0.5, Number.NaN, Infinity, null, undefined, '', 'main', [], {}),
    fc.anything(),
  )
  const record = (names: readonly string[]) =>
    fc.record(Object.fromEntries(names.map((name) => [name, odd])), { requiredKeys: [] })
  const variant = fc.oneof(
    fc.record({
      name: fc.constantFrom('a', 'b', 'c'),
      model: fc.constant('m'),
      version: fc.constantFrom(1, 'stable', 0),
      weight: fc.constantFrom(0, 1, 5, 0.1, -1),
      scaling: fc.oneof(fc.constant({}), record(Object.keys(DEFAULT_SCALING))),
    }),
    odd,
  )
  const spec = fc.record(
    {
      variants: fc.oneof(fc.array(variant, { maxLength: 3 }), fc.constant([{ model: 'm', version: 1 }])),
      rollout: fc.oneof(fc.constant({}), record(Object.keys(DEFAULT_ROLLOUT))),
      capture: fc.oneof(fc.constant({ sample: 1 }), record(['sample', 'redact', 'retentionDays', 'retentionMiB'])),
      sticky: fc.oneof(fc.constant({ by: 'key' }), record(['by', 'header'])),
      description: fc.oneof(fc.string(), odd),
      isPaused: fc.oneof(fc.boolean(), odd),
    },
    { requiredKeys: ['variants'] },
  )
  let good = 0
  fc.assert(
    fc.property(spec, (value) => {
      let read
      try {
        read = validateEndpointSpec(value)
      } catch {
        expect(problemsOf(value).length).toBeGreaterThan(0)
        return
      }
      good++
      expect(validateEndpointSpec(JSON.parse(JSON.stringify(read)))).toEqual(read)
      expect(read.variants.some(({ weight, shadow }) => weight > 0 && shadow === undefined)).toBe(true)
    }),
    { numRuns: 500 },
  )
  expect(good).toBeGreaterThan(0)
})
