import type { EndpointRevision, Problem, RolloutDecision, RolloutState, VariantSpec } from '../../api/resources.ts'
import { isWorthAChange } from '../policies/ease-in.ts'
import type { Judgement } from '../policies/rollout.ts'
import type { Kinds, Stored } from '../store/store.ts'
import type { Readiness } from './fleet-view.ts'

export type Resolved = EndpointRevision['resolved']

/** What a variant of a new revision stands for. */
export type Resolution =
  | { readonly state: 'ready'; readonly model: string; readonly version: number; readonly digest: string }
  | { readonly state: 'waiting'; readonly reason: string }
  | { readonly state: 'failed'; readonly reason: string }

/** All that the next step of an endpoint depends on. */
export interface EndpointView {
  readonly endpoint: Stored<'endpoint'>
  /** The one under way. */
  readonly rollout: Stored<'rollout'> | undefined
  readonly served: Kinds['revision'] | undefined
  /** Of the newest spec. */
  readonly target: Kinds['revision'] | undefined
  readonly resolve: (variant: VariantSpec) => Resolution
  /** Every runner follows the table in which what is decided of the endpoint stands. */
  readonly isAcknowledged: boolean
  /** Of each variant of the target. */
  readonly readiness: readonly { readonly variant: string; readonly readiness: Readiness }[]
  /** How long the rollout has been in its state, as far as this process has seen it (ms). */
  readonly inStateForMs: number
  readonly loadGraceMs: number
  /** Whether new variants get traffic that can be compared with that of old ones. */
  readonly isCompared: boolean
  /** Shares of the steps, ascending; the last is 1. */
  readonly shares: readonly number[]
  /** What the new variants may get at first of the share that a step gives them; undefined while that is not known. */
  readonly ease: (share: number) => number | undefined
  /** What the sequential test says now; undefined until the next look is due. */
  readonly look: () => Judgement | undefined
}

/** What is done next; each is one transaction. */
export type Step =
  | { readonly do: 'nothing' }
  /** Only settings differ: the new revision answers from now on. */
  | { readonly do: 'adopt'; readonly resolved: Resolved }
  | { readonly do: 'begin' }
  | { readonly do: 'load'; readonly resolved: Resolved }
  | { readonly do: 'shift'; readonly step: number; readonly share: number; readonly judgement?: Judgement | undefined }
  | { readonly do: 'bake' }
  | { readonly do: 'note'; readonly judgement: Judgement }
  | { readonly do: 'roll-back'; readonly reason: string; readonly judgement?: Judgement | undefined }
  | {
      readonly do: 'end'
      readonly state: Extract<RolloutState, 'promoted' | 'rolled-back' | 'cancelled' | 'failed'>
      readonly reason: string
      /** Whether the revision counts as tried, so that it isn't tried again. */
      readonly isSettled: boolean
      readonly judgement?: Judgement | undefined
    }
  | { readonly do: 'remove' }

const NOTHING: Step = { do: 'nothing' }

/** Decides what is done next for an endpoint. Pure: what has been done already leads to the step after it. */
export function nextStep(view: EndpointView): Step {
  const { endpoint, rollout, target } = view
  const { document } = endpoint
  if (document.state === 'deleting') return deletion(view)
  if (rollout !== undefined) return nextOfRollout(view, rollout)
  if (document.settledRevision === document.revision || target === undefined) return NOTHING
  const resolved = settingsOnly(view, target)
  return resolved === undefined ? { do: 'begin' } : { do: 'adopt', resolved }
}

function deletion({ rollout, isAcknowledged }: EndpointView): Step {
  if (rollout !== undefined)
    return { do: 'end', state: 'cancelled', reason: 'the endpoint is being deleted', isSettled: false }
  return isAcknowledged ? { do: 'remove' } : NOTHING
}

