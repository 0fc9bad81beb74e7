import { ServingError } from '../../core/errors.ts'
import { keyOf } from '../desired-state.ts'
import type { KeptProcess } from '../kept-process.ts'
import type { DesiredModel, Failure } from '../settings.ts'
import type { PrintedBy } from '../../engines/processes/events.ts'
import type { PrintedOf } from '../../runtime/local-plane.ts'
import type { WorkerOutput } from '../worker-messages.ts'
import type { CrewSizes, WorkerPool } from '../worker-pool.ts'

/** A runner asks for processes of a version's own, or lets go of them. */
export type CrewWish =
  /** Wants so many; asked again, it changes their number. */
  | { readonly type: 'crew'; readonly id: number; readonly model: DesiredModel; readonly sizes: CrewSizes }
  | { readonly type: 'uncrew'; readonly model: Pick<DesiredModel, 'name' | 'digest'> }

/** What it is answered. */
export interface CrewAnswer {
  readonly type: 'crewed'
  readonly id: number
  readonly replicas?: NonNullable<DesiredModel['replicas']>
  readonly failure?: Failure
}

/** What the code of a version has printed in a process of its own: one of the runners that asked for it is told. */
export interface CrewOutput {
  readonly type: 'printed'
  readonly of: PrintedOf
  /** Which of the version's processes, counted from 1. */
  readonly replica: number
  readonly text: string
  readonly from: PrintedBy
}

/** Processes that a version loses last are kept for so long: another runner may be about to ask for them (ms). */
const KEEP_MS = 3000

/** Isolated processes that several runners share: they are there as long as one of these wants them. */
export interface Crews {
  take(runner: KeptProcess, wish: CrewWish): void
  /** A line that code in a version's process printed. */
  printed(model: Pick<DesiredModel, 'name' | 'digest'>, replica: number, output: WorkerOutput): void
}

/** @param pool where they are kept */
export function createCrews(pool: Pick<WorkerPool, 'keep' | 'dismiss'>): Crews {
  const wanted = new Map<
    string,
    { readonly model: Pick<DesiredModel, 'name' | 'digest'>; readonly by: Set<KeptProcess> }
  >()
  const known = new Set<KeptProcess>()

  function leave(runner: KeptProcess, key: string): void {
    const crew = wanted.get(key)
    if (crew?.by.delete(runner) !== true || crew.by.size > 0) return
    setTimeout(() => {
      if (crew.by.size > 0 || wanted.get(key) !== crew) return
      wanted.delete(key)
      pool.dismiss(crew.model)
    }, KEEP_MS).unref()
  }

  async function give(runner: KeptProcess, { id, model, sizes }: Extract<CrewWish, { type: 'crew' }>): Promise<void> {
    const key = keyOf(model)
    let crew = wanted.get(key)
    if (crew === undefined) wanted.set(key, (crew = { model, by: new Set() }))
    crew.by.add(runner)
    try {
      runner.send({ type: 'crewed', id, replicas: await pool.keep(model, sizes) } satisfies CrewAnswer)
    } catch (thrown) {
      crew.by.delete(runner)
      if (crew.by.size === 0) wanted.delete(key)
      const { code, message, details } = ServingError.from(thrown)
      runner.send({ type: 'crewed', id, failure: { code, message, details } } satisfies CrewAnswer)
    }
  }

  return {
    take(runner, wish) {
      if (!known.has(runner)) {
        known.add(runner)
        void runner.ended.then(() => {
          known.delete(runner)
          for (const key of wanted.keys()) leave(runner, key)
        })
      }
      if (wish.type === 'crew') void give(runner, wish)
      else leave(runner, keyOf(wish.model))
    },
    printed(model, replica, { file, text, from }) {
      const runner = [...(wanted.get(keyOf(model))?.by ?? [])].find(({ isDraining }) => !isDraining)
      const of = { name: model.name, version: model.digest, file }
      runner?.send({ type: 'printed', of, replica, text, from } satisfies CrewOutput)
    },
  }
}

/** A runner's side. */
export interface CrewClient {
  /** @throws {ServingError} why they did not start */
  ask(model: DesiredModel, sizes: CrewSizes): Promise<NonNullable<DesiredModel['replicas']>>
  leave(model: Pick<DesiredModel, 'name' | 'digest'>): void
  receive(answer: CrewAnswer): void
}

/** @param tell sends to the supervisor; false where there is none any more */
export function createCrewClient(tell: (wish: CrewWish) => boolean): CrewClient {
  const waiting = new Map<number, (answer: CrewAnswer) => void>()
  let last = 0
  return {
    async ask(model, sizes) {
      const id = ++last
      const { replicas, failure } = await new Promise<CrewAnswer>((resolve) => {
        waiting.set(id, resolve)
        if (!tell({ type: 'crew', id, model, sizes })) {
          waiting.delete(id)
          resolve({
            type: 'crewed',
            id,
            failure: { code: 'unavailable', message: 'the server is ending', details: {} },
          })
        }
      })
      if (replicas !== undefined) return replicas
      const { code, message, details } = failure ?? { code: 'internal', message: 'no processes', details: {} }
      throw new ServingError(code as ServingError['code'], message, { details })
    },
    leave: (model) => void tell({ type: 'uncrew', model }),
    receive(answer) {
      waiting.get(answer.id)?.(answer)
      waiting.delete(answer.id)
    },
  }
}
