import type { EndpointRevision, VariantSpec } from '../../api/resources.ts'
import type { RouteEndpoint, RouteVariant } from '../../api/route-table.ts'
import type { Kinds } from '../store/store.ts'

/** A revision as far as its variants are known. */
export type Side = Pick<EndpointRevision, 'revision' | 'spec' | 'resolved'>

export interface EndpointInput {
  readonly name: string
  /** Of the newest spec: it holds at once, whatever else is under way. */
  readonly isPaused: boolean
  /** Whose variants answer. */
  readonly served?: Side | undefined
  /** What is being rolled out, and its share of the traffic (0 to 1). All of its variants are resolved. */
  readonly target?: { readonly side: Side; readonly share: number } | undefined
  /** A ready version: of `model/number`. Undefined where it is gone. */
  readonly version: (model: string, number: number) => KnownVersion | undefined
  /** Labels of a model. */
  readonly labels: (model: string) => Readonly<Record<string, number>>
  /** Size that the autoscaler wants; undefined where it has no opinion yet. */
  readonly desired: (variant: string, digest: string) => number | undefined
  /** The endpoint as it is published. */
  readonly published?: RouteEndpoint | undefined
  /** How many runners the project's group has. */
  readonly runners: number
}

/** A ready version, and whether its bundle is still being brought to this machine. */
export type KnownVersion = Kinds['version'] & { readonly isComing?: boolean | undefined }

/** What tells two variants of a table apart: while a rollout is under way, two of the same name may stand in it. */
export function identityOf(variant: { readonly name: string; readonly digest: string }): string {
  return `${variant.name} ${variant.digest}`
}

interface Draft {
  readonly spec: VariantSpec
  readonly version: KnownVersion
  readonly digest: string
  weight: number
  shadow?: number | undefined
  isServed: boolean
  isTarget: boolean
}

/**
 * What the runners shall know of an endpoint, from what is decided and what is published: the same input gives the same
 * output. Variants of a rollout stand beside those that serve; the shares of all add up to 1.
 * @returns undefined where there is nothing to route to
 */
export function planEndpoint(input: EndpointInput): RouteEndpoint | undefined {
  const drafts = new Map<string, Draft>()
  const share = input.target?.share ?? 0
  if (input.served !== undefined) addSide(drafts, input, input.served, 1 - share, false)
  if (input.target !== undefined) addSide(drafts, input, input.target.side, share, true)
  if (drafts.size === 0) return undefined

  const settings = share === 1 || input.served === undefined ? (input.target?.side ?? input.served) : input.served
  const isRolling = input.target !== undefined
  const all = [...drafts.values()]
  const floor = isRolling ? floorOfNew(all, input) : 0
  const variants = all.map((draft) => toVariant(draft, input, isRolling, floor))
  const { sticky, capture } = settings?.spec ?? {}
  return {
    name: input.name,
    isPaused: input.isPaused,
    // Those that answer come first: who looks a variant up by name alone finds the one that serves.
    variants: variants.toSorted((a, b) => b.weight - a.weight),
    ...(sticky === undefined ? {} : { sticky }),
    ...(capture === undefined ? {} : { capture }),
  }
}

/** Adds the variants of a revision, with `part` of the traffic split among them by their weights. */
function addSide(drafts: Map<string, Draft>, input: EndpointInput, side: Side, part: number, isTarget: boolean): void {
  const live = side.spec.variants.filter((variant) => variant.shadow === undefined)
  const sum = live.reduce((total, variant) => total + variant.weight, 0)
  for (const spec of side.spec.variants) {
    const resolved = side.resolved[spec.name]
    const version = resolved && input.version(resolved.model, resolved.version)
    if (resolved === undefined || version === undefined) continue
    const weight = spec.shadow !== undefined || sum === 0 ? 0 : (part * spec.weight) / sum
    const identity = identityOf({ name: spec.name, digest: resolved.digest })
    const known = drafts.get(identity)
    const isOn = part > 0 && (!isTarget || part === 1)
    drafts.set(identity, {
      // Of a variant that both have, the newer settings hold.
      spec,
      version,
      digest: resolved.digest,
      weight: round((known?.weight ?? 0) + weight),
      shadow: isOn && spec.shadow !== undefined ? spec.shadow : isTarget ? known?.shadow : undefined,
      isServed: !isTarget || known !== undefined,
      isTarget,
    })
  }
}

/** New variants are as large as those whose traffic they shall take. */
function floorOfNew(drafts: readonly Draft[], input: EndpointInput): number {
  let most = 0
  for (const draft of drafts)
    if (draft.isServed && draft.shadow === undefined) most = Math.max(most, heldSize(draft, input))
  return most
}

/** Size while a rollout is under way: no smaller than what is published, so that a roll-back finds it. */
function heldSize(draft: Draft, input: EndpointInput): number {
  const size = Math.max(sizeOf(draft, input), publishedSize(draft.spec.name, draft.digest, input) ?? 0)
  return clamp(draft.spec, size, input)
}

/** Size without a rollout: what the autoscaler wants, else what is published, else the least. */
function sizeOf({ spec, digest }: Draft, input: EndpointInput): number {
  const wanted = input.desired(spec.name, digest) ?? publishedSize(spec.name, digest, input) ?? spec.scaling.minReplicas
  return clamp(spec, wanted, input)
}

function publishedSize(name: string, digest: string, input: EndpointInput): number | undefined {
  return input.published?.variants.find((variant) => variant.name === name && variant.digest === digest)?.replicas
}

/** @returns between the least and the most of the spec, and of the runners that there are */
function clamp(spec: VariantSpec, size: number, input: EndpointInput): number {
  const most = maxReplicasOf(spec, input.runners)
  return Math.max(Math.min(spec.scaling.minReplicas, most), Math.min(size, most))
}

/** How many replicas a variant may have in a group of so many runners; 1 or more. */
export function maxReplicasOf(spec: VariantSpec, runners: number): number {
  return Math.max(1, Math.min(spec.scaling.maxReplicas ?? runners, runners))
}

function toVariant(draft: Draft, input: EndpointInput, isRolling: boolean, floor: number): RouteVariant {
  const { spec, version, digest } = draft
  let replicas = sizeOf(draft, input)
  if (isRolling) {
    // Old ones keep their size; new ones prove themselves on as many runners.
    replicas = heldSize(draft, input)
    if (draft.isTarget) replicas = clamp(spec, Math.max(replicas, floor, 1), input)
  } else if (input.isPaused) replicas = 0
  return {
    name: spec.name,
    model: version.model,
    number: version.number,
    digest,
    folder: version.isComing === true ? '' : (version.folder ?? ''),
    isOurs: version.isOurs === true && version.isComing !== true,
    ...(version.isComing === true ? { isComing: true as const } : {}),
    labels: Object.entries(input.labels(version.model))
      .filter(([, number]) => number === version.number)
      .map(([label]) => label)
      .toSorted(),
    weight: draft.weight,
    ...(draft.shadow === undefined ? {} : { shadow: draft.shadow }),
    isolation: spec.isolation,
    replicas,
    maxReplicas: maxReplicasOf(spec, input.runners),
    targetInFlight: spec.scaling.targetInFlight ?? version.bundle?.targetInFlight.value ?? 1,
    memoryBytes: version.bundle?.memoryBytes ?? 0,
    loadMs: version.bundle?.loadMs ?? 0,
  }
}

/** Sums of shares stay free of the dust of binary fractions. */
function round(weight: number): number {
  return Math.round(weight * 1e9) / 1e9
}
