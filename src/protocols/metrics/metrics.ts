import { HTTP_STATUS } from '../../core/http-status.ts'
import { retryHeaders, type Protocol } from '../protocol.ts'

/**
 * What Prometheus scrapes.
 * @param collect gives the metrics of all processes in Prometheus' text format
 * @see Prometheus, "Exposition formats", text format 0.0.4
 */
export function createMetricsProtocol(collect: () => Promise<string>): Protocol {
  return {
    name: 'metrics',
    failure: (error) => ({
      status: HTTP_STATUS[error.code],
      headers: { 'content-type': 'text/plain; charset=utf-8', ...retryHeaders(error) },
      body: `${error.code}: ${error.message}\n`,
    }),
    routes: [
      {
        method: 'GET',
        path: '/metrics',
        access: 'operations',
        handle: async () => ({
          status: 200,
          headers: { 'content-type': 'text/plain; version=0.0.4; charset=utf-8', 'cache-control': 'no-store' },
          body: await collect(),
        }),
      },
    ],
  }
}
