import { accessTo, json, type Protocol, type Route, type WireRequest } from '../protocol.ts'

/**
 * A protocol whose page at `/` is for people: only who asks for HTML gets it. Whoever asks otherwise is a machine that
 * wants to know whether the server lives: Azure ML's probes, KServe's clients, a load balancer. Those have no key, and are
 * told nothing that needs one.
 * @see azureml-inference-server-http, "Server Routes"; KServe V1 data plane, "Server live"
 */
export function answeringProbes(page: Protocol): Protocol {
  return { ...page, routes: page.routes.map((route) => (route.path === '/' ? withProbes(route) : route)) }
}

function withProbes(route: Route): Route {
  return {
    ...route,
    accessOf: (request) => (wantsPage(request) ? accessTo(route, request) : 'open'),
    handle(request, plane, call, parameters) {
      if (wantsPage(request)) return route.handle(request, plane, call, parameters)
      return plane.isReady()
        ? json(200, { status: 'alive' })
        : json(503, { status: 'not ready' }, { 'retry-after': '1' })
    },
  }
}

function wantsPage({ headers }: WireRequest): boolean {
  return /text\/\*|text\/html|application\/xhtml\+xml/i.test(headers['accept'] ?? '')
}
