import type { DataPlane } from '../runtime/plane.ts'
import { openOrCompile, type CompileOptions } from './compile.ts'
import { startDataPlane } from './data-plane.ts'
import { planModel } from './plan-model.ts'
import { withCode } from './code-engines.ts'
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
  const settings = withCode(IN_PROCESS_SETTINGS, options)
  const how = planModel(bundle, settings, 1)
  const model = { folder, digest, name: manifest.name, labels: [], isDefault: true, ...how }
  const plane = await startDataPlane(settings, [model])
  return { plane, close: () => plane.close() }
}
