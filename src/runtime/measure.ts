import type { OpenBundle } from '../bundle/open.ts'
import type { Engine, LoadOptions } from '../engines/engine.ts'
import { replayGolden, tensorsOf } from '../engines/golden.ts'
import { loadProgram, type LoadedProgram } from '../engines/program.ts'
import type { Tensor, Tensors } from '../tensor/tensor.ts'
import { concatenateRows, rowsOf, sliceRows } from '../tensor/tensor.ts'
import { PROFILE_VERSION, type EngineProfile, type Profile } from './profile.ts'
import type { RunPoint } from './run-cost.ts'

/** Sizes that are measured, as far as time allows. */
const SIZES = [1, 2, 4, 8, 16, 32, 64, 128, 256]
/** Time for all sizes of one engine (ms). */
const BUDGET_MS = 250
/** Runs of one size: at least, and at most. */
const LEAST_RUNS = 3
const MOST_RUNS = 200
/** A run that takes longer is the last that is measured (ms). */
const LONG_RUN_MS = 100
/** A model that loads quicker than this needs no quick start (ms). */
const QUICK_LOAD_ABOVE_MS = 50
/** Runs before the first is timed; of a heavy model one is enough. */
const WARM_UP_RUNS = 1000

/** Time for what a process that has no profile finds out for itself when it loads a model (ms). */
const CALIBRATION_MS = 15

/**
 * The same in a few milliseconds, of a program that is loaded for serving: enough to tell a model that takes microseconds
 * from one that takes milliseconds.
 */
export async function calibrate(
  program: LoadedProgram,
  { manifest, digest }: OpenBundle,
  engine: Pick<Engine, 'name' | 'version'>,
  loadMs: number,
  now: () => number,
): Promise<Profile> {
  const inputs = tensorsOf(manifest.golden.inputs, 'golden inputs')
  if (inputs.size === 0) throw new Error('no rows are recorded that could be run')
  const wanted = manifest.signature.outputs.map(({ name }) => name)
  const isOpen = manifest.batching.rowsAreIndependent
  const curve = await measureCurve(program, inputs, wanted, isOpen, now, CALIBRATION_MS)
  const { canRunOffLoop } = program
  const measured: EngineProfile = { version: engine.version, loadMs, memoryMiB: 0, canRunOffLoop, curve }
  return { profileVersion: PROFILE_VERSION, bundle: digest, machine: '', engines: { [engine.name]: measured } }
}

export interface MeasureOptions {
  readonly engines: readonly Engine[]
  /** Class of this machine. */
  readonly machine: string
  /** Milliseconds, never going back. */
  readonly now: () => number
  /** Resident memory of this process (bytes). */
  readonly residentBytes: () => number
}

/**
 * Runs a bundle at growing numbers of rows on every engine that takes all of it and agrees with its golden rows. Meant for a
 * process of its own: it takes some hundred milliseconds, and its own load is measured with it.
 * @returns undefined for a bundle that no engine runs
 */
export async function measureBundle(bundle: OpenBundle, options: MeasureOptions): Promise<Profile | undefined> {
  const engines: Record<string, EngineProfile> = {}
  for (const engine of options.engines) {
    const measured = await measureOn(engine, bundle, options)
    if (measured !== undefined) engines[engine.name] = measured
  }
  if (Object.keys(engines).length === 0) return undefined
  return { profileVersion: PROFILE_VERSION, bundle: bundle.digest, machine: options.machine, engines }
}

