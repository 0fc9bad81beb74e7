import type { RouteEndpoint, RouteVariant } from '../../api/route-table.ts'
import { ServingError } from '../../core/errors.ts'
import { quote, quoteList } from '../../core/text.ts'
import type { ServedModel } from '../plane.ts'
import type { Replica } from './replica.ts'
import { chooseByWeight, chooseFor, variantsNamed, type Share } from './split.ts'
import type { Traffic } from './traffic.ts'
import type { Caller } from './types.ts'

/** A variant as protocols see it: a version of a model of the endpoint's name. What it holds on disk is read when asked for. */
export class EndpointModel implements ServedModel {
  readonly name: string
  readonly version: string
  readonly labels: readonly string[]
  readonly replica: Replica
  /** Absent where a version is meant whatever its variant: among the runners of a group. */
  readonly variant: Variant | undefined

  constructor(replica: Replica, labels: readonly string[], variant?: Variant) {
    this.name = replica.endpoint
    this.version = replica.digest
    this.labels = labels
    this.replica = replica
    this.variant = variant
  }

  get signature() {
    return this.replica.describe().signature
  }

  get example() {
    return this.replica.describe().example
  }

  get engines() {
    return this.replica.describe().engines
  }

  get batching() {
    return this.replica.describe().batching
  }

  get choices() {
    return this.replica.describe().choices
  }

  /** Idle ones are ready: they are woken by whoever asks. */
  get state() {
    return this.replica.isFailing || this.replica.isComing ? 'unloading' : 'ready'
  }

  get trouble() {
    return this.replica.trouble
  }
}

/** One variant of an endpoint, and the version that answers for it. */
export class Variant implements Share {
  readonly name: string
  readonly digest: string
  readonly number: number
  readonly labels: readonly string[]
  readonly weight: number
  readonly spec: RouteVariant
  readonly replica: Replica
  readonly model: EndpointModel
  readonly endpoint: Endpoint
  readonly #trafficOf: (variant: Variant) => Traffic
  #traffic: Traffic | undefined

  constructor(endpoint: Endpoint, spec: RouteVariant, replica: Replica, trafficOf: (variant: Variant) => Traffic) {
    this.endpoint = endpoint
    this.name = spec.name
    this.digest = spec.digest
    this.number = spec.number
    this.labels = spec.labels
    this.weight = spec.weight
    this.spec = spec
    this.replica = replica
    this.model = new EndpointModel(replica, labelsOf(spec), this)
    this.#trafficOf = trafficOf
  }

  /** Made with the first request: most endpoints are idle. */
  get traffic(): Traffic {
    return (this.#traffic ??= this.#trafficOf(this))
  }
}

/** What a variant answers to: its name, its number, the labels of its version. */
export function labelsOf({ name, number, labels }: RouteVariant): readonly string[] {
  return [...new Set([name, String(number), ...labels])]
}

/** What SageMaker calls the only variant of an endpoint where nobody named it. */
const ALL_TRAFFIC = 'AllTraffic'

/** An endpoint of the table: who gets which request. */
export class Endpoint {
  readonly name: string
  readonly isPaused: boolean
  /** Whether some of its requests are kept. */
  readonly isCaptured: boolean
  /** The one with the most traffic first. */
  readonly variants: readonly Variant[]
  readonly shadows: readonly Variant[]
  /** Those that take traffic of their own. */
  readonly #live: readonly Variant[]
  readonly #only: Variant | undefined
  readonly #isStickyByKey: boolean
  readonly #stickyHeader: string | undefined

  constructor(
    spec: RouteEndpoint,
    replicaOf: (variant: RouteVariant) => Replica,
    trafficOf: (variant: Variant) => Traffic,
  ) {
    this.name = spec.name
    this.isPaused = spec.isPaused
    this.isCaptured = (spec.capture?.sample ?? 0) > 0
    this.#isStickyByKey = spec.sticky?.by === 'key'
    this.#stickyHeader = spec.sticky?.by === 'header' ? spec.sticky.header.toLowerCase() : undefined
    this.variants = spec.variants
      .map((variant) => new Variant(this, variant, replicaOf(variant), trafficOf))
      .toSorted((a, b) => b.weight - a.weight)
    this.shadows = this.variants.filter(({ spec: { shadow = 0 } }) => shadow > 0)
    this.#live = this.variants.filter(({ weight }) => weight > 0)
    this.#only = this.#live.length === 1 ? this.#live[0] : undefined
  }

  /**
   * The variant that answers a request: the one it names, else one by the weights.
   * @param version what the path or body names: a variant, a version's number, a label, a digest
   * @throws {ServingError} `unavailable` where it is paused or nobody takes traffic; `not_found`
   */
  choose({ principal, headers }: Caller, version: string | undefined, random: () => number): Variant {
    if (this.isPaused)
      throw new ServingError(
        'unavailable',
        `endpoint ${quote(this.name)} is paused: whoever operates it can resume it`,
        {
          details: { reason: 'paused', endpoint: this.name },
        },
      )
    const own = headers['x-slipway-variant'] ?? headers['azureml-model-deployment']
    const amazons = headers['x-amzn-sagemaker-target-variant']
    const isFree = version === undefined && own === undefined && amazons === undefined
    if (isFree && this.#only !== undefined) return this.#only
    const candidates = isFree ? this.#live : this.#named(version, own, amazons)
    const [first] = candidates
    if (first === undefined)
      throw new ServingError('unavailable', `no variant of endpoint ${quote(this.name)} takes traffic at present`, {
        details: { reason: 'no_traffic', endpoint: this.name },
      })
    if (candidates.length === 1) return first
    const value = this.#stickyValue(principal, headers)
    return (value === undefined ? chooseByWeight(candidates, random()) : chooseFor(candidates, value)) ?? first
  }

  #stickyValue(principal: Caller['principal'], headers: Caller['headers']): string | undefined {
    if (this.#isStickyByKey) return principal?.uid ?? principal?.name
    return this.#stickyHeader === undefined ? undefined : headers[this.#stickyHeader]
  }

  /** Those that all of the words name. */
  #named(...words: readonly (string | undefined)[]): readonly Variant[] {
    let found = this.variants
    let isNamed = false
    for (const word of words) {
      if (word === undefined) continue
      const named = variantsNamed(this.variants, word)
      if (named.length === 0 && word === ALL_TRAFFIC) continue
      isNamed = true
      found = found.filter((variant) => named.includes(variant))
      if (found.length > 0) continue
      const has = this.variants.map(({ spec }) => [...labelsOf(spec), spec.digest.slice(0, 12)].join(' or '))
      throw new ServingError(
        'not_found',
        `endpoint ${quote(this.name)} has no variant ${quote(word)}${words.filter(Boolean).length > 1 ? ' that fits all that the request names' : ''}; it has ${quoteList(has)}`,
        { details: { endpoint: this.name, variant: word } },
      )
    }
    return isNamed ? found : this.#live
  }
}
