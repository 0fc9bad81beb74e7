import { versionName, type ServedModel } from '../../runtime/plane.ts'
import { describeModel, isRowModel } from './described-model.ts'
import { FAILURE_SCHEMAS } from './failures.ts'
import { containerPaths, defaultModelPaths, endpointPaths } from './invocations-paths.ts'
import type { Described, PathItem } from './operation.ts'
import type { Schema } from './schema.ts'
import { rowSchemas } from './table-schemas.ts'
import { v1ModelPaths } from './v1-paths.ts'
import { V2_SCHEMAS, v2ModelPaths, v2ServerPaths } from './v2-paths.ts'
import { vertexModelPaths } from './vertex-paths.ts'

/** A version of a model, and where it answers. */
export interface Place {
  readonly model: ServedModel
  /** Whether the model's name alone means this version. */
  readonly isModelsDefault: boolean
  /** Whether paths that name no model mean this one. */
  readonly isServersDefault: boolean
  /** Whether it is described under the path of its version, and there alone. */
  readonly byVersion: boolean
  /** Whether it answers rows with missing numbers: `takesMissingNumbers`. */
  readonly takesMissing: boolean
}

export interface DocumentOptions {
  readonly title: string
  /** Of the server or of the model. */
  readonly version: string
  /** Whether requests need a key. */
  readonly needsKeys: boolean
  /** Whether the server tells what it counted. */
  readonly hasStatistics: boolean
  /** Whether what the server says of itself is part of it. */
  readonly hasServer: boolean
}

/** An OpenAPI document of what is served at these places. @see OpenAPI Specification 3.1.1 */
export function openApiDocument(places: readonly Place[], options: DocumentOptions): Schema {
  const { title, version, needsKeys, hasServer } = options
  const parts = places.map((place) => describePlace(place, options))
  const paths: Record<string, PathItem> = hasServer ? { ...v2ServerPaths(needsKeys), ...containerPaths(needsKeys) } : {}
  const schemas: Record<string, Schema> = { ...FAILURE_SCHEMAS, ...V2_SCHEMAS }
  for (const part of parts) {
    Object.assign(paths, part.paths)
    Object.assign(schemas, part.schemas)
  }
  return {
    openapi: '3.1.0',
    info: { title, version },
    servers: [{ url: '/' }],
    ...(needsKeys ? { security: [{ key: [] }] } : {}),
    paths,
    components: { schemas, ...(needsKeys ? { securitySchemes: SECURITY_SCHEMES } : {}) },
  }
}

const SECURITY_SCHEMES = {
  key: { type: 'http', scheme: 'bearer', description: 'A key of the server; the header `X-API-Key` takes it, too.' },
}

function describePlace(place: Place, options: DocumentOptions): Described {
  const { needsKeys } = options
  const { model, isModelsDefault, isServersDefault, byVersion, takesMissing } = place
  const isNamed = isModelsDefault && !byVersion
  const described = describeModel(model, isNamed ? model.name : `${model.name}.${versionName(model)}`, takesMissing)
  const at = encodeURIComponent(model.name) + (isNamed ? '' : `/versions/${encodeURIComponent(versionName(model))}`)
  const parts = [v2ModelPaths(described, `/v2/models/${at}`, options)]
  if (isRowModel(described)) {
    parts.push({ paths: {}, schemas: rowSchemas(described) })
    parts.push(v1ModelPaths(described, `/v1/models/${at}`, needsKeys))
    if (isNamed) parts.push(vertexModelPaths(described, needsKeys), endpointPaths(described, needsKeys))
    if (isServersDefault && isNamed) parts.push(...defaultModelPaths(described, needsKeys))
  }
  return {
    paths: Object.assign({}, ...parts.map(({ paths }) => paths)) as Described['paths'],
    schemas: Object.assign({}, ...parts.map(({ schemas }) => schemas)) as Described['schemas'],
  }
}