/** @returns the new revision's versions where each of its variants serves already under its name */
function settingsOnly({ served, resolve }: EndpointView, target: Kinds['revision']): Resolved | undefined {
  if (served === undefined) return undefined
  const resolved = resolveAll(target, resolve)
  if ('reason' in resolved) return undefined
  const isSame = target.spec.variants.every(
    ({ name }) => resolved.all[name]?.digest === served.resolved[name]?.digest && served.resolved[name] !== undefined,
  )
  return isSame ? resolved.all : undefined
}

function resolveAll(
  target: Kinds['revision'],
  resolve: EndpointView['resolve'],
): { readonly all: Resolved } | { readonly reason: string; readonly isFinal: boolean } {
  const all: Record<string, Resolved[string]> = {}
  let waits: string | undefined
  for (const variant of target.spec.variants) {
    const known = target.resolved[variant.name]
    const resolution: Resolution = known === undefined ? resolve(variant) : { state: 'ready', ...known }
    if (resolution.state === 'failed') return { reason: resolution.reason, isFinal: true }
    if (resolution.state === 'waiting') waits ??= resolution.reason
    else all[variant.name] = { model: resolution.model, version: resolution.version, digest: resolution.digest }
  }
  return waits === undefined ? { all } : { reason: waits, isFinal: false }
}

function nextOfRollout(view: EndpointView, stored: Stored<'rollout'>): Step {
  const { document: rollout } = stored
  const { target } = view
  if (rollout.state === 'rolling-back') return rollingBack(view, rollout)
  // What answers already, and the first to do so, is not taken away for what may come.
  const isAnswering = view.served === undefined && rollout.state === 'shifting'
  if (rollout.toRevision !== view.endpoint.document.revision && !isAnswering)
    return {
      do: 'end',
      state: 'cancelled',
      reason: `revision ${view.endpoint.document.revision} was asked for meanwhile`,
      isSettled: false,
    }
  if (rollout.wish === 'cancel')
    return { do: 'end', state: 'cancelled', reason: 'somebody cancelled it', isSettled: true }
  if (rollout.wish === 'roll-back') return rollBack(rollout, 'somebody asked for it')
  if (target === undefined)
    return { do: 'end', state: 'failed', reason: `revision ${rollout.toRevision} is gone`, isSettled: true }
  switch (rollout.state) {
    case 'pending':
      return pending(view, target)
    case 'loading':
      return loading(view, rollout)
    case 'shifting':
      if (!view.isAcknowledged) return NOTHING
      return view.isCompared ? { do: 'bake' } : promote('there is nothing to compare it with', undefined)
    case 'baking':
      return baking(view, rollout)
    default:
      // It has ended, but the endpoint still points at it: a record that was written by hand.
      return { do: 'end', state: 'cancelled', reason: rollout.reason, isSettled: false }
  }
}

function pending(view: EndpointView, target: Kinds['revision']): Step {
  const resolved = resolveAll(target, view.resolve)
  if ('all' in resolved) return { do: 'load', resolved: resolved.all }
  return resolved.isFinal ? { do: 'end', state: 'failed', reason: resolved.reason, isSettled: true } : NOTHING
}

function loading(view: EndpointView, rollout: Kinds['rollout']): Step {
  const problem = failure(view)
  if (problem !== undefined) return rollBack(rollout, problem)
  if (areReady(view)) {
    const step = rollout.wish === 'promote' ? view.shares.length - 1 : 0
    const share = view.shares[step] ?? 1
    return { do: 'shift', step, share: share < 1 ? (view.ease(share) ?? share) : share }
  }
  if (view.inStateForMs <= rollout.spec.timeoutMs) return NOTHING
  const { ready, wanted } = countOf(view)
  return rollBack(
    rollout,
    `${ready} of ${wanted} replicas were ready after ${Math.round(view.inStateForMs / 1000)} s, the most that its timeoutMs allows`,
  )
}

