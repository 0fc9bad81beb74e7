import { quote } from '../../core/text.ts'
import type { Reader, Stored } from '../store/store.ts'
import { nothing } from './call.ts'

/** @throws {ServingError} `not_found` */
export async function projectOf(tx: Reader, project: string): Promise<Stored<'project'>> {
  const stored = await tx.get('project', '', project)
  if (stored === undefined) throw nothing(`project ${quote(project)}`)
  return stored
}

/** @throws {ServingError} `not_found` */
export async function modelOf(tx: Reader, project: string, model: string): Promise<Stored<'model'>> {
  const stored = await tx.get('model', project, model)
  if (stored === undefined) throw nothing(`model ${quote(model)} in the project ${quote(project)}`)
  return stored
}

/** @throws {ServingError} `not_found` */
export async function versionOf(
  tx: Reader,
  { project, model, version }: { readonly project: string; readonly model: string; readonly version: number },
): Promise<Stored<'version'>> {
  const stored = await tx.get('version', project, `${model}/${version}`)
  if (stored !== undefined) return stored
  await modelOf(tx, project, model)
  throw nothing(`version ${version} of the model ${quote(model)} in the project ${quote(project)}`)
}

/** @throws {ServingError} `not_found` */
export async function endpointOf(tx: Reader, project: string, endpoint: string): Promise<Stored<'endpoint'>> {
  const stored = await tx.get('endpoint', project, endpoint)
  if (stored === undefined) throw noEndpoint(project, endpoint)
  return stored
}

export function noEndpoint(project: string, endpoint: string) {
  return nothing(`endpoint ${quote(endpoint)} in the project ${quote(project)}`)
}
