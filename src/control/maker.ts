import type { BundleSummary, VersionPhase } from '../api/resources.ts'
import type { Kinds } from './store/store.ts'

/** What a version became. */
export interface MadeVersion {
  readonly bundle: BundleSummary
  /** Folder of the bundle on this machine. */
  readonly folder: string
  readonly isOurs: boolean
  readonly warnings: readonly string[]
}

/** Makes bundles of what was uploaded or is fetched. Making the same again gives the same, and leaves nothing behind that a later try would not use. */
export interface Maker {
  /**
   * @param onPhase told of each phase as it begins, and of its progress (0 to 1) where that is known
   * @throws {ServingError} why the file cannot be had, with what to change; `details.logTail` where a process had said something
   */
  make(
    version: Kinds['version'],
    signal: AbortSignal,
    onPhase: (phase: VersionPhase, progress?: number) => void,
  ): Promise<MadeVersion>
  /**
   * Whether the bundle of a ready version is whole on this machine; fetches it from the storage where it can.
   * @param options `isDoubted`: somebody found that it was not, so it is looked at again, however lately that was done
   */
  ensure(
    digest: string,
    signal: AbortSignal,
    options?: { readonly isDoubted?: boolean | undefined },
  ): Promise<{ readonly folder: string; readonly isOurs: boolean }>
  /** Takes away what no version uses any more. @param used digests in use, and ids of uploads in use */
  sweep(used: { readonly digests: ReadonlySet<string>; readonly uploads: ReadonlySet<string> }): Promise<number>
}