function baking(view: EndpointView, rollout: Kinds['rollout']): Step {
  const problem = failure(view)
  if (problem !== undefined) return rollBack(rollout, problem)
  const last = view.shares.length - 1
  if (rollout.wish === 'promote') {
    if (rollout.step >= last) return promote('somebody asked for it', undefined)
    return areReady(view) ? { do: 'shift', step: last, share: 1 } : NOTHING
  }
  const judgement = view.look()
  if (judgement === undefined) return NOTHING
  switch (judgement.decision) {
    case 'roll-back':
      return rollBack(rollout, judgement.reason, judgement)
    case 'promote':
      if (rollout.step >= last) return promote(judgement.reason, judgement)
      return areReady(view) ? { do: 'shift', step: last, share: 1, judgement } : { do: 'note', judgement }
    case 'advance': {
      if (rollout.step >= last) return promote(judgement.reason, judgement)
      const step = rollout.step + 1
      return areReady(view)
        ? { do: 'shift', step, share: view.shares[step] ?? 1, judgement }
        : { do: 'note', judgement }
    }
    case 'wait':
      return easingIn(view, rollout, judgement) ?? { do: 'note', judgement }
  }
}

/** The next part of a step that the new variants have not got as a whole. */
function easingIn(view: EndpointView, rollout: Kinds['rollout'], judgement: Judgement): Step | undefined {
  const { step } = rollout
  const wanted = view.shares[step] ?? 1
  if (rollout.share >= wanted) return undefined
  const share = view.ease(wanted)
  if (share === undefined || !isWorthAChange(rollout.share, share, wanted)) return undefined
  return { do: 'shift', step, share, judgement }
}

function promote(reason: string, judgement: Judgement | undefined): Step {
  return { do: 'end', state: 'promoted', reason, isSettled: true, judgement }
}

/** Without traffic on the new variants there is nothing to take back first. */
function rollBack(rollout: Kinds['rollout'], reason: string, judgement?: Judgement): Step {
  if (rollout.share === 0) return { do: 'end', state: 'rolled-back', reason, isSettled: true, judgement }
  return { do: 'roll-back', reason, judgement }
}

function rollingBack({ isAcknowledged }: EndpointView, rollout: Kinds['rollout']): Step {
  if (!isAcknowledged) return NOTHING
  return { do: 'end', state: 'rolled-back', reason: rollout.reason, isSettled: true }
}

function areReady({ readiness }: EndpointView): boolean {
  return readiness.every(({ readiness: { ready, wanted } }) => ready >= wanted)
}

function countOf({ readiness }: EndpointView): { ready: number; wanted: number } {
  let ready = 0
  let wanted = 0
  for (const { readiness: each } of readiness) {
    ready += each.ready
    wanted += each.wanted
  }
  return { ready, wanted }
}

/** @returns why the new variants cannot be loaded; nothing while that may yet pass */
function failure(view: EndpointView): string | undefined {
  for (const { variant, readiness } of view.readiness) {
    const { problem } = readiness
    if (problem === undefined) continue
    if (mayPass(problem) && view.inStateForMs <= view.loadGraceMs) continue
    return `variant ${variant} could not be loaded: ${problem.message}`
  }
  return undefined
}

/** Want of room, and processes that ended, are no fault of the version until they last. */
function mayPass(problem: Problem): boolean {
  return problem.code === 'unavailable' || problem.code === 'overloaded'
}

/** A judgement as the rollout's record keeps it. */
export function decisionOf(judgement: Judgement, rollout: Kinds['rollout'], atMs: number): RolloutDecision {
  const { decision, reason } = judgement
  return { atMs, step: rollout.step, share: rollout.share, decision, reason, figures: figuresOf(judgement) ?? {} }
}

/** The figures of a judgement that are any: of no requests there is no share, and a record holds no NaN. */
export function figuresOf(judgement: Judgement | undefined): Record<string, number> | undefined {
  if (judgement === undefined) return undefined
  return Object.fromEntries(Object.entries(judgement.figures).filter(([, value]) => Number.isFinite(value)))
}