async function measureOn(
  engine: Engine,
  bundle: OpenBundle,
  options: MeasureOptions,
): Promise<EngineProfile | undefined> {
  const { manifest } = bundle
  const read = (path: string) => bundle.files.get(path) ?? new Uint8Array()
  if (manifest.program.steps.some((step) => engine.refusal(step, read) !== undefined)) return undefined
  engine.prepare?.()
  const load = async (how?: LoadOptions): Promise<{ program: LoadedProgram; ms: number }> => {
    const begun = options.now()
    const program = await loadProgram(manifest.program, [engine], read, how)
    return { program, ms: options.now() - begun }
  }
  const before = options.residentBytes()
  const { program, ms: loadMs } = await load()
  try {
    await replayGolden(program, manifest.golden)
    const inputs = tensorsOf(manifest.golden.inputs, 'golden inputs')
    if (inputs.size === 0) return undefined // nothing of it can be run before the first request
    const wanted = manifest.signature.outputs.map(({ name }) => name)
    const curve = await measureCurve(program, inputs, wanted, manifest.batching.rowsAreIndependent, options.now)
    const elsewhere = (await program.heldMiB?.()) ?? 0
    const memoryMiB = Math.max(0, options.residentBytes() - before) / 2 ** 20 + elsewhere
    return {
      version: engine.version,
      loadMs: round(loadMs),
      ...(loadMs > QUICK_LOAD_ABOVE_MS && program.processes === undefined
        ? { quickLoadMs: round(await quickLoad(load)) }
        : {}),
      memoryMiB: Math.round(memoryMiB * 10) / 10,
      canRunOffLoop: program.canRunOffLoop,
      curve,
    }
  } catch {
    return undefined // it runs the bundle otherwise than recorded, or not at all
  } finally {
    program.release()
  }
}

async function quickLoad(load: (how: LoadOptions) => Promise<{ program: LoadedProgram; ms: number }>): Promise<number> {
  const { program, ms } = await load({ isQuick: true })
  program.release()
  return ms
}

/**
 * The time of runs over their rows, until the time for it is used up.
 * @param inputs recorded rows, which are repeated to make as many as are needed
 * @param budgetMs time for all sizes (ms)
 * @param isOpen whether any number of rows can be run; if not, the recorded rows are the only size
 */
export async function measureCurve(
  program: LoadedProgram,
  inputs: Tensors,
  wanted: readonly string[],
  isOpen: boolean,
  now: () => number,
  budgetMs = BUDGET_MS,
): Promise<RunPoint[]> {
  const curve: RunPoint[] = []
  const end = now() + budgetMs
  const own = Math.max(1, ...[...inputs.values()].map(rowsOf))
  for (const rows of isOpen ? SIZES : [own]) {
    const given = isOpen ? repeatRows(inputs, rows) : inputs
    if (curve.length === 0) await warmUp(program, given, wanted, now, budgetMs / 10)
    const times: number[] = []
    const share = Math.min(now() + (end - now()) / 4, now() + budgetMs / 8)
    // once in any case: the first run, which warmed up, may have taken all the time that there was
    while (
      times.length === 0 ||
      (times.length < LEAST_RUNS && now() < end + LONG_RUN_MS) ||
      (times.length < MOST_RUNS && now() < share)
    ) {
      const begun = now()
      await program.run(given, wanted)
      times.push(now() - begun)
    }
    const ms = median(times)
    curve.push({ rows, ms: round(ms) })
    if (ms > LONG_RUN_MS || now() >= end) break
  }
  return curve
}

async function warmUp(
  program: LoadedProgram,
  given: Tensors,
  wanted: readonly string[],
  now: () => number,
  mostMs: number,
): Promise<void> {
  const begun = now()
  for (let i = 0; i < WARM_UP_RUNS && (i === 0 || now() - begun < mostMs); i++) await program.run(given, wanted)
}

/** As many rows as asked for: those that are there, again and again. */
function repeatRows(inputs: Tensors, rows: number): Tensors {
  return new Map([...inputs].map(([name, value]) => [name, repeat(value, rows)]))
}

function repeat(value: Tensor, rows: number): Tensor {
  const own = rowsOf(value)
  const copies = Array.from({ length: Math.ceil(rows / own) }, () => value)
  return sliceRows(concatenateRows(copies), 0, rows)
}

function median(times: readonly number[]): number {
  const sorted = times.toSorted((a, b) => a - b)
  return sorted[sorted.length >> 1] ?? 0
}

/** To the tenth of a microsecond: more digits are noise. */
function round(ms: number): number {
  return Math.round(ms * 10_000) / 10_000
}
