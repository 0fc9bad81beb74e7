import { ServingError } from '../../core/errors.ts'
import type { Environment } from '../environment.ts'
import type { Maker } from '../maker.ts'
import type { Changes } from '../reconcile/changes.ts'
import type { ReconcilerOptions } from '../reconcile/options.ts'
import { createReconciler, type Reconciler } from '../reconcile/reconciler.ts'
import type { Store } from '../store/store.ts'
import type { SimulatedFleet } from './simulated-fleet.ts'
import { simulatedMaker } from './simulated-maker.ts'
import type { Chance, VirtualTime } from './virtual-time.ts'

/** How often what goes wrong with the store does, 0 to 1. */
export interface StoreFaults {
  /** Nothing happens, and it says so. */
  unavailable: number
  /** It is committed, and said not to be. */
  unknown: number
  /** Work is run, undone, and run again. */
  rerun: number
}

export interface World {
  readonly time: VirtualTime
  readonly chance: Chance
  readonly store: Store
  /** Told to control where everybody writes through the same process. */
  readonly changes?: Changes | undefined
  readonly fleet: SimulatedFleet
  readonly storeFaults: StoreFaults
  readonly options: Partial<ReconcilerOptions>
  readonly log: (level: string, message: string, fields?: Readonly<Record<string, unknown>>) => void
}

/** One life of control: when it ends, whatever it waits for never comes. */
export interface ControlLife {
  readonly reconciler: Reconciler
  readonly bornAtMs: number
  crash(): void
}

class Undone extends Error {}

/** Starts a control process on a world that may have known others. */
export function startControl(world: World): ControlLife {
  const { time, chance, fleet, options } = world
  let isDead = false
  const environment = environmentOf(world, () => isDead)
  const maker = mortal(simulatedMaker(time, chance, fleet), () => isDead)
  const reconciler = createReconciler({
    store: storeOf(world, () => isDead),
    changes: world.changes,
    fleet: fleet.doorFor(() => isDead),
    maker,
    environment,
    options,
  })
  void reconciler.run(new AbortController().signal)
  return {
    reconciler,
    bornAtMs: time.nowMs,
    crash() {
      isDead = true
    },
  }
}

export function environmentOf(
  { time, chance, log }: Pick<World, 'time' | 'chance' | 'log'>,
  isDead: () => boolean,
): Environment {
  return {
    wallMs: () => time.wallOffsetMs + time.nowMs,
    now: () => time.nowMs,
    random: () => chance.next(),
    newId: () => time.newId(),
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        const wake = () => {
          signal?.removeEventListener('abort', wake)
          if (!isDead()) resolve()
        }
        if (signal?.aborted === true) return wake()
        signal?.addEventListener('abort', wake, { once: true })
        time.after(ms, 'sleep', wake)
      }),
    log: (level, message, fields) => {
      if (!isDead()) log(level, message, fields)
    },
  }
}

/** The store over a slow and faulty connection, which control may not live to hear the end of. */
function storeOf({ store, time, chance, storeFaults }: World, isDead: () => boolean): Store {
  const hop = (label: string) =>
    new Promise<void>((resolve) => time.after(chance.between(0, 4), label, () => void (isDead() || resolve())))
  const fail = () => new ServingError('unavailable', 'the store is away', { details: { reason: 'store' } })
  return {
    async transact(work) {
      await hop('transact')
      if (chance.happens(storeFaults.unavailable)) throw fail()
      if (chance.happens(storeFaults.rerun)) {
        const undone = new Undone()
        await store
          .transact(async (tx) => {
            await work(tx)
            throw undone
          })
          .catch((error: unknown) => {
            if (error !== undone) throw error
          })
      }
      const result = await store.transact(work)
      if (chance.happens(storeFaults.unknown)) throw fail()
      await hop('committed')
      return result
    },
    async read(work) {
      await hop('read')
      if (chance.happens(storeFaults.unavailable)) throw fail()
      return store.read(work)
    },
    async sweep(olderThan) {
      await hop('sweep')
      return store.sweep(olderThan)
    },
    close: () => store.close(),
  }
}

/** Nothing comes back to the dead, and they hear of no phases. */
function mortal(maker: Maker, isDead: () => boolean): Maker {
  const never = new Promise<never>(() => undefined)
  const alive = <T>(promise: Promise<T>): Promise<T> =>
    promise.then(
      (value) => (isDead() ? never : value),
      (error: unknown) => {
        if (isDead()) return never
        throw error
      },
    )
  return {
    make: (version, signal, onPhase) =>
      alive(maker.make(version, signal, (phase, progress) => void (isDead() || onPhase(phase, progress)))),
    ensure: (digest, signal, how) => alive(maker.ensure(digest, signal, how)),
    sweep: (used) => alive(maker.sweep(used)),
  }
}
