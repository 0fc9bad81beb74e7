import { VERSION_PHASES, type VersionPhase } from '../../api/resources.ts'
import { ServingError } from '../../core/errors.ts'
import type { MadeVersion, Maker } from '../maker.ts'
import type { Kinds } from '../store/store.ts'
import { digestOf, NATURES, type Nature } from './natures.ts'
import type { SimulatedFleet } from './simulated-fleet.ts'
import type { Chance, VirtualTime } from './virtual-time.ts'

/** Makes versions of what their file names say they are, in virtual time, and brings those that the machine has lost. */
export function simulatedMaker(time: VirtualTime, chance: Chance, { disk, faults }: SimulatedFleet): Maker {
  function pause(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const stop = () => reject(new ServingError('cancelled', 'it was stopped'))
      if (signal.aborted) return stop()
      signal.addEventListener('abort', stop, { once: true })
      time.after(ms, 'make', () => {
        signal.removeEventListener('abort', stop)
        resolve()
      })
    })
  }

  return {
    async make(version, signal, onPhase): Promise<MadeVersion> {
      const nature = natureOfFile(version)
      for (const phase of VERSION_PHASES) {
        onPhase(phase)
        await pause(chance.between(5, 200), signal)
        onPhase(phase, 0.5)
        await failIn(phase, nature, signal)
      }
      const digest = digestOf(nature, idOfFile(version))
      disk.add(digest)
      return {
        bundle: {
          digest,
          sizeBytes: 1000,
          signature: {},
          engines: ['simulated'],
          memoryBytes: 1_000_000,
          loadMs: 100,
          targetInFlight: { value: 4, reason: 'simulated' },
          plan: { value: 'in-tick', reason: 'simulated' },
        },
        folder: `/bundles/${digest.slice(0, 12)}`,
        isOurs: true,
        warnings: [],
      }
    },
    async ensure(digest, signal) {
      await pause(disk.has(digest) ? chance.between(0, 5) : chance.between(20, 500), signal)
      if (!disk.has(digest) && chance.happens(faults.failedBringing))
        throw new ServingError('unavailable', 'the storage is away')
      disk.add(digest)
      return { folder: `/bundles/${digest.slice(0, 12)}`, isOurs: true }
    },
    sweep: async () => 0,
  }

  async function failIn(phase: VersionPhase, nature: Nature, signal: AbortSignal): Promise<void> {
    if (phase === 'reading' && nature === 'refused')
      throw new ServingError('refused', 'the file is none', { details: { logTail: ['no file'] } })
    if (phase !== 'compiling') return
    if (nature === 'broken') throw new TypeError('undefined is not a function')
    if (nature === 'hangs') await pause(1e12, signal)
    if (nature === 'deaf') await new Promise(() => undefined)
  }
}

/** File names are `<nature>-<id>`. */
function natureOfFile({ fileName }: Kinds['version']): Nature {
  return NATURES.find((nature) => fileName.startsWith(`${nature}-`)) ?? 'good'
}

function idOfFile({ fileName }: Kinds['version']): number {
  return Number(fileName.slice(fileName.indexOf('-') + 1))
}
