import { ENDPOINT_CATALOGUE, type EndpointMetricName } from './catalogue.ts'
import { ENDPOINT_BOUNDS, mergeEndpointCounts, toldEndpoints, type EndpointState } from './endpoint-counts.ts'
import { writeLabels, type Exposition } from './exposition.ts'
import type { MetricsSnapshot } from './snapshot.ts'

/** Statuses that are written before they happen: a series that begins at 0 shows its first request as an increase. */
const USUAL = [200, 500]

/** What runners of the platform have counted of its endpoints; nothing where no snapshot is of such a runner. */
export function renderEndpoints(out: Exposition, snapshots: readonly MetricsSnapshot[]): void {
  const counts = mergeEndpointCounts(snapshots.flatMap(({ endpoints }) => endpoints ?? []))
  if (counts === undefined) return
  const states = snapshots.flatMap(({ state }) => state?.endpoints ?? [])
  const told = toldEndpoints(states)
  const isTold = ({ endpoint }: { readonly endpoint: string }) => told?.has(endpoint) !== false
  const { project } = counts
  const variants = counts.variants.filter(isTold)
  const ofEndpoint = (endpoint: string) => writeLabels({ project, endpoint })
  const ofVariant = ({ endpoint, variant }: { readonly endpoint: string; readonly variant: string }) =>
    writeLabels({ project, endpoint, variant })

  function begin(name: EndpointMetricName): void {
    const [type, help] = ENDPOINT_CATALOGUE[name]
    out.family(name, type, help)
  }

  begin('slipway_endpoint_requests_total')
  for (const variant of variants) {
    const codes = new Map([...USUAL.map((usual): [number, number] => [usual, 0]), ...variant.codes])
    for (const [code, requests] of [...codes].sort(([a], [b]) => a - b))
      out.sample(`${ofVariant(variant)},code="${code}"`, requests)
  }
  begin('slipway_endpoint_request_duration_seconds')
  for (const variant of variants) out.histogram(ofVariant(variant), ENDPOINT_BOUNDS, variant.duration, 1 / 1000)
  begin('slipway_endpoint_rows_total')
  for (const variant of variants) out.sample(ofVariant(variant), variant.rows)
  begin('slipway_endpoint_in_flight')
  for (const [labels, requests] of inFlightOf(states, ofVariant)) out.sample(labels, requests)
  begin('slipway_endpoint_replicas')
  for (const [labels, replicas] of replicasOf(states, ofVariant)) out.sample(labels, replicas)

  begin('slipway_cold_starts_total')
  const coldStarts = new Map<string, number>()
  for (const variant of variants)
    coldStarts.set(variant.endpoint, (coldStarts.get(variant.endpoint) ?? 0) + variant.coldStarts)
  for (const [endpoint, count] of coldStarts) out.sample(ofEndpoint(endpoint), count)

  const shadows = variants.filter((each) => each.shadowCompared + each.shadowDiffered + each.shadowDropped > 0)
  begin('slipway_shadow_compared_total')
  for (const variant of shadows) out.sample(ofVariant(variant), variant.shadowCompared)
  begin('slipway_shadow_differed_total')
  for (const variant of shadows) out.sample(ofVariant(variant), variant.shadowDiffered)
  begin('slipway_shadow_dropped_total')
  for (const variant of shadows) out.sample(ofVariant(variant), variant.shadowDropped)

  begin('slipway_key_requests_total')
  for (const { project: owner, key, codes } of counts.keys)
    for (const [code, requests] of codes)
      out.sample(`${writeLabels({ project: owner === '' ? project : owner, key })},code="${code}"`, requests)
  begin('slipway_capture_dropped_total')
  for (const { endpoint, reason, count } of counts.captureDropped.filter(isTold))
    out.sample(`${ofEndpoint(endpoint)},${writeLabels({ reason })}`, count)
  begin('slipway_endpoint_log_lines_dropped_total')
  out.sample('', counts.logLinesDropped)
  begin('slipway_rollout_state')
  for (const [endpoint, state] of new Map(
    states.flatMap(({ rollouts }) => rollouts.map((each) => [each.endpoint, each.state] as const)),
  ))
    out.sample(`${ofEndpoint(endpoint)},${writeLabels({ state })}`, 1)
  begin('slipway_control_up')
  out.sample('', states.some(({ isControlUp }) => isControlUp) ? 1 : 0)
}

type LabelsOf = (of: { readonly endpoint: string; readonly variant: string }) => string

function inFlightOf(states: readonly EndpointState[], labelsOf: LabelsOf): Map<string, number> {
  const sums = new Map<string, number>()
  for (const { inFlight } of states)
    for (const each of inFlight) sums.set(labelsOf(each), (sums.get(labelsOf(each)) ?? 0) + each.requests)
  return sums
}

/** What runners hold is added up; what they shall hold together, each of them says. */
function replicasOf(states: readonly EndpointState[], labelsOf: LabelsOf): Map<string, number> {
  const sums = new Map<string, number>()
  for (const { desired } of states)
    for (const each of desired) {
      const of = labelsOf(each)
      const key = `${of},state="desired"`
      sums.set(key, Math.max(sums.get(key) ?? 0, each.replicas))
      for (const state of ['ready', 'loading', 'failed'])
        if (!sums.has(`${of},state="${state}"`)) sums.set(`${of},state="${state}"`, 0)
    }
  for (const { replicas } of states)
    for (const each of replicas) {
      const key = `${labelsOf(each)},state="${each.state}"`
      sums.set(key, (sums.get(key) ?? 0) + 1)
    }
  return sums
}
