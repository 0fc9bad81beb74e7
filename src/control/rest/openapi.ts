import { RESOURCE_SCHEMAS } from '../../api/resource-schemas.ts'
import { parameterOf, ROUTES, type ApiRoute } from '../../api/routes.ts'
import { ref, type Schema } from '../../api/schema.ts'

type Json = Readonly<Record<string, unknown>>

/** The API as an OpenAPI 3.1 document. @param version of Slipway */
export function openApi(version: string): Json {
  const paths: Record<string, Record<string, Json>> = {}
  for (const route of ROUTES) {
    const path = route.path.replace(/:([a-z]+)/g, '{$1}')
    ;(paths[path] ??= {})[route.method.toLowerCase()] = operation(route)
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Slipway platform',
      version,
      description:
        'Models, versions, endpoints and all around them. Resources have ETags, which If-Match takes; an Idempotency-Key makes a change safe to send twice within 24 hours.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    security: [{ bearer: [] }, { apiKey: [] }],
    tags: [...new Set(ROUTES.map(({ tag }) => tag))].map((name) => ({ name })),
    paths,
    components: {
      schemas: RESOURCE_SCHEMAS,
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer' },
        apiKey: { type: 'apiKey', in: 'header', name: 'X-API-Key' },
      },
      responses: {
        failure: {
          description: 'what failed and why, and what to change',
          content: { 'application/json': { schema: ref('Error') } },
        },
      },
    },
  }
}

function operation(route: ApiRoute): Json {
  const { name, tag, summary, action, status } = route
  return {
    operationId: name,
    tags: [tag],
    summary,
    ...(action === 'open' ? { security: [] } : { 'x-slipway-action': action }),
    parameters: parametersOf(route),
    ...bodyOf(route),
    responses: {
      [status]: answerOf(route),
      ...(name === 'putEndpoint' ? { 201: answerOf(route) } : {}),
      ...(route.method === 'GET' ? { 304: { description: 'as if-none-match has it' } } : {}),
      '4XX': { $ref: '#/components/responses/failure' },
      '5XX': { $ref: '#/components/responses/failure' },
    },
  }
}

function parametersOf(route: ApiRoute): Json[] {
  const inPath = [...route.path.matchAll(/:([a-z]+)/g)].map(([, name = '']) => ({
    name,
    in: 'path',
    required: true,
    schema: parameterOf(route, name),
  }))
  const required = new Set(route.query?.required)
  const inQuery = Object.entries(route.query?.properties ?? {}).map(([name, schema]) => ({
    name,
    in: 'query',
    required: required.has(name),
    schema,
  }))
  const etags: Schema = {
    type: 'string',
    pattern: '^(\\*|"[0-9a-z.-]{1,100}"(, "[0-9a-z.-]{1,100}"){0,9})$',
    maxLength: 1100,
  }
  const isChange = route.method !== 'GET' && route.action !== 'open'
  const headers =
    isChange && route.body !== 'bytes' ? [{ name: 'If-Match', in: 'header', required: false, schema: etags }] : []
  const visible: Schema = { type: 'string', pattern: '^[\\x21-\\x7e]{1,200}$', maxLength: 200 }
  const key =
    isChange && route.body !== 'bytes'
      ? [{ name: 'Idempotency-Key', in: 'header', required: false, schema: visible }]
      : []
  return [...inPath, ...inQuery, ...headers, ...key]
}

function bodyOf({ body, isBodyOptional, takesForm }: ApiRoute): Json {
  if (body === undefined) return {}
  if (body === 'bytes')
    return {
      requestBody: {
        required: true,
        content: { 'application/octet-stream': { schema: { type: 'string', format: 'binary' } } },
      },
    }
  const form = {
    'multipart/form-data': {
      schema: {
        type: 'object',
        properties: {
          file: { type: 'string', format: 'binary' },
          fileName: { type: 'string' },
          description: { type: 'string' },
          how: { type: 'string', description: 'JSON' },
        },
        required: ['file'],
        additionalProperties: false,
      },
    },
  }
  return {
    requestBody: {
      required: isBodyOptional !== true,
      content: { 'application/json': { schema: body }, ...(takesForm === true ? form : {}) },
    },
  }
}

function answerOf({ response, summary }: ApiRoute): Json {
  if (response === undefined) return { description: 'done' }
  if (response === 'text') return { description: summary, content: { 'text/plain': { schema: { type: 'string' } } } }
  return { description: summary, content: { 'application/json': { schema: response } } }
}
