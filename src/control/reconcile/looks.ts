import type { RolloutSpec } from '../../api/resources.ts'
import type { Environment } from '../environment.ts'
import { easedShare } from '../policies/ease-in.ts'
import {
  addBaseline,
  beginJudging,
  judge,
  type Judgement,
  type JudgeState,
  type SideFigures,
} from '../policies/rollout.ts'
import type { Kinds, Stored } from '../store/store.ts'
import type { ReconcilerOptions } from './options.ts'
import type { Traffic } from './traffic.ts'

/** What this process has seen of the rollouts under way. Kept in memory: losing it lengthens a bake and promotes nothing. */
export interface Looks {
  /**
   * Begins to follow a rollout, or goes on.
   * @param old identities of the variants that answered before @param made of those that it brings
   */
  follow(rollout: Stored<'rollout'>, old: ReadonlySet<string>, made: ReadonlySet<string>): RolloutMemory
  /** Forgets all but these, by uid. */
  keepOnly(rollouts: ReadonlySet<string>): void
}

export interface RolloutMemory {
  /** How long it has been in its state and step, as far as this process knows (ms). */
  readonly inStateForMs: number
  /** A look by the sequential test, when the next one is due. */
  readonly look: () => Judgement | undefined
  /** Share that the new variants may get of what a step gives them; undefined while it is not known how much comes. */
  readonly ease: (wanted: number) => number | undefined
  /** Whether a decision to wait shall be recorded: the first, and then now and then. */
  readonly isNoteDue: () => boolean
}

interface Kept {
  state: string
  since: number
  readonly began: number
  lastLook: number
  /** When figures were taken last. */
  takenAt: number
  lastNote: number
  judge: JudgeState
  /** Requests of all variants each second, lately. */
  perSecond: number | undefined
  /** The step that was watched last. */
  watchedStep: number | undefined
  /** Whether what came before it was taken in. */
  hasBegun: boolean
}

/** Seconds of history that tell how many requests come. */
const RATE_FROM_SECONDS = 5

function meanOf(seconds: readonly SideFigures[]): number | undefined {
  if (seconds.length === 0) return undefined
  return seconds.reduce((sum, { requests }) => sum + requests, 0) / seconds.length
}

export function createLooks(environment: Environment, traffic: Traffic, options: ReconcilerOptions): Looks {
  const memory = new Map<string, Kept>()
  const now = options.plantedBug === 'wall-clock-bake' ? environment.wallMs : environment.now

  /** Runners speak once a second, each in its own time: so the last second alone does not say how many come. */
  function noteRate(kept: Kept, sides: readonly (SideFigures | undefined)[]): void {
    const intervalMs = now() - kept.takenAt
    kept.takenAt = now()
    let requests = 0
    for (const side of sides) {
      if (side === undefined) return
      requests += side.requests
    }
    if (!(intervalMs > 0)) return
    const perSecond = (requests / intervalMs) * 1000
    kept.perSecond = kept.perSecond === undefined ? perSecond : (kept.perSecond + perSecond) / 2
  }

  function baseline(kept: Kept, uid: string, spec: RolloutSpec): void {
    if (now() - kept.lastLook < options.lookEveryMs) return
    kept.lastLook = now()
    const { old } = traffic.figures(uid)
    noteRate(kept, [old])
    kept.judge = addBaseline(kept.judge, old, spec)
  }

  function look(kept: Kept, uid: string, { step, share, spec }: Kinds['rollout']): Judgement | undefined {
    const intervalMs = now() - kept.lastLook
    if (intervalMs < options.lookEveryMs) return undefined
    kept.lastLook = now()
    const figures = traffic.figures(uid)
    noteRate(kept, [figures.old, figures.new])
    const judgement = judge(kept.judge, { step, share, elapsedMs: now() - kept.began, intervalMs, ...figures }, spec)
    kept.judge = judgement.state
    return judgement
  }

  return {
    follow({ uid, project, document }, old, made) {
      const state = `${document.state} ${document.step}`
      let kept = memory.get(uid)
      if (kept === undefined) {
        const since = now()
        kept = {
          state,
          since,
          began: since,
          lastLook: since,
          takenAt: since,
          lastNote: -Infinity,
          judge: beginJudging(document.spec, old.size > 0),
          perSecond: undefined,
          watchedStep: undefined,
          hasBegun: false,
        }
        memory.set(uid, kept)
      }
      if (made.size > 0) traffic.watch(uid, project, document.endpoint, old, made)
      if (kept.state !== state) {
        // What came in before all runners followed the step does not count for it; while it is eased in, all does.
        if (document.state === 'baking' && kept.watchedStep !== document.step) {
          traffic.figures(uid)
          kept.takenAt = now()
          kept.watchedStep = document.step
        }
        kept.state = state
        kept.since = now()
        kept.lastLook = now()
      }
      if (!kept.hasBegun && document.state !== 'pending') {
        // What was counted while it waited for its versions is part of that
        traffic.figures(uid)
        const history = traffic.history(project, document.endpoint, old)
        for (const figures of history) kept.judge = addBaseline(kept.judge, figures, document.spec)
        kept.perSecond = meanOf(history.slice(-RATE_FROM_SECONDS))
        kept.hasBegun = true
        kept.takenAt = now()
        kept.lastLook = now()
      }
      if (document.state === 'loading' && old.size > 0) baseline(kept, uid, document.spec)
      const current = kept
      return {
        inStateForMs: now() - current.since,
        look: () => look(current, uid, document),
        ease: (wanted) =>
          current.perSecond === undefined
            ? undefined
            : easedShare({ wanted, perSecond: current.perSecond, seen: current.judge.requests }),
        isNoteDue() {
          if (now() - current.lastNote < options.noteEveryMs) return false
          current.lastNote = now()
          return true
        },
      }
    },
    keepOnly(rollouts) {
      for (const uid of memory.keys()) if (!rollouts.has(uid)) memory.delete(uid)
      traffic.keepOnly(rollouts)
    },
  }
}
