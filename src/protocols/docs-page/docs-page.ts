import type { ServingError } from '../../core/errors.ts'
import type { DataPlane, ServedModel } from '../../runtime/plane.ts'
import { HTTP_STATUS } from '../../core/http-status.ts'
import { retryHeaders, type Protocol, type WireResponse } from '../protocol.ts'
import { failurePage, keyPage, listPage, modelPage, SECURITY_POLICY } from './page.ts'
import type { Html } from './html.ts'

/**
 * Documentation for people: what a model takes and gives, a form to try it, and the same request as a curl line.
 * Each page is one document that asks nothing of any other host. It tells of models, so where requests need a key, these
 * do too: a page that asks for it stands there then.
 */
export const docsPage = {
  name: 'docs-page',
  routes: [
    { method: 'GET', path: '/', handle: (_request, plane) => frontPage(plane) },
    {
      method: 'GET',
      path: '/docs/{model}',
      handle: (_request, plane, _call, parameters) => {
        const model = plane.model(parameters.model)
        return page(200, modelPage(model, namesOf(plane), '../', isDefault(plane, model)))
      },
    },
  ],
  failure: (error: ServingError) => {
    const status = HTTP_STATUS[error.code]
    const shown = error.code === 'unauthenticated' ? keyPage(error.message) : failurePage(status, error.message)
    return page(status, shown, retryHeaders(error))
  },
} satisfies Protocol

/** The default model's page; where there is none, the list of models. */
function frontPage(plane: DataPlane): WireResponse {
  const names = namesOf(plane)
  const model = defaultOf(plane)
  if (model === undefined)
    return page(200, listPage(plane.models().filter(({ name }, i, all) => all[i - 1]?.name !== name)))
  return page(200, modelPage(model, names, './', true))
}

function defaultOf(plane: DataPlane): ServedModel | undefined {
  const served = plane.models()
  if (served.length === 0) return undefined
  try {
    return plane.model()
  } catch {
    // several models and none of them named as the default: not a failure of this page
    return undefined
  }
}

function isDefault(plane: DataPlane, model: ServedModel): boolean {
  const preset = defaultOf(plane)
  return preset?.name === model.name && preset.version === model.version
}

function namesOf(plane: DataPlane): readonly string[] {
  return [...new Set(plane.models().map((model) => model.name))]
}

function page(status: number, document: Html, headers: Readonly<Record<string, string>> = {}): WireResponse {
  return {
    status,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': SECURITY_POLICY,
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-cache',
      ...headers,
    },
    body: document.text,
  }
}
