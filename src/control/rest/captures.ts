import { quote } from '../../core/text.ts'
import type { Handlers } from './call.ts'
import { nothing } from './call.ts'
import type { ApiOptions } from './doors.ts'
import { endpointOf, projectOf } from './records.ts'

type Names = 'getTraffic' | 'getEndpointTraffic' | 'listCaptures' | 'getCapture'

/** What goes through endpoints, and what was kept of it. */
export function createCaptureHandlers({ store, captures, traffic, environment }: ApiOptions): Pick<Handlers, Names> {
  async function mustBe(project: string, endpoint?: string): Promise<void> {
    await store.read(async (tx) => {
      await projectOf(tx, project)
      if (endpoint !== undefined) await endpointOf(tx, project, endpoint)
    })
  }

  async function trafficOf(project: string) {
    return (await traffic?.(project)) ?? { atMs: environment.wallMs(), windowMs: 0, variants: [] }
  }

  return {
    getTraffic: {
      async read({ params: { project } }) {
        await mustBe(project)
        return { body: await trafficOf(project) }
      },
    },
    getEndpointTraffic: {
      async read({ params: { project, endpoint } }) {
        await mustBe(project, endpoint)
        const summary = await trafficOf(project)
        return { body: { ...summary, variants: summary.variants.filter((variant) => variant.endpoint === endpoint) } }
      },
    },
    listCaptures: {
      async read({ params: { project, endpoint }, query }) {
        await mustBe(project, endpoint)
        const { limit = 100, ...others } = query
        return { body: (await captures?.list({ project, endpoint, limit, ...others })) ?? { items: [] } }
      },
    },
    getCapture: {
      async read({ params: { project, endpoint, capture } }) {
        await mustBe(project, endpoint)
        const record = await captures?.get(project, endpoint, capture)
        if (record === undefined) throw nothing(`capture ${quote(capture)} of the endpoint ${quote(endpoint)}`)
        return { body: record }
      },
    },
  }
}
