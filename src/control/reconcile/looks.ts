import type { RolloutSpec } from '../../api/resources.ts'
import type { Environment } from '../environment.ts'
import { addBaseline, beginJudging, judge, type Judgement, type JudgeState } from '../policies/rollout.ts'
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
  /** Whether a decision to wait shall be recorded: the first, and then now and then. */
  readonly isNoteDue: () => boolean
}

interface Kept {
  state: string
  since: number
  readonly began: number
  lastLook: number
  lastNote: number
  judge: JudgeState
  /** Whether what came before it was taken in. */
  hasBegun: boolean
}

export function createLooks(environment: Environment, traffic: Traffic, options: ReconcilerOptions): Looks {
  const memory = new Map<string, Kept>()
  const now = options.plantedBug === 'wall-clock-bake' ? environment.wallMs : environment.now

  function baseline(kept: Kept, uid: string, spec: RolloutSpec): void {
    if (now() - kept.lastLook < options.lookEveryMs) return
    kept.lastLook = now()
    const { old } = traffic.figures(uid)
    kept.judge = addBaseline(kept.judge, old, spec)
  }

  function look(kept: Kept, uid: string, { step, share, spec }: Kinds['rollout']): Judgement | undefined {
    const intervalMs = now() - kept.lastLook
    if (intervalMs < options.lookEveryMs) return undefined
    kept.lastLook = now()
    const judgement = judge(
      kept.judge,
      { step, share, elapsedMs: now() - kept.began, intervalMs, ...traffic.figures(uid) },
      spec,
    )
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
          lastNote: -Infinity,
          judge: beginJudging(document.spec, old.size > 0),
          hasBegun: false,
        }
        memory.set(uid, kept)
      }
      if (made.size > 0) traffic.watch(uid, project, document.endpoint, old, made)
      if (kept.state !== state) {
        // What came in before all runners followed the step does not count for it.
        if (document.state === 'baking') traffic.figures(uid)
        kept.state = state
        kept.since = now()
        kept.lastLook = now()
      }
      if (!kept.hasBegun && document.state !== 'pending') {
        // What was counted while it waited for its versions is part of that
        traffic.figures(uid)
        for (const figures of traffic.history(project, document.endpoint, old))
          kept.judge = addBaseline(kept.judge, figures, document.spec)
        kept.hasBegun = true
        kept.lastLook = now()
      }
      if (document.state === 'loading' && old.size > 0) baseline(kept, uid, document.spec)
      const current = kept
      return {
        inStateForMs: now() - current.since,
        look: () => look(current, uid, document),
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
