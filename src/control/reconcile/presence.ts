import { ServingError } from '../../core/errors.ts'
import type { Environment } from '../environment.ts'
import type { Maker } from '../maker.ts'

/** Where a bundle lies on this machine, as runners are told. */
export interface Place {
  readonly folder: string
  readonly isOurs: boolean
}

/** Knows which bundles are whole on this machine, and has those brought that are not. Kept in memory: it is found out again. */
export interface Presence {
  /**
   * Where a bundle lies; asks for it where that is not known yet, and tells once it is.
   * @param isServed whether runners know it already: others are more urgent
   * @returns `coming` until somebody has looked, `missing` where it could not be had: that is tried again
   */
  of(digest: string, isServed: boolean): Place | 'coming' | 'missing'
  /** It was made here just now. */
  found(digest: string, place: Place): void
  /** A runner did not find it whole: it is looked at again, unless that was done just now. */
  doubt(digest: string): void
  /** Forgets all but these. */
  keepOnly(digests: ReadonlySet<string>): void
  /** Ends what is under way. */
  stop(): Promise<void>
}

export interface PresenceDoors {
  readonly maker: Maker
  readonly environment: Environment
  /** Something that was not known is, or is otherwise. */
  readonly onChange: () => void
  /** Bundles that a runner did not find are believed to be there. Only tests set it, to see that it is found. */
  readonly neverLooksAgain?: boolean | undefined
}

/** Bundles that are looked at or brought at once. */
const AT_ONCE = 2
/** Shortest and longest time between two looks at a bundle that is not as it should be (ms). */
const SHORTEST_MS = 500
const LONGEST_MS = 60_000
/** One that was well for so long is no trouble any more (ms). */
const WELL_MS = 600_000

interface Known {
  place: Place | undefined
  isMissing: boolean
  /** It is looked at, or stands in the line. */
  isOnItsWay: boolean
  isDoubted: boolean
  /** Looks in a row that somebody's trouble made needful. */
  troubles: number
  lookedAtMs: number
}

export function createPresence({ maker, environment, onChange, neverLooksAgain }: PresenceDoors): Presence {
  const known = new Map<string, Known>()
  const urgent = new Set<string>()
  const others = new Set<string>()
  const underWay = new Set<Promise<void>>()
  const ending = new AbortController()

  function enter(digest: string): Known {
    let entry = known.get(digest)
    if (entry === undefined) {
      entry = {
        place: undefined,
        isMissing: false,
        isOnItsWay: false,
        isDoubted: false,
        troubles: 0,
        lookedAtMs: -Infinity,
      }
      known.set(digest, entry)
    }
    return entry
  }

  function isDue({ troubles, lookedAtMs }: Known): boolean {
    if (troubles === 0) return true
    return environment.now() - lookedAtMs >= Math.min(SHORTEST_MS * 2 ** (troubles - 1), LONGEST_MS)
  }

  function ask(digest: string, entry: Known, line: Set<string>): void {
    entry.isOnItsWay = true
    line.add(digest)
    proceed()
  }

  function proceed(): void {
    while (underWay.size < AT_ONCE && !ending.signal.aborted) {
      const [digest] = urgent.size > 0 ? urgent : others
      if (digest === undefined) return
      urgent.delete(digest)
      others.delete(digest)
      const entry = known.get(digest)
      if (entry === undefined) continue
      const look = lookAt(digest, entry).finally(() => {
        underWay.delete(look)
        proceed()
      })
      underWay.add(look)
    }
  }

  async function lookAt(digest: string, entry: Known): Promise<void> {
    const before = entry.place
    const wasMissing = entry.isMissing
    const isDoubted = entry.isDoubted
    try {
      const { folder, isOurs } = await maker.ensure(digest, ending.signal, { isDoubted })
      entry.place = { folder, isOurs }
      entry.isMissing = false
      entry.isDoubted = false
      if (isDoubted || wasMissing) environment.log('info', 'a bundle was brought here again', { digest })
    } catch (thrown) {
      const error = ServingError.from(thrown)
      if (error.code === 'cancelled') return
      entry.isMissing = true
      entry.troubles++
      environment.log('warn', 'a bundle is not whole on this machine, and could not be brought', { digest, error })
    } finally {
      entry.isOnItsWay = false
      entry.lookedAtMs = environment.now()
    }
    const { place, isMissing } = entry
    if (place?.folder !== before?.folder || place?.isOurs !== before?.isOurs || isMissing !== wasMissing) onChange()
  }

  return {
    of(digest, isServed) {
      const entry = enter(digest)
      const isWanted = entry.place === undefined || entry.isMissing || entry.isDoubted
      if (isWanted && !entry.isOnItsWay && isDue(entry)) ask(digest, entry, isServed ? others : urgent)
      // who waits for what others could do without comes first
      else if (!isServed && others.delete(digest)) urgent.add(digest)
      return entry.isMissing ? 'missing' : (entry.place ?? 'coming')
    },
    found(digest, { folder, isOurs }) {
      Object.assign(enter(digest), { place: { folder, isOurs }, isMissing: false, isDoubted: false })
    },
    doubt(digest) {
      const entry = known.get(digest)
      if (neverLooksAgain === true || entry === undefined || entry.isDoubted || entry.isOnItsWay) return
      if (environment.now() - entry.lookedAtMs > WELL_MS) entry.troubles = 0
      if (!isDue(entry)) return
      entry.isDoubted = true
      entry.troubles++
      ask(digest, entry, urgent)
    },
    keepOnly(digests) {
      for (const [digest, { isOnItsWay }] of known) if (!isOnItsWay && !digests.has(digest)) known.delete(digest)
    },
    async stop() {
      ending.abort()
      await Promise.all(underWay)
    },
  }
}
