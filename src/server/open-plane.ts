import type { DataPlane } from '../runtime/plane.ts'
import { openOrCompile, type CompileOptions } from './compile.ts'
import { startDataPlane } from './data-plane.ts'
import { planModel } from './plan-model.ts'
import { IN_PROCESS_SETTINGS } from './settings.ts'

/**
 * A data plane in this process with one model: for batch jobs and single predictions.
 * @param path a model file, a bundle's folder or a packed bundle
 */
export async function openPlane(
  path: string,
  options: CompileOptions,
): Promise<{ plane: DataPlane; close(): Promise<void> }> {
  const bundle = await openOrCompile(path, options)
  const { folder, digest, manifest } = bundle
  // on the engine that a server here would take: the same rows have the same digits
  const how = planModel(bundle, IN_PROCESS_SETTINGS, 1)
  const model = { folder, digest, name: manifest.name, labels: [], isDefault: true, ...how }
  const plane = await startDataPlane(IN_PROCESS_SETTINGS, [model])
  return { plane, close: () => plane.close() }
}
