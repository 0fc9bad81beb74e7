import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { CLOSED_SUFFIX, OPEN_SUFFIX, SHIPPED_SUFFIX } from './capture-names.ts'

/** A file of captures, as far as its size goes. */
export interface SizedSegment {
  /** Its name without the suffix. */
  readonly text: string
  readonly suffix: string
}

export interface CaptureLimitOptions<S extends SizedSegment> {
  /** Names of the days of an endpoint that has captures. */
  readonly daysOf: (folder: string) => Promise<readonly string[]>
  readonly segmentsIn: (folder: string) => Promise<readonly S[]>
  /** Removes one for good. @returns whether that was done */
  readonly remove: (day: string, segment: S) => Promise<boolean>
}

/** What was found of the days of endpoints that nothing is added to any more: bytes, by folder. */
const MOST_DAYS = 100_000

/** Holds what is kept of an endpoint to so many bytes, wherever it lies: the oldest go first. */
export function createCaptureLimit() {
  const sizes = new Map<string, number>()

  async function sizeOf<S extends SizedSegment>(folder: string, options: CaptureLimitOptions<S>): Promise<number> {
    let bytes = 0
    for (const segment of await options.segmentsIn(folder)) bytes += await bytesOf(folder, segment)
    return bytes
  }

  return {
    /**
     * @param folder of the endpoint @param maxBytes of all its captures
     * @param since days before this one are believed to be as they were, unless `isThorough`
     */
    async hold<S extends SizedSegment>(
      folder: string,
      maxBytes: number,
      { since, isThorough }: { readonly since: string; readonly isThorough: boolean },
      options: CaptureLimitOptions<S>,
    ): Promise<void> {
      const days = (await options.daysOf(folder)).toSorted()
      let total = 0
      for (const day of days) {
        const at = join(folder, day)
        const known = isThorough || day >= since ? undefined : sizes.get(at)
        const bytes = known ?? (await sizeOf(at, options))
        if (sizes.size >= MOST_DAYS) sizes.clear()
        if (day < since) sizes.set(at, bytes)
        total += bytes
      }
      for (const day of days) {
        if (total <= maxBytes) return
        const at = join(folder, day)
        sizes.delete(at)
        for (const segment of (await options.segmentsIn(at)).toSorted((a, b) => (a.text < b.text ? -1 : 1))) {
          if (total <= maxBytes) return
          if (segment.suffix === OPEN_SUFFIX) continue // somebody may be writing to it
          const bytes = await bytesOf(at, segment)
          if (await options.remove(day, segment)) total -= bytes
        }
      }
    },
  }
}

/** Of one whose bytes are in the object storage, what its place holder says. */
async function bytesOf(folder: string, { text, suffix }: SizedSegment): Promise<number> {
  const path = join(folder, `${text}${suffix}`)
  try {
    if (suffix === SHIPPED_SUFFIX) return Number(/^\d{1,15}/.exec(await readFile(path, 'utf8'))?.[0] ?? 0)
    return (await stat(path)).size
  } catch {
    // it was closed meanwhile, or is gone
    return suffix === OPEN_SUFFIX ? bytesOf(folder, { text, suffix: CLOSED_SUFFIX }) : 0
  }
}
