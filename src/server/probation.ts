import type { KnownSource } from '../bundle/store.ts'
import type { PythonSettings } from '../engines/python/settings.ts'
import type { TypeScriptSettings } from '../engines/typescript/settings.ts'
import type { Profile } from '../runtime/profile.ts'
import type { FoundInFile } from './describe-contents.ts'
import type { HowToCompile } from './compile.ts'
import { runLimited, type ProcessLimits } from './limited-process.ts'

/** What a probation process is asked to do: read a model file, compile it, run and measure it, store its bundle. */
export interface ProbationJob {
  /** The model file. */
  readonly path: string
  readonly name: string
  /** Folder of the bundle store. */
  readonly store: string
  /** Rows to run first, as V2 JSON. */
  readonly example: string | undefined
  readonly how: HowToCompile
  /** How code in Python is run; present where the path is such code. */
  readonly python?: PythonSettings | undefined
  /** How code in TypeScript is run; it is refused when absent. */
  readonly typescript?: TypeScriptSettings | undefined
  readonly maxFileBytes: number
}

/** What making a bundle of a file goes through, in this order. */
export type MakingPhase = 'reading' | 'compiling' | 'probation' | 'storing'

/** Who is told how far it has come. */
export interface Listeners {
  /** @param phase the phase that begins with it, where one does */
  readonly onProgress?: ((text: string, phase?: MakingPhase) => void) | undefined
  /** Told of what the process writes to its standard error output, piece by piece. */
  readonly onWords?: ((text: string) => void) | undefined
}

/** A bundle that lies in the store, and what it was made from. */
export interface Made extends KnownSource {
  readonly warnings: readonly string[]
  readonly found?: FoundInFile
  /** What it costs on this machine. */
  readonly profile: Profile | undefined
}

/** @throws {ServingError} what the process refused; `refused` when it exceeded its limits or crashed */
export function runProbation(
  job: ProbationJob,
  options: Listeners & { readonly limits: ProcessLimits; readonly signal: AbortSignal },
): Promise<Made> {
  const { onProgress } = options
  return runLimited('probation', job, {
    ...options,
    onProgress: onProgress && ((text, phase) => onProgress(text, phase as MakingPhase | undefined)),
  })
}
