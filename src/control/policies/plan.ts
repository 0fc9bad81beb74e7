import { isDeepStrictEqual } from 'node:util'
import { DEFAULT_ROLLOUT, type EndpointSpec, type RolloutSpec } from '../../api/resources.ts'
import { count, duration, percent } from './words.ts'

export interface SpecChange {
  /** `variants.main.weight`: variants by name. */
  readonly path: string
  /** Absent where there was nothing. */
  readonly from?: unknown
  /** Absent where nothing will be. */
  readonly to?: unknown
}

export interface ChangePlan {
  readonly changes: readonly SpecChange[]
  readonly isNothing: boolean
  /**
   * `create`: there is no such endpoint yet. `rollout`: a variant answers with another version than before, so that
   * the change is watched. `settings`: takes effect at once. `none`: nothing changes.
   */
  readonly effect: 'create' | 'rollout' | 'settings' | 'none'
  /** One line: `2 changes: rolls out by canary, 10 % of the traffic at first`. */
  readonly summary: string
}

/** What there is before an endpoint is made: what stands there by itself is no change. */
const NOTHING_YET: EndpointSpec = { description: '', variants: [], rollout: DEFAULT_ROLLOUT, isPaused: false }

/**
 * What `slipway apply` prints: how the wanted spec differs from what is, and what that brings about. The order of
 * variants is no difference. What a label stands for is not known here: a label that was moved is a change that only
 * whoever resolves it sees.
 */
export function planChange(current: EndpointSpec | undefined, wanted: EndpointSpec): ChangePlan {
  const changes = [...differences(current ?? NOTHING_YET, wanted)]
  if (current === undefined)
    return {
      changes,
      isNothing: false,
      effect: 'create',
      summary: `new, with ${count(wanted.variants.length, 'variant')}`,
    }
  if (changes.length === 0) return { changes, isNothing: true, effect: 'none', summary: 'nothing changes' }
  const effect = bringsVersions(current, wanted) ? 'rollout' : 'settings'
  const consequence = effect === 'rollout' ? inWords(wanted.rollout) : 'takes effect at once'
  return { changes, isNothing: false, effect, summary: `${count(changes.length, 'change')}: ${consequence}` }
}

/** Whether a variant is new under its name, or stands for another version. */
function bringsVersions(current: EndpointSpec, wanted: EndpointSpec): boolean {
  const before = new Map(current.variants.map((variant) => [variant.name, variant]))
  return wanted.variants.some(({ name, model, version }) => {
    const old = before.get(name)
    return old?.model !== model || old.version !== version
  })
}

function inWords({ strategy, step, bakeMs }: RolloutSpec): string {
  const watched = `watched for ${duration(bakeMs)}`
  switch (strategy) {
    case 'all-at-once':
      return `rolls out all at once, ${watched}`
    case 'blue-green':
      return `rolls out by blue-green, ${watched} with the old variants at hand`
    case 'canary':
      return `rolls out by canary, ${percent(step)} of the traffic at first, each step ${watched}`
    case 'linear':
      return `rolls out in steps of ${percent(step)} of the traffic, each ${watched}`
  }
}

function* differences(from: EndpointSpec, to: EndpointSpec): Generator<SpecChange> {
  const { variants: before, ...oldSettings } = from
  const { variants: after, ...newSettings } = to
  for (const old of before) {
    const fresh = after.find(({ name }) => name === old.name)
    yield* differencesAt(`variants.${old.name}`, old, fresh)
  }
  for (const fresh of after)
    if (!before.some(({ name }) => name === fresh.name)) yield { path: `variants.${fresh.name}`, to: fresh }
  yield* differencesAt('', oldSettings, newSettings)
}

/** Of two values: field by field where both are objects. */
function* differencesAt(path: string, from: unknown, to: unknown): Generator<SpecChange> {
  if (isDeepStrictEqual(from, to)) return
  if (isObject(from) && isObject(to)) {
    for (const name of new Set([...Object.keys(from), ...Object.keys(to)]))
      yield* differencesAt(path === '' ? name : `${path}.${name}`, from[name], to[name])
    return
  }
  yield { path, ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
