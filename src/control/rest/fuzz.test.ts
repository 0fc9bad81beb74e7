import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parameterOf, ROUTES, type ApiRoute } from '../../api/routes.ts'
import type { Schema } from '../../api/schema.ts'
import { testApi, type TestApi } from './api.fixture.ts'
import { problemsOf, resolved } from './check.ts'

let api: TestApi
beforeAll(async () => {
  api = await testApi()
})
afterAll(() => api.close())

/** Values that mean something to somebody. */
const NASTY = fc.constantFrom<unknown>(
  null,
  true,
  '',
  ' ',
  '*',
  '..',
  '../../etc/passwd',
  '%00',
  "' OR 1=1 --",
  '<img onerror=x>',
  '\u202e',
  '🦀',
  -1,
  0,
  0.5,
  1e308,
  2 ** 53,
  [],
  {},
  [[]],
  { $ref: 'x' },
  'a'.repeat(2000),
)

/** Names that the run makes, so that requests meet what others made. */
const NAMES = fc.constantFrom('a', 'b', 'default', 'fraud')

/** Mostly what a schema has, now and then what it does not. */
function valueOf(reference: Schema, depth = 0): fc.Arbitrary<unknown> {
  const schema = resolved(reference)
  const good = goodValue(schema, depth)
  return fc.oneof({ weight: 12, arbitrary: good }, { weight: 1, arbitrary: NASTY })
}

function goodValue(schema: Schema, depth: number): fc.Arbitrary<unknown> {
  if (schema.oneOf !== undefined) return fc.oneof(...schema.oneOf.map((choice) => valueOf(choice, depth + 1)))
  switch (schema.type) {
    case 'object': {
      const properties = Object.entries(schema.properties ?? {})
      const required = schema.required ?? []
      const known = Object.fromEntries(properties.map(([name, inner]) => [name, valueOf(inner, depth + 1)]))
      const strange = schema.additionalProperties === true ? { [`k${depth}`]: NASTY } : {}
      return fc.record({ ...known, ...strange }, { requiredKeys: required as never[] })
    }
    case 'array':
      return fc.array(valueOf(schema.items ?? {}, depth + 1), { minLength: schema.minItems ?? 0, maxLength: 3 })
    case 'string':
      if (schema.const !== undefined) return fc.constant(schema.const)
      if (schema.enum !== undefined) return fc.constantFrom(...schema.enum)
      if (schema.pattern?.includes('[0-9a-f]{64}')) return fc.constant('0'.repeat(64))
      return NAMES
    case 'integer':
    case 'number':
      return fc.oneof(
        fc.integer({
          min: schema.minimum ?? 0,
          max: Math.max(schema.minimum ?? 0, Math.min(Math.floor(schema.maximum ?? 5), 5)),
        }),
        fc.constantFrom(schema.minimum ?? 0, schema.maximum ?? 1),
      )
    case 'boolean':
      return fc.boolean()
    default:
      return NASTY
  }
}

interface Asked {
  readonly route: ApiRoute
  readonly url: string
  readonly body: unknown
}

function requestTo(route: ApiRoute): fc.Arbitrary<Asked> {
  const names = [...route.path.matchAll(/:([a-z]+)/g)].map(([, name = '']) => name)
  const parameters = fc.record(
    Object.fromEntries(
      names.map((name) => [
        name,
        name === 'project' ? fc.constantFrom('default', 'default', 'a', '*') : valueOf(parameterOf(route, name)),
      ]),
    ),
  )
  const query = fc.record(
    Object.fromEntries(
      Object.entries(route.query?.properties ?? {})
        .filter(([name]) => name !== 'wait')
        .map(([name, schema]) => [name, valueOf(schema)]),
    ),
    { requiredKeys: [] },
  )
  const body = route.body === undefined || route.body === 'bytes' ? fc.constant(undefined) : valueOf(route.body)
  return fc.record({ parameters, query, body }).map(({ parameters, query, body }) => {
    const path = route.path.replace(/:([a-z]+)/g, (_, name: string) => encodeURIComponent(textOf(parameters[name])))
    const search = Object.entries(query).map(([name, value]) => `${name}=${encodeURIComponent(textOf(value))}`)
    return { route, url: search.length === 0 ? path : `${path}?${search.join('&')}`, body }
  })
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value.toWellFormed() : JSON.stringify(value)
}

describe('requests of every kind, right and wrong, one after the other', () => {
  test('are answered in our words, never with a fault of ours', async () => {
    const one = fc.oneof(...ROUTES.filter(({ name }) => name !== 'getOpenApi').map(requestTo))
    const statuses = new Map<number, number>()
    await fc.assert(
      fc.asyncProperty(fc.array(one, { minLength: 5, maxLength: 10 }), async (requests) => {
        for (const { route, url, body } of requests) {
          const hasBody = body !== undefined
          const payload = route.body === 'bytes' ? { payload: Buffer.from('abc') } : {}
          // that an answer fits its schema is looked at within
          const answer = await api.ask(route.method, url, { key: 'root', ...(hasBody ? { body } : {}), ...payload })
          statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1)
          if (answer.status >= 500) expect([answer.text, url, body]).toBe('no fault of ours')
          if (answer.status >= 400) expect(Object.keys(answer.body)).toEqual(['error'])
        }
      }),
      { numRuns: 250 },
    )
    // it got somewhere
    for (const status of [200, 201, 400, 404, 409]) expect([status, statuses.get(status) ?? 0]).not.toEqual([status, 0])
  })

  test('what fits a schema has no problems, and what has a field too many has one', () => {
    for (const route of ROUTES) {
      const { body } = route
      if (body === undefined || body === 'bytes') continue
      fc.assert(
        fc.property(goodValue(resolved(body), 0), (value) => {
          if (problemsOf(body, value, 'body').length > 0 || typeof value !== 'object') return
          const [problem] = problemsOf(body, { ...value, isAdmin: true }, 'body')
          expect(problem).toMatchObject({ path: 'body.isAdmin' })
        }),
        { numRuns: 20 },
      )
    }
  })
})
