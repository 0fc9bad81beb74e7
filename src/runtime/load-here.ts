import type { OpenBundle } from '../bundle/open.ts'
import { ServingError } from '../core/errors.ts'
import { quote } from '../core/text.ts'
import type { Engine, LoadOptions } from '../engines/engine.ts'
import { replayGolden } from '../engines/golden.ts'
import { withLoadTail } from '../engines/processes/load-tail.ts'
import { loadProgram, type LoadedProgram } from '../engines/program.ts'
import type { BatchingRules } from './batching.ts'
import type { Choices } from './choices.ts'

/**
 * Loads a bundle's program in this process, and has it prove itself on the golden rows.
 * @param engines every engine that there is
 * @throws {ServingError} `refused` when engine or golden rows say no, `unsupported`; nothing is loaded then. What code had
 *   printed last stands in `details.logTail`, where somebody is told what it prints
 */
export function loadHere(
  bundle: OpenBundle,
  engines: readonly Engine[],
  choices: Choices,
  how: LoadOptions,
): Promise<LoadedProgram> {
  const { manifest } = bundle
  const ordered = choices.engines.value.flatMap((name) => engines.filter((engine) => engine.name === name))
  return withLoadTail(how.onOutput, async (onOutput) => {
    const program = await loadProgram(manifest.program, ordered, (path) => fileOf(bundle, path), { ...how, onOutput })
    try {
      await replayGolden(program, manifest.golden, program.canRunOffLoop ? choices.plan.value : 'in-tick')
    } catch (error) {
      program.release()
      throw error
    }
    return program
  })
}

function fileOf(bundle: OpenBundle, path: string): Uint8Array {
  const bytes = bundle.files.get(path)
  if (bytes === undefined)
    throw new ServingError('refused', `the bundle's program names ${quote(path)}, which is not in the bundle`)
  return bytes
}

/** What is left of a plan that the engine cannot follow: whole lines would run in one tick. */
export function inTick(choices: Choices): Choices {
  return {
    ...choices,
    plan: { value: 'in-tick', reason: 'the engine computes in the calling tick only' },
    concurrency: { value: 1, reason: 'runs in the tick follow each other' },
  }
}

/** The choices of a version as its batcher takes them. */
export function rulesOf(choices: Choices): BatchingRules {
  return {
    place: choices.plan.value,
    concurrency: choices.concurrency.value,
    maxBatchRows: choices.maxBatchRows.value,
    preferredRows: choices.preferredRows.value,
    windowMs: choices.windowMs.value,
    maxQueueRows: choices.maxQueueRows.value,
    maxQueueDelayMs: choices.maxQueueDelayMs.value,
  }
}
