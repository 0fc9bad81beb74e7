import { ServingError } from '../../core/errors.ts'
import { quote } from '../../core/text.ts'
import type { Operations, Tally, VersionStatistics } from '../../runtime/operations.ts'
import { versionName, versionNumber, type DataPlane, type ServedModel } from '../../runtime/plane.ts'
import { versionsOf } from './model-metadata.ts'

/**
 * What was counted of models: of all, of every version of one, or of one version. Versions that nobody has asked for
 * anything stand there with zeros; versions that are counted together with others, beyond the most that are counted
 * apart, are left out of the list of all.
 * @throws {ServingError} `not_found`; `unavailable` for a model that was asked for by name and is counted with others
 * @see Triton's "Statistics Extension"
 */
export async function modelStatistics(
  plane: DataPlane,
  operations: Operations,
  name: string | undefined,
  version: string | undefined,
) {
  const asked =
    name === undefined
      ? plane.models()
      : version === undefined
        ? versionsOf(plane.model(name).name, plane)
        : [plane.model(name, version)]
  const counted = new Map<string, VersionStatistics>()
  for (const found of await operations.statistics()) counted.set(keyOf(found), found)
  const isMixed = [...counted.values()].some(({ version }) => version === '')
  const documents = asked.flatMap((model) => {
    const found = counted.get(keyOf({ name: model.name, version: versionName(model) }))
    if (found !== undefined || !isMixed) return [statisticsDocument(model, found ?? NOTHING)]
    if (name === undefined) return []
    throw new ServingError(
      'unavailable',
      `${quote(model.name)} came after too many other versions to be counted apart: /metrics has them together, as "other"; restart the server to count anew`,
    )
  })
  return { model_stats: documents }
}

function keyOf({ name, version }: Pick<VersionStatistics, 'name' | 'version'>): string {
  return `${name} ${version}`
}

function statisticsDocument(model: ServedModel, found: typeof NOTHING) {
  return {
    name: model.name,
    version: versionNumber(model), // Triton's perf_analyzer takes nothing else
    last_inference: found.lastInferenceMs,
    inference_count: found.rows,
    execution_count: found.runs,
    inference_stats: {
      success: duration(found.success),
      fail: duration(found.fail),
      queue: duration(found.queue),
      compute_input: duration(found.computeInput),
      compute_infer: duration(found.computeInfer),
      compute_output: duration(found.computeOutput),
      cache_hit: duration(NONE), // nothing is cached
      cache_miss: duration(NONE),
    },
    response_stats: {}, // of models that answer a request more than once: there are none
    batch_stats: found.batches.map((batch) => ({
      batch_size: batch.rows,
      // rows are put together and cut apart within the run
      compute_input: duration({ count: batch.count, ms: 0 }),
      compute_infer: duration(batch),
      compute_output: duration({ count: batch.count, ms: 0 }),
    })),
    memory_usage: [],
  }
}

function duration({ count, ms }: Tally) {
  return { count, ns: Math.round(ms * 1e6) }
}

const NONE: Tally = { count: 0, ms: 0 }

const NOTHING: Omit<VersionStatistics, 'name' | 'version'> = {
  lastInferenceMs: 0,
  rows: 0,
  runs: 0,
  success: NONE,
  fail: NONE,
  queue: NONE,
  computeInput: NONE,
  computeInfer: NONE,
  computeOutput: NONE,
  batches: [],
}
